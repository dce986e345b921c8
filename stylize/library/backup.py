"""Sound copies of the database beside it: one a day, and one before each migration."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

_DAY_S = 24 * 3600
_LEFTOVER_S = 3600  # a copy is made in seconds; what is older was left by a process that was killed


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
    _remove_leftovers(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with contextlib.closing(sqlite3.connect(part)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}.*.part*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _LEFTOVER_S:
                part.unlink()
