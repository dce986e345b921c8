"""Planes of numbers: channels of pictures, means around each place, cells enlarged to pixels."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


def channels_of(picture: Image.Image) -> Floats:
    """Return (3, h w) the channels of an RGB picture, in levels."""
    # Channels first: NumPy is many times faster along long axes.
    return np.asarray(picture).reshape(-1, 3).T.astype(np.float32, order="C")


def paste_channels(picture: Image.Image, channels: Floats) -> None:
    """Put (3, h w) channels into an RGB picture, rounded and clipped; both are changed in place."""
    np.rint(channels.clip(0, 255, out=channels), out=channels)
    # Pillow puts channels together in a fraction of the time.
    planes = channels.astype(np.uint8).reshape(len(channels), *picture.size[::-1])
    picture.paste(Image.merge("RGB", [Image.fromarray(plane) for plane in planes]))


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
