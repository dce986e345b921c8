"""Videos, decoded by FFmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import VideoError
from stylize.images import resize_image
from stylize.video.source import USUAL_RATE, Base, Frame, Times, Wanted
from stylize.video.transparency import Layers, decoder_of, is_transparent

Bytes = NDArray[np.uint8]

_BT709, _BT601, _UNSPECIFIED = 1, 5, 2
_THREADS = 2  # each has frames of its own, and painting takes longer than decoding
_HD_HEIGHT_PX = 720  # from which on unnamed colours are those of HD


class Video(Base):
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
        self._decoder.thread_count = _THREADS

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
        rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
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
        times, zero, time = Times(self._wanted), None, Fraction(0)
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
                if is_transparent(frame):
                    colors, alpha = self._layers_of(frame)
                    yield Frame(colors, time, duration, alpha)
                else:
                    yield Frame(partial(self._upright, frame), time, duration)
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

    def _upright(self, frame: av.VideoFrame) -> Bytes:
        width, height = self._lying_size
        pixels: Any = frame.to_ndarray(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=_space_of(frame),
            interpolation="AREA" if width < frame.width else "BICUBIC",
        )
        return self._turned(pixels)

    def _layers_of(self, frame: av.VideoFrame) -> tuple[Bytes, Bytes | None]:
        """Return the colours of a frame, and its opacity if that is to be kept."""
        # Scaled by Pillow, by which what nobody sees does not count.
        picture = Image.fromarray(frame.to_ndarray(format="rgba", src_colorspace=_space_of(frame)))
        colors, alpha = self._layers.split(resize_image(picture, self._lying_size))
        return self._turned(colors), None if alpha is None else self._turned(alpha)

    @property
    def _lying_size(self) -> tuple[int, int]:
        width, height = self.size
        return (height, width) if self._turns % 2 else (width, height)

    def _turned(self, pixels: Bytes) -> Bytes:
        # Rotation is counterclockwise, as that of NumPy.
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels


def _space_of(frame: av.VideoFrame) -> int:
    space = frame.colorspace
    if space != _UNSPECIFIED:
        return space
    return _BT709 if frame.height >= _HD_HEIGHT_PX else _BT601


def _unreadable(path: Path, error: Exception) -> VideoError:
    reason = getattr(error, "strerror", None) or str(error)
    return VideoError(
        f"{path} cannot be read as a video ({reason}). Readable are MP4, MOV, WebM, MKV, AVI, GIF, "
        "animated WebP, and folders of numbered pictures."
    )
