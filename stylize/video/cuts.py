"""Cuts: where a film goes on with another picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_SMALL = (32, 18)
CUT_LEVELS = 12.0  # least change that flow could not explain, in levels of 255
_TIMES_USUAL = 3.0  # and as a multiple of that between the frames before


def change_between(before: Bytes, now: Bytes) -> float:
    """Return how much two frames (h, w, 3) differ as a whole, in levels of 255."""
    a, b = (cv2.resize(part, _SMALL, interpolation=cv2.INTER_AREA) for part in (before, now))
    return float(np.abs(a.astype(np.float32) - b).mean())


class CutFinder:
    """Tells whether a frame begins a new shot.

    Attributes:
        usual: Change between the frames before, in levels of 255.
    """

    def __init__(self, usual: float = 0.0) -> None:
        """Begin with a shot, or in its midst."""
        self.usual = usual

    def is_cut(self, change: float) -> bool:
        """Look at the next frame.

        Args:
            change: Between it and the frame before, moved to where this one has what it shows.
        """
        if change > max(CUT_LEVELS, _TIMES_USUAL * self.usual):
            self.usual = 0.0
            return True
        self.usual = 0.7 * self.usual + 0.3 * change
        return False
