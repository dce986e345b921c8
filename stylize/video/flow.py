"""Optical flow between frames: what moved where, and how far that can be trusted.

Flow by dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016;
OpenCV's implementation). It is trusted where the way there and the way back agree (Sundaram et al.,
"Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow", 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Size = tuple[int, int]

_FAST = 1  # preset of the search
_STRIDE_PX = 5  # between patches of 8 px
_STEPS = 12  # of gradient descent
# At two fifths of a picture's size, such a search makes the errors that one of stride 6 and 8 steps
# makes at half of it, and there are two thirds of the pixels for all else.
_FLOW_SHARE = 0.4
_LARGEST_SIDE_PX = 416
_USUAL_SIDE_PX = 256
_SMALLEST_SIDE_PX = 16  # of what dense inverse search takes
# The two ways may differ by a part of their lengths and by a part of a pixel.
_AGREEING_SHARE = 0.01
_AGREEING_PX2 = 0.5
_NOISE_LEVELS = 1.5  # change in levels of 255 that noise and compression make
_NOISE_SIGMA_PX = 1.5
_NOISE_PX = 1.0  # longest flow that noise makes
_SAME_LEVELS = 1  # largest difference between pixels that are the same
_WORSE_LEVELS = 1.0  # a flow that much worse than none is none


@dataclass(frozen=True)
class Way:
    """A way from one frame to another.

    Attributes:
        field: (h, w, 2) float32: how far away, (x, y) in pixels, each pixel is in the other frame.
        trust: (h, w) float32, 0 to 1: how far that can be trusted.
    """

    field: Floats
    trust: Floats

    @classmethod
    def nowhere(cls, height: int, width: int) -> Way:
        """Return the way of a frame to itself."""
        return cls(np.zeros((height, width, 2), np.float32), np.ones((height, width), np.float32))

    def then(self, other: Way) -> Way:
        """Return the way that goes on from where this one ends."""
        return Way(
            self.field + seen_through(self.field, other.field),
            self.trust * seen_through(self.field, other.trust),
        )

    @property
    def is_standing(self) -> NDArray[np.bool_]:
        """(h, w): where nothing moved."""
        standing: NDArray[np.bool_] = _squares(self.field) == 0
        return standing


@dataclass(frozen=True)
class _Standing:
    """Where a picture may stand still between two frames; the flow says more of it than there is.

    A search for flow draws what stands still along with what moves beside it.

    Attributes:
        change: (h, w), what is different in the same place, noise averaged out.
        same: (h, w), where nothing is different.
    """

    change: Floats
    same: NDArray[np.bool_]

    @classmethod
    def between(cls, here: Bytes, there: Bytes) -> _Standing:
        """Compare two grey pictures (h, w)."""
        different: Any = cv2.dilate(cv2.absdiff(here, there), np.ones((5, 5), np.uint8))
        return cls(smooth_change(here, there), different <= _SAME_LEVELS)

    def stop(self, flow: Floats, here: Bytes, there: Bytes) -> Floats:
        """Return a flow that is exactly zero where nothing moves.

        That is where nothing is different, or only as much as noise is and the flow is short or
        explains it less well than standing still does.
        """
        moved = smooth_change(here, seen_through(flow, there))
        short = _squares(flow) < _NOISE_PX**2
        quiet = self.change < _NOISE_LEVELS
        stands = self.same | (quiet & (short | (moved > self.change + _WORSE_LEVELS)))
        return _without(flow, stands)


class FlowFinder:
    """Finds ways between neighbouring frames. Not for several threads at once."""

    def __init__(self) -> None:
        # OpenCV's list of types lacks it. Its preset stops at a quarter of the size, which doubles
        # the error.
        self._search: Any = getattr(cv2, "DISOpticalFlow_create")(_FAST)  # noqa: B009
        self._search.setFinestScale(0)
        self._search.setPatchStride(_STRIDE_PX)
        self._search.setGradientDescentIterations(_STEPS)
        self._search.setVariationalRefinementIterations(0)  # half of the time for 5 % less error

    def find(self, here: Bytes, there: Bytes) -> tuple[Way, Way]:
        """Find the ways between two grey pictures (h, w), from the first to the second and back."""
        here, there = (np.ascontiguousarray(picture) for picture in (here, there))
        standing = _Standing.between(here, there)
        forth = standing.stop(self._search.calc(here, there, None), here, there)
        back = standing.stop(self._search.calc(there, here, None), there, here)
        return Way(forth, _agreement(forth, back)), Way(back, _agreement(back, forth))


def flow_size(size: Size) -> Size:
    """Return the (width, height) at which the flow of frames of a size is found.

    Flow is smooth, so it can be enlarged.
    """
    longer = max(size)
    wanted = min(longer, _LARGEST_SIDE_PX, max(_USUAL_SIDE_PX, longer * _FLOW_SHARE))
    width, height = (max(_SMALLEST_SIDE_PX, round(side * wanted / longer)) for side in size)
    return width, height


def seen_through(
    field: Floats, picture: NDArray[Any], filter_: int = cv2.INTER_LINEAR
) -> NDArray[Any]:
    """Return a picture whose pixels come from where a field points to.

    Args:
        field: (h, w, 2).
        picture: (H, W) or (H, W, C), uint8 or float32; of the field's size or larger.
        filter_: OpenCV's name of the interpolation.
    """
    (height, width), size = field.shape[:2], (picture.shape[1], picture.shape[0])
    if size != (width, height):
        field = enlarged(lengthened(field, size), size)
    is_rgb = picture.dtype == np.uint8 and picture.shape[2:] == (3,)
    if is_rgb:  # four bytes are moved as one number: with three it takes twice as long
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    seen: Any = cv2.remap(picture, _ends(field), None, filter_, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB) if is_rgb else seen  # type: ignore[no-any-return]


def smooth_change(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    """Return how much two pictures (h, w) or (h, w, 3) differ, their noise averaged out.

    Returns:
        (h, w) float32 in levels of 255; of colours the largest.
    """
    # A channel at a time: OpenCV blurs three of them ten times slower than one.
    sizes: list[Any] = []
    for channel_a, channel_b in zip(cv2.split(a), cv2.split(b), strict=True):
        change = cv2.subtract(channel_a, channel_b, dtype=cv2.CV_32F)
        sizes.append(np.abs(cv2.GaussianBlur(change, (0, 0), _NOISE_SIGMA_PX)))
    largest, *others = sizes
    for other in others:
        largest = cv2.max(largest, other)
    return largest  # type: ignore[no-any-return]


def lengthened(field: Floats, size: Size, factor: float = 1.0) -> Floats:
    """Return a field, (h, w, 2), in pixels of a picture of a (width, height), times a factor."""
    height, width = field.shape[:2]
    factors = factor * size[0] / width, factor * size[1] / height, 0, 0
    return cv2.multiply(field, factors)  # type: ignore[call-overload,no-any-return]


def enlarged(picture: Floats, size: Size, rows: slice = slice(None)) -> Floats:
    """Return rows of a picture, (h, w) or (h, w, 2), at another (width, height)."""
    height = picture.shape[0]
    first, last, _ = rows.indices(size[1])
    if last - first < size[1]:
        places = (np.arange(first, last) + 0.5) * (height / size[1]) - 0.5
        above = np.floor(places).astype(int)
        share = (places - above).astype(np.float32).reshape(-1, *(1,) * (picture.ndim - 1))
        upper, lower = (picture[np.clip(row, 0, height - 1)] for row in (above, above + 1))
        picture = upper + (lower - upper) * share
    return cv2.resize(picture, (size[0], last - first), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _agreement(there: Floats, back: Floats) -> Floats:
    """Return how far the way there and the way back agree: 0 to 1; 0 outside of the picture."""
    height, width = there.shape[:2]
    back = seen_through(there, back)
    allowed = _AGREEING_SHARE * (_squares(there) + _squares(back)) + _AGREEING_PX2
    agreed: Floats = np.clip(2 - _squares(there + back) / allowed, 0, 1)
    inside: Any = cv2.inRange(_ends(there), (-0.5, -0.5), (width - 0.5, height - 0.5))
    agreed *= inside > 0
    return agreed


def _without(field: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Set a field to zero where a mask (h, w) is set, in place."""
    # Pairs as one number each: a mask over the pairs themselves takes ten times as long.
    np.putmask(field.view(np.complex64)[..., 0], mask, 0)
    return field


def _squares(field: Floats) -> Floats:
    """Return the squares of lengths, (h, w)."""  # no sum over the short axis: ten times as long
    squares: Floats = np.square(field[..., 0]) + np.square(field[..., 1])
    return squares


def _ends(field: Floats) -> Floats:
    """Return where a field points to, (h, w, 2)."""
    ends: Floats = field + _places(*field.shape[:2])
    return ends


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> Floats:
    """(height, width, 2): x and y of each pixel."""
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = np.arange(width, dtype=np.float32)
    places[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    places.flags.writeable = False
    return places
