"""Calm areas stay calm, most of all in styles with empty places: no dashes in the skies of prints.

The network has learned from paintings whose skies are full of strokes, and puts some into all
others too. Medians over more than the width of such a stroke take them away and keep tones and
edges (Tukey, "Exploratory Data Analysis", 1977); what the content shows there is drawn instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from stylize.ground import CELL_PX, cells_of

Bytes = NDArray[np.uint8]

# Medians are taken at an eighth of the size, where five cells are wider than the longest strokes,
# and what they leave of them is smoothed.
REDUCED = 8
# How much is smoothed in every style, and as which share of a picture at most; contracts that were
# made before have none of it.
LEAST = 0.85
LEAST_REACH = 0.5
EVEN_REACH = 0.7  # in the styles with most empty places: a sky of their paper is no place for signs
# How much is smoothed everywhere in flat styles, prints of a few inks: there the brush has nothing
# to go by but edges, and writes signs between them.
FLAT = 0.7
FLAT_FROM = 0.6  # share of a flat style's calm from which on a style begins to be one
# Standard deviation of the luma, as a share of itself plus something in the dark, up to which an
# area is calm: clouds are, grass is not.
_CALM_SHARE = 0.04
_DARK_LEVELS = 32.0
_STEEPNESS = 2.0


def calm_down(
    painted: Image.Image,
    content: Image.Image,
    amount: float,
    at_most: float = 1.0,
    everywhere: float = 0.0,
) -> None:
    """Smooth what was painted where the content is calm.

    Args:
        painted: RGB; changed in place.
        content: RGB of the same size.
        amount: From 0, nothing, to 1.
        at_most: Share of the picture that is smoothed at most. Where more of it is calm, all of
            that is smoothed by less: of a picture of nothing but sky some of the style must stay.
        everywhere: From 0 to 1: how much is smoothed at least, calm or not.
    """
    if max(amount, everywhere) <= 0:
        return
    luma = content.convert("L")
    *channels, broad = _smooth(Image.merge("RGBX", (*painted.split(), luma))).split()
    # Fur, faces and clouds keep their modelling: that of the content.
    detail = np.asarray(luma, np.int16) - np.asarray(broad)
    detailed = [(np.asarray(channel) + detail).clip(0, 255) for channel in channels]
    calmed = Image.merge("RGB", [Image.fromarray(band.astype(np.uint8)) for band in detailed])
    mask = calm_areas(luma, min(1.0, amount), at_most)
    least = Image.new("L", mask.size, round(255 * everywhere))
    painted.paste(calmed, mask=ImageChops.lighter(mask, least))


def calm_areas(content: Image.Image, most: float = 1.0, at_most: float = 1.0) -> Image.Image:
    """Return how calm a picture is at every pixel.

    Args:
        content: RGB or L, any size.
        most: What calm areas count, from 0 to 1.
        at_most: What they may count together, as a share of the picture.

    Returns:
        L of the same size, from 0, busy, to 255 times ``most`` or less, calm.
    """
    share = calm_share_of_cells(*cells_of(content))
    most = min(most, at_most / max(float(share.mean()), at_most, 1e-9))
    cells = Image.fromarray(np.rint(np.float32(255 * most) * share).astype(np.uint8))
    size = cells.width * CELL_PX, cells.height * CELL_PX
    enlarged = cells.resize(size, Image.Resampling.BILINEAR)
    return enlarged.crop((0, 0, content.width, content.height))


def calm_share_of_cells(mean: Any, variance: Any) -> Any:
    """Return how calm cells are, 0 to 1, by mean and variance of their luma; NumPy or torch."""
    deviation = variance**0.5 / (_CALM_SHARE * (mean + _DARK_LEVELS))
    return (1 + _STEEPNESS * (1 - deviation)).clip(0, 1)


def _smooth(picture: Image.Image) -> Image.Image:
    """Return a picture, RGBX, without what is smaller than some 40 pixels."""
    small = picture.reduce(REDUCED)
    medians = _medians(_medians(np.asarray(small), axis=1), axis=0)
    small = Image.frombuffer("RGBX", small.size, medians.tobytes(), "raw", "RGBX", 0, 1)
    return small.reduce(2).resize(picture.size, Image.Resampling.BICUBIC)


def _medians(values: Bytes, *, axis: int) -> Bytes:
    """Medians of five along an axis, borders repeated."""
    count = values.shape[axis]
    framed = np.moveaxis(values.take(np.arange(-2, count + 2), axis, mode="clip"), axis, 0)
    a, b, c, d, e = (framed[start : start + count] for start in range(5))
    # The middle one of five is that of the larger of two smallest, the smaller of two largest, and
    # the fifth.
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    low, high = np.minimum(low, high), np.maximum(low, high)
    return np.moveaxis(np.maximum(low, np.minimum(high, e)), 0, axis)
