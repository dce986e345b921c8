"""What can go wrong with the database file, as messages: what, where, and the way out."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import LibraryError
from stylize.library.backup import backup_path
from stylize.messages import Message, say

BUSY_S = 10.0  # how long to wait for other processes


class DamagedLibraryError(LibraryError):
    """The database file is damaged; `stylize.library.repair` saves what can be read."""


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
            say("library_folder_unusable", path=path, reason=error.strerror or str(error))
        ) from error


def _message(path: Path, code: str, error: sqlite3.Error) -> Message:
    if "FULL" in code:
        return say("library_disk_full", path=path)
    if "BUSY" in code or "LOCKED" in code:
        return say("library_locked", path=path, seconds=f"{BUSY_S:.0f}")
    if "READONLY" in code or "CANTOPEN" in code or "PERM" in code:
        return say("library_not_writable", path=path, reason=str(error))
    return say("library_unusable", path=path, reason=str(error))


def _error_code(error: sqlite3.Error) -> str:
    """SQLite's name for an error, such as SQLITE_FULL; Python 3.10 knows only its text."""
    if name := getattr(error, "sqlite_errorname", ""):
        return str(name)
    texts = {
        "is full": "FULL", "locked": "BUSY", "readonly": "READONLY", "unable to open": "CANTOPEN",
        "malformed": "CORRUPT", "not a database": "NOTADB", "decode to UTF-8": "CORRUPT",
    }  # fmt: skip
    return next((code for text, code in texts.items() if text in str(error)), "")


def damaged(path: Path, reason: object) -> Message:
    """The message for a damaged file: what, where, and the way out."""
    said = " ".join(str(reason).split())  # SQLite speaks in several lines
    copy = backup_path(path)
    if copy.exists():
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(copy.stat().st_mtime))
        return say("library_damaged_backup", path=path, reason=said, day=day, copy=copy)
    return say("library_damaged", path=path, reason=said)
