"""The user's own styles in one SQLite file: durable, safe with several processes, exact.

The file is the record; searching happens in memory (`Index`). Every change raises a revision
number, so that a process sees what others changed by reading only the rows with a newer one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize.errors import StyleExistsError, StyleNotFoundError
from stylize.library.database import Database
from stylize.library.failures import DamagedLibraryError, damaged
from stylize.library.index import Index, Row, search_text, search_year
from stylize.library.measure import Measure
from stylize.library.palette import check_packed
from stylize.library.records import TEXT_FIELDS, StyleFilter, StyleRecord
from stylize.library.rows import (
    COLUMNS,
    DAMAGES,
    check_texts,
    columns_of,
    join_tags,
    record_of,
    select,
    split_tags,
)
from stylize.library.store import Entry
from stylize.messages import say
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

SENSIBLE_STYLES = 200_000

_EDITABLE = {"name", *TEXT_FIELDS, "tags", "updated_at"}
_INDEX_COLUMNS = (
    "name, artist, movement, license, tags, search_text, search_year, palette, encoder_sha256, "
    "measure, point"
)
_RECORD_COLUMNS = f"id, {COLUMNS}, original IS NOT NULL AS has_original"


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
        self.database = Database(path, read_only=read_only)
        self.measure = measure
        self._index = Index(measure.point_size)
        self._generation = 0
        self._revision = -1
        self._refresh_lock = threading.Lock()
        self._refresh()
        if len(self._index) > SENSIBLE_STYLES:
            logger.warning(
                "%s holds %d styles, all of them in memory. From %d on, stylize library copy "
                "brings them to Milvus, where many programs share one search.",
                path, len(self._index), SENSIBLE_STYLES,
            )  # fmt: skip

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return self.database.read_only

    @property
    def problem(self) -> str:
        """Why they are, where that was not requested."""
        return self.database.problem

    # ------------------------------------------------------------------------------- reading

    def get(self, name: str) -> StyleRecord | None:
        """See `StyleStore`."""
        found = self.get_many([name])
        return found[0] if found else None

    def get_many(self, names: Sequence[str]) -> list[StyleRecord]:
        """See `StyleStore`. Of a damaged file, those that can be read; it is read-only then."""
        try:
            return self._read(names)
        except DamagedLibraryError as error:
            if len(names) < 2:
                raise
            readable = []
            for name in names:
                with contextlib.suppress(DamagedLibraryError):
                    readable += self._read([name])
            if not readable:
                raise
            self.database.read_only, self.database.problem = True, str(error)
            logger.error("%s %d of %d styles can be read.", error, len(readable), len(names))
            return readable

    def _read(self, names: Sequence[str]) -> list[StyleRecord]:
        records: dict[str, StyleRecord] = {}
        with self.database.reading() as db:
            for start in range(0, len(names), 500):
                if db is None:
                    break
                part = names[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = select(
                    db,
                    f"SELECT {_RECORD_COLUMNS} FROM styles JOIN pictures USING (id) "
                    f"WHERE name IN ({marks})",
                    part,
                )
                records.update((row["name"], self._record(row)) for row in rows)
        return [records[name] for name in names if name in records]

    def _record(self, row: sqlite3.Row) -> StyleRecord:
        try:
            record = record_of(row)
        except DAMAGES as error:
            raise DamagedLibraryError(
                damaged(self.database.path, f"style {row['name']!r}: {error}")
            ) from error
        return dataclasses.replace(
            record,
            has_original=bool(row["has_original"]),
            stale=not self.measure.fits(record.vector),
        )

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
        with self.database.reading() as db:
            row = db.execute(query, (value,)).fetchone() if db else None
        return row[0] if row else None

    def find(self, where: StyleFilter, *, after: str = "", limit: int | None = None) -> list[str]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.names(where, after=after, limit=limit)

    def count(self, where: StyleFilter) -> int:
        """See `StyleStore`."""
        self._refresh()
        return self._index.count(where)

    def tags(self, k: int) -> list[tuple[str, int]]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.tags(k)

    def points(self, where: StyleFilter) -> tuple[list[str], NDArray[np.float32]]:
        """See `StyleStore`."""
        self._refresh()
        return self._index.points(where)

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
        with self.database.writing() as (db, revision):
            for (record, original), point in zip(entries, points, strict=True):
                if replace:
                    db.execute("DELETE FROM styles WHERE name = ?", (record.name,))
                columns = self._columns(record, point) | {"revision": revision}
                try:
                    cursor = db.execute(
                        f"INSERT INTO styles ({', '.join(columns)}) "
                        f"VALUES ({', '.join('?' * len(columns))})",
                        tuple(columns.values()),
                    )
                except sqlite3.IntegrityError as error:
                    raise StyleExistsError(say("style_taken", name=record.name)) from error
                db.execute(
                    "INSERT INTO pictures VALUES (?, ?, ?, ?)",
                    (cursor.lastrowid, _bytes(record.vector.values), record.thumbnail, original),
                )
                db.execute("DELETE FROM removed WHERE name = ?", (record.name,))
        self._refresh()

    def _columns(self, record: StyleRecord, point: Any) -> dict[str, Any]:
        return {
            **columns_of(record),
            **_search_columns(record),
            **self._point_columns(record.vector, point),
        }

    def _point_columns(self, vector: StyleVector, point: Any) -> dict[str, Any]:
        fits = self.measure.fits(vector)
        return {
            "measure": self.measure.id if fits else "",
            "point": _bytes(point) if fits else None,
        }

    def update(
        self, name: str, changes: Mapping[str, Any], *, made_from: StyleVector | None = None
    ) -> None:
        """See `StyleStore`."""
        columns = {key: value for key, value in changes.items() if key in _EDITABLE}
        if "tags" in columns:
            columns["tags"] = join_tags(columns["tags"])
        pictures = {key: changes[key] for key in ("thumbnail",) if key in changes}
        if vector := changes.get("vector"):
            pictures["vector"] = _bytes(vector.values)
            columns["encoder_sha256"] = vector.encoder_sha256
            columns |= self._point_columns(vector, self.measure.points_of([vector])[0])
        unknown = changes.keys() - columns.keys() - pictures.keys()
        if unknown:
            raise ValueError(f"a style cannot be changed in {sorted(unknown)}")
        with self.database.writing() as (db, revision):
            row = select(
                db,
                f"SELECT {_RECORD_COLUMNS} FROM styles JOIN pictures USING (id) WHERE name = ?",
                (name,),
            ).fetchone()
            if row is None:
                raise StyleNotFoundError(say("no_such_style", name=name))
            before = self._record(row)
            if made_from is not None and before.vector != made_from:
                return
            record = dataclasses.replace(before, **changes)
            columns |= _search_columns(record)
            try:
                _set(db, "styles", row["id"], columns | {"revision": revision})
            except sqlite3.IntegrityError as error:
                raise StyleExistsError(say("style_taken", name=changes["name"])) from error
            _set(db, "pictures", row["id"], pictures)
            if columns.get("name", name) != name:
                db.execute("REPLACE INTO removed VALUES (?, ?)", (name, revision))
                db.execute("DELETE FROM removed WHERE name = ?", (columns["name"],))
        self._refresh()

    def remove(self, name: str) -> bool:
        """See `StyleStore`."""
        if self.get(name) is None:
            return False
        with self.database.writing() as (db, revision):
            found = db.execute("DELETE FROM styles WHERE name = ?", (name,)).rowcount > 0
            if found:
                db.execute("REPLACE INTO removed VALUES (?, ?)", (name, revision))
        self._refresh()
        return found

    def close(self) -> None:
        """See `StyleStore`."""
        self.database.close()

    # ----------------------------------------------------------------------------- refreshing

    def _refresh(self) -> None:
        """Bring the index up to the file's revision: our own changes and other processes'."""
        with self.database.reading() as db:
            if self._generation == self.database.generation and (
                db is None or _revision(db) == self._revision
            ):
                return
            with self._refresh_lock:
                if self._generation != self.database.generation:
                    self._generation = self.database.generation
                    self._index = Index(self.measure.point_size)
                    self._revision = -1
                if db is None:
                    return
                # One transaction: revision, rows and removals of the same moment.
                db.execute("BEGIN")
                revision = _revision(db)
                if revision > self._revision:
                    try:
                        self._load(db)
                    except DAMAGES as error:
                        raise DamagedLibraryError(damaged(self.database.path, error)) from error
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
            check_texts((name, artist, movement, license_, tags, text, encoder, measure))
            if not isinstance(year, int):
                raise TypeError(f"the year of {name!r} is no number")
            check_packed(palette)
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
                Row(name, artist, movement, license_, split_tags(tags), text, year, stale, palette)
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


def _revision(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT revision FROM library").fetchone()
    if row is None or not isinstance(row[0], int):
        raise sqlite3.DatabaseError("malformed: its revision is missing")
    return row[0]


def _search_columns(record: StyleRecord) -> dict[str, Any]:
    return {"search_text": search_text(record), "search_year": search_year(record)}


def _bytes(array: Any) -> bytes:
    data: bytes = np.asarray(array, dtype="<f4").tobytes()
    return data


def _set(db: sqlite3.Connection, table: str, row_id: int, columns: Mapping[str, Any]) -> None:
    if columns:
        names = ", ".join(f"{column} = ?" for column in columns)
        db.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*columns.values(), row_id))
