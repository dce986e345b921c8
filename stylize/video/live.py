"""Painting what a camera sees, while it sees it: nothing that comes later is known.

Key frames are painted and tied together as those of films are. Until the next one, the paint of the
last one moves with the picture; what it cannot show is painted by itself. Frames that come while
one is painted are left out, so that the newest is shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stylize.engine import Engine
from stylize.video.between import View
from stylize.video.cuts import CutFinder, change_between
from stylize.video.flow import FlowFinder, Way, seen_through
from stylize.video.frames import Frame, Key
from stylize.video.keys import MOST_BETWEEN, MOST_NEW, KeyPainter
from stylize.video.moving import moved
from stylize.video.patches import MOST_TORN, Torn, mend, patches_of
from stylize.video.timeline import Look

Bytes = NDArray[np.uint8]
Item = TypeVar("Item")

_PATIENCE_S = 0.5


class LivePainter:
    """Paints frames as they come."""

    def __init__(self, engine: Engine, look: Look, *, stability: float = 0.8) -> None:
        """Begin.

        Args:
            engine: That paints.
            look: Of all frames.
            stability: 0: every frame for itself; 1: paint stays as long as it can.
        """
        self._engine = engine
        self._look = look
        self._stability = stability
        self._keys = KeyPainter(engine, lambda _: look, stability)
        self._flow = FlowFinder()
        self._cuts = CutFinder()
        self._key: Key | None = None
        self._before: Frame | None = None
        self._since = 0

    def paint(self, pixels: Bytes) -> Bytes:
        """Paint the next frame, (H, W, 3) RGB, all of one size."""
        frame, key = Frame.of(pixels, 0.0), self._key
        before, self._before = self._before, frame
        if key is None or before is None or self._stability == 0:
            return self._show(self._keys.first(frame))
        frame.came, frame.went = self._flow.find(before.gray, frame.gray)
        moved_before = seen_through(frame.went.field, before.small)
        if self._cuts.is_cut(change_between(moved_before, frame.small)):
            return self._show(self._keys.first(frame))
        frame.back = frame.went.then(before.back)
        self._since += 1
        torn = Torn.of(View.of(frame, key, frame.back).weight)
        if self._is_key_due(frame, torn):
            return self._show(self._keys.next(frame, key))
        shown = moved(frame.back.field, key.fine)
        if torn.share > MOST_TORN:
            shown = mend(self._engine, frame.pixels, shown, torn, self._look, key.painted)
        return shown

    def _is_key_due(self, frame: Frame, torn: Torn) -> bool:
        if self._since > MOST_BETWEEN or 1 - float(frame.back.trust.mean()) > MOST_NEW:
            return True
        is_torn = torn.share > MOST_TORN
        return is_torn and patches_of(torn, frame.size, self._look.controls) is None

    def _show(self, key: Key) -> Bytes:
        key.frame.back = Way.nowhere(*key.frame.gray.shape)
        self._key, self._since = key, 0
        return key.result


def newest(items: Iterable[Item]) -> Generator[Item]:
    """Yield items that a thread takes; those that nobody asked for in time are left out.

    The last one always comes. What the thread raises is raised here. Close it at the end.
    """
    changed = threading.Condition()
    waiting: list[Item] = []
    errors: list[BaseException] = []
    is_over = is_closed = False

    def take() -> None:
        nonlocal is_over
        try:
            for item in items:
                with changed:
                    waiting[:] = [item]
                    changed.notify()
                    if is_closed:
                        break
        except BaseException as error:
            errors.append(error)
        finally:
            if isinstance(items, Generator):
                items.close()
            with changed:
                is_over = True
                changed.notify()

    taker = threading.Thread(target=take, name="newest", daemon=True)
    taker.start()
    try:
        while True:
            with changed:
                # Not without end: on some systems Ctrl+C would have to wait as long.
                changed.wait_for(lambda: waiting or is_over, _PATIENCE_S)
                if not waiting and is_over:
                    break
                if not waiting:
                    continue
                item = waiting.pop()
            yield item
        if errors:
            raise errors[0]
    finally:
        is_closed = True
        taker.join()


@dataclass
class LiveSummary:
    """What became of a live picture.

    Attributes:
        frames: That were shown.
        elapsed_s: From the first to the last.
        latencies_s: Of the latest frames, from the camera to the screen.
        is_stopped: The user ended it, not the camera.
    """

    frames: int = 0
    elapsed_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / max(1e-9, self.elapsed_s)

    def latency_s(self, share: float) -> float:
        """Return the latency that so large a share of the frames kept to."""
        return float(np.quantile(self.latencies_s, share)) if self.latencies_s else 0.0


_REMEMBERED = 1000  # latencies


def paint_live(
    painter: LivePainter, camera: Iterable[Bytes], show: Callable[[Bytes], None]
) -> LiveSummary:
    """Paint what a camera sees until it ends or the user interrupts.

    Args:
        painter: Of the frames.
        camera: Frames, (H, W, 3) RGB, as they come.
        show: Called with every painted frame.
    """
    summary = LiveSummary()
    start = time.perf_counter()
    try:
        with closing(newest(_timed(camera))) as frames:
            for pixels, came_s in frames:
                show(painter.paint(pixels))
                now_s = time.perf_counter()
                summary.frames += 1
                summary.elapsed_s = now_s - start
                summary.latencies_s.append(now_s - came_s)
                del summary.latencies_s[:-_REMEMBERED]
    except KeyboardInterrupt:
        summary.is_stopped = True
    return summary


def _timed(frames: Iterable[Bytes]) -> Iterator[tuple[Bytes, float]]:
    for pixels in frames:
        yield pixels, time.perf_counter()
