"""The result at its full size: painted once, looked at in parts, saved in any size and format."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylize.errors import ImageError
from stylize.messages import say
from stylize.studio.look import Look
from stylize.studio.painter import Painter
from stylize.studio.settings import StudioSettings
from stylize.studio.visit import Visit

Progress = Callable[[float], None]
Work = Callable[[Progress], Any]

SUFFIXES = {"png": ".png", "jpg": ".jpg", "webp": ".webp"}


class Stopped(Exception):
    """The visitor wants no more of it."""


@dataclass(frozen=True)
class Export:
    """What a result is to be saved as.

    Attributes:
        suffix: ``.png``, ``.jpg`` or ``.webp``.
        quality: Of JPEG and WebP, 50 to 100.
        size: Width and height in pixels; None for the size of the content.
        name: File name without suffix; empty for the names of the styles.
    """

    suffix: str = ".png"
    quality: int = 92
    size: tuple[int, int] | None = None
    name: str = ""

    @classmethod
    def read(cls, data: Any, full_size: tuple[int, int], settings: StudioSettings) -> Export:
        """Read what the page's dialogue asks for.

        Raises:
            ImageError: The size is beyond the limits, or a number is none.
        """
        width, height = (max(16, read_whole(data, side)) for side in ("width", "height"))
        if width * height > settings.max_pixels:
            sizes = (f"{number / 1e6:.0f}" for number in (width * height, settings.max_pixels))
            raise ImageError(say("too_many_pixels", size=next(sizes), most=next(sizes)))
        return cls(
            SUFFIXES.get(str(getattr(data, "format", "")), ".png"),
            min(100, max(50, read_whole(data, "quality"))),
            None if (width, height) == full_size else (width, height),
            str(getattr(data, "name", ""))[:60],
        )


def read_whole(data: Any, name: str) -> int:
    """Return a whole number of what the page sends.

    Raises:
        ImageError: It is none.
    """
    value = getattr(data, name, None)
    try:
        return int(value)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        raise ImageError(say("no_number", name=name, value=str(value)[:60])) from None


class Jobs:
    """The jobs that visits have under way, so that each can be stopped."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def start(self, visit: str) -> threading.Event:
        """Begin a job; an older one of the same visit is stopped."""
        with self._lock:
            self._set(visit)
            stop = self._stops[visit] = threading.Event()
        return stop

    def is_busy(self, visit: str) -> bool:
        """Whether a visit has a job under way."""
        with self._lock:
            return visit in self._stops

    def stop(self, visit: str) -> None:
        """Stop the job of a visit, if there is one."""
        with self._lock:
            self._set(visit)

    def end(self, visit: str, stop: threading.Event) -> None:
        """Forget a job that is over."""
        with self._lock:
            if self._stops.get(visit) is stop:
                del self._stops[visit]

    def _set(self, visit: str) -> None:
        if stop := self._stops.get(visit):
            stop.set()


def watched(work: Work, stop: threading.Event) -> Iterator[float | tuple[Any]]:
    """Do some work; yields its progress, 0 to 1, and at last what it returned, in a tuple.

    Raises:
        Stopped: It was stopped.
    """
    told: queue.SimpleQueue[float | tuple[Any] | BaseException] = queue.SimpleQueue()

    def progress(share: float) -> None:
        if stop.is_set():
            raise Stopped
        told.put(share)

    def run() -> None:
        try:
            told.put((work(progress),))
        except BaseException as error:  # belongs to who waits for the result
            told.put(error)

    threading.Thread(target=run, name="full size", daemon=True).start()
    try:
        while not isinstance(item := told.get(), tuple):
            if isinstance(item, BaseException):
                raise item
            yield item
        yield item
    finally:
        stop.set()  # who waits has gone


def paint_full(
    painter: Painter, visit: Visit, look: Look, progress: Progress | None = None
) -> Path:
    """Paint the content at its full size, unless that is what was painted last.

    Returns:
        A file with the pixels, as NumPy keeps them; it lasts as long as any file of a visit.

    Raises:
        ImageError: There is no content.
    """
    key = (visit.scene, look.to_query())
    known, path = visit.latest.get("full", (None, Path()))
    if known == key and path.exists():
        return Path(path)
    image = painter.at_full_size(visit, look, progress)
    path.unlink(missing_ok=True) if path.name else None
    path = painter.files.place("full.npy")
    np.save(path, np.asarray(image))
    visit.latest["full"] = (key, path)
    return path


def part_of(path: Path, box: tuple[float, float, float, float], side_px: int) -> Image.Image:
    """Return a part of what `paint_full` has painted.

    Args:
        path: See there.
        box: Left, top, right, bottom as shares of the sides.
        side_px: Longer side of the part at most.
    """
    pixels = np.load(path, mmap_mode="r")
    height, width = pixels.shape[:2]
    left, right = (round(min(1.0, max(0.0, x)) * width) for x in (box[0], box[2]))
    top, bottom = (round(min(1.0, max(0.0, y)) * height) for y in (box[1], box[3]))
    cut = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    # A hundred megapixels seen from afar are thinned out before they are scaled.
    step = max(1, max(cut.shape[:2]) // (2 * side_px))
    image = Image.fromarray(np.ascontiguousarray(cut[::step, ::step]))
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return image


def save_full(
    painter: Painter, visit: Visit, look: Look, export: Export, progress: Progress
) -> str:
    """Save the result as it is asked for; returns the file."""
    if export.size is None:
        image = Image.fromarray(np.load(paint_full(painter, visit, look, progress)))
    else:
        image = painter.at_full_size(visit, look, progress, size=export.size)
    stem = export.name or "-".join(look.styles)
    recipe = painter.recipe(visit, look)
    return painter.save(image, export.suffix, stem, recipe, quality=export.quality)
