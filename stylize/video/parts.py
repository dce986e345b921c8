"""Parts of a film that have nothing to do with each other: they lie between cuts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stylize.video.cuts import CUT_LEVELS, CutFinder, change_between
from stylize.video.flow import FlowFinder, seen_through
from stylize.video.frames import made_small

Bytes = NDArray[np.uint8]

_LEAST_FRAMES = 16  # of a part
_LOOK_BACK = 24  # frames; what was usual before them counts less than a thousandth
_GREATEST = 255.0


@dataclass
class _Seen:
    """A frame.

    Attributes:
        small: (h, w, 3), at the size of the flow.
        gray: (h, w).
        change: What the flow leaves between it and the one before; None: not looked at yet.
    """

    small: Bytes
    gray: Bytes
    change: float | None = None


class PartFinder:
    """Tells where a film can be divided: at cuts that its painter is sure to find as well.

    To follow all that moves, as the painter does, would take as long as a good part of the
    painting. Here only frames are followed that differ much from the one before, and the few
    before them. All changes still earlier are taken for the greatest there can be, which may hide
    a cut, but makes none.
    """

    def __init__(self, *, is_every: bool = False, begins_shot: bool = True) -> None:
        """Begin with a film.

        Args:
            is_every: Every frame is painted for itself, so a part can begin with any.
            begins_shot: The first frame begins a shot; else it goes on with one.
        """
        self._is_every = is_every
        self._flow = FlowFinder()
        self._recent: deque[_Seen] = deque(maxlen=_LOOK_BACK)
        self._count = 0
        self._knows_all = begins_shot

    def begins_part(self, pixels: Bytes) -> bool:
        """Look at the next frame, (H, W, 3); the first one begins none."""
        frame = _Seen(*made_small(pixels))
        is_first = self._count >= _LEAST_FRAMES and (self._is_every or self._is_cut(frame))
        if is_first:
            self._recent.clear()
            self._count = 0
            self._knows_all = True
        elif len(self._recent) == _LOOK_BACK:
            self._knows_all = False
        self._recent.append(frame)
        self._count += 1
        return is_first

    def _is_cut(self, frame: _Seen) -> bool:
        if change_between(self._recent[-1].small, frame.small) <= CUT_LEVELS:
            return False
        cuts, found = CutFinder(0.0 if self._knows_all else _GREATEST), False
        for before, now in pairwise((*self._recent, frame)):
            if now.change is None:
                _, went = self._flow.find(before.gray, now.gray)
                now.change = change_between(seen_through(went.field, before.small), now.small)
            found = cuts.is_cut(now.change)
        return found
