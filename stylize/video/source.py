"""What is read: frames with their times, and which of them are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stylize.errors import VideoError
from stylize.images import MAX_PIXELS, MIN_SIDE_PX, fit_within
from stylize.video.transparency import Layers

Bytes = NDArray[np.uint8]
# Pixels, (H, W, 3) RGB, or what makes them when they are needed: a film's own frames take half of
# the memory, and most are not looked at again.
PixelSource = Bytes | Callable[[], Bytes]

USUAL_RATE = Fraction(24)  # of what names none


def pixels_of(source: PixelSource) -> Bytes:
    """Return (H, W, 3) RGB."""
    return source if isinstance(source, np.ndarray) else source()


@dataclass(frozen=True)
class Frame:
    """A frame.

    Attributes:
        source: Of its pixels.
        time: Seconds since the beginning of the file.
        duration: Seconds that it is shown, if the file says so.
        alpha: (H, W), opacity, if it was asked for and there is some.
    """

    source: PixelSource
    time: Fraction
    duration: Fraction | None = None
    alpha: Bytes | None = None

    @property
    def pixels(self) -> Bytes:
        """(H, W, 3) RGB."""
        return pixels_of(self.source)


@dataclass(frozen=True)
class Wanted:
    """Which frames are read, and how large.

    Attributes:
        start_s: Of the first frame.
        end_s: Before this time; None: to the end.
        max_side_px: Limit of the longer side.
        fps: Frames a second at most: others are left out.
    """

    start_s: float = 0.0
    end_s: float | None = None
    max_side_px: int | None = None
    fps: float | None = None


class Film(Protocol):
    """What a film is read from; iterate over it once.

    Attributes:
        size: (width, height) of its frames.
        rate: Frames a second, on average.
        time_base: All times are about multiples of this.
        count: About how many frames there are; None if nobody knows.
        problems: What went wrong while reading, said for the user.
        is_transparent: Its first frame has an opacity; else all others are laid on white.
    """

    size: tuple[int, int]
    rate: Fraction
    time_base: Fraction
    count: int | None
    problems: list[str]
    is_transparent: bool

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Film: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Base:
    """What all films do alike."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        """Take what :func:`stylize.video.reading.open_film` takes."""
        self.path = path
        self.problems: list[str] = []
        self.is_transparent = False
        self._wanted = wanted
        self._layers = layers

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _take_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if min(size) < MIN_SIDE_PX or size[0] * size[1] > MAX_PIXELS:
            raise VideoError(
                f"{self.path} has frames of {size[0]} x {size[1]} px; both sides must be at least "
                f"{MIN_SIDE_PX} px, and {MAX_PIXELS // 10**6} megapixels are the most."
            )
        fitted = fit_within(size, self._wanted.max_side_px)
        if min(fitted) < MIN_SIDE_PX:
            raise VideoError(
                f"Scaled down to {self._wanted.max_side_px} px, {self.path} would be "
                f"{fitted[0]} x {fitted[1]} px; both sides must be at least {MIN_SIDE_PX} px."
            )
        return fitted

    def _take_transparency(self, is_transparent: bool) -> None:
        self.is_transparent = is_transparent
        self._layers.keeps_alpha &= is_transparent

    def _count(self, count: float | None, rate: Fraction) -> int | None:
        """Return how many of so many frames are wanted, about."""
        if count is None:
            return None
        seconds = count / rate
        end = min(seconds, self._wanted.end_s if self._wanted.end_s is not None else seconds)
        return max(1, round((end - self._wanted.start_s) * self._capped(rate)))

    def _capped(self, rate: Fraction) -> Fraction:
        fps = self._wanted.fps
        return rate if fps is None else min(rate, Fraction(fps).limit_denominator(1001))


class Times:
    """Chooses frames by their times: those wanted, always later than the one before."""

    def __init__(self, wanted: Wanted) -> None:
        """Begin with a film."""
        self._wanted = wanted
        self._last: Fraction | None = None
        self._due = Fraction(0)
        self._slack = Fraction(1, 1000)  # times are rounded

    def is_over(self, time: Fraction) -> bool:
        """Whether nothing is wanted from this time on."""
        return self._wanted.end_s is not None and time >= self._wanted.end_s

    def take(self, time: Fraction) -> bool:
        """Whether the frame at this time is wanted; asked once for each, in their order."""
        if time < self._wanted.start_s - float(self._slack):
            return False
        if self._last is not None and time <= self._last:
            return False
        if self._wanted.fps is not None:
            step = 1 / Fraction(self._wanted.fps).limit_denominator(1001)
            if self._last is None:
                self._due = time
            if time < self._due - self._slack:
                return False
            self._due += step * max(1, (time - self._due) // step)
        self._last = time
        return True
