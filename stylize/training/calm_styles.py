"""How calm a style is, read from its vector: ink on paper and flat colour leave places empty."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stylize.training.data import LUMA

_CELL_PX = 8
_CALM_DEVIATION = 3.0  # standard deviation of the luma in a calm cell at most, in levels of 255
_RIDGE = 3000.0


@dataclass(frozen=True)
class CalmProbe:
    """A linear probe: its square is the share of calm cells in a style.

    Attributes:
        weights: (1920,) float64, of what the loss network sees in the style.
        bias: Added to it.
    """

    weights: NDArray[np.float64]
    bias: float

    def to_contract(self) -> dict[str, str | float]:
        """Return the contract's values."""
        packed = base64.b64encode(self.weights.astype("<f2").tobytes()).decode()
        return {"calm_weights": packed, "calm_bias": round(self.bias, 5)}


def calm_shares(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of calm cells of (S, h, w, 3) pictures, (S,); sides multiples of 8."""
    height, width = (side // _CELL_PX for side in pictures.shape[1:3])
    shares = []
    for picture in pictures:
        luma = picture @ np.array(LUMA, np.float32)
        cells = luma.reshape(height, _CELL_PX, width, _CELL_PX).std(axis=(1, 3))
        shares.append((cells < _CALM_DEVIATION).mean())
    return np.array(shares)


def fit_calm_probe(vectors: NDArray[np.float32], pictures: NDArray[np.uint8]) -> CalmProbe:
    """Fit the probe by ridge regression.

    Args:
        vectors: (S, 1920), what the loss network sees.
        pictures: (S, h, w, 3), the styles.
    """
    roots = np.sqrt(calm_shares(pictures))
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
    rows = ((vectors - mean) / deviation).astype(np.float64)
    kernel = rows @ rows.T
    kernel[np.diag_indices_from(kernel)] += _RIDGE
    weights = rows.T @ np.linalg.solve(kernel, roots - roots.mean()) / deviation
    return CalmProbe(weights, float(roots.mean() - mean @ weights))
