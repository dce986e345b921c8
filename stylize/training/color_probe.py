"""Which colours a style has, read from its vector."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from stylize.matrices import matrix_power
from stylize.recoloring import NUMBERS, QUANTILES
from stylize.training.tones import TONE_AXES, TONES

_RIDGE = 100.0
_DEAD = 0.1  # channels that move less than this share of the others' mean say nothing


def color_numbers(tones: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what :meth:`stylize.recoloring.StyleColors.of` takes.

    Args:
        tones: (S, 9, 32), see :func:`stylize.training.tones.style_tones`.

    Returns:
        (S, 18), in levels of 255.
    """
    levels = 255 * tones.astype(np.float64)
    axes = TONE_AXES.astype(np.float64)
    means = np.linalg.lstsq(axes, levels.mean(axis=2).T, rcond=None)[0].T
    # The variance along an axis u is u'Cu: nine of them tell the six numbers of C.
    rows, columns = np.triu_indices(3)
    products = axes[:, rows] * axes[:, columns] * np.where(rows == columns, 1, 2)
    variances = np.linalg.lstsq(products, levels.var(axis=2).T, rcond=None)[0].T
    numbers = np.empty((len(tones), NUMBERS))
    numbers[:, :3] = means
    for index, variance in enumerate(variances):
        covariance = np.empty((3, 3))
        covariance[rows, columns] = covariance[columns, rows] = variance
        numbers[index, 3:9] = matrix_power(covariance, 0.5, 0.0)[rows, columns]
    at = (np.arange(TONES) + 0.5) / TONES
    numbers[:, 9:] = [np.interp(QUANTILES, at, luma) for luma in levels[:, 0]]
    return numbers


def fit_color_probe(vectors: NDArray[np.float32], tones: NDArray[np.float32]) -> str:
    """Fit the contract's ``color_weights`` by ridge regression.

    Args:
        vectors: (S, 1920), what encodes styles sees in them.
        tones: (S, 9, 32), of the same styles.
    """
    numbers = color_numbers(tones)
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    deviation += _DEAD * deviation.mean()
    rows = ((vectors - mean) / deviation).astype(np.float64)
    square = rows.T @ rows
    square[np.diag_indices_from(square)] += _RIDGE
    weights = np.linalg.solve(square, rows.T @ (numbers - numbers.mean(axis=0)))
    weights /= deviation[:, None]
    bias = numbers.mean(axis=0) - mean @ weights
    return base64.b64encode(np.vstack([weights, bias]).astype("<f2").tobytes()).decode()
