"""Reading films: upright frames in RGB with their times, one after the other, from many formats."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageSequence

from stylize.errors import VideoError
from stylize.images import load_image, open_image, prepare_image, resize_image
from stylize.video.decoding import Video
from stylize.video.numbered import numbered_files
from stylize.video.source import USUAL_RATE, Base, Film, Frame, Times, Wanted
from stylize.video.transparency import Layers

# Read by Pillow, which knows animated WebP and puts the parts of a GIF together.
PICTURE_SUFFIXES = (".gif", ".webp", ".png", ".apng")
_PICTURE_TIME = Fraction(1, 10)  # of a frame that names no time; browsers show it as long


def open_film(
    path: str | os.PathLike[str], wanted: Wanted | None = None, *, keeps_alpha: bool = False
) -> Film:
    """Open a film: a video, an animated picture or a folder of numbered frames.

    Args:
        path: Of it.
        wanted: Which frames, and how large.
        keeps_alpha: Frames come with their opacity; else transparency is laid on white.

    Raises:
        VideoError: There is none that can be read.
    """
    path = Path(path)
    wanted, layers = wanted or Wanted(), Layers(keeps_alpha=keeps_alpha)
    if wanted.end_s is not None and wanted.end_s <= wanted.start_s:
        raise VideoError(
            f"The end, {wanted.end_s:g} s, must be later than the start, {wanted.start_s:g} s."
        )
    if path.is_dir():
        return _Folder(path, wanted, layers)
    if not path.exists():
        raise VideoError(f"There is no file {path}. Check its name.")
    if path.stat().st_size == 0:
        raise VideoError(f"{path} is empty: it has no bytes. Copy or record it again.")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return _Animation(path, wanted, layers)
    return Video(path, wanted, layers)


class _Animation(Base):
    """An animated picture, by Pillow."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        super().__init__(path, wanted, layers)
        with open_image(path) as image:
            count = getattr(image, "n_frames", 1)
            image.seek(0)
            image.load()
            self._take_transparency(image.has_transparency_data)
            self.size = self._take_size(image.size)
            duration = _duration(image)
        rate = 1 / duration
        self.rate = self._capped(rate.limit_denominator(1001))
        self.time_base = Fraction(1, 1000)
        self.count = self._count(count, rate)

    def __iter__(self) -> Iterator[Frame]:
        times, time = Times(self._wanted), Fraction(0)
        with open_image(self.path) as image:
            parts = ImageSequence.Iterator(image)
            while True:
                try:
                    part = next(parts, None)
                    if part is None or times.is_over(time):
                        return
                    part.load()
                except (OSError, SyntaxError, EOFError, ValueError) as error:
                    self.problems.append(f"it cannot be read to its end ({error})")
                    return
                duration = _duration(part)
                if times.take(time):
                    picture = resize_image(prepare_image(part.copy()), self.size)
                    pixels, alpha = self._layers.split(picture)
                    yield Frame(pixels, time, duration, alpha)
                time += duration


def _duration(image: Image.Image) -> Fraction:
    milliseconds = image.info.get("duration") or 0
    if milliseconds <= 10:  # browsers take 0 and 10 ms for a mistake
        return _PICTURE_TIME
    return Fraction(milliseconds).limit_denominator(1000) / 1000


class _Folder(Base):
    """A folder of numbered frames."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        super().__init__(path, wanted, layers)
        self.files = numbered_files(path)
        self.rate = Fraction(wanted.fps or USUAL_RATE).limit_denominator(1001)
        self._wanted = Wanted(wanted.start_s, wanted.end_s, wanted.max_side_px)
        self.time_base = 1 / self.rate
        self.count = self._count(len(self.files), self.rate)
        with open_image(self.files[0]) as image:
            picture = prepare_image(image)
            self._take_transparency(picture.mode == "RGBA")
            self.size = self._take_size(picture.size)

    def __iter__(self) -> Iterator[Frame]:
        times = Times(self._wanted)
        for number, file in enumerate(self.files):
            time = number / self.rate
            if times.is_over(time):
                return
            if times.take(time):
                pixels, alpha = self._layers.split(resize_image(load_image(file), self.size))
                yield Frame(pixels, time, 1 / self.rate, alpha)
