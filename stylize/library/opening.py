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


def data_folder() -> Path:
    """Where the user's own styles live unless a folder is given. It may not exist yet."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_data_dir("stylize", False))


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
