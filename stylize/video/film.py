"""Painting a film: key frames by the network, those between by moving the paint with the picture.

Frames wait until one of them is to be a key frame: when the last one is too long ago, when too much
of the picture is new, at the end of a shot. That frame is painted, tied to the key frame before it.
Then both are moved along the flow to every frame between them, and each shows there what it can be
trusted to show: what is new for the one is old for the other.

What a key frame's paint stands for is remembered with it: what the content showed when a place was
painted moves along with the paint. Where the content still shows that, the paint stays; where
nothing moves either, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.engine import Engine
from stylize.measurement import Measurement
from stylize.video.ahead import read_ahead, worked_ahead
from stylize.video.between import View, mixed, ways_on
from stylize.video.cuts import CutFinder, change_between
from stylize.video.flow import FlowFinder, Way, seen_through
from stylize.video.frames import Frame, Key
from stylize.video.keys import MOST_BETWEEN, MOST_NEW, KeyPainter, most_between
from stylize.video.memory import Painted
from stylize.video.patches import MOST_TORN, Torn, mend, patches_of
from stylize.video.source import PixelSource, pixels_of
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

# So many frames may wait between two threads: those between two key frames come all at once.
_MOST_AHEAD = MOST_BETWEEN + 1
_MOST_AHEAD_BYTES = 19_000_000
# So many threads make frames of key frames, which is the largest part of the work, as long as each
# may have so many frames waiting: large frames take too much memory at once.
_FINISHING, _LEAST_WAITING = 2, 4


@dataclass(frozen=True)
class PaintedFrame:
    """A frame that is done.

    Attributes:
        pixels: (H, W, 3) RGB.
        time_s: Of the film.
        is_key: It was painted by the network, or is the same as the key frame before.
        is_cut: It begins a shot.
    """

    pixels: Bytes
    time_s: float
    is_key: bool
    is_cut: bool


@dataclass(frozen=True)
class _Between:
    """A frame between two key frames that is yet to be made of them.

    Attributes:
        frame: What is to be seen.
        old: What the key frame before shows of it.
        new: What the key frame after shows of it.
        share: Of the time between them that has gone, 0 to 1.
        torn: What neither can show.
    """

    frame: Frame
    old: View
    new: View
    share: float
    torn: Torn


@dataclass(frozen=True)
class _Done:
    """A key frame.

    Attributes:
        key: It.
        is_cut: It begins a shot.
        has_more: Frames before the next one are known already.
    """

    key: Key
    is_cut: bool = False
    has_more: bool = False


class FilmPainter:
    """Paints the frames of one film, one after the other.

    Threads take turns at it: one follows what moves, one paints key frames, and one, or two where
    frames are small, make the frames between them.
    """

    def __init__(
        self, engine: Engine, look: Callable[[float], Look], *, stability: float = 0.8
    ) -> None:
        """Begin a film.

        Args:
            engine: That paints.
            look: Of the frame at a time in seconds.
            stability: 0: every frame for itself; 1: paint stays as long as it can.
        """
        self._engine = engine
        self._look = look
        self._stability = stability
        self._keys = KeyPainter(engine, look, stability)
        self._flow = FlowFinder()
        self._cuts = CutFinder()
        self._start: Key | None = None
        self._left_at: Key | None = None

    def paint(self, frames: Iterable[tuple[PixelSource, float]]) -> Iterator[PaintedFrame]:
        """Paint frames, (H, W, 3) RGB with their times in seconds, in their order.

        They are taken from a thread of their own, some ahead of what is painted.
        """
        frames = iter(frames)
        first = next(frames, None)
        if first is None:
            return
        ahead = min(_MOST_AHEAD, _MOST_AHEAD_BYTES // pixels_of(first[0]).nbytes)
        # Following is quick, and those that are followed take more memory.
        followed = read_ahead(self._follow(chain([first], frames)), max(1, ahead // 2))
        pieces = read_ahead(self._paint_keys(followed), max(1, ahead))
        threads = max(1, min(_FINISHING, ahead // _LEAST_WAITING))
        finished = worked_ahead(self._finished, pieces, threads)
        with closing(read_ahead(finished, 1)) as painted:
            for frame, self._left_at in painted:
                yield frame

    @property
    def can_be_left(self) -> bool:
        """Whether the last frame was a key frame, and none is waiting."""
        return self._left_at is not None

    def state(self) -> dict[str, Any]:
        """Return what it takes to go on behind the last key frame, as arrays."""
        key = self._left_at
        if key is None:
            raise ValueError("a film can be left off only at a key frame")
        state: dict[str, Any] = {
            "pixels": key.frame.pixels,
            "time_s": key.frame.time_s,
            "result": key.result,
            "shown": key.shown,
            "lag": key.lag,
            "usual_change": key.frame.usual_change,
        }
        if key.painted.raw is not None:
            state["raw"] = np.asarray(key.painted.raw)
        for name, numbers in key.painted.colors.items():
            state[f"colors-{name}"] = numbers
        for level, measurement in key.painted.levels.items():
            for name, values in vars(measurement).items():
                state[f"level-{level}-{name}"] = values
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state; one with nothing in it is the end of a shot."""
        if not state:
            return
        levels: dict[int, dict[str, Floats]] = {}
        for name, values in state.items():
            if name.startswith("level-"):
                _, level, part = name.split("-")
                levels.setdefault(int(level), {})[part] = values
        painted = Painted({level: Measurement(**parts) for level, parts in levels.items()})
        for name, values in state.items():
            if name.startswith("colors-"):
                painted.colors[name.removeprefix("colors-")] = values
        if "raw" in state:
            painted.raw = Image.fromarray(state["raw"])
        frame = Frame.of(state["pixels"], float(state["time_s"]))
        look = self._look(frame.time_s)
        lag = float(state["lag"])
        self._start = Key(frame, state["result"], painted, state["shown"], look, lag)
        self._cuts.usual = float(state["usual_change"])

    def _follow(self, frames: Iterable[tuple[PixelSource, float]]) -> Iterator[Frame]:
        """Yield frames with the ways between each and the one before."""
        before = self._start.frame if self._start is not None else None
        for source, time_s in frames:
            frame = Frame.of(source, time_s)
            if before is not None and self._stability > 0:
                frame.came, frame.went = self._flow.find(before.gray, frame.gray)
                moved = seen_through(frame.went.field, before.small)
                frame.begins_shot = self._cuts.is_cut(change_between(moved, frame.small))
            else:
                frame.begins_shot = True
            frame.usual_change = self._cuts.usual
            yield frame
            before = frame

    def _paint_keys(self, frames: Iterable[Frame]) -> Iterator[_Done | _Between]:
        """Choose and paint key frames; yield all frames, those between with what they need."""
        key, waiting = self._start, list[Frame]()
        for frame in frames:
            if key is None or frame.begins_shot:
                if key is not None:
                    yield from self._close(key, waiting)
                key, waiting = self._keys.first(frame), []
                yield _Done(key, is_cut=True)
                continue
            frame.back = frame.went.then((waiting[-1] if waiting else key.frame).back)
            waiting.append(frame)
            new = 1 - float(frame.back.trust.mean())
            if len(waiting) > most_between(frame) or new > MOST_NEW:
                key = yield from self._close(key, waiting)
                waiting = []
        if key is not None:
            yield from self._close(key, waiting)

    def _finished(self, piece: _Done | _Between) -> tuple[PaintedFrame, Key | None]:
        """Return a frame as it is to be seen, and the key frame if the film can be left there."""
        if isinstance(piece, _Done):
            key = piece.key
            done = PaintedFrame(key.result, key.frame.time_s, is_key=True, is_cut=piece.is_cut)
            return done, None if piece.has_more else key
        frame, torn = piece.frame, piece.torn
        pixels = mixed(frame, piece.old, piece.new, piece.share)
        if torn.share > MOST_TORN:
            look, whole = self._look(frame.time_s), piece.old.key.painted
            pixels = mend(self._engine, frame.pixels, pixels, torn, look, whole)
        return PaintedFrame(pixels, frame.time_s, is_key=False, is_cut=False), None

    def _close(
        self, first: Key, waiting: Sequence[Frame]
    ) -> Generator[_Done | _Between, None, Key]:
        """Paint the last of the waiting frames, and return it after those before."""
        if not waiting:
            return first
        *between, frame = waiting
        last = self._keys.next(frame, first)
        yield from self._fill(first, between, last)
        frame.back = Way.nowhere(*frame.gray.shape)
        yield _Done(last)
        return last

    def _fill(self, first: Key, between: Sequence[Frame], last: Key) -> Iterator[_Done | _Between]:
        """Yield the frames between two key frames; ``back`` leads to the first.

        Where something moves too fast for the flow, one of them becomes a key frame too.
        """
        views = [
            (View.of(frame, first, frame.back), View.of(frame, last, on))
            for frame, on in zip(between, ways_on(between, last.frame), strict=True)
        ]
        torn = [Torn.of(np.maximum(old.weight, new.weight)) for old, new in views]
        shares = [
            0.0 if self._can_mend(part, frame) else part.share
            for part, frame in zip(torn, between, strict=True)
        ]
        if max(shares, default=0) > MOST_TORN:
            at = shares.index(max(shares))
            middle = self._keys.next(between[at], first, measure=False)
            yield from self._fill(first, between[:at], middle)
            yield _Done(middle, has_more=True)
            back = Way.nowhere(*first.frame.gray.shape)
            for frame in between[at + 1 :]:
                frame.back = back = frame.went.then(back)
            yield from self._fill(middle, between[at + 1 :], last)
            return
        for frame in between:
            frame.forget_ways()
        for step, (frame, (old, new)) in enumerate(zip(between, views, strict=True)):
            yield _Between(frame, old, new, (step + 1) / (len(between) + 1), torn[step])

    def _can_mend(self, torn: Torn, frame: Frame) -> bool:
        """Whether what is torn can be painted by itself."""
        return patches_of(torn, frame.size, self._look(frame.time_s).controls) is not None
