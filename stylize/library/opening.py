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


def data_folder() -> Path:
    """Where the user's own styles live unless a folder is given. It may not exist yet.

    Raises:
        NoHomeError: The user has no home folder, as some in containers.
    """
    named = os.environ.get(DATA_VARIABLE)
    try:
        return Path(named) if named else Path(platformdirs.user_data_dir("stylize", False))
    except RuntimeError as error:
        raise NoHomeError(
            "This user has no home folder, and thus no place for own styles. Name a folder with "
            f"--data or in {DATA_VARIABLE}."
        ) from error


def open_own(measure: Measure, read_only: bool) -> StyleStore:
    """The user's own styles; where there is no place for them an empty, read-only store.

    Raises:
        LibraryError: As `open_database`.
    """
    try:
        return open_database(data_folder(), measure, read_only)
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
