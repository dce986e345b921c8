"""Prints and drawings in a few inks: paper and ink, with crisp edges and nothing between them.

A network that knows a style by statistics alone shades such styles like paintings, and writes signs
between the edges to match their contrast. What was painted is parted into ink and paper instead,
where it is dark and where the content has lines: a threshold over differences of Gaussians
(Winnemöller, Kyprianidis and Olsen, "XDoG: An eXtended difference-of-Gaussians compendium including
advanced image stylization", 2012). As much of it gets ink as of the style has, give or take what it
needs for the threshold not to cut through an even sky. The two colours follow from the mean and the
covariance of the style's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stylize.calming import calm_areas
from stylize.color_table import color_table
from stylize.planes import around, channels_of, enlarge_cells, paste_channels
from stylize.recoloring import as_measured, possible
from stylize.style_colors import LUMA, StyleColors

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SHARE = 0.65  # of a style of a few inks is parted; the rest keeps its shading
# Lines of the content, and what is darker than all around, weigh so much beside the painted luma.
_LINES = 8.0
_LOCAL = 1.0
_REDUCED = 8  # surroundings are found at this part of the size
_RADIUS = 3  # and so many reduced pixels wide
# Width of the border between ink and paper, in standard deviations of the response, and that in
# calm areas: skies have no edges. The whole border is at most so many times as wide as the nearer
# of the means of ink and paper is away, so that paper is white, and at least so many levels.
_RAMP = 0.5
_CALM_RAMP = 2.5
_INSIDE = 1.5
_LEAST_RAMP = 16.0
# Pictures with a smaller deviation of the response are parted by less: there is nothing to part in
# an empty page.
_FULL_CONTRAST = 25.0
# The share of ink may be off by so much where that finds a gap in the tones.
_GIVE = 0.15
# What the threshold costs: how much more or less ink there is, plus so many times the share of the
# pixels at its level, which is the mean of this many levels on either side.
_GAP = 50.0
_AROUND = 4
_GRID = 17  # of the table of colours
_OTHER_COLORS = 0.6  # of the colours beside the two that are kept
# Ink is so much farther from paper than mean and covariance say: grain of the paper, soft borders
# and colours that are foretold from a vector make them say too little.
_DEEPER = 0.25


def posterize(
    painted: Image.Image,
    content: Image.Image,
    colors: StyleColors,
    amount: float,
    steadied: Callable[[str, Doubles], Doubles] = as_measured,
) -> None:
    """Part what was painted into ink and paper.

    Args:
        painted: RGB; changed in place.
        content: RGB of the same size.
        colors: Of the style.
        amount: From 0, nothing, to 1.
        steadied: Takes what is measured of the painting, by the name "inks", and returns what
            counts: threshold, width of borders, their width in calm areas, contrast (0 to 1), and
            the variance of the colours beside the two; see
            :class:`stylize.continuity.Continuity`.
    """
    if amount <= 0:
        return
    dark, light, share = printed_inks(colors)
    response = _response(painted.convert("L"), content.convert("L"))
    pixels = channels_of(painted)
    beside, own = _beside(light - dark, colors)
    others = beside @ (pixels - dark.astype(np.float32)[:, None])
    variance = 3 * np.square(others).mean(dtype=np.float64)
    measured = steadied("inks", np.array([*_parting(response, share), variance]))
    threshold, busy, calm, contrast, variance = measured.tolist()
    paper = _paper(response, content, threshold, busy, calm)
    others *= np.float32(_OTHER_COLORS * min(1.0, (own / (variance + 1)) ** 0.5))
    two = dark.astype(np.float32)[:, None] + (light - dark).astype(np.float32)[:, None] * paper
    pixels += np.float32(amount * contrast) * (possible(two + others) - pixels)
    paste_channels(painted, pixels)


@lru_cache(maxsize=16)
def crisp(colors: StyleColors, amount: float) -> ImageFilter.Color3DLUT:
    """Return what makes the edges between ink and paper crisp again in an enlarged painting.

    Args:
        colors: Of the style.
        amount: From 0, nothing, to 1.
    """
    dark, light, _ = printed_inks(colors)
    axis = light - dark
    square = max(float(axis @ axis), 1e-6)

    def moved(grid: Doubles) -> Doubles:
        paper = ((grid - dark) @ axis / square).clip(0, 1)
        steeper = paper * paper * (3 - 2 * paper) - paper
        return grid + amount * np.outer(steeper, axis)

    return color_table(moved, _GRID)


def inks_of(colors: StyleColors) -> tuple[Doubles, Doubles, float]:
    """Return the two colours that a style of two would have, (3,) each, and the darker one's share.

    Two points that have the style's mean and lie along its longest axis as far apart as it is wide.
    They may lie outside of 0 to 255.
    """
    values, vectors = np.linalg.eigh(colors.root @ colors.root)
    axis = vectors[:, -1] * np.sqrt(max(float(values[-1]), 0.0))
    axis = axis if LUMA @ axis >= 0 else -axis
    share = colors.dark_share
    odds = np.sqrt(share / (1 - share))
    return colors.mean - axis / odds, colors.mean + axis * odds, share


def printed_inks(colors: StyleColors) -> tuple[Doubles, Doubles, float]:
    """Return what :func:`inks_of` does, with the ink as deep as prints have it."""
    dark, light, share = inks_of(colors)
    return dark - _DEEPER * (light - dark), light, share


def _response(painted: Image.Image, content: Image.Image) -> Floats:
    """Return (h, w) the painted luma, darker along lines and where all around is lighter."""
    once = _blurred(np.asarray(content, np.float32))
    response = once - _blurred(_blurred(once))
    response *= np.float32(_LINES)
    luma = _blurred(np.asarray(painted, np.float32))
    broad = around(np.asarray(painted.reduce(_REDUCED), np.float32)[None], _RADIUS)[0]
    response += np.float32(1 + _LOCAL) * luma
    response -= np.float32(_LOCAL) * enlarge_cells(broad, painted.size, _REDUCED)
    return _blurred(response)  # grass and asphalt would become worms


def _blurred(values: Floats) -> Floats:
    """Weigh neighbours 1, 2, 1 along both axes, borders repeated."""
    for _ in range(2):
        framed = np.concatenate([values[:1], values, values[-1:]])
        values = framed[1:-1] * np.float32(0.5)
        values += (framed[:-2] + framed[2:]) * np.float32(0.25)
        values = values.T
    return values


def _parting(response: Floats, share: float) -> tuple[float, float, float, float]:
    """Return the threshold below which about a share is, both widths of borders, and contrast."""
    levels = np.rint(response).astype(np.int64).ravel()
    least = int(levels.min())
    counts = np.bincount(levels - least)
    off = np.abs(np.cumsum(counts) / levels.size - share)
    padded = np.pad(counts, _AROUND)
    near = sum(padded[start : start + len(counts)] for start in range(2 * _AROUND + 1))
    cost = off + _GAP * near / (levels.size * (2 * _AROUND + 1))
    cost[off > off.min() + _GIVE] = np.inf
    best = np.flatnonzero(cost == cost.min())  # all of an empty gap
    at = int(best[len(best) // 2]) + 1
    ink, paper = least + _mean_place(counts[:at]), least + at + _mean_place(counts[at:])
    threshold, spread = least + at - 0.5, float(response.std(dtype=np.float64))
    most = _INSIDE * min(paper - threshold, threshold - ink)
    busy, calm = (max(_LEAST_RAMP, min(ramp * spread, most)) for ramp in (_RAMP, _CALM_RAMP))
    return threshold, busy, calm, min(1.0, spread / _FULL_CONTRAST)


def _mean_place(counts: NDArray[np.int64]) -> float:
    return float(np.arange(len(counts)) @ counts) / max(1, int(counts.sum()))


def _paper(
    response: Floats, content: Image.Image, threshold: float, busy: float, calm: float
) -> Floats:
    """Return (N,) how much of a pixel is paper, 0 to 1, and not ink."""
    width = np.asarray(calm_areas(content), np.float32) * np.float32((calm - busy) / 255)
    width += np.float32(busy)
    paper = ((response - np.float32(threshold)) / width + np.float32(0.5)).clip(0, 1).ravel()
    smooth: Floats = paper * paper * (3 - 2 * paper)
    return smooth


def _beside(axis: Doubles, colors: StyleColors) -> tuple[Floats, float]:
    """Return (3, 3) what takes an axis out of colours, and a style's variance without it."""
    beside = np.eye(3) - np.outer(axis, axis) / max(float(axis @ axis), 1e-6)
    own = float(np.trace(beside @ colors.root @ colors.root))
    return beside.astype(np.float32), max(own, 1.0)
