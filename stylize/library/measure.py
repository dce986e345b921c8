"""How alike two styles are: the measure behind the search for similar styles.

Style vectors are brought to points on the unit sphere; the similarity of two styles is the cosine
of their points. `benchmarks/retrieval.py` compared candidates (crops of one painting must find
each other); its winner is what is written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stylize.styles import StyleVector

_VERSION = 1
# Added to each variance, as a share of their mean: a few dozen styles say little about the
# smallest directions, and dividing by almost nothing would only amplify noise.
_SHRINKAGE = 0.05
_MIN_STYLES = 8


class Measure:
    """Maps style vectors of one encoder to unit points.

    The map is fixed by the reference styles (those that are bundled), not by the user's own, so
    similarities do not move when a style is added and points can be stored.
    """

    def __init__(
        self, encoder_sha256: str, dimension: int, references: Sequence[StyleVector] = ()
    ) -> None:
        """Fit the map.

        Args:
            encoder_sha256: The encoder whose vectors it is for.
            dimension: The number of values in these vectors.
            references: Styles that show how vectors vary. With fewer than a handful the map only
                puts all channels on one scale.
        """
        self.encoder_sha256 = encoder_sha256
        self.dimension = dimension
        self._centre: NDArray[np.float32] = np.zeros(dimension, np.float32)
        self._map: NDArray[np.float32] | None = None
        self.point_size = dimension
        usable = [v for v in references if v.values.size == dimension]
        if len(usable) >= _MIN_STYLES:
            self._fit(_features(np.stack([v.values for v in usable])))
        seed = f"{_VERSION} {encoder_sha256} {sorted(v.sha256 for v in usable)}"
        self.id = hashlib.sha256(seed.encode()).hexdigest()[:16]

    def _fit(self, features: NDArray[np.float32]) -> None:
        """PCA whitening with shrinkage, in float64 because it is done once."""
        centre = features.mean(axis=0, dtype=np.float64)
        _, singular, axes = np.linalg.svd(features - centre, full_matrices=False)
        variances = singular[: len(features) - 1] ** 2 / (len(features) - 1)
        scales = 1 / np.sqrt(variances + _SHRINKAGE * variances.mean() + 1e-12)
        self._centre = centre.astype(np.float32)
        self._map = (axes[: len(scales)] * scales[:, None]).T.astype(np.float32)
        self.point_size = len(scales)

    def points(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map style vectors to points.

        Args:
            values: (N, dimension) float32.

        Returns:
            (N, point_size) float32 of length 1.
        """
        points = _features(values) - self._centre
        if self._map is not None:
            points = points @ self._map
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (points / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit

    def points_of(self, vectors: Sequence[StyleVector]) -> NDArray[np.float32]:
        """The points of some vectors, (N, point_size); zeros for those that do not fit."""
        points = np.zeros((len(vectors), self.point_size), np.float32)
        usable = [i for i, vector in enumerate(vectors) if self.fits(vector)]
        if usable:
            points[usable] = self.points(np.stack([vectors[i].values for i in usable]))
        return points

    def fits(self, vector: StyleVector) -> bool:
        """Whether the vector was made by this measure's encoder and has its length."""
        return vector.encoder_sha256 == self.encoder_sha256 and vector.values.size == self.dimension


def _features(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compress the range: statistics of deep features are heavy-tailed."""
    roots: NDArray[np.float32] = np.sign(values) * np.sqrt(np.abs(values))
    return roots
