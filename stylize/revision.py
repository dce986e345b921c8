"""Revising: what happens between a painting and one of twice its size.

The enlarged painting gets the finest octave of what the content shows; the network paints over
that; and of the result, mixed with what it painted over, only the finest octave is kept, so that
the large picture, scaled down, is the small one. :mod:`stylize.training.levels` does the same in
torch, without the mixing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]

HALO_PX = 8  # surroundings that a revision needs beside the network's own
_STEPS = 64  # of shares, 2 ** 6: differences times a gain of 2 still fit into 16 bits
_BAND_ROWS = 32
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
        detail: Share of the content's octave, 0 to 2, in steps of 1/64.
    """
    gain = round(_STEPS * detail)
    if gain == 0:
        return under
    result = np.empty_like(under)
    for rows, coarse in _enlarged_bands(_halved(content)):
        octave = np.subtract(content[rows], coarse, out=coarse)
        _scale(octave, gain)
        octave += under[rows]
        result[rows] = np.clip(octave, 0, 255, out=octave)
    return result


def keeps_any(share: float) -> bool:
    """Tell whether :func:`keep_coarse` takes anything of what was painted at such a share."""
    return round(_STEPS * share) > 0


def keep_coarse(painted: Bytes, seen: Bytes, under: Bytes, share: float = 1.0) -> Bytes:
    """Give a revised painting all but its finest octave from the painting below.

    Args:
        painted: (h, w, 4) RGBX, revised; sides even.
        seen: (h, w, 4) RGBX, what was painted over: from :func:`lay_over`.
        under: (h, w, 4) RGBX, the enlarged painting.
        share: Of the revised painting in the result, 0 to 1 in steps of 1/64; the rest is what was
            painted over.
    """
    gain = round(_STEPS * share)
    result = np.empty_like(painted)
    for rows, change in _enlarged_bands(_sharpened(_halved(under) - _halved(painted))):
        change += painted[rows]
        np.clip(change, 0, 255, out=change)
        if gain != _STEPS:
            change -= seen[rows]
            _scale(change, gain)
            change += seen[rows]
        result[rows] = change
    return result


def _halved(pixels: Bytes) -> Shorts:
    """Return the means of squares of four pixels, (h / 2, w / 2, 4)."""
    size = (pixels.shape[1], pixels.shape[0])
    picture = Image.frombuffer("RGBX", size, np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1)
    return np.asarray(picture.reduce(2)).astype(np.int16)


def _sharpened(pixels: Shorts) -> Shorts:
    """Return (h, w, 4) with twice what enlarging and halving it takes away.

    Once enlarged, its halves then are nearly what it was.
    """
    rows = pixels.reshape(len(pixels), -1)
    across = 6 * rows
    across[:, 4:] += rows[:, :-4]
    across[:, :4] += rows[:, :4]
    across[:, :-4] += rows[:, 4:]
    across[:, -4:] += rows[:, -4:]
    blurred = 6 * across
    blurred[1:] += across[:-1]
    blurred[0] += across[0]
    blurred[:-1] += across[1:]
    blurred[-1] += across[-1]
    blurred += 32
    blurred >>= 6
    return 2 * pixels - blurred.reshape(pixels.shape)


def _scale(values: Shorts, gain: int) -> None:
    if gain != _STEPS:
        values *= gain
        values += _STEPS // 2
        values >>= 6


def _enlarged_bands(pixels: Shorts) -> Iterator[tuple[slice, Shorts]]:
    """Enlarge (h, w, 4) twofold and linearly, in bands of rows that stay in the processor's cache.

    Each new value is (9 a + 3 b + 3 c + d + 8) // 16 of the four around it; borders are repeated.
    The same as :func:`stylize.training.levels.low_pass` after halving. Not by Pillow, which takes
    longer, since it enlarges by any factor.

    Yields:
        Rows of the result, and what they hold, (rows, 2 w, 4).
    """
    height = len(pixels)
    framed = np.concatenate([pixels[:1], pixels, pixels[-1:]])
    for top in range(0, height, _BAND_ROWS):
        bottom = min(height, top + _BAND_ROWS)
        yield slice(2 * top, 2 * bottom), _enlarged(framed[top : bottom + 2])


def _enlarged(framed: Shorts) -> Shorts:
    """Enlarge (h + 2, w, 4) to (2 h, 2 w, 4); the first and the last row are surroundings."""
    height, width, channels = framed.shape
    rows = framed.reshape(height, -1)
    # Whole rows of numbers are added, and a pixel is moved as one number: single pixels are slow.
    left, right = 3 * rows, 3 * rows
    left[:, channels:] += rows[:, :-channels]
    left[:, :channels] += rows[:, :channels]
    right[:, :-channels] += rows[:, channels:]
    right[:, -channels:] += rows[:, -channels:]
    wide = np.empty((height, width, 2), np.uint64)
    wide[:, :, 0], wide[:, :, 1] = left.view(np.uint64), right.view(np.uint64)
    rows = wide.view(np.int16).reshape(height, -1)
    inner = 3 * rows[1:-1]
    inner += 8
    large = np.empty((height - 2, 2, rows.shape[1]), np.int16)
    np.add(inner, rows[:-2], out=large[:, 0])
    np.add(inner, rows[2:], out=large[:, 1])
    large >>= 4
    return large.reshape(2 * (height - 2), 2 * width, channels)
