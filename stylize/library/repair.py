"""Saving what can be read of a damaged library, and the daily backup."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylize.errors import LibraryError, StylizeError
from stylize.library.database import backup_path
from stylize.library.measure import Measure
from stylize.library.palette import unpack_palette
from stylize.library.records import StyleRecord
from stylize.library.sqlite_store import SqliteStore
from stylize.library.store import Entry
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

_QUERY = """
SELECT name, title, artist, year, movement, license, source, tags, notes, palette, content_sha256,
       created_at, updated_at, encoder_sha256, vector, thumbnail, original
FROM styles JOIN pictures USING (id) WHERE id = ?
"""


@dataclass(frozen=True)
class RepairReport:
    """What a repair found: names from the damaged file, names from its backup, the old file."""

    saved: tuple[str, ...]
    from_backup: tuple[str, ...]
    damaged_path: Path


def salvage(path: Path) -> list[Entry]:
    """Read every style that can still be read, one by one; nothing is changed.

    Returns:
        The readable styles; none if the file is missing or no database any more.
    """
    entries: dict[str, Entry] = {}
    if not path.exists():
        return []
    try:
        with contextlib.closing(_open_for_reading(path)) as db:
            for row_id in range(1, _last_id(db) + 1):
                with contextlib.suppress(sqlite3.Error, ValueError, TypeError, StylizeError):
                    row = db.execute(_QUERY, (row_id,)).fetchone()
                    if row is not None:
                        entry = _entry(row)
                        entries[entry.record.name] = entry
    except sqlite3.Error as error:
        logger.warning("%s cannot be opened as a database (%s)", path, error)
    return list(entries.values())


def _open_for_reading(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return db
    except sqlite3.Error:  # for example, a damaged write-ahead log: the file without it
        db.close()
        return sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)


def _last_id(db: sqlite3.Connection) -> int:
    """The largest id ever given, from whichever page can be read."""
    last = 0
    for query in (
        "SELECT seq FROM sqlite_sequence WHERE name = 'styles'",
        "SELECT max(id) FROM styles",
        "SELECT max(id) FROM pictures",
    ):
        with contextlib.suppress(sqlite3.DatabaseError, TypeError):
            last = max(last, db.execute(query).fetchone()[0] or 0)
    return last


def _entry(row: tuple[Any, ...]) -> Entry:
    (name, title, artist, year, movement, license_, source, tags, notes, palette, content, created,
     updated, encoder, vector, thumbnail, original) = row  # fmt: skip
    style = StyleVector(np.frombuffer(vector, dtype="<f4"), encoder)
    record = StyleRecord(
        name, style, title, artist, year, movement, license_, source,
        tuple(tags.split("\n")) if tags else (),
        notes, thumbnail, unpack_palette(palette), content,
        created, updated,
    )  # fmt: skip
    return Entry(record, original)


def repair(path: Path, measure: Measure) -> RepairReport:
    """Build a sound library of what can be read from a damaged one and from its backup.

    The damaged file is kept under another name.

    Args:
        path: The database file.
        measure: The measure for the encoder in use.

    Raises:
        LibraryError: There is no file, neither file nor backup holds anything readable, or the
            folder cannot be written.
    """
    if not path.exists():
        raise LibraryError(f"There is no style library at {path}.")
    saved = salvage(path)
    names = {entry.record.name for entry in saved}
    from_backup = [e for e in salvage(backup_path(path)) if e.record.name not in names]
    if not saved and not from_backup:
        raise LibraryError(
            f"Nothing can be read from {path}, and there is no backup beside it. "
            "Nothing was changed."
        )
    new_path = path.with_name(f"{path.stem}.repaired{path.suffix}")
    damaged_path = path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.sqlite3")
    try:
        for leftover in _family(new_path):
            leftover.unlink()
        store = SqliteStore(new_path, measure)
        store.put([*saved, *from_backup])
        store.close()
        for old in _family(path):
            os.replace(old, damaged_path.with_name(old.name.replace(path.name, damaged_path.name)))
        os.replace(new_path, path)
    except OSError as error:
        raise LibraryError(f"{path.parent} cannot be written ({error.strerror}).") from error
    return RepairReport(
        tuple(sorted(names)), tuple(sorted(e.record.name for e in from_backup)), damaged_path
    )


def _family(path: Path) -> Iterator[Path]:
    """A database file and the files that SQLite keeps beside it, as far as they exist."""
    for suffix in ("", "-wal", "-shm"):
        candidate = path.with_name(path.name + suffix)
        if candidate.exists():
            yield candidate
