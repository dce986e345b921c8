"""What was measured of a picture, as affines by which it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Measurement:
    """What the network does to a picture in K styles: one affine a channel.

    Attributes:
        quarter: (K, C, 1, 1) float32, scales and shifts at 1/4 resolution.
        eighth: (K, C, 1, 1) float32, at 1/8 resolution.
        peaks: (K, A) float32, largest values of the activations, by which INT8 chooses its steps.
    """

    quarter: Floats
    eighth: Floats
    peaks: Floats
