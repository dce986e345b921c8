"""What a style is made of, in numbers and words that a person can read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stylize.library.palette import Swatch, rgb_to_lab
from stylize.library.records import Match, StyleRecord
from stylize.styles import SEEN, StyleVector

if TYPE_CHECKING:
    from stylize.library.catalogue import StyleCatalogue

# The four layers of a style vector, from fine to coarse, and their shares of its channels
# (relu1_1 has 64, relu2_1 128, relu3_1 256, relu4_1 512).
SCALES = ("grain", "strokes", "patterns", "shapes")
_SHARES = (1, 2, 4, 8)


@dataclass(frozen=True)
class StyleAccount:
    """What the vector and the thumbnail of a style tell about it.

    Attributes:
        palette: The main colours and their shares.
        contrast: Standard deviation of the lightness (0..100); None without a thumbnail.
        colorfulness: Mean chroma in Lab; None without a thumbnail.
        texture: For each scale from grain to shapes, how strongly the style varies there compared
            with the bundled styles: 1 is average. Empty if the vector has no such layers.
        neighbors: The most similar other styles; empty for a stale style.
    """

    palette: tuple[Swatch, ...]
    contrast: float | None
    colorfulness: float | None
    texture: dict[str, float]
    neighbors: tuple[Match, ...]

    @property
    def words(self) -> str:
        """The account as one sentence."""
        parts = []
        if self.contrast is not None and self.colorfulness is not None:
            parts.append(_word(self.contrast, 14, 24, "low", "medium", "strong") + " contrast")
            parts.append(
                _word(self.colorfulness, 14, 28, "muted", "moderate", "vivid") + " colours"
            )
        if self.texture:
            fine, coarse = (
                np.mean([self.texture[s] for s in part]) for part in (SCALES[:2], SCALES[2:])
            )
            parts.append(
                _word(float(fine), 0.85, 1.15, "little", "average", "much") + " fine texture"
            )
            parts.append(
                _word(float(coarse), 0.85, 1.15, "weak", "average", "bold") + " large shapes"
            )
        return ", ".join(parts).capitalize() + "." if parts else ""


def _word(value: float, low: float, high: float, *words: str) -> str:
    return words[0] if value < low else words[2] if value > high else words[1]


def layer_energies(vector: StyleVector) -> dict[str, float] | None:
    """The mean standard deviation of each layer's channels, or None if it has no four layers."""
    values = vector.values[:SEEN]
    channels = values.size // 2
    if values.size % 2 or channels % sum(_SHARES):
        return None
    ends = np.cumsum(_SHARES) * (channels // sum(_SHARES))
    deviations = np.split(values[channels:], ends[:-1])
    return {scale: float(part.mean()) for scale, part in zip(SCALES, deviations, strict=True)}


def describe_style(library: StyleCatalogue, name: str, neighbors: int = 5) -> StyleAccount:
    """Give an account of one style: see `StyleAccount`.

    Raises:
        StyleNotFoundError: There is no style of that name.
    """
    record = library.get(name)
    contrast, colorfulness = _light(record)
    return StyleAccount(
        record.palette,
        contrast,
        colorfulness,
        {} if record.stale else _texture(library, record),
        () if record.stale else tuple(library.search(name, neighbors)),
    )


def _light(record: StyleRecord) -> tuple[float | None, float | None]:
    if not record.thumbnail:
        return None, None
    with Image.open(io.BytesIO(record.thumbnail)) as image:
        lab = rgb_to_lab(np.asarray(image.convert("RGB")))
    chroma = np.linalg.norm(lab[..., 1:], axis=-1).mean()
    return round(float(lab[..., 0].std()), 1), round(float(chroma), 1)


def _texture(library: StyleCatalogue, record: StyleRecord) -> dict[str, float]:
    own = layer_energies(record.vector)
    others = [layer_energies(other.vector) for other in library.list(bundled=True)]
    if own is None or not others:
        return {}
    average = {scale: np.mean([energy[scale] for energy in others if energy]) for scale in SCALES}
    return {scale: round(own[scale] / float(average[scale] or 1), 2) for scale in SCALES}
