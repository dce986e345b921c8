"""The tones of a picture: how its colours are distributed along axes of colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TONES = 32  # quantiles of each axis
LUMA = (0.299, 0.587, 0.114)
# Axes of colour of about the same reach: light, red to green, yellow to blue, and between any two.
_OPPONENTS = np.array([LUMA, (1, -1, 0), (0.5, 0.5, -1)], np.float32)
_MIXED = [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)]
TONE_AXES = np.concatenate([_OPPONENTS, np.array(_MIXED, np.float32) / 2**0.5 @ _OPPONENTS])


def style_tones(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the quantiles of the colours of (S, h, w, 3) pictures on the axes, (S, 9, 32)."""
    at = (np.arange(TONES) + 0.5) / TONES
    found = np.empty((len(pictures), len(TONE_AXES), TONES), np.float32)
    for index, picture in enumerate(pictures):
        colors = picture[::2, ::2].reshape(-1, 3) @ TONE_AXES.T
        found[index] = np.quantile(colors, at, axis=0).T / 255
    return found
