"""What happens to a painted picture pixel by pixel: detail, palette, colours, kept regions, fading.

Everything is done in place and in strips, so that a picture of any size needs hardly more memory
than itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stylize.color import ColorStatistics, ColorTransfer, apply_palette, keep_colors
from stylize.controls import Controls
from stylize.images import from_arrays, to_arrays
from stylize.regions import Region, content_weight, soft_masks

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Below this strength the painted picture fades into the content, which it can only approach: at
# strength 0 the result is the content itself.
FADE_STRENGTH = 0.25
_STRIP_PIXELS = 500_000
# Fine detail is what a blur of this standard deviation takes away: the grain of strokes, not their
# shape.
_FINE_PX = 2.0
_FINE_REACH_PX = 16  # rows that two such blurs look at, and a few more
# Where fine detail is this strong (mean over the channels, 0..255) half of it is left alone:
# outlines neither blur nor get halos.
_OUTLINE_LEVEL = 20.0


def scale_detail(painted: Image.Image, gain: float) -> None:
    """Smooth the fine detail of a painted picture, or make it crisper; outlines stay.

    A gain inside of the network, on what passes it at 1/4 resolution, does less: it normalises what
    comes after, and where hardly any fine detail is left, coloured noise takes its place.

    Args:
        painted: RGB; changed in place.
        gain: 0 smooth, 1 unchanged, 2 crisp.
    """
    if gain == 1:
        return
    width, height = painted.size
    blur = ImageFilter.GaussianBlur(_FINE_PX)
    above = painted.crop((0, 0, width, 0))  # the rows above a strip, as they were
    for box in _strips(painted.size):
        first, last = max(0, box[1] - _FINE_REACH_PX), min(height, box[3] + _FINE_REACH_PX)
        strip = painted.crop((0, first, width, last))
        strip.paste(above, (0, 0))
        above = strip.crop((0, max(0, box[3] - _FINE_REACH_PX) - first, width, box[3] - first))
        pixels = np.asarray(strip, np.float32)
        fine = pixels - np.asarray(strip.filter(blur))
        level = np.abs(fine).mean(axis=2).astype(np.uint8)
        level = np.asarray(Image.fromarray(level).filter(blur), np.float32)
        fine *= ((gain - 1) / (1 + (level / _OUTLINE_LEVEL) ** 2))[:, :, None]
        rounded = np.rint((pixels + fine).clip(0, 255)).astype(np.uint8)
        painted.paste(Image.fromarray(rounded[box[1] - first : box[3] - first]), box[:2])


def finish(
    painted: Image.Image, content: Image.Image, controls: Controls, regions: Sequence[Region]
) -> None:
    """Apply what works on pixels: palette only, the content's colours, kept regions, fading.

    Args:
        painted: RGB or RGBA; changed in place.
        content: Of the same mode and size.
        controls: Of the picture.
        regions: All regions of the picture.
    """
    fade = np.float32(min(1.0, controls.strength / FADE_STRENGTH))
    keeps = any(region.style is None for region in regions)
    if controls.texture == 1 and controls.color == 0 and fade == 1 and not keeps:
        return
    transfer = None
    if controls.texture < 1:
        transfer = ColorTransfer(ColorStatistics.of(content), ColorStatistics.of(painted))
    masks = soft_masks(regions, content.size) if keeps else []
    for box in _strips(painted.size):
        strip, original = painted.crop(box), content.crop(box)
        if transfer is not None:
            strip = apply_palette(original, strip, controls.texture, transfer=transfer)
        (colors, alpha), (original_colors, _) = to_arrays(strip), to_arrays(original)
        if controls.color > 0:
            colors = keep_colors(colors, original_colors, controls.color)
        if keeps:
            kept = content_weight(regions, [mask.crop(box) for mask in masks])[:, :, None]
            colors = _mix(colors, original_colors, kept + (1 - kept) * (1 - fade))
        elif fade < 1:
            colors = _mix(colors, original_colors, 1 - fade)
        painted.paste(from_arrays(colors, alpha), box[:2])


def _mix(a: Bytes, b: Bytes, share: Floats | np.float32) -> Bytes:
    """Mix two pictures (H, W, 3) by the share of the second, (H, W, 1) or one number."""
    mixed: Bytes = np.rint(a * (1 - share) + b * share).astype(np.uint8)
    return mixed


def _strips(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of whole rows that cover a picture."""
    width, height = size
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)
