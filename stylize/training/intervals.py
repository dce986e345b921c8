"""How sure a mean over pairs is, and how orderly a row of numbers rises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

DRAWS = 2000


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that covers the true one with 95 % confidence."""

    mean: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether the mean, of a difference, is not 0 by chance."""
        return self.low > 0 or self.high < 0

    def as_dict(self) -> dict[str, float]:
        """Return the three numbers by name."""
        return {name: round(float(getattr(self, name)), 5) for name in ("mean", "low", "high")}


def bootstrap_mean(
    values: Sequence[float | None],
    contents: Sequence[int],
    styles: Sequence[int],
    *,
    seed: int = 0,
) -> Interval | None:
    """Return the mean over pairs with its interval.

    Pairs with the same content or style are not independent, so contents and styles are drawn anew,
    with replacement, and a pair counts as often as both of its pictures were drawn (Owen, "The
    Pigeonhole Bootstrap", 2007). The interval then is about other pictures, not only other pairs.

    Args:
        values: One for each pair; None is left out.
        contents: Number of each pair's content.
        styles: Number of each pair's style.
        seed: Of the draws.

    Returns:
        None if there is no value.
    """
    pairs = [(v, c, s) for v, c, s in zip(values, contents, styles, strict=True) if v is not None]
    if not pairs:
        return None
    array = np.array([value for value, _, _ in pairs], float)
    rng = np.random.default_rng(seed)
    weights = np.ones((DRAWS, len(pairs)))
    for column in (1, 2):
        numbers, index = np.unique([pair[column] for pair in pairs], return_inverse=True)
        count = len(numbers)
        weights *= rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)[:, index]
    drawn = weights[weights.sum(axis=1) > 0]
    means = drawn @ array / drawn.sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)) if len(means) else (np.nan, np.nan)
    return Interval(float(array.mean()), float(low), float(high))


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Return Spearman's rank correlation, -1 to 1; 0 if one of the rows is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
