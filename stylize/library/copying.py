"""From one store of styles to another, style by style, and looked at again at the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from stylize.errors import LibraryError, StyleExistsError
from stylize.library.records import StyleFilter, StyleRecord
from stylize.library.store import Entry, StyleStore

_PAGE = 100


@dataclasses.dataclass(frozen=True)
class CopyReport:
    """What was copied.

    Attributes:
        copied: Styles that were written.
        known: Styles that were there already, exactly so.
    """

    copied: int
    known: int


def copy_styles(
    source: StyleStore,
    target: StyleStore,
    *,
    replace: bool = False,
    progress: Callable[[int, float], None] = lambda *_: None,
) -> CopyReport:
    """Copy all styles; a copy that was stopped goes on where it was.

    Args:
        source: Is only read.
        target: Styles of its own under other names stay.
        replace: Write over styles that are others under the same name.
        progress: Called with the number of styles that are done, and 0.

    Raises:
        StyleExistsError: A name is that of another style, and ``replace`` is False; the styles
            before it are copied.
        LibraryError: A library does not answer, or a style is not what it was when read again.
    """
    copied = known = 0
    for page in _pages(source):
        there = {record.name: record for record in target.get_many([r.name for r in page])}
        entries = []
        for record in page:
            old = there.get(record.name)
            if old is not None and _is_same(source, record, target, old):
                known += 1
                continue
            if old is not None and not replace:
                raise StyleExistsError(
                    f'"{record.name}" is another style over there. Rename one of them, or take '
                    "--replace to write over it."
                )
            entries.append(Entry(record, source.original(record.name)))
        target.put(entries, replace=replace)
        copied += len(entries)
        _verify(source, target, [entry.record for entry in entries])
        progress(copied + known, 0.0)
    return CopyReport(copied, known)


def _pages(store: StyleStore) -> Iterator[list[StyleRecord]]:
    after = ""
    while names := store.find(StyleFilter(), after=after, limit=_PAGE):
        yield store.get_many(names)
        after = names[-1]


def _verify(source: StyleStore, target: StyleStore, records: list[StyleRecord]) -> None:
    there = {record.name: record for record in target.get_many([r.name for r in records])}
    for record in records:
        new = there.get(record.name)
        if new is None or not _is_same(source, record, target, new):
            raise LibraryError(
                f'"{record.name}" is not what it was when it is read again. Copy once more; if '
                "that does not help, one of the libraries is damaged."
            )


def _is_same(
    source: StyleStore, record: StyleRecord, target: StyleStore, other: StyleRecord
) -> bool:
    """Whether two records, and their kept pictures, are the same; stale is a matter of where."""
    return dataclasses.replace(other, stale=record.stale) == record and (
        not record.has_original or source.original(record.name) == target.original(record.name)
    )
