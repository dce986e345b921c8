"""One SQLite file: its schema, connections, transactions, backups and error messages.

Write-ahead log and full synchronization: what a transaction has committed survives a crash of the
process and of the machine.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import LibraryError

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x5354594C  # "STYL": tells this file from any other SQLite database
_BUSY_S = 10.0
_BACKUP_AFTER_S = 24 * 3600
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


class DamagedLibraryError(LibraryError):
    """The database file is damaged; `stylize.library.repair` saves what can be read."""


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
        self._backup_checked = False
        self._closed = False
        with errors_of(path):
            exists = path.exists()
        if exists and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            self.read_only = True
            self.problem = "the file or its folder is write-protected"

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
            raise LibraryError(
                f"The style library {self.path} can only be read"
                f"{f' ({self.problem})' if self.problem else ''}; nothing was changed."
            )
        with errors_of(self.path), self._write_lock:
            self._look_at_file()
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            else:
                self._backup_daily()
            with self._connection() as db, _transaction(db):
                db.execute("UPDATE library SET revision = revision + 1")
                revision = db.execute("SELECT revision FROM library").fetchone()[0]
                yield db, revision

    def _look_at_file(self) -> None:
        """Notice if another file, or none, lies at the path.

        Without this, changes would go on into a file that no longer has a name.
        """
        if self._closed:
            raise LibraryError(f"The style library {self.path} has been closed.")
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            file = None
        else:
            file = (status.st_dev, status.st_ino)
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
            f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S,
            isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        try:
            db.execute("PRAGMA foreign_keys = ON")
            if not self.read_only:
                if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    _switch_to_wal(db)
                db.execute("PRAGMA synchronous = FULL")
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
            _back_up(db, self.path.with_suffix(f".v{version}{self.path.suffix}"))
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
        if self._backup_checked:
            return
        copy = backup_path(self.path)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - copy.stat().st_mtime < _BACKUP_AFTER_S:
                return
        if 0 < self.path.stat().st_size <= _BACKUP_MAX_BYTES:
            with self._connection() as db:
                found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise DamagedLibraryError(damaged(self.path, found))
                _back_up(db, copy)
        self._backup_checked = True


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
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _back_up(db: sqlite3.Connection, path: Path) -> None:
    """Write a consistent copy of an open database, also while others change it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with contextlib.closing(sqlite3.connect(part)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def backup_path(path: Path) -> Path:
    """Where the daily backup of a database file lies."""
    return path.with_name(f"{path.stem}.backup{path.suffix}")


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


@contextlib.contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into messages for the user."""
    try:
        yield
    except sqlite3.Error as error:
        code = _error_code(error)
        if "CORRUPT" in code or "NOTADB" in code:
            raise DamagedLibraryError(damaged(path, error)) from error
        raise LibraryError(_message(path, code, error)) from error
    except OSError as error:
        raise LibraryError(
            f"The style library {path} cannot be used ({error.strerror or error}). Choose "
            "another folder for it, or free this one. Nothing was changed."
        ) from error


def _message(path: Path, code: str, error: sqlite3.Error) -> str:
    if "FULL" in code:
        return f"The disk with the style library {path} is full. Nothing was changed; free space."
    if "BUSY" in code or "LOCKED" in code:
        return (
            f"The style library {path} is locked by another program for more than "
            f"{_BUSY_S:.0f} s. Nothing was changed; close that program or try again."
        )
    if "READONLY" in code or "CANTOPEN" in code or "PERM" in code:
        return f"The style library {path} cannot be written there ({error}). Nothing was changed."
    return f"The style library {path} cannot be used ({error}). Nothing was changed."


def _error_code(error: sqlite3.Error) -> str:
    """SQLite's name for an error, such as SQLITE_FULL; Python 3.10 knows only its text."""
    if name := getattr(error, "sqlite_errorname", ""):
        return str(name)
    texts = {
        "is full": "FULL", "locked": "BUSY", "readonly": "READONLY", "unable to open": "CANTOPEN",
        "malformed": "CORRUPT", "not a database": "NOTADB",
    }  # fmt: skip
    return next((code for text, code in texts.items() if text in str(error)), "")


def damaged(path: Path, reason: object) -> str:
    """The message for a damaged file: what, where, and the way out."""
    copy = backup_path(path)
    remedy = "`stylize library repair` saves what can be read from it"
    if copy.exists():
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(copy.stat().st_mtime))
        remedy += f" and from the backup of {day} ({copy})"
    return f"The style library {path} is damaged ({reason}). Nothing was changed; {remedy}."
