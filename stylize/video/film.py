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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.engine import Engine, Measurement
from stylize.video.cuts import CutFinder
from stylize.video.flow import FlowFinder, Way, flow_size, seen_through, smooth_change
from stylize.video.memory import Kept, Memory, Painted
from stylize.video.patches import Torn, mend, patch_of
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MOST_BETWEEN = 15  # frames between two key frames
_MOST_NEW = 0.2  # share of the picture that may be new before a key frame is painted
_CHANGE_LEVELS = 14.0  # change of the content under the paint, in levels of 255, that shows
_STILL_LEVELS = 2.5  # change that is noise
# Mixed strokes are blurred strokes: paint stays, or it does not, with a narrow seam in between. At
# full stability it begins to stay at this trust, and stays whole where there is so much more of it.
_LEAST_TRUST = 0.1
_TRUST_SEAM = 0.4
# For the same reason every place goes over from one key frame to the next in its own short time.
_CHANGE_SHARE = 0.3  # of the time between them
_CHANGE_CELLS = 48  # of places, along the longer side
_KEEP_FINE = 0.7  # share of the fine strokes that stay on moving things
_KEEP_AFFINES = 0.8
_CHANGING_KEEP = 0.5  # share of the paint that stays while the look changes
_SETTLED = 0.05  # share of paint in another look that does not show
_MOST_TORN = 0.0008  # share of a frame that neither key frame can show and that does not show
_LEAST_WEIGHT = np.float32(1e-3)


@dataclass
class _Frame:
    """A frame.

    Attributes:
        pixels: (H, W, 3).
        time_s: Of the film.
        small: (h, w, 3), at the size of the flow.
        gray: (h, w).
        came: From the frame before to this one.
        went: From this frame to the one before.
        back: From this frame to the last key frame.
    """

    pixels: Bytes
    time_s: float
    small: Bytes
    gray: Bytes
    came: Way
    went: Way
    back: Way

    @classmethod
    def of(cls, pixels: Bytes, time_s: float) -> _Frame:
        """Return a frame that came from nowhere."""
        size = flow_size((pixels.shape[1], pixels.shape[0]))
        small: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        gray: Any = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        here = Way.nowhere(size[1], size[0])
        return cls(pixels, time_s, small, gray, here, here, here)

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True)
class _Key:
    """A key frame.

    Attributes:
        frame: What was painted.
        result: (H, W, 3), painted.
        painted: What it remembers.
        shown: (h, w, 3) float32: what the content showed where its paint comes from.
        look: That it was painted in.
        lag: Share of its paint that may be of another look.
    """

    frame: _Frame
    result: Bytes
    painted: Painted
    shown: Floats
    look: Look
    lag: float = 0.0


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


class FilmPainter:
    """Paints the frames of one film, one after the other."""

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
        self._flow = FlowFinder()
        self._cuts = CutFinder()
        self._key: _Key | None = None
        self._waiting: list[_Frame] = []

    def paint(self, frames: Iterable[tuple[Bytes, float]]) -> Iterator[PaintedFrame]:
        """Paint frames, (H, W, 3) RGB with their times in seconds, in their order."""
        for pixels, time_s in frames:
            frame = _Frame.of(pixels, time_s)
            if self._key is None or self._stability == 0:
                yield self._begin(frame)
            elif self._is_cut(frame, self._key):
                yield from self._close(self._key)
                yield self._begin(frame)
            else:
                self._waiting.append(frame)
                new = 1 - float(frame.back.trust.mean())
                if len(self._waiting) > MOST_BETWEEN or new > _MOST_NEW:
                    yield from self._close(self._key)
        if self._key is not None:
            yield from self._close(self._key)

    @property
    def can_be_left(self) -> bool:
        """Whether the last frame was a key frame, and none is waiting."""
        return self._key is not None and not self._waiting

    def state(self) -> dict[str, Any]:
        """Return what it takes to go on behind the last key frame, as arrays."""
        key = self._key
        if key is None or not self.can_be_left:
            raise ValueError("a film can be left off only at a key frame")
        state: dict[str, Any] = {
            "pixels": key.frame.pixels,
            "time_s": key.frame.time_s,
            "result": key.result,
            "shown": key.shown,
            "lag": key.lag,
            "usual_change": self._cuts.usual,
        }
        if key.painted.raw is not None:
            state["raw"] = np.asarray(key.painted.raw)
        for level, measurement in key.painted.levels.items():
            for name, values in vars(measurement).items():
                state[f"level-{level}-{name}"] = values
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        levels: dict[int, dict[str, Floats]] = {}
        for name, values in state.items():
            if name.startswith("level-"):
                _, level, part = name.split("-")
                levels.setdefault(int(level), {})[part] = values
        painted = Painted({level: Measurement(**parts) for level, parts in levels.items()})
        if "raw" in state:
            painted.raw = Image.fromarray(state["raw"])
        frame = _Frame.of(state["pixels"], float(state["time_s"]))
        look = self._look(frame.time_s)
        lag = float(state["lag"])
        self._key = _Key(frame, state["result"], painted, state["shown"], look, lag)
        self._cuts.usual = float(state["usual_change"])

    def _begin(self, frame: _Frame) -> PaintedFrame:
        """Paint a frame that has nothing to do with those before."""
        self._key = self._painted(frame, Memory(), frame.small.astype(np.float32))
        return PaintedFrame(self._key.result, frame.time_s, is_key=True, is_cut=True)

    def _is_cut(self, frame: _Frame, key: _Key) -> bool:
        """Find the ways between a frame and the one before, unless a cut lies between them."""
        before = self._waiting[-1] if self._waiting else key.frame
        frame.came, frame.went = self._flow.find(before.gray, frame.gray)
        if self._cuts.is_cut(seen_through(frame.went.field, before.small), frame.small):
            return True
        frame.back = frame.went.then(before.back)
        return False

    def _close(self, first: _Key) -> Iterator[PaintedFrame]:
        """Paint the last of the waiting frames, and then those between it and the first."""
        if not self._waiting:
            return
        *between, frame = self._waiting
        last = self._next_key(frame, first)
        yield from self._fill(first, between, last)
        self._key, self._waiting = last, []
        frame.back = Way.nowhere(*frame.gray.shape)
        yield _done(last)

    def _fill(self, first: _Key, between: list[_Frame], last: _Key) -> Iterator[PaintedFrame]:
        """Return the frames between two key frames; ``back`` leads to the first.

        Where something moves too fast for the flow, one of them becomes a key frame too.
        """
        views = [
            (_View.of(frame, first, frame.back), _View.of(frame, last, on))
            for frame, on in zip(between, _ways_on(between, last.frame), strict=True)
        ]
        torn = [Torn.of(np.maximum(old.weight, new.weight)) for old, new in views]
        shares = [
            0.0 if self._can_mend(part, frame) else part.share
            for part, frame in zip(torn, between, strict=True)
        ]
        if max(shares, default=0) > _MOST_TORN:
            at = shares.index(max(shares))
            middle = self._next_key(between[at], first)
            yield from self._fill(first, between[:at], middle)
            yield _done(middle)
            back = Way.nowhere(*first.frame.gray.shape)
            for frame in between[at + 1 :]:
                frame.back = back = frame.went.then(back)
            yield from self._fill(middle, between[at + 1 :], last)
            return
        for step, (frame, (old, new)) in enumerate(zip(between, views, strict=True), 1):
            pixels = _between(frame, old, new, step / (len(between) + 1))
            if torn[step - 1].share > _MOST_TORN:
                look, levels = self._look(frame.time_s), first.painted.levels
                pixels = mend(self._engine, frame.pixels, pixels, torn[step - 1], look, levels)
            yield PaintedFrame(pixels, frame.time_s, is_key=False, is_cut=False)

    def _can_mend(self, torn: Torn, frame: _Frame) -> bool:
        """Whether what is torn can be painted by itself."""
        return patch_of(torn, frame.size, self._look(frame.time_s).controls) is not None

    def _next_key(self, frame: _Frame, before: _Key) -> _Key:
        """Paint a key frame, tied to the one before."""
        look = self._look(frame.time_s)
        lag = 1.0 if look != before.look else before.lag
        settled = lag < _SETTLED
        shown = seen_through(frame.back.field, before.shown)
        change = smooth_change(frame.small, shown)
        low = np.float32(_LEAST_TRUST + 1 - self._stability)
        trust = frame.back.trust * _likeness(change)
        paint: Floats = np.clip((trust - low) / np.float32(_TRUST_SEAM), 0, 1)
        fine = paint * np.float32(_KEEP_FINE)
        if settled:
            still = (change < _STILL_LEVELS) & frame.back.is_standing
            if still.all():
                return _Key(frame, before.result, before.painted, shown, look)
            paint[still] = fine[still] = 1
        else:
            paint, fine = (share * np.float32(_CHANGING_KEEP) for share in (paint, fine))
        affines = _KEEP_AFFINES * self._stability if settled else 0.0
        memory = Memory(before.painted, Kept(frame.back.field, paint, fine, affines))
        new: Floats = frame.small.astype(np.float32)
        shown = new + (shown - new) * paint[..., None]
        return self._painted(frame, memory, shown, 0.0 if settled else lag * _CHANGING_KEEP)

    def _painted(self, frame: _Frame, memory: Memory, shown: Floats, lag: float = 0.0) -> _Key:
        look = self._look(frame.time_s)
        picture = self._engine.stylize(
            Image.fromarray(frame.pixels), look.style, controls=look.controls, continuity=memory
        )
        return _Key(frame, np.asarray(picture), memory.now, shown, look, lag)


def _done(key: _Key) -> PaintedFrame:
    return PaintedFrame(key.result, key.frame.time_s, is_key=True, is_cut=False)


def _ways_on(frames: list[_Frame], last: _Frame) -> list[Way]:
    """Return the ways on from frames to the one that follows them."""
    ways: list[Way] = []
    for after in reversed([*frames, last][1:]):
        ways.append(after.came.then(ways[-1]) if ways else after.came)
    return ways[::-1]


@dataclass(frozen=True)
class _View:
    """What a key frame can show of another frame.

    Attributes:
        key: The key frame.
        way: There.
        weight: (h, w), how far its paint can be trusted here, 0 to 1.
    """

    key: _Key
    way: Way
    weight: Floats

    @classmethod
    def of(cls, frame: _Frame, key: _Key, way: Way) -> _View:
        """Compare what the way leads to with what there is."""
        change = smooth_change(frame.small, seen_through(way.field, key.frame.small))
        return cls(key, way, way.trust * _likeness(change))


def _between(frame: _Frame, old: _View, new: _View, share: float) -> Bytes:
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
    weight = cv2.resize(weight, frame.size, interpolation=cv2.INTER_LINEAR)
    first, last = (
        seen_through(view.way.field, view.key.result, cv2.INTER_CUBIC) for view in (old, new)
    )
    mixed: Any = cv2.blendLinear(first, last, weight, 1 - weight)
    return mixed  # type: ignore[no-any-return]


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


def _likeness(change: Floats) -> Floats:
    """Return 1 where the content shows the same, 0 where it shows something else."""
    likeness: Floats = np.exp(-np.square(change / np.float32(_CHANGE_LEVELS)))
    return likeness
