"""Tables of colours: a smooth map of colours, looked up for every pixel by Pillow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


def color_table(
    map_colors: Callable[[NDArray[np.float64]], NDArray[np.floating]], points: int
) -> ImageFilter.Color3DLUT:
    """Return the table of a map of colours.

    Args:
        map_colors: Of (N, 3) sRGB values in 0..255 to others.
        points: Along each channel; in between the table is linear.
    """
    levels = np.linspace(0, 255, points)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")  # red varies fastest
    colors = map_colors(np.stack([red, green, blue], axis=-1).reshape(-1, 3))
    return ImageFilter.Color3DLUT(points, (colors / 255).astype(np.float32).ravel())


def looked_up(pixels: NDArray[np.uint8], table: ImageFilter.Color3DLUT) -> NDArray[np.uint8]:
    """Return (h, w, 4) RGBX pixels as a table has them."""
    size = (pixels.shape[1], pixels.shape[0])
    picture = Image.frombuffer("RGBX", size, np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1)
    return np.asarray(picture.filter(table))
