"""Which colours a style has: their mean and covariance, and the quantiles of its luma.

Were they two, such as paper and ink, these would follow from that: their shares from the tones
(Otsu, "A threshold selection method from gray-level histograms", 1979), how far they are apart from
the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, as Pillow's
# Tones of a style that are known: these quantiles of its luma.
QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
NUMBERS = 3 + 6 + len(QUANTILES)  # that tell which colours a style has
LEAST_SPREAD = 2.0  # levels of noise
_LEAST_SHARE = 0.1  # of either colour in a style of two


@dataclass(frozen=True, eq=False)
class StyleColors:
    """Which colours a style has, in levels of 255.

    Attributes:
        mean: (3,) of its RGB.
        root: (3, 3), symmetric: the square root of their covariance.
        tones: (9,), ascending: the quantiles of its luma.
    """

    mean: Doubles
    root: Doubles
    tones: Doubles

    @classmethod
    def of(cls, numbers: Doubles) -> StyleColors:
        """Take the numbers that a model tells of a style, which may be a little off.

        Args:
            numbers: (18,): mean, the upper triangle of the root by rows, tones.
        """
        root = np.empty((3, 3))
        rows, columns = np.triu_indices(3)
        root[rows, columns] = root[columns, rows] = numbers[3:9]
        tones = np.maximum.accumulate(numbers[9:].clip(0, 255))
        return cls(numbers[:3].clip(0, 255), root, tones)

    @cached_property
    def covariance(self) -> Doubles:
        """(3, 3) of its RGB, with a little grey noise: there is always something to go by."""
        covariance: Doubles = self.root @ self.root + LEAST_SPREAD**2
        return covariance

    @cached_property
    def by_luma(self) -> Doubles:
        """(3,): how its RGB change with its luma."""
        along = self.covariance @ LUMA
        slope: Doubles = along / (LUMA @ along)
        return slope

    @cached_property
    def dark_share(self) -> float:
        """How much of it would be of the darker one, were its colours two."""
        at = np.linspace(QUANTILES[0], QUANTILES[-1], 99)
        tones = np.interp(at, QUANTILES, self.tones)
        count = np.arange(1, len(tones))
        below, mean = np.cumsum(tones)[:-1], tones.mean()
        above = tones.sum() - below
        between = count * (below / count - mean) ** 2
        between += (len(tones) - count) * (above / (len(tones) - count) - mean) ** 2
        share = (int(between.argmax()) + 1) / len(tones)
        return min(1 - _LEAST_SHARE, max(_LEAST_SHARE, share))

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The luma of the darker and of the lighter one, were its colours two."""
        own, spread = float(LUMA @ self.mean), float(LUMA @ self.covariance @ LUMA) ** 0.5
        odds = (self.dark_share / (1 - self.dark_share)) ** 0.5
        return own - spread / odds, own + spread * odds

    def at(self, luma: Doubles) -> Doubles:
        """Return the colours that it has at (N,) luma, (3, N).

        Between the ends they lie on a line. Beyond they only become lighter or darker: along the
        line, what is lighter than the paper of a print would turn to the hue opposite to the ink's.
        """
        inside = luma.clip(*self.ends)
        line = self.mean[:, None] + np.outer(self.by_luma, inside - LUMA @ self.mean)
        colors: Doubles = line + (luma - inside)
        return colors
