"""Patches: parts of frames that no key frame can show, painted by themselves.

Something moves too fast there for the flow, a hand or water. The patch is painted in the scale and
with the affines of the whole picture, so that it fits in, and laid over softly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.measurement import Measurement
from stylize.plan import seen_side_px
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

MOST_TORN = 0.0008  # share of a frame that no key frame can show and that does not show
_TORN_TRUST = 0.25  # of both key frames; less, all around, is torn
_TORN_PX = 7  # of what is around, at the size of the flow
_TORN_SHARE = 0.7
_MARGIN_PX = 8  # around what is torn, at the size of the flow
_LEAST_SHARE = 0.27  # of the longer side of a picture: strokes can be four times as large
_LARGEST_STROKES = 4.0
_LEAST_PX = 64
_MOST_AREA = 0.4  # of a picture; more is not worth while
# Up to so many times the size of a draft, what its revision adds is not seen in what moves fast.
_NEARLY_DRAFT = 1.5
_WHOLE_TRUST = 0.5  # from which on nothing of a patch is seen


@dataclass(frozen=True)
class Torn:
    """What is torn of a frame.

    Attributes:
        share: Of the picture.
        cover: (h, w) float32, how much of a patch is to be seen, 0 to 1.
        box: Around it, (left, top, right, bottom) as shares of the sides.
    """

    share: float
    cover: Floats
    box: tuple[float, float, float, float]

    @classmethod
    def of(cls, trust: Floats) -> Torn:
        """Look where a frame cannot be trusted, (h, w), 0 to 1."""
        height, width = trust.shape
        bad = (trust < _TORN_TRUST).astype(np.float32)
        torn: Any = (cv2.blur(bad, (_TORN_PX, _TORN_PX)) > _TORN_SHARE).astype(np.uint8)
        share = float(torn.mean())
        if share == 0:
            return cls(0.0, np.zeros_like(trust), (0, 0, 0, 0))
        around: Any = cv2.dilate(torn, np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8))
        need = np.clip((_WHOLE_TRUST - trust) / (_WHOLE_TRUST - _TORN_TRUST), 0, 1) * around
        cover: Any = cv2.GaussianBlur(cv2.dilate(need, np.ones((5, 5))), (0, 0), 1.5)
        rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
        box = (
            columns[0] / width,
            rows[0] / height,
            (columns[-1] + 1) / width,
            (rows[-1] + 1) / height,
        )
        return cls(share, cover, box)


class _Fixed:
    """Paints a patch with the affines of a whole picture."""

    def __init__(self, levels: dict[int, Measurement]) -> None:
        self._levels = levels

    def known(self, level: int) -> Measurement | None:
        return self._levels.get(level)

    def measured(self, level: int, measurement: Measurement) -> Measurement:
        return measurement

    def painted(self, level: int, painting: Image.Image) -> Image.Image:
        return painting


@dataclass(frozen=True)
class Patch:
    """A part of a picture that is painted by itself.

    Attributes:
        box: (left, top, right, bottom).
        controls: By which it is painted as the whole is.
    """

    box: Box
    controls: Controls


def patch_of(torn: Torn, size: tuple[int, int], controls: Controls) -> Patch | None:
    """Return what to paint of a picture of a size; None if it would take the whole of it."""
    width, height = size
    least = max(_LEAST_PX, int(_LEAST_SHARE * max(size)))
    left, right = _grown(torn.box[0] * width, torn.box[2] * width, least, width)
    top, bottom = _grown(torn.box[1] * height, torn.box[3] * height, least, height)
    part = right - left, bottom - top
    # The palette of a whole picture is not that of a part.
    if part[0] * part[1] > _MOST_AREA * width * height or controls.texture < 1:
        return None
    stroke_size = controls.stroke_size * seen_side_px(size) / seen_side_px(part)
    if stroke_size > _LARGEST_STROKES:
        return None
    return Patch((left, top, right, bottom), replace(controls, stroke_size=stroke_size))


def mend(
    engine: Engine,
    pixels: Bytes,
    mixed: Bytes,
    torn: Torn,
    look: Look,
    levels: dict[int, Measurement],
) -> Bytes:
    """Paint what is torn of a frame, where that is possible.

    Args:
        engine: That paints.
        pixels: (H, W, 3), the content.
        mixed: (H, W, 3), the frame as its key frames show it.
        torn: Of it.
        look: Of the frame.
        levels: Affines of a key frame.
    """
    size = mixed.shape[1], mixed.shape[0]
    patch = patch_of(torn, size, look.controls)
    if patch is None:
        return mixed
    left, top, right, bottom = patch.box
    part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    fixed = _Fixed(levels)
    is_about_draft = max(size) <= _NEARLY_DRAFT * engine.contract.draft_side_px
    painted = engine.stylize(
        part, look.style, controls=patch.controls, continuity=fixed, fast=is_about_draft
    )
    cover: Any = cv2.resize(torn.cover, size, interpolation=cv2.INTER_LINEAR)
    cover = np.ascontiguousarray(cover[top:bottom, left:right])
    below = np.ascontiguousarray(mixed[top:bottom, left:right])
    mended = mixed.copy()
    mended[top:bottom, left:right] = cv2.blendLinear(np.asarray(painted), below, cover, 1 - cover)
    return mended


def _grown(start: float, stop: float, least: int, side: int) -> tuple[int, int]:
    """Grow a range to a least length, within a side."""
    missing = max(0.0, least - (stop - start)) / 2
    first = max(0, min(int(start - missing), side - least))
    return first, min(side, max(int(stop + missing) + 1, first + least))
