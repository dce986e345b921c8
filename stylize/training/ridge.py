"""Linear probes of style vectors, fitted by ridge regression, and how a contract holds them."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DEAD = 0.1  # channels that move less than this share of the others' mean say nothing


def fit_ridge(rows: NDArray[np.floating], targets: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Fit targets by a linear function of rows, each column in its own deviations.

    Args:
        rows: (S, N).
        targets: (S,) or (S, M).
        ridge: Weight of the squares of the N weights.

    Returns:
        Weights (N,) or (N, M), and what is added, () or (M,).
    """
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    deviation += _DEAD * deviation.mean()
    normal = ((rows - mean) / deviation).astype(np.float64)
    square = normal.T @ normal
    square[np.diag_indices_from(square)] += ridge
    weights = np.linalg.solve(square, normal.T @ (targets - targets.mean(axis=0)))
    weights /= deviation.reshape(-1, *[1] * (weights.ndim - 1))
    return weights, targets.mean(axis=0) - mean @ weights


def packed(numbers: Floats) -> str:
    """Return numbers as a contract holds them: float16, little-endian, in base64."""
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode()
