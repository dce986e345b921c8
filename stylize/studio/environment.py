"""What Gradio finds around it: no proxy in the way, nothing to report to, a folder of its own.

Imported before Gradio, which reads all of this from the environment, some of it while it is
imported.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import inspect
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stylize.errors import StylizeError

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

_PREFIX = "stylize-run-"
_LOCK = "lock"
_START_S = 60  # a folder this young may not have its lock yet


@contextlib.contextmanager
def without_proxies() -> Iterator[None]:
    """Hide proxies: Gradio asks its own server for a sign of life, which no proxy can reach."""
    hidden = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Prepare for Gradio being imported.

    It would make a folder that all users of this computer share, and it makes a client of the Hub,
    which fails over proxies of a kind that it cannot use. It would parse the sources of all its
    components to write stubs for editors, which is nearly half of the time that importing it takes.
    """
    run_folder()
    with without_proxies(), _without_sources_of_classes():
        yield


@contextlib.contextmanager
def _without_sources_of_classes() -> Iterator[None]:
    """Let no source be found for a class: of such components Gradio writes no stubs."""
    find = inspect.getfile

    def find_but_of_classes(thing: Any) -> str:
        if isinstance(thing, type):
            raise OSError("not looked for")
        return find(thing)

    inspect.getfile = find_but_of_classes  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = find


@functools.cache
def run_folder() -> Path:
    """Return the folder for the files of this run of the program: private, and gone with it.

    Gradio puts uploads into a part of it. What former runs could not take away is swept.

    Raises:
        StylizeError: No temporary folder can be written to.
    """
    try:
        base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
        base.mkdir(parents=True, exist_ok=True)
        sweep_former_runs(base)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))  # for its owner only
        _lock(folder / _LOCK)  # until the process ends, however it ends
        (folder / "uploads").mkdir(mode=0o700)
    except OSError as error:
        raise StylizeError(
            f"No temporary folder can be used ({error}). Free some space, or name another folder "
            "in TMPDIR."
        ) from error
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sweep_former_runs(base: Path) -> None:
    """Delete the folders of our own runs that have ended without doing so."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            mine = not hasattr(os, "geteuid") or about.st_uid == os.geteuid()
            if stat.S_ISDIR(about.st_mode) and mine and _has_ended(folder, about.st_mtime):
                shutil.rmtree(folder, ignore_errors=True)


def sweep_files(folder: Path, older_than_s: float) -> None:
    """Delete the files in a folder that are older, also those of uploads that were broken off."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if stat.S_ISDIR(about.st_mode):
                if time.time() - about.st_mtime > older_than_s:
                    path.rmdir()  # only an empty one lets itself be removed
            elif time.time() - about.st_ctime > older_than_s:
                path.unlink()


def _has_ended(folder: Path, made: float) -> bool:
    if not (folder / _LOCK).exists():
        return time.time() - made > _START_S
    try:
        os.close(_lock(folder / _LOCK))
    except OSError:
        return False
    return True


def _lock(path: Path) -> int:
    """Open a file and lock it for as long as it is open; returns its descriptor.

    Raises:
        OSError: Another process has locked it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        import fcntl
    except ImportError:  # Windows lets nobody delete a file that is open, which does the same
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
