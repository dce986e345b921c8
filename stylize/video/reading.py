"""Reading films: upright frames in RGB with their times, one after the other, from many formats."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from stylize.errors import VideoError
from stylize.images import (
    MAX_PIXELS,
    MIN_SIDE_PX,
    fit_within,
    load_image,
    open_image,
    prepare_image,
    resize_image,
)
from stylize.video.numbered import numbered_files
from stylize.video.transparency import Layers, decoder_of, is_transparent

Bytes = NDArray[np.uint8]

# Read by Pillow, which knows animated WebP and puts the parts of a GIF together.
PICTURE_SUFFIXES = (".gif", ".webp", ".png", ".apng")
_USUAL_RATE = Fraction(24)  # of a folder of frames
_PICTURE_TIME = Fraction(1, 10)  # of a frame that names no time; browsers show it as long
_BT709, _BT601, _UNSPECIFIED = 1, 5, 2
_HD_HEIGHT_PX = 720  # from which on unnamed colours are those of HD


@dataclass(frozen=True)
class Frame:
    """A frame.

    Attributes:
        pixels: (H, W, 3) RGB.
        time: Seconds since the beginning of the file.
        duration: Seconds that it is shown, if the file says so.
        alpha: (H, W), opacity, if it was asked for and there is some.
    """

    pixels: Bytes
    time: Fraction
    duration: Fraction | None = None
    alpha: Bytes | None = None


@dataclass(frozen=True)
class Wanted:
    """Which frames are read, and how large.

    Attributes:
        start_s: Of the first frame.
        end_s: Before this time; None: to the end.
        max_side_px: Limit of the longer side.
        fps: Frames a second at most: others are left out.
    """

    start_s: float = 0.0
    end_s: float | None = None
    max_side_px: int | None = None
    fps: float | None = None


class Film(Protocol):
    """What a film is read from; iterate over it once.

    Attributes:
        size: (width, height) of its frames.
        rate: Frames a second, on average.
        time_base: All times are about multiples of this.
        count: About how many frames there are; None if nobody knows.
        problems: What went wrong while reading, said for the user.
        is_transparent: Its first frame has an opacity; else all others are laid on white.
    """

    size: tuple[int, int]
    rate: Fraction
    time_base: Fraction
    count: int | None
    problems: list[str]
    is_transparent: bool

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Film: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


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
    return _Video(path, wanted, layers)


class _Base:
    """What all films do alike."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        self.path = path
        self.problems: list[str] = []
        self.is_transparent = False
        self._wanted = wanted
        self._layers = layers

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _take_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if min(size) < MIN_SIDE_PX or size[0] * size[1] > MAX_PIXELS:
            raise VideoError(
                f"{self.path} has frames of {size[0]} x {size[1]} px; both sides must be at least "
                f"{MIN_SIDE_PX} px, and {MAX_PIXELS // 10**6} megapixels are the most."
            )
        fitted = fit_within(size, self._wanted.max_side_px)
        if min(fitted) < MIN_SIDE_PX:
            raise VideoError(
                f"Scaled down to {self._wanted.max_side_px} px, {self.path} would be "
                f"{fitted[0]} x {fitted[1]} px; both sides must be at least {MIN_SIDE_PX} px."
            )
        return fitted

    def _take_transparency(self, is_transparent: bool) -> None:
        self.is_transparent = is_transparent
        self._layers.keeps_alpha &= is_transparent

    def _count(self, count: float | None, rate: Fraction) -> int | None:
        """Return how many of so many frames are wanted, about."""
        if count is None:
            return None
        seconds = count / rate
        end = min(seconds, self._wanted.end_s if self._wanted.end_s is not None else seconds)
        return max(1, round((end - self._wanted.start_s) * self._capped(rate)))

    def _capped(self, rate: Fraction) -> Fraction:
        fps = self._wanted.fps
        return rate if fps is None else min(rate, Fraction(fps).limit_denominator(1001))


class _Times:
    """Chooses frames by their times: those wanted, always later than the one before."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._last: Fraction | None = None
        self._due = Fraction(0)
        self._slack = Fraction(1, 1000)  # times are rounded

    def is_over(self, time: Fraction) -> bool:
        return self._wanted.end_s is not None and time >= self._wanted.end_s

    def take(self, time: Fraction) -> bool:
        if time < self._wanted.start_s - float(self._slack):
            return False
        if self._last is not None and time <= self._last:
            return False
        if self._wanted.fps is not None:
            step = 1 / Fraction(self._wanted.fps).limit_denominator(1001)
            if self._last is None:
                self._due = time
            if time < self._due - self._slack:
                return False
            self._due += step * max(1, (time - self._due) // step)
        self._last = time
        return True


class _Video(_Base):
    """A video, by FFmpeg."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        super().__init__(path, wanted, layers)
        try:
            self._container = av.open(str(path), metadata_errors="replace")
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        try:
            if not self._container.streams.video:
                raise VideoError(f"{path} has no pictures, only sound or text.")
            self._take_stream()
            self._open()
        except BaseException:
            self._container.close()
            raise

    def _take_stream(self) -> None:
        self._stream = self._container.streams.video[0]
        self._decoder = decoder_of(self._stream)
        self._decoder.thread_type = "AUTO"

    def _open(self) -> None:
        stream = self._stream
        self._first: av.VideoFrame | None = next(self._decoded(), None)
        if self._first is None:
            raise VideoError(
                f"{self.path} has no frame that can be read: it is cut off or damaged. "
                "Take another copy of it."
            )
        self._take_transparency(is_transparent(self._first))
        self._turns = round(self._first.rotation / 90) % 4
        width, height = self._first.width, self._first.height
        shape = stream.sample_aspect_ratio
        if shape and 0.1 < shape < 10:  # pixels that are no squares
            width = round(width * shape)
        upright = (height, width) if self._turns % 2 else (width, height)
        self.size = self._take_size(upright)
        rate = stream.average_rate or stream.guessed_rate or _USUAL_RATE
        self.rate = self._capped(rate)
        self.time_base = stream.time_base or Fraction(1, 90_000)
        seconds = self._seconds()
        self._seconds_said = seconds
        self.count = self._count(seconds * float(rate) if seconds else None, rate)

    def _seconds(self) -> float | None:
        if self._stream.duration:
            return float(self._stream.duration * self.time_base)
        if self._container.duration:
            return self._container.duration / av.time_base
        return None

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        times, zero, time = _Times(self._wanted), None, Fraction(0)
        self._rewind()
        for number, frame in enumerate(self._decoded()):
            base = frame.time_base or self.time_base
            at = number / self.rate if frame.pts is None else frame.pts * base
            zero = self._zero(at) if zero is None else zero
            time = at - zero
            if times.is_over(time):
                return
            if times.take(time):
                duration = frame.duration * base if frame.duration else None
                pixels, alpha = self._upright(frame)
                yield Frame(pixels, time, duration, alpha)
        said = self._seconds_said
        if said is not None and time + 2 / self.rate < said - 0.5:
            self.problems.append(f"it ends at {float(time):.1f} s of {said:.1f} s: it is cut off")

    def _zero(self, first: Fraction) -> Fraction:
        start = self._stream.start_time
        return first if start is None else min(first, start * self.time_base)

    def _rewind(self) -> None:
        """Go back to the first frame that is wanted, or to a frame before from which on to read."""
        start = self._wanted.start_s
        try:
            begin = (self._stream.start_time or 0) + int(start / self.time_base)
            self._container.seek(begin, stream=self._stream, backward=True)
            self._decoder.flush_buffers()
        except av.error.FFmpegError:  # it cannot be moved about in, like a stream: read it anew
            self._container.close()
            self._container = av.open(str(self.path), metadata_errors="replace")
            self._take_stream()

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Yield what can be decoded; what is damaged is left out."""
        damaged = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._tell(f"it cannot be read to its end ({error.strerror})")
                packet = None
            try:
                frames = self._decoded_of(packet) if packet is not None else []
            except av.error.FFmpegError:
                frames, damaged = [], damaged + 1
            for frame in frames:
                if frame.is_corrupt:
                    damaged += 1
                yield frame
            if packet is None:
                break
        if damaged:
            self._tell(f"{damaged} of its parts are damaged")

    def _decoded_of(self, packet: Any) -> list[Any]:
        if self._decoder is self._stream.codec_context:
            return packet.decode()  # type: ignore[no-any-return]
        return self._decoder.decode(packet if packet.size else None)  # type: ignore[no-any-return]

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _upright(self, frame: av.VideoFrame) -> tuple[Bytes, Bytes | None]:
        """Return the colours of a frame, and its opacity if that is to be kept."""
        width, height = self.size[::-1] if self._turns % 2 else self.size
        space = frame.colorspace
        if space == _UNSPECIFIED:
            space = _BT709 if frame.height >= _HD_HEIGHT_PX else _BT601
        if is_transparent(frame):
            # Scaled by Pillow, by which what nobody sees does not count.
            picture = Image.fromarray(frame.to_ndarray(format="rgba", src_colorspace=space))
            colors, alpha = self._layers.split(resize_image(picture, (width, height)))
            return self._turned(colors), None if alpha is None else self._turned(alpha)
        pixels: Any = frame.to_ndarray(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=space,
            interpolation="AREA" if width < frame.width else "BICUBIC",
        )
        return self._turned(pixels), None

    def _turned(self, pixels: Bytes) -> Bytes:
        # Rotation is counterclockwise, as that of NumPy.
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels


class _Animation(_Base):
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
        times, time = _Times(self._wanted), Fraction(0)
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


class _Folder(_Base):
    """A folder of numbered frames."""

    def __init__(self, path: Path, wanted: Wanted, layers: Layers) -> None:
        super().__init__(path, wanted, layers)
        self.files = numbered_files(path)
        self.rate = Fraction(wanted.fps or _USUAL_RATE).limit_denominator(1001)
        self._wanted = Wanted(wanted.start_s, wanted.end_s, wanted.max_side_px)
        self.time_base = 1 / self.rate
        self.count = self._count(len(self.files), self.rate)
        with open_image(self.files[0]) as image:
            picture = prepare_image(image)
            self._take_transparency(picture.mode == "RGBA")
            self.size = self._take_size(picture.size)

    def __iter__(self) -> Iterator[Frame]:
        times = _Times(self._wanted)
        for number, file in enumerate(self.files):
            time = number / self.rate
            if times.is_over(time):
                return
            if times.take(time):
                pixels, alpha = self._layers.split(resize_image(load_image(file), self.size))
                yield Frame(pixels, time, 1 / self.rate, alpha)


def _unreadable(path: Path, error: Exception) -> VideoError:
    reason = getattr(error, "strerror", None) or str(error)
    return VideoError(
        f"{path} cannot be read as a video ({reason}). Readable are MP4, MOV, WebM, MKV, AVI, GIF, "
        "animated WebP, and folders of numbered pictures."
    )
