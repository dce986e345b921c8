"""How alike two styles are: the measure behind the search for similar styles.

Style vectors are brought to points on the unit sphere; the similarity of two styles is the cosine
of their points. What differs between crops of one painting is no difference in style, so the
directions in which such crops scatter are divided by that scatter. Of the measures compared by
`benchmarks/retrieval.py` (crops of one painting must find each other) this one is the best.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize.styles import SEEN, StyleVector

_VERSION = 2
POINT_SIZE = 128
# Added to the scatter in each direction, as a share of its mean: a few dozen paintings say little
# about the smallest directions, and dividing by almost nothing would only amplify noise.
_SHRINKAGE = 0.3
_MIN_STYLES = 8


class References(NamedTuple):
    """Paintings from which a measure learns, each seen whole and in several crops.

    Attributes:
        identity: Names encoder and pictures; stored points are valid as long as it is the same.
        values: (S, V, D) float32: S paintings, V views of each, D values of the style vector.
    """

    identity: str
    values: NDArray[np.float32]


class Measure:
    """Maps style vectors of one encoder to unit points.

    The map is fixed by the bundled styles, not by the user's own, so similarities do not move when
    a style is added and points can be stored.
    """

    def __init__(
        self, encoder_sha256: str, dimension: int, references: References | None = None
    ) -> None:
        """Fit the map.

        Args:
            encoder_sha256: The encoder whose vectors it is for.
            dimension: The number of values in these vectors, D.
            references: What to learn from. Without at least a handful of paintings the points are
                the vectors themselves with their range compressed.
        """
        self.encoder_sha256 = encoder_sha256
        self.dimension = dimension
        self.point_size = min(dimension, SEEN)
        self._centre: NDArray[np.float32] = np.zeros(self.point_size, np.float32)
        self._map: NDArray[np.float32] | None = None
        seed = f"{_VERSION} {encoder_sha256}"
        if references is not None and len(references.values) >= _MIN_STYLES:
            self._fit(_roots(references.values).astype(np.float64))
            seed += f" {references.identity}"
        self.id = hashlib.sha256(seed.encode()).hexdigest()[:16]

    def _fit(self, features: NDArray[np.float64]) -> None:
        """Principal directions of all views, then whitening of the scatter within paintings."""
        dimension = features.shape[-1]
        # Channels on one scale; those that are almost always silent must not become loud.
        scale = np.sqrt((features**2).mean(axis=(0, 1)))
        scale = np.maximum(scale, 1e-3 * scale.mean() + 1e-12)
        features = features / scale
        centre = features.mean(axis=(0, 1))
        centred = (features - centre).reshape(-1, dimension)
        # By way of the small matrix of inner products: a singular value decomposition of the
        # wide one takes seconds.
        energies, mixes = np.linalg.eigh(centred @ centred.T)
        kept = np.flatnonzero(energies > 1e-9 * energies[-1])[-POINT_SIZE:]
        axes = centred.T @ mixes[:, kept] / np.sqrt(energies[kept])
        scatter = (features - features.mean(axis=1, keepdims=True)).reshape(-1, dimension) @ axes
        variances, directions = np.linalg.eigh(scatter.T @ scatter / len(scatter))
        whitening = directions / np.sqrt(variances + _SHRINKAGE * variances.mean() + 1e-12)
        self._map = (axes @ whitening / scale[:, None]).astype(np.float32)
        self._centre = (centre * scale).astype(np.float32)
        self.point_size = self._map.shape[1]

    def points(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map style vectors to points.

        Args:
            values: (N, dimension) float32.

        Returns:
            (N, point_size) float32 of length 1.
        """
        points = _roots(values) - self._centre
        if self._map is not None:
            points = points @ self._map
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (points / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit

    def points_of(self, vectors: list[StyleVector]) -> NDArray[np.float32]:
        """The points of some vectors, (N, point_size); zeros for those that do not fit."""
        points = np.zeros((len(vectors), self.point_size), np.float32)
        usable = [i for i, vector in enumerate(vectors) if self.fits(vector)]
        if usable:
            points[usable] = self.points(np.stack([vectors[i].values for i in usable]))
        return points

    def fits(self, vector: StyleVector) -> bool:
        """Whether the vector was made by this measure's encoder and has its length."""
        return vector.encoder_sha256 == self.encoder_sha256 and vector.values.size == self.dimension


def _roots(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compress the range of what the loss network sees: deep features are heavy-tailed."""
    values = values[..., :SEEN]
    roots: NDArray[np.float32] = np.sign(values) * np.sqrt(np.abs(values))
    return roots
