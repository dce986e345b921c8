"""How much contrast a style has, read from its vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stylize.training.ridge import fit_ridge, packed

_RIDGE = 100.0


def fit_contrast_probe(vectors: NDArray[np.float32], contrasts: NDArray[np.float32]) -> str:
    """Fit the contract's ``contrast_weights`` by ridge regression: their squares are the levels.

    Args:
        vectors: (S, 1920), what encodes styles sees in them.
        contrasts: (S, 10) of the same styles, see :func:`stylize.contrast.contrast_of`.
    """
    weights, bias = fit_ridge(vectors, np.sqrt(contrasts.astype(np.float64)), _RIDGE)
    return packed(np.vstack([weights, bias]))
