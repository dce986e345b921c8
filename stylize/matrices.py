"""Powers of small symmetric matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def matrix_power(matrix: NDArray[np.float64], exponent: float, floor: float) -> NDArray[np.float64]:
    """A power of a symmetric, positive semi-definite matrix, its eigenvalues at least ``floor``."""
    values, vectors = np.linalg.eigh(matrix)
    result: NDArray[np.float64] = (vectors * np.maximum(values, floor) ** exponent) @ vectors.T
    return result


def least_motion(
    source: NDArray[np.float64], target: NDArray[np.float64], floor: float
) -> NDArray[np.float64]:
    """Return the linear map between two distributions that moves their points the least.

    T = S^-1/2 (S^1/2 R S^1/2)^1/2 S^-1/2 for the covariances S and R, (C, C) each; symmetric
    (Monge-Kantorovich).

    Args:
        source: S; its eigenvalues count as ``floor`` at least, so that noise is not blown up.
        target: R.
        floor: A variance.
    """
    root, inverse = matrix_power(source, 0.5, floor), matrix_power(source, -0.5, floor)
    matrix: NDArray[np.float64] = inverse @ matrix_power(root @ target @ root, 0.5, 0.0) @ inverse
    return matrix
