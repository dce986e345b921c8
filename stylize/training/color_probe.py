"""Which colours a style has, read from its vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stylize.matrices import matrix_power
from stylize.style_colors import NUMBERS, QUANTILES
from stylize.training.ridge import fit_ridge, packed
from stylize.training.tones import TONE_AXES, TONES

_RIDGE = 100.0


def color_numbers(tones: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what :meth:`stylize.style_colors.StyleColors.of` takes.

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
    weights, bias = fit_ridge(vectors, numbers, _RIDGE)
    return packed(np.vstack([weights, bias]))
