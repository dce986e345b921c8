"""Sharing styles: one zip file with records, vectors, thumbnails and, if asked for, originals."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from stylize.errors import LibraryError, StyleExistsError
from stylize.files import whole_file, why_not_written
from stylize.images import load_image
from stylize.library import shared_file
from stylize.library.catalogue import StyleCatalogue
from stylize.library.records import TEXT_FIELDS, StyleRecord, free_name
from stylize.library.shared_file import CONTENTS_FILE, FORMAT, FORMAT_VERSION, read_styles
from stylize.library.store import Entry
from stylize.messages import say

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
    library: StyleCatalogue, path: Path, names: Sequence[str] | None, originals: bool
) -> int:
    """See `StyleLibrary.export`."""
    if names is None:
        records = library.list(bundled=False)
    else:
        records = [library.get(name) for name in dict.fromkeys(names)]
    if not records:
        raise LibraryError(say("nothing_to_export"))
    if len(records) > shared_file.MAX_STYLES:
        raise LibraryError(
            f"A file may hold up to {shared_file.MAX_STYLES} styles, not {len(records)}; "
            "name those for each file."
        )
    if path.is_file() and not _holds_styles(path):
        raise LibraryError(f"{path} is there already and is no file of styles; it was left alone.")
    try:
        with whole_file(path, private=True) as part, zipfile.ZipFile(part, "w") as archive:
            styles = [_write_style(archive, library, record, originals) for record in records]
            size = sum(member.file_size for member in archive.infolist())
            if size > shared_file.MAX_TOTAL_BYTES:
                raise LibraryError(
                    f"{path.name} would be larger than {shared_file.MAX_TOTAL_BYTES // 2**30} GiB "
                    "and could not be imported; write the styles into several files."
                )
            contents = {"format": FORMAT, "version": FORMAT_VERSION, "styles": styles}
            archive.writestr(
                _member(CONTENTS_FILE),
                json.dumps(contents, ensure_ascii=False, indent=1),
                zipfile.ZIP_DEFLATED,
            )
    except OSError as error:
        raise LibraryError(why_not_written(path, error)) from error
    return len(records)


def _holds_styles(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return CONTENTS_FILE in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _write_style(
    archive: zipfile.ZipFile, library: StyleCatalogue, record: StyleRecord, originals: bool
) -> dict[str, Any]:
    buffer = io.BytesIO()
    np.save(buffer, record.vector.values.astype("<f4"), allow_pickle=False)
    members = {"vector": (f"vectors/{record.name}.npy", buffer.getvalue())}
    if record.thumbnail[8:12] == b"WEBP":  # a damaged one would be refused by an import
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
        archive.writestr(_member(member), data)
        digest = hashlib.sha256(data).hexdigest()
        about[kind] = {"file": member, "bytes": len(data), "sha256": digest}
    return about


def _member(name: str) -> zipfile.ZipInfo:
    """A member without the time: that tells something of its writer, and fails before 1980."""
    return zipfile.ZipInfo(name)


def plan_import(
    library: StyleCatalogue, path: Path, on_conflict: OnConflict
) -> tuple[list[Entry], ImportReport]:
    """Decide what an import adds and replaces, without changing anything; see `import_`.

    Returns:
        What is to be put into the library, and the report of it.
    """
    if on_conflict not in get_args(OnConflict):
        raise ValueError(f"on_conflict must be one of {get_args(OnConflict)}; got {on_conflict!r}")
    entries = read_styles(path)
    report: dict[str, list[Any]] = {key: [] for key in ImportReport.__dataclass_fields__}
    names = {*library.names(), *(entry.record.name for entry in entries)}
    ready: list[Entry] = []
    taken: list[str] = []
    for record, original in entries:
        existing = library.get(record.name) if record.name in library else None
        target = record
        if existing and _same(existing, record) and not (existing.stale and original):
            report["unchanged"].append(record.name)
            continue
        if existing and on_conflict == "error":
            taken.append(record.name)
            continue
        if existing and (on_conflict == "skip" or (on_conflict == "replace" and existing.bundled)):
            report["skipped"].append(record.name)
            continue
        if existing and on_conflict == "rename":
            target = replace(record, name=free_name(record.name, names))
            names.add(target.name)
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
            f"The names of {len(taken)} of the {len(entries)} styles in {path.name} are taken: "
            f"{_some(taken)}. Nothing was imported; choose to skip, replace or rename them."
        )
    return ready, ImportReport(**{key: tuple(value) for key, value in report.items()})


def _same(existing: StyleRecord, record: StyleRecord) -> bool:
    """Whether a style of a file is there already, be it encoded again since."""
    vector = existing.vector == record.vector or (
        not existing.stale
        and existing.vector.encoder_sha256 != record.vector.encoder_sha256
        and existing.content_sha256 == record.content_sha256 != ""
    )
    return vector and all(
        getattr(existing, k) == getattr(record, k) for k in (*TEXT_FIELDS, "tags")
    )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
