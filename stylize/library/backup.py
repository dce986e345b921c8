"""Sound copies of the database beside it: one a day, and one before each migration."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from stylize.files import whole_file

_DAY_S = 24 * 3600


def backup_path(path: Path) -> Path:
    """Where the daily backup of a database file lies."""
    return path.with_name(f"{path.stem}.backup{path.suffix}")


def is_of_today(copy: Path) -> bool:
    """Whether a copy is there and less than a day old."""
    try:
        # Neither is one of the future: it would be if the clock was once wrong and was then set.
        return abs(time.time() - copy.stat().st_mtime) < _DAY_S
    except FileNotFoundError:
        return False


def back_up(db: sqlite3.Connection, path: Path) -> None:
    """Write a consistent copy of an open database, also while others change it."""
    with whole_file(path, private=True) as part, contextlib.closing(sqlite3.connect(part)) as copy:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
