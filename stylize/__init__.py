"""Stylize Studio: paint a picture in the style of another, on two ordinary CPU cores."""

from stylize.controls import Controls
from stylize.errors import StylizeError
from stylize.styles import StyleVector, blend

__version__ = "0.1.0"

__all__ = ["Controls", "StyleVector", "StylizeError", "__version__", "blend"]
