"""One SQLite file: its schema, connections, transactions, backups and error messages.

Write-ahead log and full synchronization: what a transaction has committed survives a crash of the
process and of the machine.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import LibraryError
from stylize.library.backup import back_up, backup_path, is_of_today
from stylize.library.failures import BUSY_S, DamagedLibraryError, damaged, errors_of
from stylize.messages import say

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x5354594C  # "STYL": tells this file from any other SQLite database
_BACKUP_LOOK_S = 3600  # how often a process looks whether the daily backup is due
_BACKUP_MAX_BYTES = 256 * 2**20  # beyond that, copying takes long enough to be the user's choice

# Small columns are kept apart from large ones: opening reads `styles` alone.
_SCHEMA = """
CREATE TABLE library (revision INTEGER NOT NULL);
INSERT INTO library VALUES (0);
CREATE TABLE styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, artist TEXT NOT NULL, year TEXT NOT NULL, movement TEXT NOT NULL,
    license TEXT NOT NULL, tags TEXT NOT NULL, palette BLOB NOT NULL,
    search_text TEXT NOT NULL, search_year INTEGER NOT NULL,
    encoder_sha256 TEXT NOT NULL, measure TEXT NOT NULL, point BLOB,
    revision INTEGER NOT NULL, content_sha256 TEXT NOT NULL,
    source TEXT NOT NULL, notes TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX styles_revision ON styles (revision);
CREATE INDEX styles_content ON styles (content_sha256);
CREATE TABLE pictures (
    id INTEGER PRIMARY KEY REFERENCES styles (id) ON DELETE CASCADE,
    vector BLOB NOT NULL, thumbnail BLOB NOT NULL, original BLOB
);
CREATE TABLE removed (name TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE INDEX removed_revision ON removed (revision);
"""

# Step i brings a file of schema version i + 1 to version i + 2.
_MIGRATIONS: tuple[str, ...] = ()


class Database:
    """A database file that need not exist yet. Many threads and processes may use it at once.

    Attributes:
        path: The file.
        read_only: Whether changes are refused: on request, or because the file or its folder is
            write-protected.
        problem: Why, where it was not requested.
        generation: Grows whenever another file lies at the path (moved away, deleted, restored).
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self.problem = ""
        self.generation = 0
        self._file: tuple[int, int] | None = None
        # A thread takes a connection out and puts it back: none is ever used by two at once.
        self._idle: list[tuple[int, sqlite3.Connection]] = []
        self._write_lock = threading.Lock()
        self._file_lock = threading.Lock()
        self._backup_look_at = -math.inf
        self._closed = False
        with errors_of(path):
            exists = path.exists()
        if exists and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            self.read_only = True
            self.problem = (
                f"The style library {path} can only be read: the file or its folder is "
                "write-protected."
            )

    def close(self) -> None:
        """Close the connections; the database cannot be used afterwards."""
        self._closed = True
        self._drop_idle()

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for this thread, or None while there is no file yet.

        Raises:
            LibraryError: The file is damaged, locked, not a style library, or too new.
        """
        with errors_of(self.path):
            self._look_at_file()
            if self._file is None:
                yield None
            else:
                with self._connection() as db:
                    yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction and its revision; committed at the end, or rolled back on an error.

        Raises:
            LibraryError: The file cannot be written; nothing was changed.
        """
        if self.read_only:
            raise LibraryError(self.problem or say("library_read_only", path=self.path))
        with errors_of(self.path), self._write_lock:
            self._look_at_file()
            if self._file is None:
                _make_private(self.path)
            else:
                self._backup_daily()
            known = self._file
            with self._connection() as db, _transaction(db):
                # Asked again now that we hold the lock: what `repair` moves away, it locks first.
                if known is not None and _file_at(self.path) != known:
                    raise LibraryError(say("library_moved", path=self.path))
                db.execute("UPDATE library SET revision = revision + 1")
                row = db.execute("SELECT revision FROM library").fetchone()
                if row is None or not isinstance(row[0], int):
                    raise DamagedLibraryError(damaged(self.path, "its revision is missing"))
                yield db, row[0]

    def _look_at_file(self) -> None:
        """Notice if another file, or none, lies at the path.

        Without this, changes would go on into a file that no longer has a name.
        """
        if self._closed:
            raise LibraryError(f"The style library {self.path} has been closed.")
        file = _file_at(self.path)
        with self._file_lock:
            if file != self._file:
                self._file = file
                self.generation += 1
                self._drop_idle()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        generation = self.generation
        try:
            generation, db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            yield db
        except BaseException:
            db.close()
            raise
        if generation == self.generation and not self._closed:
            self._idle.append((generation, db))
        else:
            db.close()

    def _connect(self) -> sqlite3.Connection:
        if not self.read_only:
            return self._connect_as("rwc")
        try:
            return self._connect_as("ro")
        except sqlite3.OperationalError:
            # A folder where not even the lock file can be made: nobody can be writing there.
            return self._connect_as("ro&immutable=1")

    def _connect_as(self, mode: str) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S,
            isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        try:
            db.execute("PRAGMA foreign_keys = ON")
            if not self.read_only:
                if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    _check_version(db, self.path)  # another program's file must stay as it is
                    _switch_to_wal(db)
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")  # removed pictures are overwritten
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Create the tables in a new file, migrate an older one, refuse anything else."""
        version = _check_version(db, self.path)
        if version == SCHEMA_VERSION:
            return
        if self.read_only:
            raise LibraryError(
                f"The style library {self.path} has an old format and cannot be brought up to "
                "date because it can only be read. Open it once with write access."
            )
        if version:
            back_up(db, self.path.with_suffix(f".v{version}{self.path.suffix}"))
        with _transaction(db):
            version = _check_version(db, self.path)  # another process may have been faster
            if version < SCHEMA_VERSION:
                scripts = [_SCHEMA] if version == 0 else _MIGRATIONS[version - 1 :]
                for statement in ";".join(scripts).split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _backup_daily(self) -> None:
        """Keep a sound copy beside the file, a day old at most when styles change."""
        if time.monotonic() < self._backup_look_at:
            return
        copy = backup_path(self.path)
        if not is_of_today(copy) and 0 < self.path.stat().st_size <= _BACKUP_MAX_BYTES:
            with self._connection() as db:
                found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise DamagedLibraryError(damaged(self.path, found))
                try:
                    back_up(db, copy)
                except (sqlite3.Error, OSError) as error:
                    # No room for a copy: the change itself may still fit.
                    logger.warning("The daily backup %s could not be written (%s)", copy, error)
        self._backup_look_at = time.monotonic() + _BACKUP_LOOK_S


def _make_private(path: Path) -> None:
    """Make an empty file, and its folder, that only the owner can read: pictures go into it."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _file_at(path: Path) -> tuple[int, int] | None:
    """The identity of the file at a path, or None if there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Done once in the life of a file. SQLite does not wait for other processes here: we do."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _check_version(db: sqlite3.Connection, path: Path) -> int:
    """The schema version of the file; 0 for a new, empty one."""
    # In this order: another process may be creating the tables between these three lines.
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if tables and application != _APPLICATION_ID:
        raise LibraryError(f"{path} is a database of another program, not a style library.")
    if version > SCHEMA_VERSION:
        raise LibraryError(
            f"The style library {path} was written by a newer version of this program (format "
            f"{version}; this one knows {SCHEMA_VERSION}). Update the program, or open another "
            "library folder. Nothing was changed."
        )
    return version
