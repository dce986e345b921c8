"""What a batch has done, a line of JSON for each picture, so that a later run can go on."""

from __future__ import annotations

import contextlib
import errno
import json
import threading
from pathlib import Path
from typing import Any

from stylize.errors import ImageError
from stylize.files import why_not_written

FILE_NAME = "stylize-manifest.jsonl"


class Manifest:
    """The manifest in a folder of results. Threads may share one; two runs may not.

    Every line is one picture as it was left: ``content``, ``out`` (below the folder), ``state``
    (``done`` or ``failed``), ``job`` (what it was made of and how, as a hash), and ``bytes``,
    ``width``, ``height`` and ``elapsed_ms``, or ``error``. The last line about a picture counts.
    """

    def __init__(self, folder: Path) -> None:
        """Open the manifest of a folder, and keep it to this run.

        Raises:
            ImageError: It cannot be written, or another run has it.
        """
        self._folder = folder
        self._lock = threading.Lock()
        path = folder / FILE_NAME
        try:
            self._file = open(path, "a+", encoding="utf-8", newline="\n")  # noqa: SIM115
        except OSError as error:
            raise ImageError(why_not_written(path, error)) from error
        if not _is_ours(self._file.fileno()):
            self._file.close()
            raise ImageError(f"Another run is painting into {folder}. Wait for its end.")
        self._done = self._read()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def done(self, out: Path, job: str) -> dict[str, Any] | None:
        """Return the line of a result that is there with the size it had; else None."""
        line = self._done.get(self._below(out))
        if line is None or line.get("job") != job:
            return None
        try:
            return line if out.stat().st_size == line.get("bytes") else None
        except OSError:
            return None

    def write(self, content: object, out: Path, job: str, state: str, **about: Any) -> None:
        """Add the line of a picture.

        Raises:
            ImageError: The disk is full.
        """
        line = {"content": str(content), "out": self._below(out), "state": state, "job": job}
        try:
            with self._lock:
                self._file.write(json.dumps(line | about) + "\n")
                self._file.flush()
        except OSError as error:
            raise ImageError(why_not_written(self._folder / FILE_NAME, error)) from error

    def _below(self, out: Path) -> str:
        return out.relative_to(self._folder).as_posix()

    def _read(self) -> dict[str, dict[str, Any]]:
        """The lines of what is done, by result. A killed run may have left half a line."""
        self._file.seek(0)
        text = self._file.read()
        if text and not text.endswith("\n"):
            self._file.write("\n")
        found: dict[str, dict[str, Any]] = {}
        for part in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                line = json.loads(part)
                found[line["out"]] = line
        return {out: line for out, line in found.items() if line.get("state") == "done"}


def _is_ours(descriptor: int) -> bool:
    """Lock a file for as long as it is open; False if another process has."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)  # else the file system has no locks
    return True
