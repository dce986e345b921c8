"""Powers of small symmetric matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def matrix_power(matrix: NDArray[np.float64], exponent: float, floor: float) -> NDArray[np.float64]:
    """A power of a symmetric, positive semi-definite matrix, its eigenvalues at least ``floor``."""
    values, vectors = np.linalg.eigh(matrix)
    result: NDArray[np.float64] = (vectors * np.maximum(values, floor) ** exponent) @ vectors.T
    return result
