"""Key frames: painted by the network, each tied to the one before.

What a key frame's paint stands for is remembered with it: what the content showed when a place was
painted moves along with the paint. Where the content still shows that, the paint stays; where
nothing moves either, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.engine import Engine
from stylize.plan import make_plan
from stylize.video.between import likeness
from stylize.video.flow import seen_through, smooth_change
from stylize.video.frames import Frame, Key
from stylize.video.memory import Kept, Memory
from stylize.video.timeline import Look

Floats = NDArray[np.float32]

MOST_BETWEEN = 15  # frames between two key frames
_MOST_WAITING_PIXELS = 13_000_000  # of them; large frames wait in smaller numbers
_LEAST_BETWEEN = 3
MOST_NEW = 0.2  # share of the picture that may be new before a key frame is painted
_STILL_LEVELS = 2.5  # change that is noise
# Mixed strokes are blurred strokes: paint stays, or it does not, with a narrow seam in between. At
# full stability it begins to stay at this trust, and stays whole where there is so much more of it.
_LEAST_TRUST = 0.2
_TRUST_SEAM = 0.15
_KEEP_AFFINES = 0.8
_CHANGING_KEEP = 0.5  # share of the paint that stays while the look changes
_SETTLED = 0.05  # share of paint in another look that does not show
_LEAST_REVISED = 0.11  # share of a revision from which on it shows; 640 px of a draft of 512 px


def most_between(frame: Frame) -> int:
    """Return how many frames may lie between two key frames of this size."""
    pixels = frame.size[0] * frame.size[1]
    return max(_LEAST_BETWEEN, min(MOST_BETWEEN, _MOST_WAITING_PIXELS // pixels))


class KeyPainter:
    """Paints key frames."""

    def __init__(self, engine: Engine, look: Callable[[float], Look], stability: float) -> None:
        """Take what :class:`stylize.video.film.FilmPainter` takes."""
        self._engine = engine
        self._look = look
        self._stability = stability

    def first(self, frame: Frame) -> Key:
        """Paint a frame that has nothing to do with those before."""
        return self._painted(frame, Memory(), frame.small.astype(np.float32))

    def next(self, frame: Frame, before: Key, *, measure: bool = True) -> Key:
        """Paint a key frame, tied to the one before; without measuring it, in its affines."""
        look = self._look(frame.time_s)
        lag = 1.0 if look != before.look else before.lag
        settled = lag < _SETTLED
        shown = seen_through(frame.back.field, before.shown)
        change = smooth_change(frame.small, shown)
        low = np.float32(_LEAST_TRUST + 1 - self._stability)
        trust = frame.back.trust * likeness(change)
        paint: Floats = np.clip((trust - low) / np.float32(_TRUST_SEAM), 0, 1)
        if settled:
            still = (change < _STILL_LEVELS) & frame.back.is_standing
            if still.all():
                return Key(frame, before.result, before.painted, shown, look)
            paint[still] = 1
        else:
            paint *= np.float32(_CHANGING_KEEP)
        affines = _KEEP_AFFINES * self._stability if settled else 0.0
        affines = affines if measure or not settled else 1.0
        memory = Memory(before.painted, Kept(frame.back.field, paint, affines))
        new: Floats = frame.small.astype(np.float32)
        shown = new + (shown - new) * paint[..., None]
        return self._painted(frame, memory, shown, 0.0 if settled else lag * _CHANGING_KEEP)

    def _painted(self, frame: Frame, memory: Memory, shown: Floats, lag: float = 0.0) -> Key:
        look = self._look(frame.time_s)
        picture = self._engine.stylize(
            Image.fromarray(frame.pixels),
            look.style,
            controls=look.controls,
            continuity=memory,
            fast=self._is_about_draft(frame, look),
        )
        return Key(frame, np.asarray(picture), memory.now, shown, look, lag)

    def _is_about_draft(self, frame: Frame, look: Look) -> bool:
        """Whether nothing is seen of what the network adds when it revises the draft."""
        stroke_size = look.controls.stroke_size
        revisions = make_plan(frame.size, self._engine.contract, stroke_size=stroke_size).revisions
        return len(revisions) == 1 and revisions[0].share <= _LEAST_REVISED
