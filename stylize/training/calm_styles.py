"""How calm a style is, read from its vector: ink on paper and flat colour leave places empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stylize.training.ridge import fit_ridge, packed
from stylize.training.tones import LUMA

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
        return {"calm_weights": packed(self.weights), "calm_bias": round(self.bias, 5)}


def calm_share(picture: NDArray[np.uint8]) -> float:
    """Return the share of calm cells of a picture, (h, w, 3); sides multiples of 8."""
    height, width = (side // _CELL_PX for side in picture.shape[:2])
    luma = picture @ np.array(LUMA, np.float32)
    cells = luma.reshape(height, _CELL_PX, width, _CELL_PX).std(axis=(1, 3))
    return float((cells < _CALM_DEVIATION).mean())


def fit_calm_probe(vectors: NDArray[np.float32], shares: NDArray[np.float32]) -> CalmProbe:
    """Fit the probe by ridge regression.

    Args:
        vectors: (S, 1920), what the loss network sees.
        shares: (S,), the styles' shares of calm cells.
    """
    roots = np.sqrt(shares, dtype=np.float64)
    weights, bias = fit_ridge(vectors, roots, _RIDGE)
    return CalmProbe(weights, float(bias))
