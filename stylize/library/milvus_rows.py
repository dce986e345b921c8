"""What a collection of Milvus holds of a style, and how conditions are said to it."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize.library.index import NO_YEAR, search_text, search_year
from stylize.library.palette import pack_palette
from stylize.library.records import (
    MAX_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_TAGS,
    TEXT_FIELDS,
    StyleFilter,
    StyleRecord,
    fold,
    search_words,
)
from stylize.library.rows import join_tags, record_of

SCHEMA_VERSION = 1
HNSW = {"M": 24, "efConstruction": 200}
CHUNK_CHARACTERS = 60_000  # of a kept picture in base64; a text of Milvus has 65,535 bytes at most

_MOST_BYTES = 65_535
_UTF8 = 4  # bytes of a character at most
_TEXT_BYTES = 300 * _UTF8
# What is compared as a whole, folded, in a field of its own.
_EXACT = ("artist", "movement", "license")
_BINARY = ("vector", "thumbnail", "palette")
# Fields of a record; the others are for searching.
RECORD_FIELDS = [
    "name", *TEXT_FIELDS, "tags", "content_sha256", "created_at", "updated_at", "encoder_sha256",
    *_BINARY, "chunks", "stale",
]  # fmt: skip


def schemas(client: Any, point_size: int) -> dict[str, Any]:
    """Return the schemas of both collections: of styles (``""``) and of ``_originals``."""
    kinds = importlib.import_module("pymilvus").DataType
    styles = client.create_schema()
    text = {"datatype": kinds.VARCHAR, "max_length": _TEXT_BYTES}
    long = {"datatype": kinds.VARCHAR, "max_length": _MOST_BYTES}
    styles.add_field("name", kinds.VARCHAR, max_length=MAX_NAME_CHARACTERS, is_primary=True)
    for name in TEXT_FIELDS:
        most = MAX_CHARACTERS.get(name, 300) * _UTF8
        styles.add_field(name, kinds.VARCHAR, max_length=most)
    for name in (*(f"{name}_folded" for name in _EXACT), "content_sha256", "encoder_sha256"):
        styles.add_field(name, **text)
    for name in ("created_at", "updated_at"):
        styles.add_field(name, **text)
    for name in (*_BINARY, "search_text"):
        styles.add_field(name, **long)
    styles.add_field(
        "tags", kinds.ARRAY, element_type=kinds.VARCHAR, max_capacity=MAX_TAGS,
        max_length=_TEXT_BYTES,
    )  # fmt: skip
    styles.add_field("search_year", kinds.INT32)
    styles.add_field("chunks", kinds.INT32)
    styles.add_field("stale", kinds.BOOL)
    styles.add_field("point", kinds.FLOAT_VECTOR, dim=point_size)
    originals = client.create_schema()
    originals.add_field("key", kinds.VARCHAR, max_length=_TEXT_BYTES, is_primary=True)
    originals.add_field("data", **long)
    originals.add_field("point", kinds.FLOAT_VECTOR, dim=2)  # a collection must have a vector
    return {"": styles, "_originals": originals}


def indexes(client: Any) -> dict[str, Any]:
    """Return the indexes of both collections."""
    styles = client.prepare_index_params()
    styles.add_index("point", index_type="HNSW", metric_type="IP", params=HNSW)
    originals = client.prepare_index_params()
    originals.add_index("point", index_type="FLAT", metric_type="L2")
    return {"": styles, "_originals": originals}


def row_of(record: StyleRecord, point: NDArray[np.float32], chunks: int) -> dict[str, Any]:
    """Return the row of a record.

    Args:
        record: See there.
        point: (point_size,) of length 1, or zeros where the style is stale.
        chunks: How many rows its kept picture has.
    """
    plain = ("name", *TEXT_FIELDS, "content_sha256", "created_at", "updated_at", "stale")
    return {
        **{name: getattr(record, name) for name in plain},
        **{f"{name}_folded": fold(getattr(record, name)) for name in _EXACT},
        "tags": list(record.tags),
        "encoder_sha256": record.vector.encoder_sha256,
        "vector": _text(record.vector.values.astype("<f4").tobytes()),
        "thumbnail": _text(record.thumbnail),
        "palette": _text(pack_palette(record.palette)),
        "search_text": search_text(record)[: _MOST_BYTES // _UTF8],
        "search_year": search_year(record),
        "chunks": chunks,
        "point": point.tolist(),
    }


def record_from(row: Mapping[str, Any]) -> StyleRecord:
    """Return the record of a row that has `RECORD_FIELDS`.

    Raises:
        DAMAGES: The row is damaged; see `stylize.library.rows`.
    """
    values = {**row, "tags": join_tags(row["tags"])}
    values |= {name: base64.b64decode(row[name], validate=True) for name in _BINARY}
    return replace(record_of(values), has_original=row["chunks"] > 0, stale=bool(row["stale"]))


def chunks_of(original: bytes) -> list[str]:
    """Return a kept picture in pieces that a text of Milvus can hold."""
    text = _text(original)
    return [text[at : at + CHUNK_CHARACTERS] for at in range(0, len(text), CHUNK_CHARACTERS)]


def condition(where: StyleFilter, after: str = "") -> str:
    """Return a filter as an expression of Milvus; colours are left to whoever asks."""
    parts = []
    if after:
        parts.append(f"name > {_quoted(after)}")
    if where.stale is not None:
        parts.append(f"stale == {str(where.stale).lower()}")
    if where.year_from is not None:
        parts.append(f"search_year >= {int(where.year_from)}")
    if where.year_to is not None:
        parts.append(f"search_year <= {int(where.year_to)} and search_year > {NO_YEAR}")
    for name in _EXACT:
        if wanted := fold(getattr(where, name)):
            parts.append(f"{name}_folded == {_quoted(wanted)}")
    for tag in where.tags:
        parts.append(f"array_contains(tags, {_quoted(' '.join(tag.casefold().split()))})")
    for word in search_words(where.text):
        pattern = "".join(f"\\{c}" if c in "%_\\" else c for c in word)
        parts.append(f"search_text like {_quoted(f'%{pattern}%')}")
    return " and ".join(parts)


def names_in(names: list[str]) -> str:
    """Return the condition that a style has one of some names."""
    return f"name in {json.dumps(names)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
