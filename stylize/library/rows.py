"""Between rows of the database and records, by field name.

What is read is checked: files may be damaged in any way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from stylize.errors import StylizeError
from stylize.images import load_image
from stylize.library.palette import pack_palette, unpack_palette
from stylize.library.pictures import make_thumbnail
from stylize.library.records import TEXT_FIELDS, StyleRecord, is_name
from stylize.styles import StyleVector

Row: TypeAlias = sqlite3.Row | Mapping[str, Any]

_TEXTS = (
    "name", *TEXT_FIELDS, "tags", "content_sha256", "created_at", "updated_at", "encoder_sha256",
)  # fmt: skip
COLUMNS = ", ".join((*_TEXTS, "palette", "vector", "thumbnail"))
"""What a record is made of."""

# What reading a damaged row may raise.
DAMAGES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, StylizeError)


def select(db: sqlite3.Connection, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
    """Run a query whose rows are read by the names of their columns."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, values)


def record_of(row: Row) -> StyleRecord:
    """The record in a row that has `COLUMNS`.

    Raises:
        DAMAGES: The row is damaged.
    """
    check_texts(row[key] for key in _TEXTS)
    if not isinstance(row["thumbnail"], bytes):
        raise TypeError("its thumbnail is no picture")
    texts = {key: row[key] for key in TEXT_FIELDS}
    return StyleRecord(
        name=row["name"],
        vector=StyleVector(np.frombuffer(row["vector"], dtype="<f4"), row["encoder_sha256"]),
        **texts,
        tags=split_tags(row["tags"]),
        thumbnail=row["thumbnail"],
        palette=unpack_palette(row["palette"]),
        content_sha256=row["content_sha256"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def columns_of(record: StyleRecord) -> dict[str, Any]:
    """What the table of styles keeps of a record itself, by column: the way back of `record_of`."""
    plain = ("name", *TEXT_FIELDS, "content_sha256", "created_at", "updated_at")
    return {
        **{key: getattr(record, key) for key in plain},
        "tags": join_tags(record.tags),
        "palette": pack_palette(record.palette),
        "encoder_sha256": record.vector.encoder_sha256,
    }


def join_tags(tags: Iterable[str]) -> str:
    """Tags as they are kept in their column."""
    return "\n".join(tags)


def split_tags(text: str) -> tuple[str, ...]:
    """The tags that `join_tags` joined."""
    return tuple(text.split("\n")) if text else ()


def check_texts(values: Any) -> None:
    """Raise TypeError if one of the values is no text."""
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r:.80} is no text")


def mended(row: Row, original: bytes | None) -> dict[str, Any]:
    """A damaged row with what can be done without left empty; name and vector stay as they are.

    Args:
        row: Has `COLUMNS`.
        original: The kept picture, of which a lost thumbnail is made anew.
    """
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a row of SQLite is no mapping
    if not isinstance(values["name"], str) or not is_name(values["name"]):
        raise ValueError("its name is damaged")
    for key in _TEXTS:
        if not isinstance(values[key], str):
            values[key] = ""
    try:
        unpack_palette(values["palette"])
    except DAMAGES:
        values["palette"] = b""
    if not _is_picture(values["thumbnail"]):
        values["thumbnail"] = make_thumbnail(load_image(original)) if original else b""
    return values


def usable_original(data: Any) -> bytes | None:
    """The kept picture, or None if that is damaged."""
    return data if data is not None and _is_picture(data) else None


def _is_picture(data: Any) -> bool:
    if data == b"":
        return True
    try:
        load_image(data, min_side_px=1)
    except DAMAGES:
        return False
    return isinstance(data, bytes)
