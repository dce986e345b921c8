"""The ground: a faint, seeded relief that gives the brush something to hold on to in calm areas.

A network that follows the content paints nothing where the content shows nothing: paper stays one
flat tone, a sky too. Painters work on a ground, canvas or washes, for the same reason.

The relief is periodic and made of integers alone, so that every engine makes the same one, and a
pixel's value depends on nothing but its place and the seed.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.planes import around, enlarge_cells

Floats = NDArray[np.float32]

PERIOD_PX = 512
# Sides of the cells of its layers, in px, and how strong each is: mostly washes, and a little of
# bristles. Where fine layers are as strong as coarse ones, many styles turn them into a weave.
_LAYERS = ((8, 0.3), (32, 0.5), (64, 0.7), (128, 0.7))
# White paper is darkened, and black lightened, by so many standard deviations of the ground, so
# that little of it is clipped.
ROOM = 2.2
CELL_PX = 8  # in which it is measured how calm a picture is
_CALM_DEVIATION = 10.0  # standard deviation of the luma, in levels of 255, that counts half
# Paper and flat colour get the whole ground, a clean sky in a photograph only a share of it.
_FLAT_DEVIATION = 1.0
_SKY_SHARE = 0.3


@functools.lru_cache(maxsize=4)
def relief(seed: int) -> Floats:
    """Return one period of the relief.

    Args:
        seed: 0 to 2**32 - 1.

    Returns:
        (512, 512) float32 with mean 0 and standard deviation about 1, read-only.

    Raises:
        ValueError: The seed is out of its range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to 2**32 - 1; got {seed}")
    total = np.zeros((PERIOD_PX, PERIOD_PX))
    for cell_px, strength in _LAYERS:
        layer = _enlarge(_hash(seed, cell_px, PERIOD_PX // cell_px), cell_px)
        total += strength * (layer - layer.mean()) / layer.std()
    relief = total.astype(np.float32)
    relief.flags.writeable = False
    return relief


def _relief(seed: int, size: tuple[int, int]) -> Floats:
    """Return the relief of a picture of a (width, height)."""
    period, (width, height) = relief(seed), size
    if max(size) > PERIOD_PX:
        period = np.tile(period, (-(-height // PERIOD_PX), -(-width // PERIOD_PX)))
    return period[:height, :width]


def _hash(seed: int, cell_px: int, count: int) -> NDArray[np.float64]:
    """Return (count, count) evenly distributed values in [-1, 1)."""
    y, x = np.mgrid[0:count, 0:count].astype(np.uint32)
    with np.errstate(over="ignore"):  # meant: arithmetic modulo 2**32
        h = (
            x * np.uint32(0x9E3779B1)
            ^ y * np.uint32(0x85EBCA77)
            ^ np.uint32(cell_px * 0xC2B2AE3D % 2**32)
        )
        h = h + np.uint32(seed) * np.uint32(0x27D4EB2F)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
        h = h ^ (h >> np.uint32(16))
    values: NDArray[np.float64] = h / 2.0**31 - 1
    return values


def _enlarge(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """Enlarge a periodic map, linear between the centres of its cells."""
    for axis in (0, 1):
        after = np.roll(values, -1, axis)
        share = ((np.arange(factor) + 0.5) / factor).reshape(
            (1, -1, 1) if axis == 0 else (1, 1, -1)
        )
        first, second = np.expand_dims(values, axis + 1), np.expand_dims(after, axis + 1)
        mixed = first + (second - first) * share
        values = mixed.reshape(values.shape[0] * (factor if axis == 0 else 1), -1)
    return values


def cells_of(picture: Image.Image) -> tuple[Floats, Floats]:
    """Measure the luma around every cell of 8 x 8 px.

    What lies around counts too: a line is not calm because its cell ends beside it.

    Args:
        picture: RGB or L, any size.

    Returns:
        Mean and variance, (rows, columns) each, in levels of 255 and their squares.
    """
    luma = np.asarray(picture.convert("L"), np.float32)
    height, width = luma.shape
    below, beside = -height % CELL_PX, -width % CELL_PX
    if below or beside:
        luma = np.pad(luma, ((0, below), (0, beside)), mode="edge")
    mean, square = around(np.stack([_means(values) for values in (luma, np.square(luma))]), 1)
    return mean, np.maximum(square - np.square(mean), 0)


def _means(values: Floats) -> Floats:
    """Means of the cells; over rows first, which is the faster way."""
    height, width = values.shape
    of_rows = values.reshape(height // CELL_PX, CELL_PX, width).mean(axis=1)
    means: Floats = of_rows.reshape(len(of_rows), width // CELL_PX, CELL_PX).mean(axis=2)
    return means


def calm(picture: Image.Image) -> Floats:
    """Return how much ground a picture can do with at every pixel.

    Args:
        picture: RGB, any size.

    Returns:
        (height, width) float32: 0 where it is busy, 0.3 where it is calm, 1 where it is flat.
    """
    _, variance = cells_of(picture)
    return enlarge_cells(ground_share(variance).astype(np.float32), picture.size, CELL_PX)


def ground_share(variance: Any) -> Any:
    """Return how much ground a cell can do with by the variance of its luma; NumPy or torch."""
    flat = 1 / (1 + variance / _FLAT_DEVIATION**2)
    return (_SKY_SHARE + (1 - _SKY_SHARE) * flat) / (1 + variance / _CALM_DEVIATION**2)


def add_ground(picture: Image.Image, amount: float, *, seed: int) -> Image.Image:
    """Put the ground under the calm areas of a picture.

    Args:
        picture: RGB.
        amount: Standard deviation of the relief where it is flat, in levels of 255; 0 for none.
        seed: Of the relief.

    Returns:
        RGB; the picture itself if there is nothing to add.
    """
    if amount == 0:
        return picture
    # A channel at a time: over the short axis at once takes many times as long.
    red, green, blue = (np.asarray(channel, np.float32) for channel in picture.split())
    room = np.float32(ROOM * amount)
    levels = amount * _relief(seed, picture.size)
    levels += np.minimum(0, 255 - room - np.maximum(np.maximum(red, green), blue))
    levels += np.maximum(0, room - np.minimum(np.minimum(red, green), blue))
    levels *= calm(picture)
    grounded = [np.rint(channel + levels).clip(0, 255) for channel in (red, green, blue)]
    return Image.merge("RGB", [Image.fromarray(channel.astype(np.uint8)) for channel in grounded])
