"""Style vectors and their arithmetic.

A style vector holds statistics (per-channel mean and standard deviation) of a style picture's
features: those of the loss network, then those of the network's own small encoder; then its
contrast and its tuning. It is all that the engine keeps of a style: it can be stored, compared and
blended.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stylize.errors import ControlError, StyleVectorError
from stylize.messages import say

# Values of a style vector that tell styles apart: the statistics of the loss network. What follows
# serves painting; it knows palettes above all.
SEEN = 1920
MAX_VALUE = 1e4  # a thousand times what pictures have; beyond, sums and squares overflow


@dataclass(frozen=True, eq=False)
class StyleVector:
    """The statistics of one style, or of a blend of styles.

    Attributes:
        values: (D,) float32, at most `MAX_VALUE` from 0, read-only. Of each encoder first the
            means, then the standard deviations.
        encoder_sha256: SHA-256 of the style encoder file that made it. Vectors of different
            encoders cannot be mixed, compared or applied.
    """

    values: NDArray[np.float32]
    encoder_sha256: str

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)  # a copy: nobody else can change it
        if values.ndim != 1 or values.size == 0:
            raise StyleVectorError(
                f"A style vector must have one dimension and at least one value; "
                f"this one has the shape {values.shape}."
            )
        if not np.isfinite(values).all():
            raise StyleVectorError(
                "The style vector contains NaN or infinite values; encode the style picture again."
            )
        largest = float(np.abs(values).max())
        if largest > MAX_VALUE:
            raise StyleVectorError(
                f"The style vector contains the value {largest:.3g}; those of pictures are below "
                f"{MAX_VALUE:g}. Encode the style picture again."
            )
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StyleVector):
            return NotImplemented
        return self.encoder_sha256 == other.encoder_sha256 and np.array_equal(
            self.values, other.values
        )

    def __hash__(self) -> int:
        return hash((self.encoder_sha256, self.values.tobytes()))

    def tuned(self, tuning: ArrayLike) -> StyleVector:
        """Return the vector with another tuning, which is its last part.

        Args:
            tuning: (T,), what is added to scales and shifts when a draft is painted; see
                :mod:`stylize.training.tuning`.

        Raises:
            ValueError: It is longer than the vector.
        """
        last = np.asarray(tuning, np.float32)
        if last.ndim != 1 or last.size > self.values.size:
            raise ValueError(f"a tuning of the shape {last.shape} does not fit into the vector")
        values = np.concatenate([self.values[: self.values.size - last.size], last])
        return StyleVector(values, self.encoder_sha256)

    @property
    def sha256(self) -> str:
        """SHA-256 of the values as little-endian float32: the identity of the vector."""
        return hashlib.sha256(self.values.astype("<f4").tobytes()).hexdigest()


def normalize_blend(weights: ArrayLike) -> NDArray[np.float64]:
    """Scale the weights of a blend so that they sum to 1.

    Args:
        weights: (K,) finite numbers, none negative, at least one positive.

    Returns:
        (K,) float64 that sums to 1.

    Raises:
        ControlError: A weight is negative or not finite, or all are 0.
    """
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ControlError(say("blend_empty"))
    if not np.isfinite(array).all() or (array < 0).any():
        raise ControlError(say("blend_weights", weights=_numbers(array)))
    largest = array.max()
    if largest == 0:
        raise ControlError(say("blend_zero"))
    # Divided by the largest first: the sum of huge or denormal weights stays a normal number.
    scaled = array / largest
    # fsum is exact: in another order the shares are the same to the last bit.
    shares: NDArray[np.float64] = scaled / math.fsum(scaled)
    return shares


def check_encoder(style: StyleVector, encoder_sha256: str) -> None:
    """Check that an encoder made a style.

    Raises:
        StyleVectorError: Another one did.
    """
    if style.encoder_sha256 != encoder_sha256:
        raise StyleVectorError(
            f"This style was encoded by another style encoder "
            f"({style.encoder_sha256[:12]}…, this engine has {encoder_sha256[:12]}…); "
            f"encode its picture again."
        )


def blend(styles: Sequence[StyleVector], weights: ArrayLike | None = None) -> StyleVector:
    """Mix styles: the weighted mean of their vectors.

    Args:
        styles: K style vectors of one encoder.
        weights: (K,) weights, not negative; they are scaled to sum to 1. Default: equal weights.

    Returns:
        The blend. It does not depend on the order of the styles; a single style is returned as it
        is.

    Raises:
        ControlError: The weights are unusable or their number is not that of the styles.
        StyleVectorError: The styles come from different encoders.
    """
    if weights is None:
        weights = np.ones(len(styles))
    shares = normalize_blend(weights)
    if len(shares) != len(styles):
        raise ControlError(
            f"A blend of {len(styles)} styles needs {len(styles)} weights; got {len(shares)}."
        )
    encoders = {style.encoder_sha256 for style in styles}
    if len(encoders) > 1:
        raise StyleVectorError(
            "The styles to blend were made by different style encoders; "
            "encode their pictures again with one of them."
        )
    lengths = {style.values.size for style in styles}
    if len(lengths) > 1:
        raise StyleVectorError(f"The styles to blend have different lengths: {sorted(lengths)}.")
    used = [(style, share) for style, share in zip(styles, shares, strict=True) if share > 0]
    if len(used) == 1:
        return used[0][0]
    terms = np.stack([style.values.astype(np.float64) * share for style, share in used])
    values = np.fromiter((math.fsum(column) for column in terms.T), dtype=np.float64)
    return StyleVector(values.astype(np.float32), styles[0].encoder_sha256)


def _numbers(array: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:g}" for value in array)
