"""Many pictures over a pool: each painted once, written whole, noted in a manifest."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stylize.errors import (
    ImageError,
    OutOfMemoryError,
    StylizeError,
    TaskLostError,
    WorkerError,
)
from stylize.files import make_folder, why_not_written, write_whole
from stylize.images import encode_image, load_image
from stylize.messages import say
from stylize.recipe import Recipe
from stylize.regions import Region
from stylize.remote_files import RemoteFile, source_of
from stylize.workers.manifest import Manifest
from stylize.workers.pool import Pool, Progress

if TYPE_CHECKING:
    from stylize.engine import Engine

logger = logging.getLogger(__name__)


class Picture(NamedTuple):
    """One picture to paint, and where to."""

    content: Path | RemoteFile
    out: Path


@dataclass(frozen=True)
class Manner:
    """How all pictures of a batch are painted.

    Attributes:
        recipe: Styles, controls and size.
        regions: Parts with a style of their own.
        embed_recipe: Keep the recipe inside of the results.
    """

    recipe: Recipe
    regions: Sequence[Region] = ()
    embed_recipe: bool = True

    def job(self, content: Path | RemoteFile) -> str:
        """Return a hash of a content and of how it is painted: the same hash, the same bytes.

        Raises:
            ImageError: The content is not there.
        """
        parts = [self.recipe.to_json(), str(self.embed_recipe), _identity(content)]
        for region in self.regions:
            style = region.style.sha256 if region.style else "content"
            mask = hashlib.sha256(region.mask.tobytes()).hexdigest()
            parts.append(f"{mask} {region.mask.size} {style} {region.feather_px}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class Painted(NamedTuple):
    """A result, as it comes from another process.

    Attributes:
        data: The file.
        width: In pixels.
        height: In pixels.
        notes: What is worth knowing of the content.
    """

    data: bytes
    width: int
    height: int
    notes: list[str]


class Outcome(NamedTuple):
    """What became of a picture.

    Attributes:
        picture: See there.
        error: Why it was not painted; None if it was.
        about: ``width``, ``height`` and ``elapsed_ms`` of a result.
        is_new: It was painted by this run.
    """

    picture: Picture
    error: StylizeError | None
    about: dict[str, Any]
    is_new: bool


def paint_batch(
    pool: Pool,
    pictures: Sequence[Picture],
    manner: Manner,
    folder: Path,
    *,
    show: Callable[[int, float], None] = lambda *_: None,
) -> Iterator[Outcome]:
    """Paint pictures at once, as many as the pool can.

    What the manifest in the folder tells to be done, of the same content in the same way, is left
    as it is. A result that is there is always whole, and noted once it is.

    Args:
        pool: Its processes have an engine each.
        pictures: Results lie in the folder or below.
        manner: How they are painted.
        folder: Where the manifest is; it is made if it is not there.
        show: Called with the number of pictures that are done, and the share of the others.

    Yields:
        What became of each picture, in their order.

    Raises:
        ImageError: The folder or the manifest cannot be written.
        WorkerError: The processes cannot be started any more.
    """
    make_folder(folder, ImageError)
    with Manifest(folder) as manifest:
        bar = _Bar(show)
        work = _Work(pool, manner, manifest, bar)
        # One more for each process, which has read the next content when a process is free.
        executor = ThreadPoolExecutor(2 * pool.size, thread_name_prefix="batch")
        try:
            yield from executor.map(work.paint, range(len(pictures)), pictures)
        finally:
            work.is_over.set()
            executor.shutdown(cancel_futures=True)  # what is written is noted, too


class _Over(Exception):
    """The batch has ended before this picture has."""


class _Work:
    """Paints the pictures of a batch, in many threads.

    Attributes:
        is_over: Set: nothing more is painted.
    """

    def __init__(self, pool: Pool, manner: Manner, manifest: Manifest, bar: _Bar) -> None:
        self.pool = pool
        self.manner = manner
        self.manifest = manifest
        self.bar = bar
        self.is_over = threading.Event()
        self._free = threading.Semaphore(pool.size)  # who waits in the pool cannot be told

    def paint(self, index: int, picture: Picture) -> Outcome:
        """Paint one picture, unless it is done."""
        job = ""
        try:
            job = self.manner.job(picture.content)
            done = self.manifest.done(picture.out, job)
            if done is not None:
                about = {key: done.get(key) for key in ("width", "height", "elapsed_ms")}
                return Outcome(picture, None, about, False)
            about = self._paint(picture, job, self.bar.of(index))
            return Outcome(picture, None, about, True)
        except (StylizeError, MemoryError) as error:
            if isinstance(error, WorkerError) and not isinstance(error, TaskLostError):
                raise
            told = error if isinstance(error, StylizeError) else OutOfMemoryError()
            self.manifest.write(picture.content, picture.out, job, "failed", error=str(told))
            return Outcome(picture, told, {}, True)
        finally:
            self.bar.end(index)

    def _paint(self, picture: Picture, job: str, progress: Progress) -> dict[str, Any]:
        start = time.perf_counter()
        content = picture.content
        source = source_of(content)
        if isinstance(source, Path) and not self.pool.shares_files:
            source = _read(source)

        def tell(share: float) -> None:
            self._check_over()
            progress(share)

        with self._free:
            self._check_over()
            painted = self.pool.call(
                paint_file, source, str(content), picture.out.name, self.manner, progress=tell
            )
        for note in painted.notes:
            logger.warning(note)
        make_folder(picture.out.parent, ImageError)
        try:
            write_whole(picture.out, painted.data)
        except OSError as error:
            raise ImageError(why_not_written(picture.out, error)) from error
        elapsed_ms = round((time.perf_counter() - start) * 1000, 1)
        about = {"width": painted.width, "height": painted.height, "elapsed_ms": elapsed_ms}
        self.manifest.write(content, picture.out, job, "done", bytes=len(painted.data), **about)
        return about

    def _check_over(self) -> None:
        if self.is_over.is_set():
            raise _Over


class _Bar:
    """How far a batch has come, told by many threads."""

    def __init__(self, show: Callable[[int, float], None]) -> None:
        self._show = show
        self._lock = threading.Lock()
        self._done = 0
        self._shares: dict[int, float] = {}

    def of(self, index: int) -> Progress:
        """The progress of one picture."""

        def tell(share: float) -> None:
            with self._lock:
                self._shares[index] = share
                self._show(self._done, sum(self._shares.values()))

        return tell

    def end(self, index: int) -> None:
        """Count a picture as done."""
        with self._lock:
            self._done += 1
            self._shares.pop(index, None)
            self._show(self._done, sum(self._shares.values()))


def _identity(content: Path | RemoteFile) -> str:
    """What changes with a content, without reading it."""
    if isinstance(content, RemoteFile):
        return content.identity()
    try:
        about = content.stat()
    except OSError as error:
        raise ImageError(say("file_missing", name=content)) from error
    return f"{about.st_size} {about.st_mtime_ns}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(say("unreadable", name=path, reason=reason)) from error


def paint_file(
    engine: Engine,
    source: Path | bytes,
    name: str,
    out_name: str,
    manner: Manner,
    *,
    progress: Progress | None = None,
) -> Painted:
    """Paint a picture file: the task of the processes.

    Args:
        engine: That of the process.
        source: A file, or its bytes.
        name: How messages speak of it.
        out_name: In the format of its suffix the result is returned.
        manner: How it is painted.
        progress: See `Engine.stylize`.

    Raises:
        StylizeError: The picture cannot be painted.
    """
    notes: list[str] = []
    try:
        content = load_image(source, tell=notes.append)
    except ImageError as error:
        if isinstance(source, Path):  # then it names the file itself
            raise
        raise ImageError(f"{name}: {error}") from error
    recipe = manner.recipe
    result = engine.stylize(
        content,
        recipe.style(),
        controls=recipe.controls,
        max_side_px=recipe.max_side_px,
        fast=recipe.fast,
        regions=manner.regions,
        progress=progress,
    )
    data = encode_image(result, out_name, recipe=recipe if manner.embed_recipe else None)
    return Painted(data, result.width, result.height, notes)
