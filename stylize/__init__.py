"""Stylize Studio: paint a picture in the style of another, on two ordinary CPU cores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from stylize.controls import Controls
from stylize.errors import StylizeError
from stylize.styles import StyleVector, blend

if TYPE_CHECKING:
    from stylize.engine import Engine
    from stylize.images import load_image, save_image
    from stylize.library import StyleLibrary
    from stylize.regions import Region

# Nothing leaves the machine: ONNX Runtime (on Linux since 1.32) and the Hub's library report their
# use unless they are told before they are imported, and this runs before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

__all__ = [
    "Controls",
    "Engine",
    "Region",
    "StyleLibrary",
    "StyleVector",
    "StylizeError",
    "__version__",
    "blend",
    "load_image",
    "save_image",
]

# Loaded when first used: a command that only shows its help should not wait for Pillow and SQLite.
_LAZY = {
    "Engine": "stylize.engine",
    "Region": "stylize.regions",
    "StyleLibrary": "stylize.library",
    "load_image": "stylize.images",
    "save_image": "stylize.images",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
