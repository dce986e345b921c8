"""Reading and verifying a file of shared styles: what hostile people may have made of it.

Nothing is ever unpacked to disk: only members that the table of contents names are read, each once,
up to its size limit and checked by its hash; vectors are plain .npy arrays, never pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from stylize.errors import LibraryError, StylizeError
from stylize.images import load_image, open_image
from stylize.library.palette import (
    PALETTE_SIZE,
    Swatch,
    pack_palette,
    parse_colors,
    unpack_palette,
)
from stylize.library.pictures import THUMBNAIL_SIDE_PX
from stylize.library.records import (
    TEXT_FIELDS,
    StyleRecord,
    check_name,
    check_tags,
    check_text,
    utc_now,
)
from stylize.library.store import Entry
from stylize.messages import say
from stylize.styles import StyleVector

FORMAT = "stylize-style-library"
FORMAT_VERSION = 1
CONTENTS_FILE = "library.json"
MAX_STYLES = 20_000
MAX_TOTAL_BYTES = 2 * 2**30
MAX_ORIGINAL_SIDE_PX = 4096
_MAX_BYTES = {"vector": 2**20, "thumbnail": 2**19, "original": 32 * 2**20}
_MAX_CONTENTS_BYTES = 64 * 2**20
_MAX_DIRECTORY_BYTES = 3 * MAX_STYLES * 256  # three files a style, with their names
_MAX_PARTS = 200 * MAX_STYLES  # values and commas in the texts of a style
# Vectors and pictures can hardly be compressed; a file that grows much more than the table of
# contents does is a bomb.
_MAX_RATIO = 20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_styles(path: Path) -> list[Entry]:
    """Read and verify a file of shared styles, without changing anything.

    Raises:
        LibraryError: It is no such file, is damaged, too large, or tries something it should not.
    """
    try:
        with open(path, "rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as archive:
                return _Archive(archive).read()
    except FileNotFoundError:
        raise LibraryError(say("file_missing", name=path)) from None
    except StylizeError as error:
        raise LibraryError(say("not_imported", name=path.name, error=error)) from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, zlib.error) as error:
        raise LibraryError(say("no_zip", name=path.name, reason=str(error))) from error
    except OSError as error:
        raise LibraryError(
            say("unreadable", name=path, reason=error.strerror or str(error))
        ) from error


class _Archive:
    """An open zip file whose directory has been looked through."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = archive.infolist()
        self._unread = {member.filename for member in members}
        if len(self._unread) != len(members):
            raise LibraryError(say("zip_same_names"))
        for name in self._unread:
            if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name:
                raise LibraryError(say("zip_forbidden_name", name=repr(name)))
        if any(member.compress_type not in _COMPRESSIONS for member in members):
            raise LibraryError(say("zip_compression"))
        packed = sum(member.compress_size for member in members)
        unpacked = sum(member.file_size for member in members)
        if unpacked > MAX_TOTAL_BYTES:
            raise LibraryError(say("zip_too_large", most=MAX_TOTAL_BYTES // 2**30))
        if unpacked > _MAX_RATIO * packed:
            raise LibraryError(say("zip_bomb", packed=packed, unpacked=unpacked))
        if CONTENTS_FILE not in self._unread:
            raise LibraryError(say("zip_no_contents", name=CONTENTS_FILE))

    def read(self) -> list[Entry]:
        try:
            text = self._member(CONTENTS_FILE, _MAX_CONTENTS_BYTES)
            _check_parts(text)
            contents = json.loads(text)
            if contents["format"] != FORMAT:
                raise LibraryError(say("zip_no_styles"))
            if contents["version"] > FORMAT_VERSION:
                raise LibraryError(say("zip_newer"))
            styles = contents["styles"]
            if len(styles) > MAX_STYLES:
                raise LibraryError(say("zip_styles_limit", number=len(styles), most=MAX_STYLES))
            entries = [self._style(style) for style in styles]
        except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError,
                AttributeError) as error:  # fmt: skip
            raise LibraryError(say("zip_contents_damaged", reason=repr(error))) from error
        found = [entry.record.name for entry in entries]
        if len(set(found)) != len(found):
            raise LibraryError(say("zip_same_styles"))
        return entries

    def _member(self, name: str, limit: int) -> bytes:
        # Each once: otherwise a small file could ask for one large member thousands of times.
        if name not in self._unread:
            raise LibraryError(say("zip_missing", name=repr(name)))
        self._unread.remove(name)
        with self._archive.open(name) as member:
            data = member.read(limit + 1)  # the size in the header may be a lie
        if len(data) > limit:
            raise LibraryError(say("zip_member_limit", name=name, most=limit))
        return data

    def _style(self, about: dict[str, Any]) -> Entry:
        name = check_name(about["name"])
        files: dict[str, bytes] = {}
        for kind in _MAX_BYTES.keys() & about.keys():
            given = about[kind]
            data = self._member(str(given["file"]), _MAX_BYTES[kind])
            if len(data) != given["bytes"] or hashlib.sha256(data).hexdigest() != given["sha256"]:
                raise LibraryError(say("zip_hash", kind=kind, name=name))
            files[kind] = data
        values = _vector(files["vector"], name)
        if thumbnail := files.get("thumbnail", b""):
            if thumbnail[8:12] != b"WEBP":
                raise LibraryError(say("zip_thumbnail", name=name))
            _check_picture(thumbnail, "thumbnail", name, THUMBNAIL_SIDE_PX)
        if original := files.get("original"):
            _check_picture(original, "original", name, MAX_ORIGINAL_SIDE_PX)
        now = utc_now()
        texts: dict[str, Any] = {k: check_text(k, _text(about.get(k, ""))) for k in TEXT_FIELDS}
        content = _text(about.get("content_sha256", ""))
        record = StyleRecord(
            name=name,
            vector=StyleVector(values, _sha256(about["encoder_sha256"])),
            **texts,
            tags=check_tags(_text(tag) for tag in about.get("tags", ())),
            thumbnail=thumbnail,
            palette=_palette(about.get("palette", ())),
            content_sha256=_sha256(content) if content else "",
            created_at=check_text("created_at", _text(about.get("created_at", "")))[:40] or now,
            updated_at=now,
        )
        return Entry(record, original)


def _check_directory(file: BinaryIO) -> None:
    """Refuse a directory of far too many files before it is unpacked into memory."""
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if end and end[5] > _MAX_DIRECTORY_BYTES:  # the size of the directory
        raise LibraryError(say("zip_files_limit", most=MAX_STYLES))


def _check_parts(text: bytes) -> None:
    """Refuse a table of contents of far too many parts before it is unpacked into memory."""
    if text.count(b"{") + text.count(b"[") + text.count(b",") > _MAX_PARTS:
        raise LibraryError(say("zip_parts_limit", most=MAX_STYLES))


def _vector(data: bytes, name: str) -> NDArray[np.float32]:
    """The array of an .npy file; its header is believed only as far as the data bear it out."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an .npy file of another version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 1 or dtype != np.dtype("<f4"):
        raise LibraryError(say("zip_vector_kind", name=name))
    values = np.frombuffer(file.read(), "<f4")
    if values.shape != shape:
        raise LibraryError(say("zip_vector_length", name=name))
    return values


def _check_picture(data: bytes, kind: str, name: str, max_side_px: int) -> None:
    with open_image(data) as image:  # before anything large is unpacked
        if max(image.size) > max_side_px:
            raise LibraryError(
                say(
                    "zip_picture_limit",
                    kind=kind,
                    name=name,
                    width=image.width,
                    height=image.height,
                    most=max_side_px,
                )
            )
    load_image(data, min_side_px=1)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _sha256(value: Any) -> str:
    if len(_text(value)) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("a hash is no SHA-256")
    return str(value)


def _palette(swatches: Sequence[Sequence[Any]]) -> tuple[Swatch, ...]:
    palette = tuple(Swatch(_text(color), float(share)) for color, share in swatches)
    parse_colors([swatch.color for swatch in palette])
    if len(palette) > PALETTE_SIZE or not all(0 <= swatch.share <= 1 for swatch in palette):
        raise ValueError("a palette is damaged")
    return unpack_palette(pack_palette(palette))  # as "#rrggbb", whatever it was
