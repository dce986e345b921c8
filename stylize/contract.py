"""What every engine that runs a model must agree on: the numbers beside its graphs.

They are written into model.json by the export and checked when a model is opened, so that an
engine in another language paints the same pictures.
"""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize.contrast import NUMBERS as CONTRAST_NUMBERS
from stylize.style_colors import NUMBERS, StyleColors

LEAST_SEEN = 0.02  # added to what is seen of a style before its logarithm is taken


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The numbers of a model.

    Attributes:
        vector_length: Of its style vectors.
        style_side_px: A style is encoded at the area of a square of this side.
        draft_side_px: Longer side of a draft at stroke size 1; see :mod:`stylize.plan`.
        grid_px: Sides of what the graphs see are multiples of this.
        margin_px: Mirrored picture around the real one. The network paints differently near its
            zero padding; this keeps most of that out of the picture.
        revision_margin_px: The same around what is revised: of that only the finest octave is kept.
        halo_px: Surroundings that a tile needs, a multiple of the grid.
        tile_pixels: Of a tile with its halo, at most.
        region_tile_pixels: The same where regions have styles of their own: maps of
            affines take some 200 bytes a pixel.
        thumbnail_min_px: The content's statistics are measured at half its size, but not below
            this longer side.
        thumbnail_max_px: Nor above this one.
        max_zoom: Largest zoom between picture and thumbnail that is corrected for.
        revision_share: Of what the network paints into the finest octave of a revision; the rest is
            the content's detail on the painting below.
        ground_levels: Standard deviation of the ground at brushwork 1, in levels of 255.
        calm_style: Calm share of a style, see :meth:`calm_share`, from which on it gets the least
            ground.
        least_brushwork: Share of the ground that such a style gets.
        calming_share: How much of what is painted into calm areas is smoothed where there is no
            ground.
        calming_reach: So many times the calm share of the style is the share of a picture that is
            smoothed at most.
        calming_least: How much is smoothed there in every style, as long as no more brushwork is
            asked for.
        calming_least_reach: Share of a picture that is smoothed so at most.
        calming_flat: How much is smoothed everywhere in a style whose calm share is ``flat_style``
            or more, less down to three fifths of that.
        flat_style: See there.
        recoloring_share: How much of a broad difference from the colours that the content has in
            the style is taken away; see :mod:`stylize.recoloring`.
        posterizing_share: How much of a style of a few inks is parted into ink and paper; see
            :mod:`stylize.posterizing`.
        ink_style: Share of inks of a style, see :meth:`ink_share`, from which on all of that is
            done; less down to seven tenths of it.
        contrast_share: How much of the contrast that a painting lacks beside its style is given to
            it; see :mod:`stylize.contrast`.
        contrast_at: Where in a style vector its contrast begins, see :meth:`style_contrast`; 0 if
            it holds none.
        ground_seed: Of the ground that is put under calm areas.
        int8_index: Activation whose peak tells for which pictures 8 bits are too few.
        int8_limit: The peak from which on they are painted in FP32.
        calm_weights: Of the first numbers of a style vector, float16 in little-endian base64: see
            :meth:`calm_share`; none if empty.
        calm_bias: Added to them.
        color_weights: (N + 1, 18) of the first N numbers of a style vector and of a 1, packed like
            those: see :meth:`style_colors`; none if empty.
        ink_weights: (N + 1,) of the logarithms of the first N numbers of a style vector and of a 1,
            packed like those: see :meth:`ink_share`; none if empty.
    """

    vector_length: int
    halo_px: int
    style_side_px: int = 512
    draft_side_px: int = 512
    grid_px: int = 8
    margin_px: int = 48
    revision_margin_px: int = 24
    tile_pixels: int = 2_500_000
    region_tile_pixels: int = 500_000
    thumbnail_min_px: int = 256
    thumbnail_max_px: int = 512
    max_zoom: float = 16.0
    revision_share: float = 0.5
    ground_levels: float = 10.0
    calm_style: float = 0.16
    least_brushwork: float = 0.1
    calming_share: float = 0.0
    calming_reach: float = 1.5
    calming_least: float = 0.0
    calming_least_reach: float = 0.4
    calming_flat: float = 0.0
    flat_style: float = 0.25
    recoloring_share: float = 0.0
    posterizing_share: float = 0.0
    ink_style: float = 0.28
    contrast_share: float = 0.0
    contrast_at: int = 0
    ground_seed: int = 1
    int8_index: int = 0
    int8_limit: float = math.inf
    calm_weights: str = ""
    calm_bias: float = 0.0
    color_weights: str = ""
    ink_weights: str = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name in _PROBES:
                continue
            value = getattr(self, item.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            whole = number and (item.type == "float" or isinstance(value, int))
            if not whole or not 0 <= value <= _LARGEST.get(item.name, 10**9):
                raise ValueError(f"{item.name} of the contract cannot be {value!r:.40}")
        for name in ("halo_px", "margin_px", "revision_margin_px", "draft_side_px"):
            if getattr(self, name) % max(1, self.grid_px):
                raise ValueError(f"{name} of the contract must be a multiple of grid_px")
        for name in ("grid_px", "vector_length", "style_side_px", "draft_side_px", "tile_pixels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of the contract must be at least 1")
        if self.contrast_at and self.contrast_at + CONTRAST_NUMBERS > self.vector_length:
            raise ValueError("contrast_at of the contract is not within its vectors")
        for name in ("calm_style", "flat_style", "ink_style"):
            if not getattr(self, name):
                raise ValueError(f"{name} of the contract must be above 0")
        probes = (
            ("calm", self._calm_weights),
            ("color", self._color_weights),
            ("ink", self._ink_weights),
        )
        for name, weights in probes:
            if weights is None:
                raise ValueError(f"{name}_weights of the contract cannot be read")
        if not math.isfinite(self.calm_bias):
            raise ValueError("calm_bias of the contract cannot be read")

    @cached_property
    def _calm_weights(self) -> NDArray[np.float32] | None:
        weights = _unpacked(self.calm_weights)
        return None if weights is None or len(weights) > self.vector_length else weights

    @cached_property
    def _color_weights(self) -> NDArray[np.float32] | None:
        weights = _unpacked(self.color_weights)
        if weights is None or len(weights) % NUMBERS:
            return None
        rows = weights.reshape(-1, NUMBERS)
        return None if len(rows) > self.vector_length + 1 else rows

    @cached_property
    def _ink_weights(self) -> NDArray[np.float32] | None:
        weights = _unpacked(self.ink_weights)
        return None if weights is None or len(weights) > self.vector_length + 1 else weights

    def calm_share(self, vector: NDArray[np.float32]) -> float:
        """Return the share of a style that is calm, such as bare paper, from 0 to 1.

        Args:
            vector: (vector_length,) of the style.
        """
        weights = self._calm_weights
        if weights is None or not len(weights):
            return 0.0
        root = float(vector[: len(weights)] @ weights) + self.calm_bias
        return min(1.0, max(0.0, root) ** 2)

    def style_colors(self, vector: NDArray[np.float32]) -> StyleColors | None:
        """Return which colours a style has, if the model can tell.

        Args:
            vector: (vector_length,) of the style.
        """
        weights = self._color_weights
        if weights is None or not len(weights):
            return None
        numbers = vector[: len(weights) - 1] @ weights[:-1] + weights[-1]
        return _colors_of(numbers.astype(np.float64).tobytes())

    def style_contrast(self, vector: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return how much the octaves of a style vary, if its vector tells.

        Args:
            vector: (vector_length,) of the style.

        Returns:
            (10,), see :func:`stylize.contrast.contrast_of`.
        """
        at = self.contrast_at
        return vector[at : at + CONTRAST_NUMBERS].astype(np.float64) if at else None

    def ink_share(self, vector: NDArray[np.float32]) -> float:
        """Return how much a style is made of a few even inks, from 0 to 1.

        Args:
            vector: (vector_length,) of the style.
        """
        weights = self._ink_weights
        if weights is None or not len(weights):
            return 0.0
        seen = np.log(np.maximum(vector[: len(weights) - 1], 0) + np.float32(LEAST_SEEN))
        return min(1.0, max(0.0, float(seen @ weights[:-1] + weights[-1])) ** 2)

    @classmethod
    def from_dict(cls, record: Any) -> Contract:
        """Read what :meth:`to_dict` wrote.

        Raises:
            ValueError: A number is missing or cannot be.
        """
        if not isinstance(record, dict):
            raise ValueError(f"the contract is no object but {record!r:.40}")
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        if values.get("int8_limit", 0) is None:
            values["int8_limit"] = math.inf
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"the contract is incomplete ({error})") from error

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, which has no infinity: None stands for it."""
        record = asdict(self)
        if math.isinf(self.int8_limit):
            record["int8_limit"] = None
        return record


@lru_cache(maxsize=64)  # the same object for the same style
def _colors_of(numbers: bytes) -> StyleColors:
    return StyleColors.of(np.frombuffer(numbers))


def _unpacked(text: str) -> NDArray[np.float32] | None:
    """Return numbers of 16 bits in little-endian base64, or None if that is not what it is."""
    try:
        numbers = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
    except (TypeError, ValueError):
        return None
    return numbers if bool(np.isfinite(numbers).all()) else None


_PROBES = ("calm_weights", "calm_bias", "color_weights", "ink_weights")

_LARGEST: dict[str, float] = {
    "revision_share": 1,
    "calming_share": 1,
    "calming_reach": 100,
    "calming_least": 1,
    "calming_least_reach": 1,
    "calming_flat": 1,
    "recoloring_share": 1,
    "posterizing_share": 1,
    "ink_style": 1,
    "contrast_share": 1,
    "grid_px": 64,
    "margin_px": 512,
    "revision_margin_px": 512,
    "halo_px": 2048,
    "draft_side_px": 4096,
    "style_side_px": 2048,
    "vector_length": 16_384,
    "int8_index": 100,
    "int8_limit": math.inf,
}
