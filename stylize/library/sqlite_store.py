"""The user's own styles in one SQLite file: durable, safe with several processes, exact.

The file is the record; searching happens in memory (`Index`). Every change raises a revision
number, so that a process sees what others changed by reading only the rows with a newer one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stylize.errors import LibraryError, StyleExistsError, StyleNotFoundError, StylizeError
from stylize.library.index import Index, Row, search_text, search_year
from stylize.library.measure import Measure
from stylize.library.palette import pack_palette, unpack_palette
from stylize.library.records import TEXT_FIELDS, StyleFilter, StyleRecord
from stylize.library.store import Entry
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

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

_COLUMNS = (
    "name", "title", "artist", "year", "movement", "license", "tags", "palette", "search_text",
    "search_year",
    "encoder_sha256", "measure", "point", "revision", "content_sha256", "source", "notes",
    "created_at", "updated_at",
)  # fmt: skip
_EDITABLE = {"name", *TEXT_FIELDS, "tags", "updated_at"}
_INDEX_COLUMNS = (
    "name, artist, movement, license, tags, search_text, search_year, palette, encoder_sha256, "
    "measure, point"
)
_RECORD_COLUMNS = (
    "name, title, artist, year, movement, license, source, tags, notes, palette, content_sha256, "
    "created_at, updated_at, encoder_sha256, vector, thumbnail, original IS NOT NULL"
)


class DamagedLibraryError(LibraryError):
    """The database file is damaged; `stylize.library.repair` saves what can be read."""


class SqliteStore:
    """A `StyleStore` in a file.

    A missing file is an empty store; it and its folder are created by the first change.
    """

    def __init__(self, path: Path, measure: Measure, *, read_only: bool = False) -> None:
        """Open the file.

        Args:
            path: The database file.
            measure: The measure of likeness for the encoder in use.
            read_only: Refuse changes. Set by itself where the file or folder allows none.

        Raises:
            LibraryError: The file is damaged, locked, not a style library, or too new.
        """
        self.path = path
        self.read_only = read_only
        self.problem = ""
        with _errors_of(path):
            exists = path.exists()
        if exists and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            self.read_only = True
            self.problem = "the file or its folder is write-protected"
        self.measure = measure
        self._index = Index(measure.point_size)
        self._revision = -1
        self._refresh_lock = threading.Lock()
        self._write_lock = threading.Lock()
        # A thread takes a connection out and puts it back: none is ever used by two at once.
        self._idle: list[sqlite3.Connection] = []
        self._backup_checked = False
        self._identity: tuple[int, int] | None = None
        self._closed = False
        self._refresh()

    # ------------------------------------------------------------------------------- reading

    def get(self, name: str) -> StyleRecord | None:
        """See `StyleStore`."""
        found = self.get_many([name])
        return found[0] if found else None

    def get_many(self, names: Sequence[str]) -> list[StyleRecord]:
        """See `StyleStore`."""
        records: dict[str, StyleRecord] = {}
        with self._reading() as db:
            for start in range(0, len(names), 500):
                if db is None:
                    break
                part = names[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = db.execute(
                    f"SELECT {_RECORD_COLUMNS} FROM styles JOIN pictures USING (id) "
                    f"WHERE name IN ({marks})",
                    part,
                )
                records.update((row[0], self._record(row)) for row in rows)
        return [records[name] for name in names if name in records]

    def _record(self, row: Sequence[Any]) -> StyleRecord:
        (name, title, artist, year, movement, license_, source, tags, notes, palette, content,
         created, updated, encoder, vector, thumbnail, has_original) = row  # fmt: skip
        try:
            style = StyleVector(np.frombuffer(vector, dtype="<f4"), encoder)
            swatches = unpack_palette(palette)
        except (ValueError, TypeError, StylizeError) as error:
            raise DamagedLibraryError(_damaged(self.path, f"style {name!r}: {error}")) from error
        return StyleRecord(
            name, style, title, artist, year, movement, license_, source, _tags(tags), notes,
            thumbnail, swatches, content, created, updated, has_original=bool(has_original),
            stale=not self.measure.fits(style),
        )  # fmt: skip

    def original(self, name: str) -> bytes | None:
        """See `StyleStore`."""
        query = "SELECT original FROM pictures JOIN styles USING (id) WHERE name = ?"
        data: bytes | None = self._one(query, name)
        return data

    def find_content(self, content_sha256: str) -> str | None:
        """See `StyleStore`."""
        if not content_sha256:
            return None
        name: str | None = self._one(
            "SELECT name FROM styles WHERE content_sha256 = ?", content_sha256
        )
        return name

    def _one(self, query: str, value: str) -> Any:
        with self._reading() as db:
            row = db.execute(query, (value,)).fetchone() if db else None
        return row[0] if row else None

    def find(self, where: StyleFilter) -> list[str]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.names(where)

    def nearest(self, vector: StyleVector, k: int, where: StyleFilter) -> list[tuple[str, float]]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.nearest(self.measure.points(vector.values[None])[0], k, where)

    def nearest_palette(
        self, colors: Sequence[str], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.nearest_palette(colors, k, where)

    # ------------------------------------------------------------------------------- changing

    def put(self, entries: Sequence[Entry], *, replace: bool = False) -> None:
        """See `StyleStore`."""
        if not entries:
            return
        points = self.measure.points_of([entry.record.vector for entry in entries])
        with self._writing() as (db, revision):
            for (record, original), point in zip(entries, points, strict=True):
                if replace:
                    db.execute("DELETE FROM styles WHERE name = ?", (record.name,))
                try:
                    cursor = db.execute(
                        f"INSERT INTO styles ({', '.join(_COLUMNS)}) "
                        f"VALUES ({', '.join('?' * len(_COLUMNS))})",
                        self._values(record, point, revision),
                    )
                except sqlite3.IntegrityError as error:
                    raise StyleExistsError(
                        f'There is a style called "{record.name}" already.'
                    ) from error
                db.execute(
                    "INSERT INTO pictures VALUES (?, ?, ?, ?)",
                    (cursor.lastrowid, _bytes(record.vector.values), record.thumbnail, original),
                )
                db.execute("DELETE FROM removed WHERE name = ?", (record.name,))
        self._refresh()

    def _values(self, record: StyleRecord, point: Any, revision: int) -> tuple[Any, ...]:
        fits = self.measure.fits(record.vector)
        return (
            record.name, record.title, record.artist, record.year, record.movement,
            record.license, "\n".join(record.tags), pack_palette(record.palette),
            search_text(record), search_year(record), record.vector.encoder_sha256,
            self.measure.id if fits else "", _bytes(point) if fits else None, revision,
            record.content_sha256, record.source, record.notes, record.created_at,
            record.updated_at,
        )  # fmt: skip

    def update(self, name: str, changes: Mapping[str, Any]) -> None:
        """See `StyleStore`."""
        columns = {key: value for key, value in changes.items() if key in _EDITABLE}
        if "tags" in columns:
            columns["tags"] = "\n".join(columns["tags"])
        pictures = {key: changes[key] for key in ("thumbnail",) if key in changes}
        if vector := changes.get("vector"):
            pictures["vector"] = _bytes(vector.values)
            columns["encoder_sha256"] = vector.encoder_sha256
            fits = self.measure.fits(vector)
            columns["measure"] = self.measure.id if fits else ""
            columns["point"] = _bytes(self.measure.points_of([vector])[0]) if fits else None
        unknown = changes.keys() - columns.keys() - pictures.keys()
        if unknown:
            raise ValueError(f"a style cannot be changed in {sorted(unknown)}")
        with self._writing() as (db, revision):
            row = db.execute(
                f"SELECT {_RECORD_COLUMNS}, id FROM styles JOIN pictures USING (id) WHERE name = ?",
                (name,),
            ).fetchone()
            if row is None:
                raise StyleNotFoundError(f'There is no style called "{name}".')
            row_id = row[-1]
            record = dataclasses.replace(self._record(row[:-1]), **changes)
            columns |= {"search_text": search_text(record), "search_year": search_year(record)}
            try:
                _set(db, "styles", row_id, columns | {"revision": revision})
            except sqlite3.IntegrityError as error:
                raise StyleExistsError(
                    f'There is a style called "{changes["name"]}" already.'
                ) from error
            _set(db, "pictures", row_id, pictures)
            if columns.get("name", name) != name:
                db.execute("REPLACE INTO removed VALUES (?, ?)", (name, revision))
                db.execute("DELETE FROM removed WHERE name = ?", (columns["name"],))
        self._refresh()

    def remove(self, name: str) -> bool:
        """See `StyleStore`."""
        if not self.path.exists():
            return False
        with self._writing() as (db, revision):
            found = db.execute("DELETE FROM styles WHERE name = ?", (name,)).rowcount > 0
            if found:
                db.execute("REPLACE INTO removed VALUES (?, ?)", (name, revision))
        self._refresh()
        return found

    def close(self) -> None:
        """See `StyleStore`."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    # ----------------------------------------------------------------------------- refreshing

    def _refresh(self) -> None:
        """Bring the index up to the file's revision: our own changes and other processes'."""
        with self._reading() as db:
            if db is None:
                return
            if db.execute("SELECT revision FROM library").fetchone()[0] == self._revision:
                return
            with self._refresh_lock:
                # One transaction: revision, rows and removals of the same moment.
                db.execute("BEGIN")
                revision = db.execute("SELECT revision FROM library").fetchone()[0]
                if revision > self._revision:
                    try:
                        self._load(db)
                    except (ValueError, TypeError, StylizeError) as error:
                        raise DamagedLibraryError(_damaged(self.path, error)) from error
                    self._revision = revision
                db.execute("COMMIT")

    def _load(self, db: sqlite3.Connection) -> None:
        since = (self._revision,)
        removed = db.execute("SELECT name FROM removed WHERE revision > ?", since).fetchall()
        found = db.execute(
            f"SELECT {_INDEX_COLUMNS} FROM styles WHERE revision > ?", since
        ).fetchall()
        points = np.zeros((len(found), self.measure.point_size), np.float32)
        rows: list[Row] = []
        ready: list[int] = []
        renewed: list[tuple[str, bytes, str]] = []
        for i, (name, artist, movement, license_, tags, text, year, palette, encoder, measure,
                _) in enumerate(found):  # fmt: skip
            stale = encoder != self.measure.encoder_sha256
            if measure == self.measure.id:
                ready.append(i)
            elif not stale:  # stored under another measure: from the vector itself
                vector = self._vector(db, name, encoder)
                stale = vector is None or not self.measure.fits(vector)
                if vector is not None and not stale:
                    points[i] = self.measure.points(vector.values[None])[0]
                    renewed.append((self.measure.id, _bytes(points[i]), name))
            rows.append(
                Row(name, artist, movement, license_, _tags(tags), text, year, stale, palette)
            )
        stored = b"".join(found[i][-1] for i in ready)
        points[ready] = np.frombuffer(stored, dtype="<f4").reshape(-1, self.measure.point_size)
        self._index.change(rows, points, [name for (name,) in removed])
        if renewed and not self.read_only:
            with contextlib.suppress(sqlite3.Error):  # only to spare the next start this work
                db.executemany("UPDATE styles SET measure = ?, point = ? WHERE name = ?", renewed)

    @staticmethod
    def _vector(db: sqlite3.Connection, name: str, encoder: str) -> StyleVector | None:
        row = db.execute(
            "SELECT vector FROM pictures JOIN styles USING (id) WHERE name = ?", (name,)
        ).fetchone()
        return StyleVector(np.frombuffer(row[0], dtype="<f4"), encoder) if row else None

    # ---------------------------------------------------------------------------- connections

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection for this thread, or None while there is no file yet."""
        with _errors_of(self.path):
            if self.path.exists():
                with self._connection() as db:
                    yield db
            else:
                self._notice_other_file()
                yield None

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
                    raise DamagedLibraryError(_damaged(self.path, found))
                backup(db, copy)
        self._backup_checked = True

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction and its revision; committed at the end, or rolled back on an error."""
        if self.read_only:
            raise LibraryError(
                f"The style library {self.path} can only be read"
                f"{f' ({self.problem})' if self.problem else ''}; nothing was changed."
            )
        with _errors_of(self.path), self._write_lock:
            if self.path.exists():
                self._backup_daily()
            else:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._connection() as db:
                db.execute("BEGIN IMMEDIATE")
                try:
                    db.execute("UPDATE library SET revision = revision + 1")
                    revision = db.execute("SELECT revision FROM library").fetchone()[0]
                    yield db, revision
                    db.execute("COMMIT")
                except BaseException:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._closed:
            raise LibraryError(f"The style library {self.path} has been closed.")
        self._notice_other_file()
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            yield db
        except BaseException:
            db.close()
            raise
        self._idle.append(db)

    def _notice_other_file(self) -> None:
        """Start afresh if the file was moved away, deleted or restored from a backup.

        Without this, changes would go on into a file that no longer has a name.
        """
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            identity = None
        else:
            identity = (status.st_dev, status.st_ino)
        with self._refresh_lock:
            if identity == self._identity:
                return
            if self._identity is not None:
                while self._idle:
                    self._idle.pop().close()
                self._index = Index(self.measure.point_size)
                self._revision = -1
            self._identity = identity

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
            backup(db, self.path.with_suffix(f".v{version}{self.path.suffix}"))
        db.execute("BEGIN IMMEDIATE")  # another process may be doing the same
        try:
            version = _check_version(db, self.path)
            if version < SCHEMA_VERSION:
                scripts = [_SCHEMA] if version == 0 else _MIGRATIONS[version - 1 :]
                for statement in ";".join(scripts).split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
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


def backup(db: sqlite3.Connection, path: Path) -> None:
    """Write a consistent copy of an open database, also while others change it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with contextlib.closing(sqlite3.connect(part)) as copy:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    os.replace(part, path)


def backup_path(path: Path) -> Path:
    """Where the daily backup of a database file lies."""
    return path.with_name(f"{path.stem}.backup{path.suffix}")


def _check_version(db: sqlite3.Connection, path: Path) -> int:
    """The schema version of the file; 0 for a new, empty one."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
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
def _errors_of(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into messages for the user."""
    try:
        yield
    except sqlite3.Error as error:
        code = _error_code(error)
        if "CORRUPT" in code or "NOTADB" in code:
            raise DamagedLibraryError(_damaged(path, error)) from error
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


def _damaged(path: Path, reason: object) -> str:
    copy = backup_path(path)
    remedy = "`stylize library repair` saves what can be read from it"
    if copy.exists():
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(copy.stat().st_mtime))
        remedy += f" and from the backup of {day} ({copy})"
    return f"The style library {path} is damaged ({reason}). Nothing was changed; {remedy}."


def _tags(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _bytes(array: Any) -> bytes:
    data: bytes = np.asarray(array, dtype="<f4").tobytes()
    return data


def _set(db: sqlite3.Connection, table: str, row_id: int, columns: Mapping[str, Any]) -> None:
    if columns:
        names = ", ".join(f"{column} = ?" for column in columns)
        db.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*columns.values(), row_id))
