"""Patches: parts of frames that no key frame can show, painted by themselves.

Something moves too fast there for the flow, a hand or water. Patches are painted in the scale and
with the affines of the whole picture, so that they fit in, and laid over softly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.measurement import Measurement
from stylize.video.flow import enlarged
from stylize.video.memory import Painted
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Box = tuple[int, int, int, int]

MOST_TORN = 0.0008  # share of a frame that no key frame can show and that does not show
_TORN_TRUST = 0.25  # of both key frames; less, all around, is torn
_TORN_PX = 7  # of what is around, at the size of the flow
_TORN_SHARE = 0.7
_MARGIN_PX = 8  # around what is torn, at the size of the flow
_LEAST_SHARE = 0.1  # of the longer side of a picture, where strokes have their usual size
_LEAST_PX = 64
_MOST_AREA = 0.4  # of a picture; more is not worth while
# What is painted around a patch, and all else that it takes, as a share of the longer side.
_AROUND_SHARE = 0.2
# Up to so many times the size of a draft, what its revision adds is not seen in what moves fast.
_NEARLY_DRAFT = 1.5
_WHOLE_TRUST = 0.5  # from which on nothing of a patch is seen


@dataclass(frozen=True)
class Torn:
    """What is torn of a frame.

    Attributes:
        share: Of the picture.
        cover: (h, w) float32, how much of a patch is to be seen, 0 to 1.
        boxes: Around its parts, each (left, top, right, bottom) as shares of the sides.
    """

    share: float
    cover: Floats
    boxes: tuple[tuple[float, float, float, float], ...]

    @classmethod
    def of(cls, trust: Floats) -> Torn:
        """Look where a frame cannot be trusted, (h, w), 0 to 1."""
        height, width = trust.shape
        bad = (trust < _TORN_TRUST).astype(np.float32)
        torn: Any = (cv2.blur(bad, (_TORN_PX, _TORN_PX)) > _TORN_SHARE).astype(np.uint8)
        share = float(torn.mean())
        if share == 0:
            return cls(0.0, np.zeros_like(trust), ())
        around: Any = cv2.dilate(torn, np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8))
        need = np.clip((_WHOLE_TRUST - trust) / (_WHOLE_TRUST - _TORN_TRUST), 0, 1) * around
        cover: Any = cv2.GaussianBlur(cv2.dilate(need, np.ones((5, 5))), (0, 0), 1.5)
        is_seen = (cover > 0).astype(np.uint8)
        # In 16 bits, which are enough for the size of a flow, it takes less than half of the time.
        _, _, parts, _ = cv2.connectedComponentsWithStats(is_seen, ltype=cv2.CV_16U)
        boxes = tuple(
            (left / width, top / height, (left + across) / width, (top + down) / height)
            for left, top, across, down, _ in parts[1:].tolist()
        )
        return cls(share, cover, boxes)


class _Fixed:
    """Paints a patch with the affines and by the colours of a whole picture."""

    def __init__(self, whole: Painted) -> None:
        self._whole = whole

    def known(self, level: int) -> Measurement | None:
        return self._whole.levels.get(level)

    def steadied(self, name: str, numbers: Doubles) -> Doubles:
        return self._whole.colors.get(name, numbers)

    def measured(self, level: int, measurement: Measurement) -> Measurement:
        return measurement

    def painted(self, level: int, painting: Image.Image) -> Image.Image:
        return painting


def patches_of(torn: Torn, size: tuple[int, int], controls: Controls) -> list[Box] | None:
    """Return what to paint of a picture of a size; None if the whole of it is to be painted."""
    width, height = size
    least = max(_LEAST_PX, int(_LEAST_SHARE * controls.stroke_size * max(size)))
    boxes: list[Box] = []
    for box in torn.boxes:
        left, right = _grown(box[0] * width, box[2] * width, least, width)
        top, bottom = _grown(box[1] * height, box[3] * height, least, height)
        boxes.append((left, top, right, bottom))
    boxes = _joined(boxes, round(_AROUND_SHARE * max(size)))
    # The palette of a whole picture is not that of a part.
    if sum(map(_area, boxes)) > _MOST_AREA * width * height or controls.texture < 1:
        return None
    return boxes


def _joined(boxes: list[Box], around_px: int) -> list[Box]:
    """Join boxes where painting one takes no longer than painting two."""
    for a, b in combinations(boxes, 2):
        both = _around(a, b)
        if _area(both, around_px) <= _area(a, around_px) + _area(b, around_px):
            others = [box for box in boxes if box is not a and box is not b]
            return _joined([*others, both], around_px)
    return boxes


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(box: Box, around_px: int = 0) -> int:
    return (box[2] - box[0] + around_px) * (box[3] - box[1] + around_px)


def mend(
    engine: Engine,
    pixels: Bytes,
    mixed: Bytes,
    torn: Torn,
    look: Look,
    whole: Painted,
) -> Bytes:
    """Paint what is torn of a frame, where that is possible.

    Args:
        engine: That paints.
        pixels: (H, W, 3), the content.
        mixed: (H, W, 3), the frame as its key frames show it.
        torn: Of it.
        look: Of the frame.
        whole: What is remembered of a key frame.
    """
    size = mixed.shape[1], mixed.shape[0]
    fixed = _Fixed(whole)
    is_about_draft = max(size) <= _NEARLY_DRAFT * engine.contract.draft_side_px
    mended = mixed.copy()
    for left, top, right, bottom in patches_of(torn, size, look.controls) or ():
        there = slice(top, bottom), slice(left, right)
        painted = engine.stylize(
            Image.fromarray(np.ascontiguousarray(pixels[there])),
            look.style,
            controls=look.controls,
            continuity=fixed,
            part_of=size,
            fast=is_about_draft,
        )
        below = np.ascontiguousarray(mended[there])
        cover = np.ascontiguousarray(enlarged(torn.cover, size, there[0])[:, left:right])
        mended[there] = cv2.blendLinear(np.asarray(painted), below, cover, 1 - cover)
    return mended


def _grown(start: float, stop: float, least: int, side: int) -> tuple[int, int]:
    """Grow a range to a least length, within a side."""
    missing = max(0.0, least - (stop - start)) / 2
    first = max(0, min(int(start - missing), side - least))
    return first, min(side, max(int(stop + missing) + 1, first + least))
