"""Colours after the painting: keep those of the content, or take only the palette of the style.

Two different tools for two different questions:

* `keep_colors` works pixel by pixel in luma and chroma of the sRGB values. Luma is linear in them,
  so the exchange is exact, whole strips of a large picture can be done one by one, and 512 x 512 px
  take a few milliseconds. OKLab was tried instead: over ten times slower, and side by side the
  results could not be told apart (mean difference of its lightness below 0.02 of 1).
* `ColorTransfer` moves one distribution of colours onto another. That is a question of how colours
  look to people, so it is answered in OKLab; the answer is a smooth function of the colour alone,
  so it is tabulated once on a 33 x 33 x 33 grid and looked up for every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stylize.color_table import color_table
from stylize.images import fit_within, resize_image
from stylize.matrices import least_motion

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

# Rec. 709 weights of the luma of sRGB values.
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

# Rows are worked through in strips of about this many pixels: they stay in the processor's cache.
_STRIP_PIXELS = 65_536

_GRID = 33  # points of the table along each channel; every eighth value of a byte
_SAMPLE_SIDE_PX = 128  # statistics do not need more pixels than that
# The spread of colours is raised to this (OKLab) before it is divided by: a grey photograph must
# not have its noise blown up to the colours of the style.
_MIN_SPREAD = 0.02


def keep_colors(stylized: Bytes, content: Bytes, amount: float) -> Bytes:
    """Move the colours of a stylized image towards those of its content, the brightness kept.

    At 1 the result has the luma of the stylized image and the chroma (colour minus luma) of the
    content; in between the chroma is mixed. Where a colour does not exist at a brightness, it is
    made paler until it does, so the luma stays exact.

    Args:
        stylized: (H, W, 3) uint8.
        content: (H, W, 3) uint8. Strips of the same rows may be passed instead of whole pictures.
        amount: From 0, the colours of the stylized image, to 1, those of the content.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ValueError: The shapes differ or ``amount`` is not in 0..1.
    """
    if stylized.shape != content.shape or stylized.ndim != 3 or stylized.shape[2] != 3:
        raise ValueError(f"two (H, W, 3) arrays expected: {stylized.shape}, {content.shape}")
    _check_amount(amount)
    if amount == 0:
        return stylized
    result = np.empty_like(stylized)
    for rows in _strips(stylized.shape):
        _keep_colors_strip(stylized[rows], content[rows], amount, result[rows])
    return result


def _keep_colors_strip(stylized: Bytes, content: Bytes, amount: float, out: Bytes) -> None:
    # One plane for each channel: NumPy is many times faster along long axes.
    painted = np.ascontiguousarray(stylized.reshape(-1, 3).T, np.float32)  # (3, N)
    chroma = np.ascontiguousarray(content.reshape(-1, 3).T, np.float32)
    luma = _LUMA @ painted  # (N,)
    chroma -= _LUMA @ chroma
    if amount < 1:
        painted -= luma
        chroma *= amount
        painted *= 1 - amount
        chroma += painted
    # The largest share of the chroma that fits between black and white at this luma.
    most = np.maximum(np.maximum(chroma[0], chroma[1]), chroma[2])
    least = np.minimum(np.minimum(chroma[0], chroma[1]), chroma[2])
    share = np.minimum((255 - luma) / np.maximum(most, 1e-3), luma / np.maximum(-least, 1e-3))
    chroma *= np.minimum(share, 1, out=share)
    chroma += luma
    chroma += 0.5  # rounded by the conversion below, which cuts off
    out[...] = chroma.T.reshape(out.shape)


@dataclass(frozen=True, eq=False)
class ColorStatistics:
    """Where the colours of a picture lie, in OKLab.

    Attributes:
        mean: (3,) float64: lightness 0..1, green to red and blue to yellow about -0.4..0.4.
        covariance: (3, 3) float64.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, image: Image.Image) -> ColorStatistics:
        """Measure a picture (RGB or RGBA); transparent pixels do not count."""
        size = fit_within(image.size, _SAMPLE_SIDE_PX)
        small = resize_image(image, size, Image.Resampling.BOX)
        pixels = np.asarray(small.convert("RGBA")).reshape(-1, 4)
        colors = srgb_to_oklab(pixels[:, :3]).astype(np.float64)
        weights = pixels[:, 3].astype(np.float64)
        if weights.sum() == 0:
            weights[:] = 1
        mean = np.average(colors, axis=0, weights=weights)
        centred = colors - mean
        covariance = (centred * weights[:, None]).T @ centred / weights.sum()
        return cls(mean, covariance)


@dataclass(frozen=True, eq=False)
class ColorTransfer:
    """Moves the colours of one picture to the distribution of another's.

    The linear map between the two means and covariances that moves colours the least
    (Monge-Kantorovich): dark stays dark and what was the reddest stays the reddest.

    Attributes:
        source: Statistics of the picture to be recoloured.
        target: Statistics of the picture whose colours are taken.
    """

    source: ColorStatistics
    target: ColorStatistics

    def apply(self, image: Image.Image) -> Image.Image:
        """Recolour a picture (RGB or RGBA) or any part of it; the transparency is kept."""
        return image.filter(self._table)

    @cached_property
    def _table(self) -> ImageFilter.Color3DLUT:
        matrix = least_motion(self.source.covariance, self.target.covariance, _MIN_SPREAD**2)

        def moved(colors: NDArray[np.float64]) -> Floats:
            centred = srgb_to_oklab(colors.astype(np.float32)) - self.source.mean
            return oklab_to_srgb((centred @ matrix.T + self.target.mean).astype(np.float32))

        return color_table(moved, _GRID)


def match_colors(image: Image.Image, reference: Image.Image, amount: float = 1.0) -> Image.Image:
    """Give a picture the mean and spread of the colours of another.

    Args:
        image: RGB or RGBA.
        reference: RGB or RGBA, any size.
        amount: From 0, unchanged, to 1, fully matched.

    Returns:
        The recoloured picture, of the mode and size of ``image``.

    Raises:
        ValueError: ``amount`` is not in 0..1.
    """
    _check_amount(amount)
    if amount == 0:
        return image
    transfer = ColorTransfer(ColorStatistics.of(image), ColorStatistics.of(reference))
    matched = transfer.apply(image)
    return matched if amount == 1 else Image.blend(image, matched, amount)


def apply_palette(
    content: Image.Image,
    stylized: Image.Image,
    texture: float = 0.0,
    *,
    transfer: ColorTransfer | None = None,
) -> Image.Image:
    """Take only the palette of a style, without its texture, or part of the texture.

    Args:
        content: RGB or RGBA.
        stylized: The content stylized, of the same mode and size: it holds the palette.
        texture: From 0, the content in the colours of the style, to 1, the stylized image.
        transfer: From the colours of the content to those of the stylized image; needed if the two
            pictures are only strips of larger ones. Default: measured on the two.

    Returns:
        The picture, of the same mode and size.

    Raises:
        ValueError: ``texture`` is not in 0..1 or modes or sizes differ.
    """
    _check_amount(texture)
    if (content.mode, content.size) != (stylized.mode, stylized.size):
        raise ValueError("content and stylized image must have the same mode and size")
    if texture == 1:
        return stylized
    palette = transfer.apply(content) if transfer else match_colors(content, stylized)
    return palette if texture == 0 else Image.blend(palette, stylized, texture)


# ------------------------------------------------------------------------------------------ OKLab
# Björn Ottosson, "A perceptual color space for image processing" (2020).

_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_LMS_INVERSE = np.linalg.inv(_LMS.astype(np.float64)).astype(np.float32)
_LAB_INVERSE = np.linalg.inv(_LAB.astype(np.float64)).astype(np.float32)


def srgb_to_oklab(colors: NDArray[np.uint8] | Floats) -> Floats:
    """(N, 3) sRGB values in 0..255 to (N, 3) OKLab: lightness 0..1 and two colour axes."""
    values = colors.astype(np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    lab: Floats = np.cbrt(linear @ _LMS.T) @ _LAB.T
    return lab


def oklab_to_srgb(colors: Floats) -> Floats:
    """(N, 3) OKLab to (N, 3) float32 sRGB in 0..255; colours that do not exist are clipped."""
    linear = ((colors @ _LAB_INVERSE.T) ** 3) @ _LMS_INVERSE.T
    linear = linear.clip(0, 1)
    values = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    srgb: Floats = (values * 255).astype(np.float32)
    return srgb


# ---------------------------------------------------------------------------------------- helpers


def _strips(shape: tuple[int, ...]) -> list[slice]:
    rows = max(1, _STRIP_PIXELS // shape[1])
    return [slice(top, top + rows) for top in range(0, shape[0], rows)]


def _check_amount(amount: float) -> None:
    if not 0 <= amount <= 1:
        raise ValueError(f"expected a number from 0 to 1; got {amount}")
