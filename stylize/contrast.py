"""As much contrast as a style has, octave by octave, where the content is not calm.

A painting whose colours are those of its style may still be flatter: edges and strokes stand out
less than the style's do. Its luma and its colours are parted into octaves (Burt and Adelson, "The
Laplacian pyramid as a compact image code", 1983), and those that vary less than the style's are
raised, as tone mapping does with detail.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.calming import calm_areas
from stylize.planes import channels_of, enlarge_cells, paste_channels
from stylize.recoloring import LUMA, as_measured

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

OCTAVES = 4  # the finest first
AXES = np.array([LUMA, [0.5, -0.5, 0], [0.25, 0.25, -0.5]])  # luma and two colours
NUMBERS = OCTAVES * len(AXES)  # that tell how much contrast a style has
_COLORS = np.linalg.inv(AXES).astype(np.float32)
# Gains are at most so large, for luma and for colours: more of what is hardly there is noise.
MOST = (3.0, 2.0, 2.0)
CALM = 0.15  # of what is added elsewhere is added in calm areas
# Nothing gets lighter than the lightest within so many pixels: bright fringes round dark shapes are
# what the eye minds. Dark ones look like outlines.
FRINGE_PX = 3


def contrast_of(picture: Image.Image) -> Doubles:
    """Return how much the octaves of a picture vary.

    Args:
        picture: RGB.

    Returns:
        (12,) standard deviations in levels, of luma and two colours in the finest octave, then in
        those below.
    """
    planes = _planes(channels_of(picture), picture.size)
    squares = [np.square(octave).mean(axis=(1, 2)) for octave in _octaves(planes)]
    return np.sqrt(np.concatenate(squares).astype(np.float64))


def raise_contrast(
    painted: Image.Image,
    content: Image.Image,
    wanted: Doubles,
    amount: float,
    steadied: Callable[[str, Doubles], Doubles] = as_measured,
) -> None:
    """Give a painting the contrast of its style where it has less, without bright fringes.

    Args:
        painted: RGB; changed in place.
        content: RGB of the same size.
        wanted: (12,) of the style, see :func:`contrast_of`.
        amount: From 0, nothing, to 1.
        steadied: Takes the gains, by the name "contrast", and returns what counts; see
            :class:`stylize.continuity.Continuity`.
    """
    if amount <= 0:
        return
    pixels = channels_of(painted)
    planes = _planes(pixels, painted.size)
    octaves, busy = _octaves(planes), _busy(content)
    levels = wanted.reshape(OCTAVES, len(AXES))
    gains = np.stack([_gains(*given) for given in zip(octaves, busy, levels, strict=True)])
    gains = steadied("contrast", gains.ravel()).reshape(gains.shape)
    for octave, share, more in zip(octaves, busy, amount * (gains - 1), strict=True):
        octave *= more.astype(np.float32)[:, None, None]
        octave *= share
    added = octaves[-1]
    for octave in reversed(octaves[:-1]):
        added = octave + _enlarged(added, octave)
    np.minimum(added[0], _lightest(planes[0]) - planes[0], out=added[0])
    pixels += _COLORS @ added.reshape(len(AXES), -1)
    paste_channels(painted, pixels)


def _lightest(luma: Floats) -> Floats:
    """Return the largest of (h, w) within ``FRINGE_PX`` in both directions."""
    for _ in range(2):
        framed = np.pad(luma, ((FRINGE_PX, FRINGE_PX), (0, 0)), mode="edge")
        largest = luma.copy()
        for start in range(2 * FRINGE_PX + 1):
            np.maximum(largest, framed[start : start + len(luma)], out=largest)
        luma = largest.T
    return luma


def _planes(pixels: Floats, size: tuple[int, int]) -> Floats:
    """Return (3, h, w) luma and two colours of (3, h w) channels, in levels."""
    planes: Floats = (AXES.astype(np.float32) @ pixels).reshape(len(AXES), *size[::-1])
    return planes


def _octaves(planes: Floats) -> list[Floats]:
    """Part (3, h, w) planes into octaves, the finest first; the rest is left out."""
    octaves = []
    for _ in range(OCTAVES):
        smaller = np.stack([_halved(plane) for plane in planes])
        octaves.append(planes - _enlarged(smaller, planes))
        planes = smaller
    return octaves


def _halved(plane: Floats) -> Floats:
    return np.asarray(Image.fromarray(plane).reduce(2))


def _enlarged(planes: Floats, like: Floats) -> Floats:
    height, width = like.shape[1:]
    return np.stack([enlarge_cells(plane, (width, height), 2) for plane in planes])


def _busy(content: Image.Image) -> list[Floats]:
    """Return (h, w) how much is raised in each octave, from ``CALM`` to 1."""
    share = np.asarray(calm_areas(content), np.float32) * np.float32((CALM - 1) / 255)
    shares = [share + np.float32(1)]
    while len(shares) < OCTAVES:
        shares.append(_halved(shares[-1]))
    return shares


def _gains(octave: Floats, busy: Floats, wanted: Doubles) -> Doubles:
    """Return (3,) gains of (3, h, w) by which the whole varies as wanted, at least 1."""
    squares = octave * octave
    spread, mixed, raised = (
        (squares * weight).mean(axis=(1, 2), dtype=np.float64)
        for weight in (np.float32(1), busy, busy * busy)
    )
    # The mean of (1 + more busy)^2 squares is to be the square of what is wanted.
    lack = np.maximum(wanted * wanted - spread, 0)
    more = (np.sqrt(mixed * mixed + raised * lack) - mixed) / np.maximum(raised, 1e-6)
    gains: Doubles = np.minimum(1 + more, MOST)
    return gains
