"""Sharing styles: one zip file with records, vectors, thumbnails and, if asked for, originals.

Nothing is ever unpacked to disk: only members that the table of contents names are read, each up
to its size limit and checked by its hash; vectors are plain .npy arrays, never pickles.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stylize.errors import LibraryError, StyleExistsError, StylizeError
from stylize.images import load_image
from stylize.library.palette import PALETTE_SIZE, Swatch, parse_colors
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
from stylize.styles import StyleVector

if TYPE_CHECKING:
    from stylize.library.library import StyleLibrary

FORMAT = "stylize-style-library"
FORMAT_VERSION = 1
CONTENTS_FILE = "library.json"
MAX_STYLES = 20_000
MAX_TOTAL_BYTES = 2 * 2**30
_MAX_BYTES = {"vector": 2**20, "thumbnail": 2**19, "original": 32 * 2**20}
_MAX_CONTENTS_BYTES = 64 * 2**20

OnConflict = Literal["error", "skip", "replace", "rename"]


@dataclass(frozen=True)
class ImportReport:
    """What an import did, by style name.

    Attributes:
        added: New styles.
        replaced: Styles that took the place of ones with their names.
        renamed: New styles under other names: (name in the file, name in the library).
        skipped: Styles left out because their names are taken.
        unchanged: Styles left out because exactly they are there already.
        stale: Those of the added ones that were made by another style encoder and came without
            originals; they cannot be applied.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


def export_styles(
    library: StyleLibrary, path: Path, names: Sequence[str] | None, originals: bool
) -> int:
    """See `StyleLibrary.export`."""
    records = library.list(bundled=False) if names is None else [library.get(n) for n in names]
    if not records:
        raise LibraryError(
            "There are no styles of your own to export. Name the bundled ones that you want."
        )
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_STORED) as archive:
            styles = [_write_style(archive, library, record, originals) for record in records]
            contents = {"format": FORMAT, "version": FORMAT_VERSION, "styles": styles}
            archive.writestr(
                CONTENTS_FILE,
                json.dumps(contents, ensure_ascii=False, indent=1),
                zipfile.ZIP_DEFLATED,
            )
        os.replace(part, path)
    except OSError as error:
        raise LibraryError(f"{path} cannot be written ({error.strerror or error}).") from error
    finally:
        part.unlink(missing_ok=True)
    return len(records)


def _write_style(
    archive: zipfile.ZipFile, library: StyleLibrary, record: StyleRecord, originals: bool
) -> dict[str, Any]:
    buffer = io.BytesIO()
    np.save(buffer, record.vector.values.astype("<f4"), allow_pickle=False)
    members = {"vector": (f"vectors/{record.name}.npy", buffer.getvalue())}
    if record.thumbnail:
        members["thumbnail"] = (f"thumbnails/{record.name}.webp", record.thumbnail)
    original = library.original_bytes(record.name) if originals else None
    if original:
        suffix = "jpg" if original.startswith(b"\xff\xd8") else "webp"
        members["original"] = (f"originals/{record.name}.{suffix}", original)
    about: dict[str, Any] = {"name": record.name}
    about |= {key: getattr(record, key) for key in TEXT_FIELDS}
    about |= {
        "tags": record.tags,
        "palette": record.palette,
        "content_sha256": record.content_sha256,
        "encoder_sha256": record.vector.encoder_sha256,
        "created_at": record.created_at,
    }
    for kind, (member, data) in members.items():
        archive.writestr(member, data)
        digest = hashlib.sha256(data).hexdigest()
        about[kind] = {"file": member, "bytes": len(data), "sha256": digest}
    return about


def import_styles(library: StyleLibrary, path: Path, on_conflict: OnConflict) -> ImportReport:
    """See `StyleLibrary.import_`."""
    entries = read_styles(path)
    report: dict[str, list[Any]] = {key: [] for key in ImportReport.__dataclass_fields__}
    ready: list[Entry] = []
    taken: list[str] = []
    for record, original in entries:
        existing = library.get(record.name) if record.name in library else None
        target = record
        if existing and _same(existing, record):
            report["unchanged"].append(record.name)
            continue
        if existing and on_conflict == "error":
            taken.append(record.name)
            continue
        if existing and (on_conflict == "skip" or (on_conflict == "replace" and existing.bundled)):
            report["skipped"].append(record.name)
            continue
        if existing and on_conflict == "rename":
            used = {entry.record.name for entry in ready} | {e.record.name for e in entries}
            target = replace(record, name=_free_name(record.name, library, used))
            report["renamed"].append((record.name, target.name))
        elif existing:
            report["replaced"].append(record.name)
        else:
            report["added"].append(record.name)
        if target.vector.encoder_sha256 != library.encoder.encoder_sha256:
            if original:
                vector = library.encoder.encode_style(load_image(original))
                target = replace(target, vector=vector)
            else:
                report["stale"].append(target.name)
        ready.append(Entry(target, original))
    if taken:
        raise StyleExistsError(
            f"{len(taken)} of the {len(entries)} styles in {path.name} have names that are taken: "
            f"{_some(taken)}. Nothing was imported; choose to skip, replace or rename them."
        )
    library.put(ready, replace=on_conflict == "replace")
    return ImportReport(**{key: tuple(value) for key, value in report.items()})


def _same(a: StyleRecord, b: StyleRecord) -> bool:
    return a.vector == b.vector and all(
        getattr(a, k) == getattr(b, k) for k in (*TEXT_FIELDS, "tags")
    )


def _free_name(name: str, library: StyleLibrary, used: set[str]) -> str:
    number = 2
    while (candidate := f"{name[:58]}-{number}") in library or candidate in used:
        number += 1
    return candidate


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# ---------------------------------------------------------------------------------------- reading


def read_styles(path: Path) -> list[Entry]:
    """Read and verify a file of shared styles, without changing anything.

    Raises:
        LibraryError: It is no such file, is damaged, too large, or tries something it should not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive)
    except FileNotFoundError:
        raise LibraryError(f"{path} does not exist. Check the spelling and the folder.") from None
    except StylizeError as error:
        raise LibraryError(f"{path.name} was not imported: {error}") from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, zlib.error) as error:
        raise LibraryError(
            f"{path.name} is not a readable zip file of styles ({error}). Download it again."
        ) from error
    except OSError as error:
        raise LibraryError(f"{path} cannot be read ({error.strerror or error}).") from error


def _read_archive(archive: zipfile.ZipFile) -> list[Entry]:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise LibraryError("it holds two files of the same name.")
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name:
            raise LibraryError(f"it holds a file with a forbidden name, {name!r}.")
    if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise LibraryError(f"unpacked it is larger than {MAX_TOTAL_BYTES // 2**30} GiB.")
    if CONTENTS_FILE not in names:
        raise LibraryError(f"it holds no {CONTENTS_FILE}, so it is no file of styles.")
    try:
        contents = json.loads(_read_member(archive, CONTENTS_FILE, _MAX_CONTENTS_BYTES))
        if contents["format"] != FORMAT:
            raise LibraryError("it is no file of styles.")
        if contents["version"] > FORMAT_VERSION:
            raise LibraryError("it was written by a newer version of this program; update it.")
        styles = contents["styles"]
        if len(styles) > MAX_STYLES:
            raise LibraryError(f"it holds {len(styles)} styles; the limit is {MAX_STYLES}.")
        entries = [_read_style(archive, style) for style in styles]
    except (LookupError, TypeError, ValueError, RecursionError, AttributeError) as error:
        raise LibraryError(f"its table of contents is damaged ({error!r}).") from error
    found = [entry.record.name for entry in entries]
    if len(set(found)) != len(found):
        raise LibraryError("it holds two styles of the same name.")
    return entries


def _read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as member:
        data = member.read(limit + 1)  # the size in the header may be a lie
    if len(data) > limit:
        raise LibraryError(f"{name} is larger than the limit of {limit} bytes.")
    return data


def _read_style(archive: zipfile.ZipFile, about: dict[str, Any]) -> Entry:
    name = check_name(about["name"])
    files: dict[str, bytes] = {}
    for kind in _MAX_BYTES.keys() & about.keys():
        given = about[kind]
        data = _read_member(archive, str(given["file"]), _MAX_BYTES[kind])
        if len(data) != given["bytes"] or hashlib.sha256(data).hexdigest() != given["sha256"]:
            raise LibraryError(f"the {kind} of {name} is damaged (its hash is wrong).")
        files[kind] = data
    values = np.load(io.BytesIO(files["vector"]), allow_pickle=False)
    if values.ndim != 1 or values.dtype != np.dtype("<f4"):
        raise LibraryError(f"the vector of {name} is no row of 32-bit numbers.")
    if thumbnail := files.get("thumbnail", b""):
        image = load_image(thumbnail, min_side_px=1)
        if max(image.size) > THUMBNAIL_SIDE_PX or thumbnail[8:12] != b"WEBP":
            raise LibraryError(f"the thumbnail of {name} is no small WebP picture.")
    if original := files.get("original"):
        load_image(original)
    now = utc_now()
    texts: dict[str, Any] = {k: check_text(k, _text(about.get(k, ""))) for k in TEXT_FIELDS}
    record = StyleRecord(
        name=name,
        vector=StyleVector(values, _sha256(about["encoder_sha256"])),
        **texts,
        tags=check_tags(_text(tag) for tag in about.get("tags", ())),
        thumbnail=thumbnail,
        palette=_palette(about.get("palette", ())),
        content_sha256=_text(about.get("content_sha256", ""))[:64],
        created_at=_text(about.get("created_at", ""))[:40] or now,
        updated_at=now,
    )
    return Entry(record, original)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _sha256(value: Any) -> str:
    if len(_text(value)) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("an encoder's hash is no SHA-256")
    return str(value)


def _palette(swatches: Sequence[Sequence[Any]]) -> tuple[Swatch, ...]:
    palette = tuple(Swatch(_text(color), float(share)) for color, share in swatches)
    parse_colors([swatch.color for swatch in palette])
    if len(palette) > PALETTE_SIZE or not all(0 <= swatch.share <= 1 for swatch in palette):
        raise ValueError("a palette is damaged")
    return palette
