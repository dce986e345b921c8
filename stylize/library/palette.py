"""The main colours of a picture, and how close two palettes are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from stylize.errors import ControlError

PALETTE_SIZE = 6
# The distance (see `_perceived`) within which a paint passes for the colour that was asked for.
NEAR_COLOR = 26.0
_MIN_SHARE = 0.03
_ROUNDS = 12

_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = _RGB_TO_XYZ.sum(axis=1)


class Swatch(NamedTuple):
    """A colour ("#rrggbb") and its share of the picture, 0..1."""

    color: str
    share: float


def rgb_to_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert sRGB, (..., 3) uint8, to CIE Lab (D65), (..., 3) float32."""
    table = np.arange(256) / 255.0
    linear = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)[rgb]
    xyz = linear @ _RGB_TO_XYZ.T / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )
    return lab.astype(np.float32)


def _perceived(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lab for comparing colours by name: hue counts most, lightness and vividness less.

    Paints are duller than the pure colours that people name: the blue of a night sky must be near
    "navy", and nearer than any grey.
    """
    chroma = np.linalg.norm(lab[..., 1:], axis=-1, keepdims=True)
    vividness = 25 * np.log1p(chroma / 10) / np.maximum(chroma, 1e-6)
    stretched: NDArray[np.float32] = np.concatenate(
        [0.6 * lab[..., :1], vividness * lab[..., 1:]], -1
    )
    return stretched


def extract_palette(image: Image.Image) -> tuple[Swatch, ...]:
    """Find up to `PALETTE_SIZE` main colours of an RGB picture: k-means in Lab, deterministic.

    Returns:
        Colours with their shares of the picture, the largest first; shares sum to about 1.
    """
    small = image.convert("RGB")
    small.thumbnail((64, 64), Image.Resampling.BOX)
    rgb = np.asarray(small).reshape(-1, 3)
    lab = rgb_to_lab(rgb)
    centres = _farthest_colors(lab)
    labels = np.zeros(len(lab), dtype=np.intp)
    for _ in range(_ROUNDS):
        labels = np.linalg.norm(lab[:, None] - centres[None], axis=2).argmin(axis=1)
        used = [i for i in range(len(centres)) if (labels == i).any()]
        new_centres = np.stack([lab[labels == i].mean(axis=0) for i in used])
        if len(new_centres) == len(centres) and np.allclose(new_centres, centres, atol=0.1):
            break
        centres = new_centres
    labels = np.linalg.norm(lab[:, None] - centres[None], axis=2).argmin(axis=1)
    swatches = []
    for i in range(len(centres)):
        members = rgb[labels == i]
        if len(members) >= _MIN_SHARE * len(rgb):
            r, g, b = members.mean(axis=0).round().astype(int)
            swatches.append(Swatch(f"#{r:02x}{g:02x}{b:02x}", round(len(members) / len(rgb), 4)))
    return tuple(sorted(swatches, key=lambda swatch: (-swatch.share, swatch.color)))


def _farthest_colors(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Starting centres: the mean colour, then always the colour farthest from those chosen."""
    centres = [lab.mean(axis=0)]
    while len(centres) < PALETTE_SIZE:
        gaps = np.linalg.norm(lab[:, None] - np.stack(centres)[None], axis=2).min(axis=1)
        if gaps.max() < 2:  # fewer colours than that in the picture
            break
        centres.append(lab[gaps.argmax()])
    return np.stack(centres)


def parse_colors(colors: Sequence[str]) -> NDArray[np.float32]:
    """Turn colours such as "#1d3557" or "gold" into points to compare, (K, 3) float32.

    Raises:
        ControlError: One of them is no colour.
    """
    rgb = []
    for color in colors:
        try:
            rgb.append(ImageColor.getrgb(color.strip())[:3])
        except ValueError:
            raise ControlError(
                f'"{color}" is not a colour. Give one as "#1d3557" or by an English name.'
            ) from None
    return _perceived(rgb_to_lab(np.array(rgb, dtype=np.uint8).reshape(-1, 3)))


# A palette as it is stored and compared in bulk: always PALETTE_SIZE swatches, unused ones with
# the share 0. Shares are kept in 1/10000, as exactly as `extract_palette` gives them.
_PACKED = np.dtype([("rgb", "u1", 3), ("share", "<u2")])


def pack_palette(palette: Sequence[Swatch]) -> bytes:
    """A palette as PALETTE_SIZE * 5 bytes."""
    packed = np.zeros(PALETTE_SIZE, _PACKED)
    for i, swatch in enumerate(palette[:PALETTE_SIZE]):
        packed[i] = (ImageColor.getrgb(swatch.color)[:3], round(10_000 * swatch.share))
    return packed.tobytes()


def unpack_palette(data: bytes) -> tuple[Swatch, ...]:
    """The palette that `pack_palette` packed."""
    return tuple(
        Swatch("#{:02x}{:02x}{:02x}".format(*rgb), int(share) / 10_000)
        for rgb, share in np.frombuffer(data, _PACKED)
        if share
    )


def check_packed(data: object) -> None:
    """Raise ValueError if that is nothing that `pack_palette` packed."""
    if not isinstance(data, bytes) or len(data) % _PACKED.itemsize:
        raise ValueError("its palette is damaged")


@lru_cache(maxsize=1)
def _color_table() -> NDArray[np.float32]:
    """`parse_colors` for 32 levels a channel, (32768, 3): close enough, and fast for many."""
    levels = np.arange(32, dtype=np.uint8) * 8 + 4
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    return _perceived(rgb_to_lab(rgb))


def palette_arrays(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Packed palettes ready to compare.

    Returns:
        (N, PALETTE_SIZE, 4) float32: colours as of `parse_colors`, and shares.
    """
    swatches = np.frombuffer(b"".join(packed), _PACKED).reshape(-1, PALETTE_SIZE)
    arrays = np.empty((*swatches.shape, 4), np.float32)
    red, green, blue = (swatches["rgb"][..., i].astype(np.intp) >> 3 for i in range(3))
    arrays[..., :3] = _color_table()[red << 10 | green << 5 | blue]
    arrays[..., 3] = swatches["share"] / np.float32(10_000)
    return arrays


def _distances2(palettes: NDArray[np.float32], color: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances of all swatches to a colour, (N, PALETTE_SIZE).

    Written out, because a sum over an axis of three is several times slower.
    """
    first, second, third = (palettes[:, :, i] - color[i] for i in range(3))
    distances: NDArray[np.float32] = first * first + second * second + third * third
    return distances


def color_gaps(palettes: NDArray[np.float32], colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance from each wanted colour to the nearest colour of each palette.

    Args:
        palettes: (N, PALETTE_SIZE, 4) as from `palette_arrays`.
        colors: (K, 3) as from `parse_colors`.

    Returns:
        (N, K) float32, infinite for empty palettes.
    """
    gaps = np.empty((len(palettes), len(colors)), dtype=np.float32)
    for k, color in enumerate(colors):
        distance = np.sqrt(_distances2(palettes, color))
        gaps[:, k] = np.where(palettes[:, :, 3] > 0, distance, np.inf).min(axis=1)
    return gaps


def palette_similarity(
    palettes: NDArray[np.float32], colors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How well palettes hold the wanted colours: 1 for exactly and in plenty, 0 for not at all.

    Args:
        palettes: (N, PALETTE_SIZE, 4) as from `palette_arrays`.
        colors: (K, 3) as from `parse_colors`.

    Returns:
        (N,) float32: for each wanted colour the share of the picture that is near it (fading
        smoothly with the distance), as a geometric mean over the colours, so that none is missing.
    """
    scores = np.ones(len(palettes), dtype=np.float32)
    for color in colors:
        distance2 = _distances2(palettes, color)
        near = 1 / (1 + distance2 / NEAR_COLOR**2)
        # The square root of the share: a clear accent counts more than its few pixels.
        scores *= (near * np.sqrt(palettes[:, :, 3])).max(axis=1)
    root: NDArray[np.float32] = scores ** np.float32(1 / max(1, len(colors)))
    return root
