"""Films: painted, and calm. Needs ``stylize-studio[video]``."""

from __future__ import annotations

from importlib import import_module

from stylize.extras import needs_extra

with needs_extra("video"):
    for _package in ("av", "cv2"):
        import_module(_package)
