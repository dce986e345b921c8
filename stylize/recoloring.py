"""Colours where they belong: the lights of a style where the content is light, and so on.

A network that knows a style by statistics alone puts its colours anywhere: half a sky turns brown,
halos and blots come with it. Which colours a painting should have is known: those of the content,
moved onto those of the style as little as can be, in lightness tone by tone (a histogram is
matched), in colour by one linear map (Pitié and Kokaram, "The linear Monge-Kantorovitch linear
colour mapping for example-based colour transfer", 2007). Where the difference from them is broad,
the painting is drawn towards them, along the edges of the content (the guided filter of He, Sun and
Tang, 2013, in its fast form of 2015), so that strokes stay. Then its own tones are matched to the
style's, and colours that are far from all of the style's, such as black marks in a print of pink
ink, are pulled to the nearest ones: what is lighter than its paper to a lighter paper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stylize.color_table import color_table
from stylize.matrices import least_motion
from stylize.planes import around, enlarge_cells
from stylize.style_colors import LEAST_SPREAD, LUMA, QUANTILES, StyleColors

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
_Real = TypeVar("_Real", np.float32, np.float64)

MIDDLE = QUANTILES.index(0.5)
_PAPER = len(QUANTILES)  # of the numbers of a content

SHARE = 1.0  # of a broad difference that is taken away
CHROMA = 2 / 3  # of that in colour: a grey wall in the middle of all colours may be of any
REDUCED = 4  # broad differences are found at this part of the size
RADIUS = 3  # of the guided filter, in reduced pixels
EDGE_LEVELS = 30.0  # edges of about so many levels are kept
NOISE_LEVELS = 5.5  # spread of a content's colours that is taken for noise
# Tones of the content keep so much of their own distances: a dark wood stays dark in a light style.
# On paper they keep as much more as there is of it: a yellow sun is not dark because all else is
# white.
OWN_TONES = 0.2
ALIKE = 5  # levels of luma that count as one
LEAST_RANGE = 64.0
# Tones are spread at most so much, and those beyond the outermost quantiles so much: neither the
# noise of a clear sky nor that of paper becomes a drawing.
STEEPEST_CONTENT = 5.0
STEEPEST_PAINTING = 2.0
BEYOND = 0.5
# How much of what a painting's tones lack is given to them, less on paper; half of it in the
# style's own colours.
TONED = 0.7
COLORED = 0.5
# Colours may lie so many standard deviations from the style's own colours at their lightness, and
# tones so many levels outside of its own.
REACH = 2.5
SOFTNESS = 0.5
RIM_LEVELS = 12.0
DARK_LEVELS = 16.0  # dark colours lie nearer to each other
_GRID = 17  # of the table of colours


def as_measured(_: str, numbers: Doubles) -> Doubles:
    """Return numbers as they are: nothing ties the picture to others."""
    return numbers


def recolor(
    painted: Image.Image,
    content: Image.Image,
    colors: StyleColors,
    share: float,
    amount: float,
    steadied: Callable[[str, Doubles], Doubles] = as_measured,
) -> None:
    """Draw a painting towards the colours that its content has in the style.

    Args:
        painted: RGB; changed in place.
        content: RGB of the same size.
        colors: Of the style.
        share: How much of a broad difference is taken away, 0 to 1.
        amount: How much of the style there is in the painting, 0 to 1.
        steadied: Takes what is measured of the content, then of the painting, by these names, and
            returns what counts: see :class:`stylize.continuity.Continuity`.
    """
    if share <= 0 or amount <= 0:
        return
    luma = content.convert("L")
    shown, size = _reduced(content)
    measured = steadied("content", _measured(luma, shown))
    paper = measured[_PAPER]
    wanted = shown + amount * (_colored(shown, measured, colors) - shown)
    lack = share * (wanted - _reduced(painted)[0])
    lack += (1 - CHROMA) * (LUMA @ lack - lack)
    slopes, offsets = _guided((LUMA @ shown).reshape(size), lack.reshape(3, *size))
    guide = np.asarray(luma, np.float32)
    channels = []
    for channel, slope, offset in zip(painted.split(), slopes, offsets, strict=True):
        moved = enlarge_cells(slope, content.size, REDUCED) * guide
        moved += enlarge_cells(offset, content.size, REDUCED)
        moved += np.asarray(channel)
        np.rint(moved.clip(0, 255, out=moved), out=moved)
        channels.append(Image.fromarray(moved.astype(np.uint8)))
    drawn = Image.merge("RGB", channels)
    tones = steadied("painting", _tones(drawn.convert("L")))
    table = _table(tuple(tones.tolist()), colors, TONED * (1 - float(paper)), amount)
    painted.paste(drawn.filter(table))


def _reduced(picture: Image.Image) -> tuple[Doubles, tuple[int, int]]:
    """Return the colours of a picture at a part of its size, (3, h w), 0 to 255, and (h, w)."""
    # Channels first, here and below: NumPy is many times faster along long axes.
    pixels = np.asarray(picture.reduce(REDUCED))
    return pixels.reshape(-1, 3).T.astype(np.float64, order="C"), pixels.shape[:2]


def _measured(luma: Image.Image, flat: Doubles) -> Doubles:
    """Return (22,) numbers of a content: tones, paper, mean and covariance of its colours.

    Args:
        luma: Of it.
        flat: (3, N), its reduced colours.
    """
    mean = flat.mean(axis=1)
    centred = flat - mean[:, None]
    covariance = centred @ centred.T / flat.shape[1]
    return np.concatenate([_tones(luma), [_paper(luma)], mean, covariance.ravel()])


def _tones(luma: Image.Image) -> Doubles:
    """Return the quantiles of a luma, whole levels."""
    counts = np.cumsum(luma.histogram())
    tones: Doubles = np.searchsorted(counts, np.multiply(QUANTILES, counts[-1])).astype(np.float64)
    return tones


def _paper(luma: Image.Image) -> float:
    """Return the share of the pixels that are about as light as most are."""
    counts = np.concatenate([[0], np.cumsum(luma.histogram())])
    return float((counts[ALIKE:] - counts[:-ALIKE]).max() / counts[-1])


def _colored(flat: Doubles, measured: Doubles, colors: StyleColors) -> Doubles:
    """Return the (3, N) colours of a reduced content, 0 to 255, as they are in a style."""
    tones, paper, mean, covariance = np.split(measured, [_PAPER, _PAPER + 1, _PAPER + 4])
    matrix = least_motion(covariance.reshape(3, 3), colors.covariance, NOISE_LEVELS**2)
    moved = matrix @ (flat - mean[:, None]) + colors.mean[:, None]
    luma = LUMA @ flat
    ranked = _ranked(luma, tones, colors.tones, STEEPEST_CONTENT)
    own = (luma - tones[0]) / max(tones[-1] - tones[0], LEAST_RANGE)
    own = colors.tones[0] + own * (colors.tones[-1] - colors.tones[0])
    share = min(1.0, OWN_TONES + float(paper[0]))
    toned = (ranked + share * (own - ranked)).clip(0, 255)
    moved += toned - LUMA @ moved
    return possible(_pulled(moved, colors))


def _ranked(luma: Doubles, known: Doubles, tones: Doubles, steepest: float) -> Doubles:
    """Return luma of (9,) known quantiles at the same ranks among others, not spread too much."""
    gaps = np.maximum(np.diff(known), np.diff(tones) / steepest) + 1e-3
    places = np.concatenate([[0], np.cumsum(gaps)])
    at = known[MIDDLE] + places - places[MIDDLE]
    at = np.concatenate([[at[0] - 255], at, [at[-1] + 255]])
    to = np.concatenate([[tones[0] - BEYOND * 255], tones, [tones[-1] + BEYOND * 255]])
    ranked: Doubles = np.interp(luma, at, to)
    return ranked


def _guided(guide: Doubles, values: Doubles) -> tuple[Floats, Floats]:
    """Return (C, h, w) slopes and offsets by which (C, h, w) values follow a (h, w) guide."""
    planes = np.concatenate([[guide, guide * guide], values, guide * values])
    mean, square, means, products = np.split(around(planes, RADIUS), [1, 2, 2 + len(values)])
    slopes = (products - mean * means) / (square - mean * mean + EDGE_LEVELS**2)
    smooth: Floats = around(np.concatenate([slopes, means - slopes * mean]), RADIUS).astype(
        np.float32
    )
    return smooth[: len(values)], smooth[len(values) :]


@lru_cache(maxsize=16)  # patches of a film share one
def _table(
    tones: tuple[float, ...], colors: StyleColors, toned: float, amount: float
) -> ImageFilter.Color3DLUT:
    """Return what gives a painting with these tones the tones and colours of a style."""

    def moved(grid: Doubles) -> Doubles:
        flat = np.ascontiguousarray(grid.T)
        luma = LUMA @ flat
        lack = toned * (_ranked(luma, np.array(tones), colors.tones, STEEPEST_PAINTING) - luma)
        own = colors.at(luma + lack) - colors.at(luma)
        matched = flat + lack + COLORED * (own - lack)
        return (flat + amount * (possible(_pulled(matched, colors)) - flat)).T

    return color_table(moved, _GRID)


def possible(flat: NDArray[_Real]) -> NDArray[_Real]:
    """Return (3, N) colours, those that do not exist at their luma paler."""
    luma = (LUMA.astype(flat.dtype) @ flat).clip(0, 255)
    chroma: NDArray[_Real] = flat - luma
    most, least = chroma.max(axis=0), chroma.min(axis=0)
    share = np.minimum((255 - luma) / np.maximum(most, 1e-3), luma / np.maximum(-least, 1e-3))
    chroma *= np.minimum(share, 1)
    chroma += luma
    return chroma


def _pulled(flat: Doubles, colors: StyleColors) -> Doubles:
    """Return (3, N) colours, those near to the style's as they are."""
    luma, own = LUMA @ flat, float(colors.mean @ LUMA)
    rest = flat - colors.at(luma)
    variance = LUMA @ colors.covariance @ LUMA
    spread = colors.covariance - variance * np.outer(colors.by_luma, colors.by_luma)
    spread[np.diag_indices(3)] += LEAST_SPREAD**2
    squares = ((np.linalg.inv(spread) @ rest) * rest).sum(axis=0)
    distance = np.sqrt(np.maximum(squares, 1e-9))
    distance /= ((luma + DARK_LEVELS) / (own + DARK_LEVELS)).clip(0.1, 1)
    rest *= _soft(distance, REACH, REACH * SOFTNESS) / distance
    low, high = colors.tones[0], colors.tones[-1]
    toned = high + _soft(luma - high, 0.0, RIM_LEVELS)
    toned = low - _soft(low - toned, 0.0, RIM_LEVELS)
    return colors.at(toned) + rest


def _soft(values: Doubles, limit: float, width: float) -> Doubles:
    """Return values, those above a limit bent so that they stay below ``limit + width``."""
    above = np.maximum(values - limit, 0)
    return np.minimum(values, limit) + width * np.tanh(above / width)
