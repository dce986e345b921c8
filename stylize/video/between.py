"""Frames between two key frames: what each of them can show there, and the mixture of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize.video.flow import Way, enlarged, lengthened, seen_through, smooth_change
from stylize.video.frames import Frame, Key
from stylize.video.moving import bands, moved_rows, rgb_of

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_CHANGE_LEVELS = 14.0  # change of the content under the paint, in levels of 255, that shows
# Mixed strokes are blurred strokes: every place goes over from one key frame to the next in its own
# short time.
_CHANGE_SHARE = 0.3  # of the time between them
_CHANGE_CELLS = 48  # of places, along the longer side
_LEAST_WEIGHT = np.float32(1e-3)


@dataclass(frozen=True)
class View:
    """What a key frame can show of another frame.

    Attributes:
        key: The key frame.
        field: (h, w, 2), the way there.
        weight: (h, w), how far its paint can be trusted here, 0 to 1.
    """

    key: Key
    field: Floats
    weight: Floats

    @classmethod
    def of(cls, frame: Frame, key: Key, way: Way) -> View:
        """Compare what the way leads to with what there is."""
        change = smooth_change(frame.small, seen_through(way.field, key.frame.small))
        return cls(key, way.field, way.trust * likeness(change))


def mixed(frame: Frame, old: View, new: View, share: float) -> Bytes:
    """Return a frame between two key frames, made of their paint.

    Args:
        frame: What is to be seen.
        old: What the key frame before shows of it.
        new: What the key frame after shows of it.
        share: Of the time between them that has gone, 0 to 1.
    """
    if old.key.look.controls.strength == new.key.look.controls.strength == 0:
        return frame.pixels
    begins = _beginnings(*frame.gray.shape) * np.float32(1 - _CHANGE_SHARE)
    gone = np.clip((np.float32(share) - begins) / np.float32(_CHANGE_SHARE), 0, 1)
    of_old, of_new = old.weight * (1 - gone), new.weight * gone
    weight: Any = (of_old + _LEAST_WEIGHT * (1 - gone)) / (of_old + of_new + _LEAST_WEIGHT)
    pixels = np.empty((*frame.size[::-1], 3), np.uint8)
    fields = [lengthened(view.field, frame.size, 2.0) for view in (old, new)]
    for rows in bands(frame.size):
        first, last = (
            rgb_of(moved_rows(field, view.key.fine, rows))
            for field, view in zip(fields, (old, new), strict=True)
        )
        share_of_old = enlarged(weight, frame.size, rows)
        pixels[rows] = cv2.blendLinear(first, last, share_of_old, 1 - share_of_old)
    return pixels


@lru_cache(maxsize=4)
def _beginnings(height: int, width: int) -> Floats:
    """Return when each place begins to go over to the next key frame, (h, w), 0 to 1.

    All times are equally frequent, and neighbours have about the same: a stroke changes as a whole.
    """
    cell = max(height, width) / _CHANGE_CELLS
    cells = np.random.default_rng(1).random((int(height / cell) + 2, int(width / cell) + 2))
    smooth = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    ranks = np.empty(height * width, np.float32)
    ranks[np.argsort(smooth, axis=None)] = np.linspace(0, 1, height * width, dtype=np.float32)
    return ranks.reshape(height, width)


def ways_on(frames: Sequence[Frame], last: Frame) -> list[Way]:
    """Return the ways on from frames to the one that follows them."""
    ways: list[Way] = []
    for after in reversed([*frames, last][1:]):
        ways.append(after.came.then(ways[-1]) if ways else after.came)
    return ways[::-1]


def likeness(change: Floats) -> Floats:
    """Return 1 where the content shows the same, 0 where it shows something else."""
    likeness: Floats = np.exp(-np.square(change / np.float32(_CHANGE_LEVELS)))
    return likeness
