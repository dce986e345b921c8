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

from stylize.errors import LibraryError
from stylize.library.backup import backup_path
from stylize.library.failures import BUSY_S, DamagedLibraryError, errors_of
from stylize.library.measure import Measure
from stylize.library.records import StyleFilter
from stylize.library.rows import COLUMNS, DAMAGES, mended, record_of, select, usable_original
from stylize.library.sqlite_store import SqliteStore
from stylize.library.store import Entry

logger = logging.getLogger(__name__)

_QUERY = f"""
SELECT {COLUMNS}, {{original}} AS original FROM styles JOIN pictures USING (id) WHERE id = ?
"""
_MAX_ID = 10_000_000  # a larger one is damage, and looking for them all would take days
# An original is the last and largest part of a row: often all before it can still be read.
_QUERIES = (_QUERY.format(original="original"), _QUERY.format(original="NULL"))


@dataclass(frozen=True)
class RepairReport:
    """What a repair found.

    Attributes:
        saved: Names of the styles read from the damaged file.
        from_backup: Names of those read from its backup.
        lost: Names of which no more than the name could be read.
        damaged_path: Where the damaged file is kept.
    """

    saved: tuple[str, ...]
    from_backup: tuple[str, ...]
    lost: tuple[str, ...]
    damaged_path: Path


def salvage(path: Path) -> list[Entry]:
    """Read every style that can still be read, one by one; nothing is changed.

    Returns:
        The readable styles; none if the file is missing or no database any more.
    """
    entries: dict[str, Entry] = {}
    with _readable(path) as db:
        if db is None:
            return []
        for row_id in range(1, min(_last_id(db), _MAX_ID) + 1):
            for query in _QUERIES:
                with contextlib.suppress(sqlite3.Error, *DAMAGES):
                    row = select(db, query, (row_id,)).fetchone()
                    if row is not None:
                        entry = _entry(row)
                        entries[entry.record.name] = entry
                    break
    return list(entries.values())


def _names(path: Path, table: str) -> set[str]:
    """The names in a table of the library, as far as they can be read."""
    names: set[str] = set()
    with _readable(path) as db, contextlib.suppress(sqlite3.Error):
        if db is not None:
            for (name,) in db.execute(f"SELECT name FROM {table}"):
                if isinstance(name, str):
                    names.add(name)
    return names


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection to a damaged file, for reading only; None if it is missing or no database."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    # A damaged write-ahead log stops everything: then the file without it.
    for attempt in (uri, f"{uri}&immutable=1") if path.exists() else ():
        try:
            db = sqlite3.connect(attempt, uri=True)
        except sqlite3.Error:
            continue
        with contextlib.closing(db):
            try:
                db.text_factory = lambda data: data.decode("utf-8", errors="replace")
                db.execute("PRAGMA writable_schema = ON")  # reads files that were cut short, too
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error as error:
                logger.info("%s cannot be opened as a database (%s)", attempt, error)
                continue
            yield db
            return
    yield None


def _last_id(db: sqlite3.Connection) -> int:
    """The largest id ever given, from whichever page can be read."""
    last = 0
    for query in (
        "SELECT seq FROM sqlite_sequence WHERE name = 'styles'",
        "SELECT max(id) FROM styles",
        "SELECT max(id) FROM pictures",
    ):
        with contextlib.suppress(sqlite3.DatabaseError, TypeError, ValueError):
            last = max(last, int(db.execute(query).fetchone()[0] or 0))
    return last


def _entry(row: sqlite3.Row) -> Entry:
    original = usable_original(row["original"])
    return Entry(record_of(mended(row, original)), original)


def repair(path: Path, measure: Measure) -> RepairReport:
    """Build a sound library of what can be read from a damaged one and from its backup.

    The damaged file is kept under another name.

    Args:
        path: The database file.
        measure: The measure for the encoder in use.

    Raises:
        LibraryError: There is no file, neither file nor backup holds anything readable, another
            program keeps the library locked, or the folder cannot be written.
    """
    new_path = repaired_path(path)
    with errors_of(path):
        if is_unfinished(path):
            os.replace(new_path, path)
            with contextlib.closing(SqliteStore(path, measure)) as store:
                old = max(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"), default=path)
                return RepairReport(tuple(store.find(StyleFilter())), (), (), old)
        if not path.exists():
            raise LibraryError(f"There is no style library at {path}.")
        with _kept_from_changing(path):
            saved = salvage(path)
            names = {entry.record.name for entry in saved}
            known = names | _names(path, "removed")
            from_backup = [e for e in salvage(backup_path(path)) if e.record.name not in known]
            found = names | {entry.record.name for entry in from_backup}
            lost = _names(path, "styles") - found
            if not found:
                raise LibraryError(
                    f"Nothing can be read from {path}, and there is no backup beside it. "
                    "Nothing was changed."
                )
            for leftover in _family(new_path):
                leftover.unlink()
            with contextlib.closing(SqliteStore(new_path, measure)) as store:
                store.put([*saved, *from_backup])
            day = time.strftime("%Y%m%d-%H%M%S")
            damaged_path = path.with_name(f"{path.stem}.damaged-{day}{path.suffix}")
            for old in _family(path):
                os.replace(old, old.with_name(old.name.replace(path.name, damaged_path.name)))
            os.replace(new_path, path)
    return RepairReport(
        tuple(sorted(names)), tuple(sorted(found - names)), tuple(sorted(lost)), damaged_path
    )


def repaired_path(path: Path) -> Path:
    """Where the new file grows until it takes the place of the damaged one."""
    return path.with_name(f"{path.stem}.repaired{path.suffix}")


def is_unfinished(path: Path) -> bool:
    """Whether a repair was stopped after the damaged file was moved away: the new one is whole."""
    return not path.exists() and repaired_path(path).exists()


@contextlib.contextmanager
def _kept_from_changing(path: Path) -> Iterator[None]:
    """Hold the write lock, so that no change of another process ends in the file moved away."""
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as db:
        # Where even that fails, nobody can change anything.
        with contextlib.suppress(DamagedLibraryError), errors_of(path):
            db.execute("BEGIN IMMEDIATE")
        yield


def _family(path: Path) -> Iterator[Path]:
    """A database file and the files that SQLite keeps beside it, as far as they exist."""
    for suffix in ("", "-wal", "-shm"):
        candidate = path.with_name(path.name + suffix)
        if candidate.exists():
            yield candidate
