"""Region masks: where in a picture which style is painted.

A mask is a greyscale picture of any size, white (255) where its region is. It is resized to the
content, its edge is softened, and overlapping masks are scaled down so that the weights of all
regions together never exceed 1. What is left to 1 belongs to the base style of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from stylize.errors import ControlError
from stylize.images import Source, load_image, prepare_image
from stylize.messages import say
from stylize.styles import StyleVector

MAX_REGIONS = 6
FEATHER_PX = 8.0
MAX_FEATHER_PX = 1000.0

# A colour of a painted map counts as its own from this share of the picture on; rarer ones are the
# blurred edges between two colours.
_MIN_SHARE = 0.002
# Colours closer than this in every channel (0..255) are one colour that a JPEG made uneven; and up
# to `_SAME_COLOR` too, unless both are so frequent that they must have been painted.
_UNEVEN = 12
_SAME_COLOR = 40
_PAINTED_SHARE = 0.02
# In flat areas the pixels around one differ by no more than this.
_FLAT = 20


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the picture with a style of its own.

    Attributes:
        mask: Greyscale (mode L or 1), any size; white is inside, grey is partly inside.
        style: What is painted there. None: the content stays as it is.
        feather_px: Width over which the edge fades, in pixels of the content; 0: as in the mask.

    Raises:
        ControlError: The mask is empty or not greyscale, or ``feather_px`` is negative or above
            1000.
    """

    mask: Image.Image
    style: StyleVector | None
    feather_px: float = FEATHER_PX

    def __post_init__(self) -> None:
        if not isinstance(self.mask, Image.Image):
            raise TypeError(f"A mask must be a picture; load_mask reads one; got {self.mask!r}.")
        if not all(self.mask.size):
            raise ControlError("A mask must have at least one pixel.")
        if self.mask.mode not in ("L", "1"):
            raise ControlError(
                f"A mask must be greyscale (mode L or 1); this one has the mode {self.mask.mode}. "
                "prepare_mask makes one of any picture, masks_from_colors several of a painted one."
            )
        if not 0 <= self.feather_px <= MAX_FEATHER_PX:
            raise ControlError(
                f"The feather of a mask must be from 0 to {MAX_FEATHER_PX:g} px; "
                f"got {self.feather_px:g}."
            )


def prepare_mask(image: Image.Image) -> Image.Image:
    """Make a mask of any picture: of its transparency if it has any, else of its brightness.

    Args:
        image: A picture of any mode and size.

    Returns:
        Mode L, white inside the region.

    Raises:
        ImageError: The picture is damaged or too large.
    """
    prepared = prepare_image(image, min_side_px=1)
    if prepared.mode == "RGBA":
        alpha = prepared.getchannel("A")
        if alpha.getextrema() != (255, 255):
            return alpha
    return prepared.convert("L")


def load_mask(source: Source) -> Image.Image:
    """Read a mask from a picture file; see `prepare_mask`.

    Raises:
        ImageError: The file cannot be read as a picture.
    """
    return prepare_mask(load_image(source, min_side_px=1))


def invert_mask(mask: Image.Image) -> Image.Image:
    """The mask of everything outside: "background only" of a subject's mask, and the reverse."""
    return ImageChops.invert(mask.convert("L"))


def masks_from_colors(
    image: Image.Image, *, max_colors: int = MAX_REGIONS + 1
) -> dict[tuple[int, int, int], Image.Image]:
    """Split a picture painted in flat colours into one mask for each colour.

    Blurred edges and the unevenness of JPEG go to the nearest of the main colours. Transparent
    pixels belong to no mask.

    Args:
        image: The painted picture, any mode and size.
        max_colors: The most colours that it may have; the default is one for each region and one
            for the base style.

    Returns:
        Mask (mode L, of the picture's size) by colour (red, green, blue in 0..255), the colour
        with the largest area first. Empty if the picture is fully transparent.

    Raises:
        ControlError: The picture has more main colours than ``max_colors``.
        ImageError: The picture is damaged or too large.
    """
    prepared = prepare_image(image, min_side_px=1)
    opaque = None
    if prepared.mode == "RGBA":
        opaque = prepared.getchannel("A").point(lambda value: 255 if value >= 128 else 0)
        prepared = prepared.convert("RGB")
    colors = _main_colors(prepared, opaque)
    if len(colors) > max_colors:
        raise ControlError(say("mask_colours", number=len(colors), most=max_colors))
    if not colors:
        return {}
    nearest = _nearest_color(np.asarray(prepared), colors)
    if opaque is not None:
        nearest[np.asarray(opaque) == 0] = len(colors)
    areas = np.bincount(nearest.ravel(), minlength=len(colors) + 1)
    order = sorted(range(len(colors)), key=lambda index: (-areas[index], colors[index]))
    return {
        colors[index]: Image.fromarray(np.where(nearest == index, np.uint8(255), np.uint8(0)))
        for index in order
    }


def check_count(regions: Sequence[Region]) -> None:
    """Raise ControlError if there are more than `MAX_REGIONS` regions."""
    if len(regions) > MAX_REGIONS:
        raise ControlError(say("regions_limit", most=MAX_REGIONS, number=len(regions)))


def grid_weights(
    regions: Sequence[Region],
    size: tuple[int, int],
    grid: tuple[int, int],
    *,
    factor: int,
    offset: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """The weight of each region at each cell of a padded, coarser grid over the content.

    The content lies in a grid of whole pixels that may be larger than it (padding); a cell covers
    ``factor`` x ``factor`` of them and gets the mean of their weights. In the padding the masks go
    on as at the border of the content.

    Args:
        regions: K regions.
        size: (width, height) of the content in pixels.
        grid: (width, height) of the padded grid in pixels, multiples of ``factor``.
        factor: Pixels for one cell in each direction: 4 and 8 for the scales of the network.
        offset: (left, top): where in the grid the content begins.

    Returns:
        (K, grid height / factor, grid width / factor) float32 in 0..1, summing to at most 1 over K.

    Raises:
        ControlError: There are more than `MAX_REGIONS` regions.
        ValueError: The grid is no multiple of ``factor`` or does not hold the content.
    """
    check_count(regions)
    if grid[0] % factor or grid[1] % factor:
        raise ValueError(f"the grid {grid} is no multiple of {factor}")
    after = (grid[0] - offset[0] - size[0], grid[1] - offset[1] - size[1])
    if min(*offset, *after) < 0:
        raise ValueError(f"content of {size} at {offset} does not fit into the grid {grid}")
    weights = np.empty((len(regions), grid[1] // factor, grid[0] // factor), np.float32)
    for weight, region in zip(weights, regions, strict=True):
        mask = np.asarray(_soft_mask(region, size))
        padded = np.pad(mask, ((offset[1], after[1]), (offset[0], after[0])), mode="edge")
        weight[...] = np.asarray(Image.fromarray(padded).reduce(factor))
    weights /= 255.0
    total = weights.sum(axis=0)
    weights /= np.maximum(total, 1.0, out=total)
    return weights


def content_weight(regions: Sequence[Region], masks: Sequence[Image.Image]) -> NDArray[np.float32]:
    """How much of the content stays at each pixel: the regions that have no style.

    The same as the sum of their `grid_weights` with a factor of 1.

    Args:
        regions: All regions of the picture, with and without a style; at least one.
        masks: Their `soft_masks`, or the same part of each of them.

    Returns:
        (H, W) float32 in 0..1.
    """
    kept = np.zeros((masks[0].height, masks[0].width), np.float32)
    total = np.zeros_like(kept)
    for region, soft in zip(regions, masks, strict=True):
        mask = np.asarray(soft)
        total += mask
        if region.style is None:
            kept += mask
    kept /= np.maximum(total, 255.0, out=total)
    return kept


def soft_masks(regions: Sequence[Region], size: tuple[int, int]) -> list[Image.Image]:
    """The masks of regions as large as the content (width, height), with soft edges, mode L."""
    return [_soft_mask(region, size) for region in regions]


def _soft_mask(region: Region, size: tuple[int, int]) -> Image.Image:
    mask = region.mask.convert("L")
    if mask.size != size:  # bilinear: its weights are never negative, so there is no ringing
        mask = mask.resize(size, Image.Resampling.BILINEAR)
    if region.feather_px > 0:
        # A Gaussian edge goes from 2 % to 98 % over four standard deviations.
        mask = mask.filter(ImageFilter.GaussianBlur(region.feather_px / 4))
    return mask


def _main_colors(image: Image.Image, opaque: Image.Image | None) -> list[tuple[int, int, int]]:
    """The flat colours of a painted picture, the most frequent first."""
    image = image.copy()
    image.thumbnail((1024, 1024), Image.Resampling.NEAREST)  # enough to count; adds no colours
    counted = np.ones((image.height, image.width), bool)
    if opaque is not None:
        counted = np.asarray(opaque.resize(image.size, Image.Resampling.NEAREST)) > 0
    # The mixed colours of blurred edges do not count, as long as there is anything but edges.
    high, low = (
        np.asarray(image.filter(rank(3))) for rank in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    flat = counted & ((high - low).max(axis=-1) <= _FLAT)
    pixels = np.asarray(image)[flat if flat.sum() > 0.1 * counted.sum() else counted]
    if len(pixels) == 0:
        return []
    packed, counts = np.unique(
        pixels.astype(np.int32) @ np.array([65536, 256, 1]), return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)[order]
    counts = counts[order]
    main: list[tuple[int, int, int]] = []
    while len(colors):
        distance = np.abs(colors - colors[0]).max(axis=1)
        near = distance <= _UNEVEN
        near |= (distance <= _SAME_COLOR) & (counts < _PAINTED_SHARE * len(pixels))
        if counts[near].sum() >= _MIN_SHARE * len(pixels) or not main:
            red, green, blue = colors[0].tolist()
            main.append((red, green, blue))
        colors, counts = colors[~near], counts[~near]
    return main


def _nearest_color(
    pixels: NDArray[np.uint8], colors: Sequence[tuple[int, int, int]]
) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W) uint8: the index of the nearest colour, in strips to save memory."""
    nearest = np.empty(pixels.shape[:2], np.uint8)
    rows = max(1, 1_000_000 // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        strip = pixels[top : top + rows].astype(np.int32)
        distances = np.stack([((strip - color) ** 2).sum(axis=-1) for color in colors])
        nearest[top : top + rows] = distances.argmin(axis=0)
    return nearest


def style_weights(regions: Sequence[Region], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of those regions that have a style, of the weights of all.

    Where a region keeps part of the content, the styles share what is left as they would share
    the whole: no base style shines through between a style and a kept region beside it.

    Args:
        regions: K regions.
        weights: (K, height, width), their `grid_weights`.
    """
    keeps = np.array([region.style is None for region in regions])
    painted = 1 - weights[keeps].sum(axis=0)
    styles: NDArray[np.float32] = weights[~keeps] / np.maximum(painted, 1e-3)
    return styles


def shrunk(regions: Sequence[Region], factor: float) -> list[Region]:
    """Regions of a picture of which a smaller one is painted: their edges are as wide in it."""
    return [
        replace(region, feather_px=min(MAX_FEATHER_PX, region.feather_px * factor))
        for region in regions
    ]


def mix_pictures(pictures: Sequence[Image.Image], weights: NDArray[np.float32]) -> Image.Image:
    """Mix the pictures of K styles.

    Args:
        pictures: RGB, all of one size; the first is that of the base style.
        weights: (K - 1, height, width), of the others, summing to at most 1.
    """
    base = np.asarray(pictures[0], np.float32)
    mixed = base.copy()
    for picture, weight in zip(pictures[1:], weights, strict=True):
        mixed += weight[..., None] * (np.asarray(picture, np.float32) - base)
    return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))
