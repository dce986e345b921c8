"""Revising: what happens between a painting and one of twice its size.

The enlarged painting gets the finest octave of what the content shows; the network paints over
that; and of the result only the finest octave is kept, so that the large picture, scaled down, is
the small one. :mod:`stylize.training.levels` does the same in torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

Bytes = NDArray[np.uint8]

HALO_PX = 8  # surroundings that a revision needs beside the network's own
_MIDDLE = 128  # stands for a difference of 0 in a picture of differences
_REACH_PX = 4  # of the bicubic kernel, in pixels of the smaller picture


class Enlarged:
    """A painting in twice its size, enlarged part by part: the whole would take four times as much.

    Attributes:
        size: (width, height), of which twice the painting's may be cut off by a pixel.
    """

    def __init__(self, painting: Image.Image, size: tuple[int, int]) -> None:
        """Enlarge.

        Args:
            painting: RGB.
            size: Wanted (width, height); any part of it comes out the same only if these are twice
                the painting's, or one less.
        """
        if any(
            2 * small - large not in (0, 1)
            for small, large in zip(painting.size, size, strict=True)
        ):
            raise ValueError(f"{size} is not twice {painting.size}")
        self._painting = painting
        self.size = size

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part (left, top, right, bottom)."""
        width, height = self._painting.size
        left, top = (max(0, at // 2 - _REACH_PX) for at in box[:2])
        right = min(width, -(-box[2] // 2) + _REACH_PX)
        bottom = min(height, -(-box[3] // 2) + _REACH_PX)
        part = self._painting.crop((left, top, right, bottom))
        # Twice exactly: Pillow then has the same weights at every place.
        large = part.resize((2 * part.width, 2 * part.height), Image.Resampling.BICUBIC)
        return large.crop(
            (box[0] - 2 * left, box[1] - 2 * top, box[2] - 2 * left, box[3] - 2 * top)
        )


def enlarge(painting: Image.Image, size: tuple[int, int]) -> Image.Image | Enlarged:
    """Enlarge a painting to a size, at most twice its own."""
    try:
        return Enlarged(painting, size)
    except ValueError:
        return painting.resize(size, Image.Resampling.BICUBIC)


def lay_over(under: Bytes, content: Bytes, detail: float) -> Bytes:
    """Give an enlarged painting what the content shows in the finest octave.

    Args:
        under: (h, w, 4) RGBX, the enlarged painting; sides even.
        content: (h, w, 4) RGBX.
        detail: Share of the content's octave.
    """
    if detail == 0:
        return under
    picture = _picture(content)
    octave = ImageChops.subtract(picture, _low_pass(picture), 1 / detail, _MIDDLE)
    return _bytes(ImageChops.add(_picture(under), octave, 1, -_MIDDLE))


def keep_coarse(painted: Bytes, under: Bytes, share: float = 1.0) -> Bytes:
    """Give a revised painting all but its finest octave from the painting below.

    Args:
        painted: (h, w, 4) RGBX, revised; sides even.
        under: (h, w, 4) RGBX.
        share: Of the revised painting in the result; the rest is the painting below.
    """
    revised, below = _picture(painted), _picture(under)
    change = _low_pass(ImageChops.subtract(below, revised, 1, _MIDDLE))
    result = ImageChops.add(revised, change, 1, -_MIDDLE)
    return _bytes(result if share == 1 else Image.blend(below, result, share))


def _low_pass(picture: Image.Image) -> Image.Image:
    """Take the finest octave away; the same as :func:`stylize.training.levels.low_pass`."""
    return picture.reduce(2).resize(picture.size, Image.Resampling.BILINEAR)


def _picture(pixels: Bytes) -> Image.Image:
    size = (pixels.shape[1], pixels.shape[0])
    return Image.frombuffer("RGBX", size, np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1)


def _bytes(picture: Image.Image) -> Bytes:
    return np.asarray(picture)
