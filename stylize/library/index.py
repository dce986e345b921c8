"""Search in memory: exact nearest neighbours and filters over arrays.

Readers take one snapshot and never wait. A writer appends rows behind the end of what snapshots
show, marks replaced and removed rows dead in a copied mask, and then puts a new snapshot in place.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize.library.palette import (
    NEAR_COLOR,
    PALETTE_SIZE,
    color_gaps,
    pack_palette,
    palette_arrays,
    palette_similarity,
    parse_colors,
)
from stylize.library.records import StyleFilter, StyleRecord, first_year, fold, search_words

NO_YEAR = -32768


class Row(NamedTuple):
    """What the index knows of a style besides its point: the columns that filters look at."""

    name: str
    artist: str
    movement: str
    license: str
    tags: tuple[str, ...]
    text: str  # folded, see `search_text`
    year: int  # see `search_year`
    stale: bool
    palette: bytes  # see `pack_palette`

    @classmethod
    def of(cls, record: StyleRecord) -> Row:
        """The row of a record."""
        return cls(
            record.name, record.artist, record.movement, record.license, record.tags,
            search_text(record), search_year(record), record.stale, pack_palette(record.palette),
        )  # fmt: skip


def search_text(record: StyleRecord) -> str:
    """Everything that words are looked for in, folded."""
    parts = (record.name, record.title, record.artist, record.movement, record.year, *record.tags)
    return fold(" ".join(parts))


def search_year(record: StyleRecord) -> int:
    """The first year that the record names, or a number below all years."""
    year = first_year(record.year)
    return NO_YEAR if year is None else year


# Artists and the like come again and again.
_folded = lru_cache(maxsize=10_000)(fold)


class _Postings:
    """Which rows have which artist, movement, licence or tag; made when first asked for."""

    def __init__(self) -> None:
        self._rows_with: dict[tuple[str, str], list[int]] = {}
        self._posted = 0
        self._lock = threading.Lock()

    def having(self, snapshot: _Snapshot, column: str, value: str) -> NDArray[np.bool_]:
        """Which of the snapshot's rows have a folded value in a column, (count,) bool."""
        with self._lock:
            for i in range(self._posted, snapshot.count):
                row = snapshot.rows[i]
                self._post("artist", _folded(row.artist), i)
                self._post("movement", _folded(row.movement), i)
                self._post("license", _folded(row.license), i)
                for tag in row.tags:
                    self._post("tag", tag, i)
            self._posted = max(self._posted, snapshot.count)
            found = np.array(self._rows_with.get((column, value), ()), np.intp)
        having = np.zeros(snapshot.count, bool)
        having[found[found < snapshot.count]] = True  # a newer snapshot may have posted more
        return having

    def _post(self, column: str, value: str, row: int) -> None:
        self._rows_with.setdefault((column, value), []).append(row)


@dataclass(frozen=True)
class _Snapshot:
    count: int
    rows: list[Row]  # shared between snapshots; only the first `count` belong to this one
    texts: list[str]  # their texts, which are looked through one by one
    points: NDArray[np.float32]  # (capacity, point_size), zero for stale styles
    postings: _Postings  # shared too
    palettes: NDArray[np.float32]  # (capacity, PALETTE_SIZE, 4)
    years: NDArray[np.int16]  # (capacity,)
    stale: NDArray[np.bool_]  # (capacity,)
    alive: NDArray[np.bool_]  # (count,)

    @cached_property
    def in_order(self) -> tuple[list[str], NDArray[np.intp]]:
        """The names of all living rows, sorted, and their positions."""
        rows = np.flatnonzero(self.alive)
        names = [self.rows[i].name for i in rows]
        order = sorted(range(len(names)), key=names.__getitem__)
        return [names[i] for i in order], rows[order]

    @cached_property
    def tags(self) -> list[tuple[str, int]]:
        """All tags of living rows and how many rows have them, the most frequent first."""
        counts = Counter(tag for i in np.flatnonzero(self.alive) for tag in self.rows[i].tags)
        return sorted(counts.items(), key=lambda tag: (-tag[1], tag[0]))


class Index:
    """Rows and points of many styles. Writers must hold a lock of their own; readers need none."""

    def __init__(self, point_size: int) -> None:
        self._point_size = point_size
        self._row_of: dict[str, int] = {}  # for writers only
        self._snapshot = self._empty(16)

    def _empty(self, capacity: int) -> _Snapshot:
        return _Snapshot(
            0,
            [],
            [],
            np.zeros((capacity, self._point_size), np.float32),
            _Postings(),
            np.zeros((capacity, PALETTE_SIZE, 4), np.float32),
            np.full(capacity, NO_YEAR, np.int16),
            np.zeros(capacity, bool),
            np.zeros(0, bool),
        )

    def __len__(self) -> int:
        return int(self._snapshot.alive.sum())

    def change(
        self, rows: Sequence[Row], points: NDArray[np.float32], removed: Iterable[str] = ()
    ) -> None:
        """Put rows in (in place of those with the same names) and take others out, in one step.

        Args:
            rows: New rows; names occur once.
            points: (len(rows), point_size) float32, unit length.
            removed: Names to take out; unknown ones are ignored.
        """
        old = self._snapshot
        end = old.count + len(rows)
        if end > len(old.points):
            old = self._grown(old, rows)
            end = old.count + len(rows)
        alive = np.concatenate([old.alive, np.ones(len(rows), bool)])
        for name in [*removed, *(row.name for row in rows)]:
            position = self._row_of.pop(name, None)
            if position is not None:
                alive[position] = False
        old.rows.extend(rows)
        old.texts.extend(row.text for row in rows)
        old.points[old.count : end] = points
        old.years[old.count : end] = [row.year for row in rows]
        old.stale[old.count : end] = [row.stale for row in rows]
        if rows:
            old.palettes[old.count : end] = palette_arrays([row.palette for row in rows])
        self._row_of.update((row.name, old.count + i) for i, row in enumerate(rows))
        self._snapshot = replace(old, count=end, alive=alive)

    def _grown(self, old: _Snapshot, rows: Sequence[Row]) -> _Snapshot:
        """A copy without dead rows and with room for as many again."""
        kept = np.flatnonzero(old.alive)
        new = self._empty(max(16, 2 * len(kept) + len(rows)))
        count = len(kept)
        new.points[:count] = old.points[kept]
        new.palettes[:count] = old.palettes[kept]
        new.years[:count] = old.years[kept]
        new.stale[:count] = old.stale[kept]
        new.rows.extend(old.rows[i] for i in kept)
        new.texts.extend(row.text for row in new.rows)
        self._row_of = {row.name: i for i, row in enumerate(new.rows)}
        return replace(new, count=count, alive=np.ones(count, bool))

    def names(self, where: StyleFilter, *, after: str = "", limit: int | None = None) -> list[str]:
        """The names of the styles that meet the conditions, sorted: those behind `after`."""
        snapshot = self._snapshot
        names, rows = snapshot.in_order
        start = bisect_right(names, after)
        found = np.flatnonzero(_mask(snapshot, where)[rows[start:]])[:limit]
        return [names[start + i] for i in found]

    def count(self, where: StyleFilter) -> int:
        """How many styles meet the conditions."""
        return int(_mask(self._snapshot, where).sum())

    def tags(self, k: int) -> list[tuple[str, int]]:
        """The k most frequent tags and how many styles have them."""
        return self._snapshot.tags[:k]

    def points(self, where: StyleFilter) -> tuple[list[str], NDArray[np.float32]]:
        """Names and points, (N, point_size), of the styles that meet the conditions, by name."""
        snapshot = self._snapshot
        names, rows = snapshot.in_order
        found = np.flatnonzero(_mask(snapshot, replace(where, stale=False))[rows])
        return [names[i] for i in found], snapshot.points[rows[found]]

    def nearest(
        self, point: NDArray[np.float32], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """The k styles with the largest cosine to a unit point, (point_size,), best first."""
        if where.stale:
            return []  # stale styles have no points
        snapshot = self._snapshot
        mask = _mask(snapshot, replace(where, stale=False))
        return _best(snapshot, snapshot.points[: snapshot.count] @ point, mask, k)

    def nearest_palette(
        self, colors: Sequence[str], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """The k styles whose palettes hold the colours best, best first."""
        snapshot = self._snapshot
        scores = palette_similarity(snapshot.palettes[: snapshot.count], parse_colors(colors))
        return _best(snapshot, scores, _mask(snapshot, where), k)


def _best(
    snapshot: _Snapshot, scores: NDArray[np.float32], mask: NDArray[np.bool_], k: int
) -> list[tuple[str, float]]:
    candidates = np.flatnonzero(mask)
    if len(candidates) > k:
        top = np.argpartition(-scores[candidates], k - 1)[:k]
        candidates = candidates[top]
    found = [(snapshot.rows[i].name, float(scores[i])) for i in candidates]
    return sorted(found, key=lambda match: (-match[1], match[0]))


def _mask(snapshot: _Snapshot, where: StyleFilter) -> NDArray[np.bool_]:
    """Which rows meet the conditions. Whole arrays first, then texts among those that are left."""
    mask = snapshot.alive.copy()
    years = snapshot.years[: snapshot.count]
    if where.stale is not None:
        mask &= snapshot.stale[: snapshot.count] == where.stale
    if where.year_from is not None:
        mask &= years >= where.year_from
    if where.year_to is not None:
        mask &= (years <= where.year_to) & (years != NO_YEAR)
    if where.colors:
        palettes = snapshot.palettes[: snapshot.count]
        mask &= (color_gaps(palettes, parse_colors(where.colors)) <= NEAR_COLOR).all(axis=1)
    for column in ("artist", "movement", "license"):
        if wanted := fold(getattr(where, column)):
            mask &= snapshot.postings.having(snapshot, column, wanted)
    for tag in where.tags:
        mask &= snapshot.postings.having(snapshot, "tag", " ".join(tag.casefold().split()))
    if words := search_words(where.text):
        texts = snapshot.texts
        left: list[int] = np.flatnonzero(mask).tolist()
        for word in sorted(words, key=len, reverse=True):  # long words are rare: few rows are left
            if len(left) == snapshot.count:
                left = [i for i, text in zip(left, texts, strict=False) if word in text]
            else:
                left = [i for i in left if word in texts[i]]
        mask[:] = False
        mask[left] = True
    return mask
