"""As much contrast as a style has, octave by octave, where the content is not calm.

A painting whose colours are those of its style may still be flatter: edges and strokes stand out
less than the style's do. Its luma and its colours are parted into octaves (Burt and Adelson, "The
Laplacian pyramid as a compact image code", 1983), and those that vary less than the style's are
raised, as tone mapping does with detail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.calming import calm_areas
from stylize.planes import channels_of, paste_channels
from stylize.recoloring import as_measured
from stylize.style_colors import LUMA

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

AXES = np.array([LUMA, [0.5, -0.5, 0], [0.25, 0.25, -0.5]])  # luma and two colours
# Octaves of each, the finest first; colours' begin at half the size: finer ones are hardly seen.
OCTAVES = (4, 3, 3)
NUMBERS = sum(OCTAVES)  # that tell how much contrast a style has
SHARE = 1.0  # of what is lacking that is given
_COLORS = np.linalg.inv(AXES)
_SPLITS = np.cumsum(OCTAVES)[:-1]
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
        (10,) standard deviations in levels: of luma's octaves, the finest first, then of those of
        two colours.
    """
    parted = _parted(_planes(channels_of(picture), picture.size))
    squares = [np.square(octave).mean() for octaves in parted for octave in octaves]
    return np.sqrt(np.array(squares, np.float64))


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
        wanted: (10,) of the style, see :func:`contrast_of`.
        amount: From 0, nothing, to 1.
        steadied: Takes the gains, by the name "contrast", and returns what counts; see
            :class:`stylize.continuity.Continuity`.
    """
    if amount <= 0:
        return
    pixels = channels_of(painted)
    planes, busy = _planes(pixels, painted.size), _busy(content)
    parted = _parted(planes)
    levels = np.split(wanted, _SPLITS)
    gains = [_gains(*given, busy) for given in zip(parted, levels, MOST, strict=True)]
    more = amount * (steadied("contrast", np.concatenate(gains)) - 1)
    added = [_added(*given, busy) for given in zip(parted, np.split(more, _SPLITS), strict=True)]
    added[1:] = [_enlarged(plane, planes[0].shape) for plane in added[1:]]
    np.minimum(added[0], _lightest(planes[0]) - planes[0], out=added[0])
    pixels += _weighed(_COLORS, added).reshape(pixels.shape)
    paste_channels(painted, pixels)


def _planes(pixels: Floats, size: tuple[int, int]) -> Floats:
    """Return (3, h, w) luma and two colours of (3, h w) channels, in levels."""
    return _weighed(AXES, list(pixels)).reshape(len(AXES), *size[::-1])


def _weighed(weights: Doubles, planes: Sequence[Floats]) -> Floats:
    """Return (3, 3) weights of 3 planes, as a product of matrices does, on a single thread."""
    # The threads of a linear algebra library wait for more by keeping their cores busy, which
    # slows down whatever else runs beside this.
    weighed = np.empty((3, *planes[0].shape), np.float32)
    part = np.empty_like(planes[0])
    for total, row in zip(weighed, weights, strict=True):
        np.multiply(planes[0], np.float32(row[0]), out=total)
        for plane, weight in zip(planes[1:], row[1:], strict=True):
            if weight:
                total += np.multiply(plane, np.float32(weight), out=part)
    return weighed


def _parted(planes: Floats) -> list[list[Floats]]:
    """Part (3, h, w) planes into their octaves."""
    # Plane by plane, here and below: what is small stays in the processor's cache.
    halved = [planes[0], *map(_halved, planes[1:])]
    return [_octaves(*given) for given in zip(halved, OCTAVES, strict=True)]


def _octaves(plane: Floats, count: int) -> list[Floats]:
    """Part a plane into octaves, the finest first; the rest is left out."""
    octaves = []
    for _ in range(count):
        smaller = _halved(plane)
        octave = _enlarged(smaller, plane.shape)
        octaves.append(np.subtract(plane, octave, out=octave))
        plane = smaller
    return octaves


def _added(octaves: list[Floats], more: Doubles, busy: list[Floats]) -> Floats:
    """Return what a plane lacks, of its octaves, which are changed, by how much more of each."""
    for octave, amount, share in zip(octaves, more, busy[-len(octaves) :], strict=True):
        octave *= np.float32(amount)
        octave *= share
    added = octaves[-1]
    for octave in reversed(octaves[:-1]):
        octave += _enlarged(added, octave.shape)
        added = octave
    return added


def _lightest(luma: Floats) -> Floats:
    """Return the largest within ``FRINGE_PX`` in both directions."""
    for _ in range(2):
        width = 1
        most = np.concatenate([luma[:1]] * FRINGE_PX + [luma] + [luma[-1:]] * FRINGE_PX)
        while width < 2 * FRINGE_PX + 1:  # of the windows; two of them make a wider one
            step = min(width, 2 * FRINGE_PX + 1 - width)
            most = np.maximum(most[:-step], most[step:])
            width += step
        luma = most.T
    return luma


def _halved(plane: Floats) -> Floats:
    return np.asarray(Image.fromarray(plane).reduce(2))


def _enlarged(plane: Floats, shape: tuple[int, ...]) -> Floats:
    """Enlarge a plane twice, linearly, to a shape."""
    for is_row in (True, False):
        height, width = plane.shape
        enlarged = np.empty((height, 2 * width) if is_row else (2 * height, width), np.float32)
        lines, doubled = (plane.T, enlarged.T) if is_row else (plane, enlarged)
        near, far = lines * np.float32(0.75), lines * np.float32(0.25)
        np.add(near[1:], far[:-1], out=doubled[2::2])
        np.add(near[:-1], far[1:], out=doubled[1:-1:2])
        doubled[0], doubled[-1] = lines[0], lines[-1]
        plane = enlarged
    return plane[: shape[0], : shape[1]]


def _busy(content: Image.Image) -> list[Floats]:
    """Return (h, w) how much is raised in each octave, from ``CALM`` to 1."""
    share = np.asarray(calm_areas(content), np.float32) * np.float32((CALM - 1) / 255)
    shares = [share + np.float32(1)]
    while len(shares) < max(OCTAVES):
        shares.append(_halved(shares[-1]))
    return shares


def _gains(octaves: list[Floats], wanted: Doubles, most: float, busy: list[Floats]) -> Doubles:
    """Return gains of a plane's octaves by which all vary as wanted, from 1 to ``most``."""
    shares = busy[-len(octaves) :]
    spread, mixed, raised = np.transpose(list(map(_products, octaves, shares)))
    # The mean of (1 + more busy)^2 squares is to be the square of what is wanted.
    lack = np.maximum(wanted * wanted - spread, 0)
    more = (np.sqrt(mixed * mixed + raised * lack) - mixed) / np.maximum(raised, 1e-6)
    gains: Doubles = np.minimum(1 + more, most)
    return gains


def _products(octave: Floats, share: Floats) -> list[np.float32]:
    """Return means of squares, and of those by a share and by its square."""
    shared = octave * share
    return [(a * b).mean() for a, b in ((octave, octave), (octave, shared), (shared, shared))]
