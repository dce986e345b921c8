"""Where the user's own styles live, and how their database is opened."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from stylize.errors import LibraryError
from stylize.library.failures import DamagedLibraryError, errors_of
from stylize.library.measure import Measure
from stylize.library.repair import is_unfinished, salvage
from stylize.library.sqlite_store import SqliteStore
from stylize.library.store import MemoryStore, StyleStore

DATA_VARIABLE = "STYLIZE_DATA_DIR"
DATABASE_NAME = "library.sqlite3"


class NoHomeError(LibraryError):
    """There is no home folder."""


def data_folder() -> Path | str:
    """Where the user's own styles live unless a folder or URL is given. It may not exist yet.

    Raises:
        NoHomeError: The user has no home folder, as some in containers.
    """
    named = os.environ.get(DATA_VARIABLE)
    try:
        if named:
            return named if is_server(named) else Path(named)
        return Path(platformdirs.user_data_dir("stylize", False))
    except RuntimeError as error:
        raise NoHomeError(
            "This user has no home folder, and thus no place for own styles. Name a folder with "
            f"--data or in {DATA_VARIABLE}."
        ) from error


def is_server(place: str | os.PathLike[str]) -> bool:
    """Whether a library is named by the URL of a server's collection, not by a folder."""
    return isinstance(place, str) and place.startswith(("milvus:", "milvus+https:"))


def open_place(place: str | os.PathLike[str], measure: Measure, read_only: bool) -> StyleStore:
    """The styles in a folder, or in the collection of a server.

    Raises:
        LibraryError: As `open_database` and `MilvusStore`.
        MissingExtraError: What speaks with the server is not installed.
    """
    if not is_server(place):
        if "://" in os.fspath(place):
            raise LibraryError(f"{place} names no library. Name a folder, or milvus://HOST/NAME.")
        return open_database(Path(place), measure, read_only)
    from stylize.library.milvus_store import MilvusStore

    return MilvusStore(os.fspath(place), measure, read_only=read_only)


def check_there(place: str | os.PathLike[str]) -> None:
    """Check that a place to read from is one: opening a folder takes a missing file for empty.

    Raises:
        LibraryError: It is a folder without a library, or none.
    """
    if "://" not in os.fspath(place) and not (Path(place) / DATABASE_NAME).exists():
        raise LibraryError(
            f"There is no style library in {place}. Name the folder that holds {DATABASE_NAME}."
        )


def open_own(measure: Measure, read_only: bool) -> StyleStore:
    """The user's own styles; where there is no place for them an empty, read-only store.

    Raises:
        LibraryError: As `open_database`.
    """
    try:
        return open_place(data_folder(), measure, read_only)
    except NoHomeError as error:
        store = MemoryStore(measure)
        store.read_only = True
        store.problem = str(error)
        return store


def open_database(folder: Path, measure: Measure, read_only: bool) -> StyleStore:
    """The database in a folder; of a damaged one, whatever can be read, read-only.

    Raises:
        LibraryError: The library is damaged beyond reading, locked or of a newer version.
    """
    path = folder / DATABASE_NAME
    with errors_of(path):
        unfinished = is_unfinished(path)
    if unfinished:
        raise LibraryError(
            f"A repair of the style library {path} was stopped midway; "
            "`stylize library repair` finishes it."
        )
    try:
        return SqliteStore(path, measure, read_only=read_only)
    except DamagedLibraryError as error:
        entries = salvage(path)
        if not entries:
            raise
        store = MemoryStore(measure)
        store.put(entries)
        store.read_only = True
        store.problem = f"{error} Opened read-only with {len(entries)} styles."
        return store
