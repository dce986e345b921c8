"""Painting a whole film: from a file into a file, or from a folder into a folder."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylize.engine import Engine
from stylize.errors import ControlError, VideoError
from stylize.files import whole_file, why_not_written
from stylize.images import Embedded
from stylize.video.ahead import read_ahead
from stylize.video.film import FilmPainter, PaintedFrame
from stylize.video.folder import FolderSink
from stylize.video.pooled import Manner, PooledPainter
from stylize.video.reading import open_film
from stylize.video.source import Film, Frame, PixelSource, Wanted
from stylize.video.timeline import Timeline
from stylize.video.transparency import joined
from stylize.video.writing import TRANSPARENT_FORMATS, Sink, VideoSink, written_format

if TYPE_CHECKING:
    from stylize.workers.pool import Pool

Bytes = NDArray[np.uint8]

logger = logging.getLogger(__name__)

_SAVE_EVERY_S = 2.0  # of work that is lost at most when it is ended
_AHEAD = 2  # frames that are read while others are painted
_NOTHING = np.empty((0, 0, 3), np.uint8)
_HEAD_BYTES = 1 << 20  # of a film, by which it is known again
_METHOD = 5  # raised where films are painted in another way: half a film is not gone on with


Painter: TypeAlias = FilmPainter | PooledPainter


class StopFilm(Exception):
    """What a callback raises to end a film where it is: what is done is kept."""


@dataclass(frozen=True)
class FilmProgress:
    """How far a film has come.

    Attributes:
        done: Frames that are painted.
        count: About how many there will be; None if nobody knows.
        fps: Frames painted a second, so far.
        left_s: Seconds left, about; None if nobody knows.
    """

    done: int
    count: int | None
    fps: float
    left_s: float | None


@dataclass(frozen=True)
class FilmSummary:
    """What became of a film.

    Attributes:
        size: (width, height) of its frames.
        frames: That were written, those of an earlier run included.
        key_frames: Of them painted by the network in this run.
        elapsed_s: That it took.
        problems: What went wrong while reading, said for the user.
        is_stopped: It was ended before its end.
    """

    size: tuple[int, int]
    frames: int
    key_frames: int
    elapsed_s: float
    problems: tuple[str, ...]
    is_stopped: bool


def paint_film(
    engine: Engine,
    source: Path,
    out: Path,
    timeline: Timeline,
    *,
    wanted: Wanted | None = None,
    stability: float = 0.8,
    sound: bool = True,
    quality: int = 75,
    comment: str = "",
    recipe: Embedded | None = None,
    pool: Pool | None = None,
    progress: Callable[[FilmProgress], None] | None = None,
) -> FilmSummary:
    """Paint a film.

    Args:
        engine: That paints.
        source: A video, an animated picture or a folder of numbered frames.
        out: A file whose name ends as its format does, or a folder for numbered frames. Work on
            a folder that was ended, even by force, goes on where it was.
        timeline: What the film looks like.
        wanted: Which frames are painted, and how large.
        stability: 0: every frame for itself, to 1: paint stays as long as it can.
        sound: Take the sound along.
        quality: Of the file, 1 to 100.
        comment: Kept in the file's metadata; it tells one work on a folder from another.
        recipe: Kept in the first picture of a folder.
        pool: Its processes, each with an engine like this one, paint the parts between cuts at
            once; what comes of it is the same.
        progress: Called after every frame. Where it raises `StopFilm`, or the user interrupts, the
            film ends with what is done; if that is nothing, it goes on to the caller.

    Raises:
        VideoError: The film cannot be read or written.
        ControlError: ``stability`` is out of range.
    """
    if not 0 <= stability <= 1:
        raise ControlError(f"stability must be from 0 to 1; got {stability}.")
    keeps_alpha = is_folder(out) or written_format(out) in TRANSPARENT_FORMATS
    with open_film(source, wanted, keeps_alpha=keeps_alpha) as film:
        work = _Work(film, progress)
        painter: Painter = (
            FilmPainter(engine, timeline.look, stability=stability)
            if pool is None
            else PooledPainter(pool, Manner(timeline, stability), work.tell)
        )
        if is_folder(out):
            folder = FolderSink(out, recipe=recipe)
            identity = _identity(engine, source, wanted, stability, comment)
            work.go_on(painter, folder, identity)
            return work.summary
        kind = written_format(out)
        try:
            with whole_file(out) as part:
                sink = VideoSink(
                    part,
                    kind,
                    size=film.size,
                    rate=film.rate,
                    time_base=film.time_base,
                    sound=source if sound and source.is_file() else None,
                    quality=quality,
                    comment=comment,
                    is_transparent=keeps_alpha and film.is_transparent,
                )
                try:
                    work.begin(painter, sink)
                finally:
                    sink.close()
                if not work.done:
                    raise VideoError(f"Nothing of {source} lies between start and end.")
        except OSError as error:
            raise VideoError(why_not_written(out, error)) from error
        return work.summary


def is_folder(out: Path) -> bool:
    """Whether a film is to be written as a folder of frames."""
    return out.is_dir() or not out.suffix


class _Work:
    """The frames of one film on their way."""

    def __init__(
        self,
        film: Film,
        progress: Callable[[FilmProgress], None] | None,
    ) -> None:
        self._film = film
        self._progress = progress
        self._start = time.perf_counter()
        self._read: deque[Frame] = deque()
        self._before = 0
        self._painted = 0
        self._keys = 0
        self._is_stopped = False
        self.done = 0

    @property
    def summary(self) -> FilmSummary:
        return FilmSummary(
            size=self._film.size,
            frames=self.done,
            key_frames=self._keys,
            elapsed_s=time.perf_counter() - self._start,
            problems=tuple(self._film.problems),
            is_stopped=self._is_stopped,
        )

    def begin(self, painter: Painter, sink: Sink) -> None:
        """Paint all frames."""
        with closing(read_ahead(self._film, _AHEAD)) as frames:
            self._paint(painter, frames, sink, lambda: None)

    def go_on(self, painter: Painter, folder: FolderSink, identity: str) -> None:
        """Paint those frames that are not in a folder yet."""
        state = folder.restore(identity)
        if state is not None:
            painter.restore(state)
            self._before = self.done = folder.count
        saved = time.perf_counter()

        def save() -> None:
            nonlocal saved
            if time.perf_counter() - saved > _SAVE_EVERY_S:
                folder.save(painter.state(), identity)
                saved = time.perf_counter()

        with closing(read_ahead(self._film, _AHEAD)) as frames:
            self._paint(painter, islice(frames, folder.count, None), folder, save)
        if not self._is_stopped:
            folder.forget()

    def tell(self, painted: int = 0) -> None:
        """Tell how far it has come.

        Args:
            painted: Frames of this run that are painted, if some of them are not written yet.
        """
        self._painted = max(self._painted, painted, self.done - self._before)
        if self._progress is None:
            return
        done = self._before + self._painted
        fps = self._painted / max(1e-9, time.perf_counter() - self._start)
        count = self._film.count
        left_s = None if count is None or not fps else max(0, count - done) / fps
        self._progress(FilmProgress(done, count, fps, left_s))

    def _paint(
        self, painter: Painter, frames: Iterator[Frame], sink: Sink, leave: Callable[[], None]
    ) -> None:
        try:
            for painted in painter.paint(self._shown(frames)):
                self._write(painted, sink)
                if painter.can_be_left:
                    leave()
        except (KeyboardInterrupt, StopFilm):
            if not self.done:
                raise
            self._is_stopped = True

    def _shown(self, frames: Iterator[Frame]) -> Iterator[tuple[PixelSource, float]]:
        for frame in frames:
            self._read.append(replace(frame, source=_NOTHING))
            yield frame.source, float(frame.time)

    def _write(self, painted: PaintedFrame, sink: Sink) -> None:
        read = self._read.popleft()
        pixels = joined(painted.pixels, read.alpha)
        sink.write(pixels, read.time, read.duration, is_cut=painted.is_cut)
        self.done += 1
        self._keys += painted.is_key
        self.tell()


def _identity(
    engine: Engine, source: Path, wanted: Wanted | None, stability: float, comment: str
) -> str:
    """Return the same for the same work: film, look and model."""
    found: dict[str, Any] = {
        "method": _METHOD,
        "model": engine.model_sha256,
        "precision": engine.precision,
        "wanted": repr(wanted),
        "stability": stability,
        "look": comment,
    }
    if source.is_dir():
        found["files"] = sorted(file.name for file in source.iterdir())
    else:
        with open(source, "rb") as file:
            found["head"] = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
        found["bytes"] = source.stat().st_size
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()
