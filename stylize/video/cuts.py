"""Cuts: where a film goes on with another picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_SMALL = (32, 18)
_CUT_LEVELS = 12.0  # least change that flow could not explain, in levels of 255
_TIMES_USUAL = 3.0  # and as a multiple of that between the frames before


class CutFinder:
    """Tells whether a frame begins a new shot.

    Attributes:
        usual: Change between the frames before, in levels of 255.
    """

    def __init__(self) -> None:
        self.usual = 0.0

    def is_cut(self, before: Bytes, now: Bytes) -> bool:
        """Look at the next frame.

        Args:
            before: (h, w, 3) the frame before, moved to where this one has what it shows.
            now: (h, w, 3) this frame.
        """
        a, b = (cv2.resize(part, _SMALL, interpolation=cv2.INTER_AREA) for part in (before, now))
        change = float(np.abs(a.astype(np.float32) - b).mean())
        if change > max(_CUT_LEVELS, _TIMES_USUAL * self.usual):
            self.usual = 0.0
            return True
        self.usual = 0.7 * self.usual + 0.3 * change
        return False
