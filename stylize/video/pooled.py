"""A film over a pool: parts between cuts are painted at once, and put together in their order."""

from __future__ import annotations

import logging
import math
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize.errors import VideoError
from stylize.files import why_not_written
from stylize.video.ahead import read_ahead
from stylize.video.film import FilmPainter, PaintedFrame
from stylize.video.parts import PartFinder
from stylize.video.source import PixelSource, pixels_of
from stylize.video.timeline import Timeline
from stylize.workers.pool import Pool, Progress

if TYPE_CHECKING:
    from stylize.engine import Engine

logger = logging.getLogger(__name__)

Bytes = NDArray[np.uint8]

_FEW_PARTS = "Parts between cuts are painted at once; this film has %d: fewer than processes."


class Manner(NamedTuple):
    """How all parts of a film are painted.

    Attributes:
        timeline: What it looks like.
        stability: See `FilmPainter`.
    """

    timeline: Timeline
    stability: float


class Kind(NamedTuple):
    """What a painted frame is; see `PaintedFrame`."""

    is_key: bool
    is_cut: bool


@dataclass
class Part:
    """A part of a film, in a file: RGB, frame by frame. What is painted of it lies beside it.

    Attributes:
        file: Of the frames.
        shape: (height, width, 3).
        times_s: Of the frames.
        state: Of the painter, to go on from; empty where the part begins with a shot.
    """

    file: Path
    shape: tuple[int, ...]
    times_s: list[float] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def painted(self) -> Path:
        """Where what is painted goes."""
        return self.file.with_suffix(".painted")

    def add(self, pixels: Bytes, time_s: float) -> None:
        """Add a frame."""
        _write(self.file, np.ascontiguousarray(pixels), "ab")
        self.times_s.append(time_s)

    def frames(self) -> Iterator[tuple[Bytes, float]]:
        """Yield the frames, which are read when somebody looks at them, with their times."""
        count = len(self.times_s)
        pixels = np.memmap(self.file, np.uint8, "r", shape=(count, *self.shape))
        yield from zip(pixels, self.times_s, strict=True)

    def painted_frames(self) -> Iterator[Bytes]:
        """Yield what was painted."""
        with open(self.painted, "rb") as file:
            for _ in self.times_s:
                yield np.fromfile(file, np.uint8, math.prod(self.shape)).reshape(self.shape)

    def forget(self) -> None:
        """Remove the files."""
        self.file.unlink(missing_ok=True)
        self.painted.unlink(missing_ok=True)


class PooledPainter:
    """Paints what `FilmPainter` paints, to the byte, in the processes of a pool.

    A cut begins anew, so what lies between two of them can be painted by itself. Frames lie in
    temporary files meanwhile; at most two parts more than the pool has processes.

    Attributes:
        parts: How many there were.
        can_be_left: The last frame was the last of a part.
    """

    def __init__(self, pool: Pool, manner: Manner, tell: Callable[[int], None]) -> None:
        """Begin a film.

        Args:
            pool: Its processes have an engine each.
            manner: How the film is painted.
            tell: Called while a part is waited for, with the number of all frames that are
                painted, those of later parts too. What it raises ends the film.
        """
        self.parts = 0
        self.can_be_left = False
        self._pool = pool
        self._manner = manner
        self._tell = tell
        self._state: dict[str, Any] = {}
        self._news = threading.Condition()
        self._painted = 0
        self._is_over = threading.Event()

    def state(self) -> dict[str, Any]:
        """Return what it takes to go on behind a part: nothing."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, of this painter or of a `FilmPainter`."""
        self._state = state

    def paint(self, frames: Iterable[tuple[PixelSource, float]]) -> Iterator[PaintedFrame]:
        """Paint frames, (H, W, 3) RGB with their times in seconds, in their order.

        They are taken from a thread of their own.

        Raises:
            VideoError: There is no room for the temporary files.
            StylizeError: What a process raises.
        """
        with tempfile.TemporaryDirectory(
            prefix="stylize-film-", ignore_cleanup_errors=True
        ) as folder:
            executor = ThreadPoolExecutor(self._pool.size, thread_name_prefix="film")
            begun = read_ahead(self._begun(frames, Path(folder), executor), self._pool.size)
            try:
                for part, future in begun:
                    yield from self._finished(part, future)
                if self.parts < self._pool.size:
                    logger.warning(_FEW_PARTS, self.parts)
            finally:
                self._is_over.set()
                begun.close()
                executor.shutdown(cancel_futures=True)

    def _begun(
        self,
        frames: Iterable[tuple[PixelSource, float]],
        folder: Path,
        executor: ThreadPoolExecutor,
    ) -> Iterator[tuple[Part, Future[list[Kind]]]]:
        """Divide a film; yield its parts when they are being painted, or wait for that."""
        finder = PartFinder(is_every=self._manner.stability == 0, begins_shot=not self._state)
        part: Part | None = None
        for source, time_s in frames:
            if self._is_over.is_set():
                return
            pixels = pixels_of(source)
            if finder.begins_part(pixels) and part is not None:
                yield part, executor.submit(self._paint, part)
                part = None
            if part is None:
                self.parts += 1
                part = Part(folder / f"{self.parts}.frames", pixels.shape, state=self._state)
                self._state = {}
            part.add(pixels, time_s)
        if part is not None:
            yield part, executor.submit(self._paint, part)

    def _paint(self, part: Part) -> list[Kind]:
        """Let the pool paint a part."""
        told = 0

        def tell(share: float) -> None:
            nonlocal told
            if self._is_over.is_set():
                raise _Over
            with self._news:
                now = round(share * len(part.times_s))
                self._painted += now - told
                told = now
                self._news.notify_all()

        if self._pool.shares_files:
            return self._pool.call(paint_part, part, self._manner, progress=tell)
        frames = part.file.read_bytes()
        painted, kinds = self._pool.call(paint_sent, frames, part, self._manner, progress=tell)
        _write(part.painted, painted)
        return kinds

    def _finished(self, part: Part, future: Future[list[Kind]]) -> Iterator[PaintedFrame]:
        """Wait for a part and yield its frames."""
        future.add_done_callback(self._wake)
        told = 0
        while not future.done():
            told = self._wait(future, told)
            self._tell(told)
        kinds = future.result()
        for index, pixels in enumerate(part.painted_frames()):
            self.can_be_left = index == len(kinds) - 1
            yield PaintedFrame(pixels, part.times_s[index], *kinds[index])
        part.forget()

    def _wait(self, future: Future[list[Kind]], told: int) -> int:
        """Wait for a part or for another number of painted frames; return that."""
        with self._news:
            self._news.wait_for(lambda: future.done() or self._painted != told)
            return self._painted

    def _wake(self, _: Future[list[Kind]]) -> None:
        with self._news:
            self._news.notify_all()


class _Over(Exception):
    """The film has ended before this part has."""


def paint_part(
    engine: Engine, part: Part, manner: Manner, *, progress: Progress | None = None
) -> list[Kind]:
    """Paint a part of a film: the task of the processes.

    Args:
        engine: That of the process.
        part: See there.
        manner: How it is painted.
        progress: Called after every frame with the share that is done.

    Raises:
        VideoError: The result cannot be written.
        StylizeError: The part cannot be painted.
    """
    painter = FilmPainter(engine, manner.timeline.look, stability=manner.stability)
    painter.restore(part.state)
    part.painted.unlink(missing_ok=True)  # of a process that was killed over it
    kinds: list[Kind] = []
    for painted in painter.paint(part.frames()):
        _write(part.painted, painted.pixels, "ab")
        kinds.append(Kind(painted.is_key, painted.is_cut))
        if progress is not None:
            progress(len(kinds) / len(part.times_s))
    return kinds


def paint_sent(
    engine: Engine,
    frames: bytes,
    part: Part,
    manner: Manner,
    *,
    progress: Progress | None = None,
) -> tuple[bytes, list[Kind]]:
    """Paint a part on another machine; see `paint_part`.

    Args:
        engine: See there.
        frames: What the part's file holds.
        part: Its file is not there.
        manner: See there.
        progress: See there.

    Returns:
        What was painted, and what its frames are.
    """
    with tempfile.TemporaryDirectory(prefix="stylize-film-") as folder:
        here = Part(Path(folder, part.file.name), part.shape, part.times_s, part.state)
        _write(here.file, frames)
        kinds = paint_part(engine, here, manner, progress=progress)
        return here.painted.read_bytes(), kinds


def _write(file: Path, data: bytes | Bytes, mode: str = "wb") -> None:
    try:
        with open(file, mode) as out:
            out.write(data)
    except OSError as error:
        raise VideoError(why_not_written(file, error)) from error
