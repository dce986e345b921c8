"""What ties the painting of one frame of a film to the frames before it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.measurement import Measurement

Doubles = NDArray[np.float64]


class Continuity(Protocol):
    """Sees a picture while it is painted, level by level, and may steady what it sees.

    Level 0 is the draft, the others are its revisions, from small to large.
    """

    def known(self, level: int) -> Measurement | None:
        """Return the affines to paint a level with, if the picture need not be measured."""

    def measured(self, level: int, measurement: Measurement) -> Measurement:
        """Return the affines to paint a level with, given those of this picture alone."""

    def steadied(self, name: str, numbers: Doubles) -> Doubles:
        """Return the numbers to choose colours by, given those of this picture alone.

        Args:
            name: Of them; see :func:`stylize.recoloring.recolor`,
                :func:`stylize.posterizing.posterize` and
                :func:`stylize.contrast.raise_contrast`.
            numbers: (N,).
        """

    def painted(self, level: int, painting: Image.Image) -> Image.Image:
        """Return what is to stand for a painted level, RGB of the same size."""
