"""Where things are kept that can be made again at any time."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "STYLIZE_CACHE_DIR"


def cache_folder() -> Path:
    """Return the folder; it may not exist yet.

    A user without home folder gets one in which nothing is, and nothing can be written.
    """
    try:
        return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("stylize", False))
    except RuntimeError:
        return Path(os.devnull)
