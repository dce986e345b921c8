"""What a painted frame hands on to the next one that is painted: its affines and its paint."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.measurement import Measurement
from stylize.video.flow import enlarged
from stylize.video.moving import bands, moved, twice_as_fine

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass
class Painted:
    """What is remembered of a frame that the network painted.

    Attributes:
        levels: Affines by level.
        colors: What its colours were chosen by, by name.
        raw: RGB, as painted, before colours were seen to; None if nothing was painted.
    """

    levels: dict[int, Measurement] = field(default_factory=dict)
    colors: dict[str, Doubles] = field(default_factory=dict)
    raw: Image.Image | None = None

    @cached_property
    def fine(self) -> Bytes:
        """(2 H, 2 W, 4), the raw painting twice as fine: to be moved."""
        return twice_as_fine(np.asarray(self.raw))


@dataclass(frozen=True)
class Kept:
    """How much of the frame before stays.

    Attributes:
        field: (h, w, 2), from this frame to that one.
        paint: (h, w), 0 to 1: share of its paint that stays.
        affines: 0 to 1: share of its affines, and of what its colours were chosen by, in the new
            ones; at 1 there is nothing to measure.
    """

    field: Floats
    paint: Floats
    affines: float


class Memory:
    """Ties a frame to the one painted before; a :class:`stylize.continuity.Continuity`.

    The affines are means over time. At every level the painting before, moved to where the frame
    shows what it showed, takes the place of the new one where it stays.

    Attributes:
        now: What is to be remembered of this frame.
    """

    def __init__(self, before: Painted | None = None, kept: Kept | None = None) -> None:
        """Remember nothing, or the frame painted before."""
        self.now = Painted()
        self._before = before
        self._kept = kept
        self._moved: Bytes | None = None

    def known(self, level: int) -> Measurement | None:
        """Return the affines of the frame before where all of them stay."""
        if self._before is None or self._kept is None or self._kept.affines < 1:
            return None
        known = self._before.levels.get(level)
        if known is not None:
            self.now.levels[level] = known
        return known

    def measured(self, level: int, measurement: Measurement) -> Measurement:
        """Return the mean of this frame's affines and those before."""
        old = self._before.levels.get(level) if self._before is not None else None
        if old is not None and self._kept is not None:
            share = np.float32(self._kept.affines)
            measurement = replace(
                measurement,
                quarter=old.quarter * share + measurement.quarter * (1 - share),
                eighth=old.eighth * share + measurement.eighth * (1 - share),
            )
        self.now.levels[level] = measurement
        return measurement

    def steadied(self, name: str, numbers: Doubles) -> Doubles:
        """Return the mean of this frame's numbers and those before."""
        old = self._before.colors.get(name) if self._before is not None else None
        if old is not None and self._kept is not None:
            numbers = numbers + self._kept.affines * (old - numbers)
        self.now.colors[name] = numbers
        return numbers

    def painted(self, level: int, painting: Image.Image) -> Image.Image:
        """Return the painting with the one before laid over, where it stays."""
        if self._kept is not None and self._before is not None and self._before.raw is not None:
            before = self._moved_to(painting.size, self._before.fine, self._kept.field)
            mixed = np.array(painting)
            for rows in bands(painting.size):
                of_before = enlarged(self._kept.paint, painting.size, rows)
                mixed[rows] = cv2.blendLinear(before[rows], mixed[rows], of_before, 1 - of_before)
            painting = Image.fromarray(mixed)
        self.now.raw = painting
        return painting

    def _moved_to(self, size: tuple[int, int], fine: Bytes, way: Floats) -> Bytes:
        if self._moved is None:
            # Paint is moved again and again: the sharpest filter keeps it from blurring.
            self._moved = moved(way, fine, cv2.INTER_CUBIC)
        if self._moved.shape[:2] == size[::-1]:
            return self._moved
        smaller = Image.fromarray(self._moved).resize(size, Image.Resampling.BICUBIC)
        return np.asarray(smaller)
