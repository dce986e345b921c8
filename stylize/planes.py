"""Planes of numbers: means around each place, and cells enlarged to pixels."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


def around(planes: NDArray[Real], radius: int) -> NDArray[Real]:
    """Return the means of squares around each place of (C, h, w) planes, borders repeated.

    Args:
        planes: Any numbers.
        radius: Squares have a side of twice that and one.
    """
    size = 2 * radius + 1
    for axis in (1, 2):
        side = planes.shape[axis]
        framed = planes.take(np.arange(-radius, side + radius), axis, mode="clip")
        framed = np.moveaxis(framed, axis, 0)
        total = np.copy(framed[:side])
        for start in range(1, size):
            total += framed[start : start + side]
        planes = np.moveaxis(total, 0, axis)
    planes /= size**2
    return planes


def enlarge_cells(values: Floats, size: tuple[int, int], cell_px: int) -> Floats:
    """Return (rows, columns) values of cells at every pixel of a picture of ``size``."""
    rows, columns = values.shape
    enlarged = Image.fromarray(values).resize(
        (columns * cell_px, rows * cell_px), Image.Resampling.BILINEAR
    )
    return np.asarray(enlarged)[: size[1], : size[0]]
