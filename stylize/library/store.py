"""What keeps the records of a style library: the protocol, and a store in memory.

`StyleLibrary` needs no more than this of a store, so a database server or a distributed vector
engine can stand behind it with one class of this shape. The same tests run against every store.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stylize.errors import LibraryError, StyleExistsError, StyleNotFoundError
from stylize.library.index import Index, Row
from stylize.library.measure import Measure
from stylize.library.records import StyleFilter, StyleRecord
from stylize.messages import say
from stylize.styles import StyleVector


class Entry(NamedTuple):
    """A style to be stored: its record and, if it is to be kept, the picture as a WebP file."""

    record: StyleRecord
    original: bytes | None = None


class StyleStore(Protocol):
    """Keeps style records and finds them again. Many threads may use one store at once.

    Every change is complete and durable when its method returns, or did not happen at all.
    """

    measure: Measure

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""

    @property
    def problem(self) -> str:
        """Why they are, for the user; empty if nothing is wrong."""

    def get(self, name: str) -> StyleRecord | None:
        """The record of that name, or None."""

    def get_many(self, names: Sequence[str]) -> list[StyleRecord]:
        """The records of these names in this order; names that are gone are left out."""

    def original(self, name: str) -> bytes | None:
        """The kept picture of a style as a file (WebP or JPEG), or None."""

    def find(self, where: StyleFilter, *, after: str = "", limit: int | None = None) -> list[str]:
        """The names of the styles that meet the conditions, sorted.

        Args:
            where: The conditions.
            after: Only names behind this one: the last name of a page is the cursor of the next.
            limit: At most so many.
        """

    def count(self, where: StyleFilter) -> int:
        """How many styles meet the conditions."""

    def tags(self, k: int) -> list[tuple[str, int]]:
        """The k most frequent tags and how many styles have them, the most frequent first."""

    def points(self, where: StyleFilter) -> tuple[list[str], NDArray[np.float32]]:
        """Names, sorted, and points (see `Measure`) of the styles that meet the conditions.

        Stale ones have no points and are left out.
        """

    def find_content(self, content_sha256: str) -> str | None:
        """The name of a style made from exactly these pixels, or None."""

    def nearest(self, vector: StyleVector, k: int, where: StyleFilter) -> list[tuple[str, float]]:
        """The k styles most similar to a vector, best first, with cosines. Never stale ones."""

    def nearest_palette(
        self, colors: Sequence[str], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """The k styles whose palettes hold the colours best, best first, with scores 0..1."""

    def put(self, entries: Sequence[Entry], *, replace: bool = False) -> None:
        """Store styles, all or none. `stale` and `has_original` of the records are set anew.

        Raises:
            StyleExistsError: A name is taken and ``replace`` is False.
        """

    def update(
        self, name: str, changes: Mapping[str, Any], *, made_from: StyleVector | None = None
    ) -> None:
        """Change some fields of a record (also its name) and leave the others as they are.

        Args:
            name: The style.
            changes: New values by field.
            made_from: If given, nothing is changed unless the style still has this vector: the
                changes were computed from it.

        Raises:
            StyleNotFoundError: No style has that name.
            StyleExistsError: The new name is taken.
        """

    def remove(self, name: str) -> bool:
        """Forget a style. Returns whether there was one of that name."""

    def close(self) -> None:
        """Let go of files and connections."""


class MemoryStore:
    """A store that lives as long as the process: bundled styles, visits to a public page, tests."""

    def __init__(self, measure: Measure) -> None:
        self.read_only = False
        self.problem = ""
        self.measure = measure
        self._index = Index(measure.point_size)
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()  # for writers; each reads and writes the dict in one step

    def get(self, name: str) -> StyleRecord | None:
        """See `StyleStore`."""
        entry = self._entries.get(name)
        return entry.record if entry else None

    def get_many(self, names: Sequence[str]) -> list[StyleRecord]:
        """See `StyleStore`."""
        return [entry.record for name in names if (entry := self._entries.get(name))]

    def original(self, name: str) -> bytes | None:
        """See `StyleStore`."""
        entry = self._entries.get(name)
        return entry.original if entry else None

    def find(self, where: StyleFilter, *, after: str = "", limit: int | None = None) -> list[str]:
        """See `StyleStore`."""
        return self._index.names(where, after=after, limit=limit)

    def count(self, where: StyleFilter) -> int:
        """See `StyleStore`."""
        return self._index.count(where)

    def tags(self, k: int) -> list[tuple[str, int]]:
        """See `StyleStore`."""
        return self._index.tags(k)

    def points(self, where: StyleFilter) -> tuple[list[str], NDArray[np.float32]]:
        """See `StyleStore`."""
        return self._index.points(where)

    def find_content(self, content_sha256: str) -> str | None:
        """See `StyleStore`."""
        for name, entry in list(self._entries.items()):
            if content_sha256 and entry.record.content_sha256 == content_sha256:
                return name
        return None

    def nearest(self, vector: StyleVector, k: int, where: StyleFilter) -> list[tuple[str, float]]:
        """See `StyleStore`."""
        point = self.measure.points(vector.values[None])[0]
        return self._index.nearest(point, k, where)

    def nearest_palette(
        self, colors: Sequence[str], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """See `StyleStore`."""
        return self._index.nearest_palette(colors, k, where)

    def put(self, entries: Sequence[Entry], *, replace: bool = False) -> None:
        """See `StyleStore`."""
        if not entries:
            return
        self._check_writable()
        with self._lock:
            taken = [e.record.name for e in entries if e.record.name in self._entries]
            if taken and not replace:
                raise StyleExistsError(say("style_taken", name=taken[0]))
            self._store(entries)

    def _store(self, entries: Sequence[Entry], removed: Sequence[str] = ()) -> None:
        records = [
            dataclasses.replace(
                record,
                stale=not self.measure.fits(record.vector),
                has_original=original is not None or record.bundled,
            )
            for record, original in entries
        ]
        points = self.measure.points_of([record.vector for record in records])
        # Into the dict first, out of it last: the index never shows a name that cannot be got.
        self._entries.update(
            (record.name, Entry(record, entry.original))
            for record, entry in zip(records, entries, strict=True)
        )
        self._index.change([Row.of(record) for record in records], points, removed)
        for name in removed:
            self._entries.pop(name, None)

    def update(
        self, name: str, changes: Mapping[str, Any], *, made_from: StyleVector | None = None
    ) -> None:
        """See `StyleStore`."""
        self._check_writable()
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                raise StyleNotFoundError(say("no_such_style", name=name))
            if made_from is not None and entry.record.vector != made_from:
                return
            record = dataclasses.replace(entry.record, **changes)
            renamed = record.name != name
            if renamed and record.name in self._entries:
                raise StyleExistsError(say("style_taken", name=record.name))
            self._store([Entry(record, entry.original)], [name] if renamed else [])

    def remove(self, name: str) -> bool:
        """See `StyleStore`."""
        self._check_writable()
        with self._lock:
            if name not in self._entries:
                return False
            self._store([], [name])
            return True

    def _check_writable(self) -> None:
        if self.read_only:
            raise LibraryError(self.problem or "The style library can only be read.")

    def close(self) -> None:
        """See `StyleStore`."""
