"""StyleCatalogue: the bundled styles and the user's own, to look at, search and blend."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import StyleNotFoundError, StyleVectorError
from stylize.images import load_image, prepare_image
from stylize.library import pictures
from stylize.library.measure import Measure
from stylize.library.records import Match, StyleFilter, StyleRecord, is_name
from stylize.library.store import StyleStore
from stylize.messages import say
from stylize.styles import StyleVector, blend

# `StyleCatalogue.list` hides the type of that name inside the class.
Names = list[str]
Records = list[StyleRecord]
Matches = list[Match]
Stores = list[StyleStore]
Tags = list[tuple[str, int]]


class StyleEncoder(Protocol):
    """What the library needs of an engine."""

    @property
    def encoder_sha256(self) -> str:
        """SHA-256 of the style encoder: vectors of different encoders are never mixed."""

    def encode_style(self, image: Image.Image) -> StyleVector:
        """The style vector of a picture of any mode."""


class StyleCatalogue:
    """All that can be done with styles without changing any; `StyleLibrary` adds the changes."""

    def __init__(
        self, encoder: StyleEncoder, store: StyleStore, bundled: StyleStore | None = None
    ) -> None:
        """Put a library together; to plug in another store, otherwise use `open`.

        Args:
            encoder: Makes style vectors of pictures; an `Engine` does.
            store: Keeps the user's own styles.
            bundled: Keeps the read-only styles, if any.
        """
        self.encoder = encoder
        self.store = store
        self._bundled = bundled
        # Later ones win: should a bundled style of a newer package take the name of one of the
        # user's own, theirs is the one that is shown.
        self._stores = (store,) if bundled is None else (bundled, store)

    @property
    def measure(self) -> Measure:
        """The measure of likeness behind `search`."""
        return self.store.measure

    @property
    def read_only(self) -> bool:
        """Whether styles cannot be added or changed."""
        return self.store.read_only

    @property
    def problem(self) -> str:
        """Why the library is read-only (a damaged file, a write-protected folder), or empty."""
        return self.store.problem

    # -------------------------------------------------------------------------------- looking

    def names(self, where: StyleFilter | None = None, **conditions: Any) -> Names:
        """The names of all styles, or of those that meet conditions, bundled ones first.

        Args:
            where: Conditions.
            **conditions: Fields of `StyleFilter`, as a shorter way to write one.
        """
        where = _conditions(where, conditions)
        return [*dict.fromkeys(n for store in self._chosen(where) for n in store.find(where))]

    def list(
        self,
        where: StyleFilter | None = None,
        *,
        limit: int | None = None,
        after: str = "",
        own_first: bool = False,
        **conditions: Any,
    ) -> Records:
        """The records of all styles, or of those that meet conditions, bundled ones first.

        Args:
            where: Conditions.
            limit: At most so many.
            after: Only those behind the style of this name, for the next page of a long list.
            own_first: The user's own styles first.
            **conditions: Fields of `StyleFilter`, as a shorter way to write one.
        """
        names = self._page(_conditions(where, conditions), after, limit, own_first)
        found = self._records(names)
        return [found[name] for name in names if name in found]

    def _page(self, where: StyleFilter, after: str, limit: int | None, own_first: bool) -> Names:
        """A page of the names: one store behind the other, a name that both have only once."""
        stores = self._chosen(where)
        if own_first:
            stores.reverse()
        place = 0
        if after:  # a name that no store has any more was one of the user's own
            holders = [store for store in stores if store.get(after)] or [self.store]
            place = stores.index(holders[0]) if holders[0] in stores else 0
        names: Names = []
        for i, store in enumerate(stores[place:], place):
            cursor = after if i == place else ""
            while limit is None or len(names) < limit:
                wanted = None if limit is None else limit - len(names)
                found = store.find(where, after=cursor, limit=wanted)
                names += found if i == 0 else _without(found, stores[0])
                if wanted is None or len(found) < wanted:
                    break
                cursor = found[-1]
        return names

    def count(self, where: StyleFilter | None = None, **conditions: Any) -> int:
        """How many styles there are, or meet conditions; `names` and `list` take the same."""
        where = _conditions(where, conditions)
        chosen = self._chosen(where)
        number = sum(store.count(where) for store in chosen)
        if len(chosen) == 2 and self._bundled is not None:  # names that both have count once
            bundled = self._bundled.find(where)
            if self.store.get_many(bundled):
                return len({*bundled, *self.store.find(where)})
        return number

    def tags(self, k: int) -> Tags:
        """The k most frequent tags and how many styles have them, the most frequent first."""
        counts: Counter[str] = Counter()
        for store in self._stores:
            counts.update(dict(store.tags(10 * k)))
        return sorted(counts.items(), key=lambda tag: (-tag[1], tag[0]))[:k]

    def points(
        self, where: StyleFilter | None = None, **conditions: Any
    ) -> tuple[Names, NDArray[np.float32]]:
        """Names and points on the sphere of likeness, (N, D), of all usable styles; see `Measure`.

        Args:
            where: Conditions.
            **conditions: Fields of `StyleFilter`, as a shorter way to write one.
        """
        where = _conditions(where, conditions)
        parts = [store.points(where) for store in self._chosen(where)]
        if len(parts) == 2:
            (bundled, bundled_points), (own, own_points) = parts
            taken = set(own)
            kept = [i for i, name in enumerate(bundled) if name not in taken]
            names = [*(bundled[i] for i in kept), *own]
            return names, np.concatenate([bundled_points[kept], own_points])
        return parts[0]

    def __len__(self) -> int:
        return self.count()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def get(self, name: str) -> StyleRecord:
        """The style of that name.

        Raises:
            StyleNotFoundError: There is none; the message names close ones.
        """
        if found := self._find(name):
            return found[0]
        close = difflib.get_close_matches(name, self.names(), 3, 0.5)
        if close:
            raise StyleNotFoundError(say("no_such_style_but", name=name, close=", ".join(close)))
        raise StyleNotFoundError(say("no_such_style", name=name))

    def original(self, name: str) -> Image.Image | None:
        """The picture of a style, or None if only its vector is kept.

        Raises:
            StyleNotFoundError: There is no such style.
        """
        data = self.original_bytes(name)
        return load_image(data) if data else None

    def original_bytes(self, name: str) -> bytes | None:
        """The picture of a style as a file (WebP or JPEG), or None if only its vector is kept.

        Raises:
            StyleNotFoundError: There is no such style.
        """
        if found := self._find(name):
            return found[1].original(name)
        self.get(name)  # raises, with close names
        return None

    def _find(self, name: str) -> tuple[StyleRecord, StyleStore] | None:
        """The style of that name and the store that holds it, or None."""
        if is_name(name):
            for store in reversed(self._stores):
                if record := store.get(name):
                    return record, store
        return None

    def find_content(self, image: Image.Image) -> str | None:
        """The name of a style made from exactly this picture, or None."""
        content = pictures.content_sha256(prepare_image(image))
        return next((n for store in self._stores if (n := store.find_content(content))), None)

    # ------------------------------------------------------------------------------ searching

    def search(
        self,
        query: StyleVector | Image.Image | str,
        k: int = 10,
        *,
        where: StyleFilter | None = None,
        **conditions: Any,
    ) -> Matches:
        """The styles most like a style, exactly (every style is compared).

        Args:
            query: A style vector, a picture, or the name of a style (which is left out then).
            k: How many at most.
            where: Conditions that they must meet.
            **conditions: Fields of `StyleFilter`, as a shorter way to write one.

        Returns:
            The most similar first.

        Raises:
            StyleNotFoundError: There is no style of that name.
            StyleVectorError: The vector was made by another style encoder.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1; got {k}")
        itself = query if isinstance(query, str) else None
        if isinstance(query, str):
            vector = self._usable(query).vector
        elif isinstance(query, StyleVector):
            vector = self._check_vector(query)
        else:
            vector = self.encoder.encode_style(query)
        where = _conditions(where, conditions)
        found = [
            match
            for store in self._chosen(where)
            for match in store.nearest(vector, k + 1, where)
            if match[0] != itself
        ]
        return self._matches(found, k)

    def search_palette(
        self,
        colors: Sequence[str],
        k: int = 10,
        *,
        where: StyleFilter | None = None,
        **conditions: Any,
    ) -> Matches:
        """The styles whose palettes hold the given colours best.

        Args:
            colors: One or several, such as "#1d3557" or "gold".
            k: How many at most.
            where: Conditions that they must meet.
            **conditions: Fields of `StyleFilter`, as a shorter way to write one.

        Raises:
            ControlError: One of them is no colour.
        """
        where = _conditions(where, conditions)
        found = [
            match
            for store in self._chosen(where)
            for match in store.nearest_palette(colors, k, where)
        ]
        return self._matches(found, k)

    def _matches(self, found: Sequence[tuple[str, float]], k: int) -> Matches:
        best = sorted(dict(found).items(), key=lambda match: (-match[1], match[0]))[:k]
        records = self._records([name for name, _ in best])
        return [Match(records[name], score) for name, score in best if name in records]

    def _records(self, names: Sequence[str]) -> dict[str, StyleRecord]:
        return {r.name: r for store in self._stores for r in store.get_many(names)}

    def _chosen(self, where: StyleFilter) -> Stores:
        return [
            store
            for store in self._stores
            if where.bundled is None or where.bundled == (store is self._bundled)
        ]

    def blend(self, weights: Mapping[str, float]) -> StyleVector:
        """Mix styles by name: ``blend({"starry-night": 0.7, "great-wave": 0.3})``.

        Raises:
            StyleNotFoundError: One of the names is unknown.
            StyleVectorError: One of the styles is of another encoder.
            ControlError: The weights are unusable.
        """
        vectors = [self._usable(name).vector for name in weights]
        return blend(vectors, list(weights.values()))

    def _usable(self, name: str) -> StyleRecord:
        record = self.get(name)
        if record.stale:
            code = "style_stale" if record.has_original else "style_stale_for_good"
            raise StyleVectorError(say(code, name=name))
        return record

    def _check_vector(self, vector: StyleVector) -> StyleVector:
        if vector.encoder_sha256 != self.encoder.encoder_sha256:
            raise StyleVectorError(
                "The style vector was made by another style encoder; encode its picture again."
            )
        self._check_length(vector, "The style vector")
        return vector

    def _check_length(self, vector: StyleVector, what: str) -> None:
        actual, expected = vector.values.size, self.measure.dimension
        if actual != expected:
            raise StyleVectorError(
                f"{what} has {actual} values; those of this style encoder have {expected}."
            )


def _without(names: Names, store: StyleStore) -> Names:
    """The names that a store does not have."""
    there = {record.name for record in store.get_many(names)}
    return [name for name in names if name not in there]


def _conditions(where: StyleFilter | None, conditions: Mapping[str, Any]) -> StyleFilter:
    if where is not None and not conditions:
        return where
    known = {f.name for f in fields(StyleFilter)}
    if unknown := conditions.keys() - known:
        raise TypeError(f"no such condition: {sorted(unknown)}; there are {sorted(known)}")
    return replace(where or StyleFilter(), **conditions)
