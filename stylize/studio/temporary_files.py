"""Files made for visitors: each lies here until it was fetched or the retention time is over."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path

from stylize.studio.environment import run_folder


class TemporaryFiles:
    """A temporary folder that empties itself; it is gone when the program ends.

    Args:
        retention_s: Seconds that a file stays.
    """

    def __init__(self, retention_s: float) -> None:
        self._retention_s = retention_s
        self._folder = tempfile.mkdtemp(prefix="made-", dir=run_folder())
        self._lock = threading.Lock()
        self._places: dict[Path, float] = {}
        # Also without further visitors the files go.
        threading.Thread(target=self._keep_sweeping, name="temporary-files", daemon=True).start()

    def place(self, name: str, *, now: float | None = None) -> Path:
        """Return a path for a new file of that name, and throw away what is too old."""
        now = time.monotonic() if now is None else now
        self.sweep(now=now)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with self._lock:
            self._places[folder] = now
        return folder / name

    def sweep(self, *, now: float | None = None) -> None:
        """Delete all files older than the retention time."""
        now = time.monotonic() if now is None else now
        with self._lock:
            old = [path for path, made in self._places.items() if now - made >= self._retention_s]
            for path in old:
                shutil.rmtree(path, ignore_errors=True)
                del self._places[path]

    def _keep_sweeping(self) -> None:
        while True:
            time.sleep(max(0.5, min(30.0, self._retention_s / 4)))
            self.sweep()
