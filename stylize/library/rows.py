"""From a row of the database to a record, everything checked: files may be damaged in any way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stylize.errors import StylizeError
from stylize.images import load_image
from stylize.library.palette import unpack_palette
from stylize.library.pictures import make_thumbnail
from stylize.library.records import StyleRecord, is_name
from stylize.styles import StyleVector

COLUMNS = (
    "name, title, artist, year, movement, license, source, tags, notes, palette, content_sha256, "
    "created_at, updated_at, encoder_sha256, vector, thumbnail"
)
"""What a record is made of, in this order; others may follow."""

_TEXTS = (*range(9), 10, 11, 12, 13)
_TAGS, _PALETTE, _VECTOR, _THUMBNAIL = 7, 9, 14, 15

# What reading a damaged row may raise.
DAMAGES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, StylizeError)


def record_of(row: Sequence[Any]) -> StyleRecord:
    """The record in a row that begins with `COLUMNS`.

    Raises:
        DAMAGES: The row is damaged.
    """
    (name, title, artist, year, movement, license_, source, tags, notes, palette, content,
     created, updated, encoder, vector, thumbnail) = row[: _THUMBNAIL + 1]  # fmt: skip
    check_texts(row[i] for i in _TEXTS)
    if not isinstance(thumbnail, bytes):
        raise TypeError("its thumbnail is no picture")
    return StyleRecord(
        name, StyleVector(np.frombuffer(vector, dtype="<f4"), encoder), title, artist, year,
        movement, license_, source, tuple(tags.split("\n")) if tags else (), notes, thumbnail,
        unpack_palette(palette), content, created, updated,
    )  # fmt: skip


def check_texts(values: Any) -> None:
    """Raise TypeError if one of the values is no text."""
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r:.80} is no text")


def mended(row: Sequence[Any], original: bytes | None) -> list[Any]:
    """A damaged row with what can be done without left empty; name and vector stay as they are.

    Args:
        row: Begins with `COLUMNS`.
        original: The kept picture, of which a lost thumbnail is made anew.
    """
    values = list(row)
    for i in _TEXTS[1:]:
        if not isinstance(values[i], str):
            values[i] = ""
    try:
        unpack_palette(values[_PALETTE])
    except DAMAGES:
        values[_PALETTE] = b""
    if not _is_picture(values[_THUMBNAIL]):
        values[_THUMBNAIL] = make_thumbnail(load_image(original)) if original else b""
    if not is_name(values[0] if isinstance(values[0], str) else ""):
        raise ValueError("its name is damaged")
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
