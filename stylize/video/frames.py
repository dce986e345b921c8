"""Frames on their way: those that wait, and those that the network has painted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize.video.flow import Way, flow_size
from stylize.video.memory import Painted
from stylize.video.moving import twice_as_fine
from stylize.video.source import PixelSource, pixels_of
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


_NOWHERE = Way.nowhere(0, 0)


@dataclass
class Frame:
    """A frame.

    Attributes:
        source: Of its pixels.
        size: (width, height) of them.
        time_s: Of the film.
        small: (h, w, 3), at the size of the flow.
        gray: (h, w).
        came: From the frame before to this one.
        went: From this frame to the one before.
        back: From this frame to the last key frame.
        begins_shot: The one before has nothing to do with it.
        usual_change: What the finder of cuts knows, from this frame on.
    """

    source: PixelSource
    size: tuple[int, int]
    time_s: float
    small: Bytes
    gray: Bytes
    came: Way
    went: Way
    back: Way
    begins_shot: bool = False
    usual_change: float = 0.0

    @classmethod
    def of(cls, source: PixelSource, time_s: float) -> Frame:
        """Return a frame that came from nowhere."""
        pixels = pixels_of(source)
        small, gray = made_small(pixels)
        here = Way.nowhere(*gray.shape)
        return cls(source, pixels.shape[1::-1], time_s, small, gray, here, here, here)

    def forget_ways(self) -> None:
        """Let go of the ways, each of which is a fifth of a frame of 1080p."""
        self.came = self.went = self.back = _NOWHERE

    @property
    def pixels(self) -> Bytes:
        """(H, W, 3) RGB."""
        return pixels_of(self.source)


def made_small(pixels: Bytes) -> tuple[Bytes, Bytes]:
    """Return a frame at the size of the flow, (h, w, 3) in colours and (h, w) in grey."""
    size = flow_size(pixels.shape[1::-1])
    small: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    gray: Any = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return small, gray


@dataclass(frozen=True)
class Key:
    """A key frame.

    Attributes:
        frame: What was painted.
        result: (H, W, 3), painted.
        painted: What it remembers.
        shown: (h, w, 3) float32: what the content showed where its paint comes from.
        look: That it was painted in.
        lag: Share of its paint that may be of another look.
    """

    frame: Frame
    result: Bytes
    painted: Painted
    shown: Floats
    look: Look
    lag: float = 0.0

    @cached_property
    def fine(self) -> Bytes:
        """(2 H, 2 W, 4), what is seen of it, twice as fine: to be moved."""
        raw = self.painted.raw  # the same, if no colours were seen to
        is_raw = raw is not None and np.array_equal(np.asarray(raw), self.result)
        return self.painted.fine if is_raw else twice_as_fine(self.result)
