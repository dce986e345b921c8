"""Writing films: MP4, WebM, GIF, or a folder of numbered frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import VideoError
from stylize.video.sound import Sound

Bytes = NDArray[np.uint8]

TRANSPARENT_FORMATS = ("webm",)
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".webm": "webm", ".gif": "gif"}
_BT709 = 1
_NARROW, _FULL = 1, 2
_GIF_TIME_BASE = Fraction(1, 100)
# Frames of x264 that it looks ahead, and that are made of both neighbours: ten and three, as is
# usual, take more memory, at 1080p 24 MB by the latter, and make no better film of the same size.
_LOOKAHEAD, _BETWEEN = "3", "1"
_PALETTE_PX = 128  # longer side of the picture whose colours a palette is made of


class Sink(Protocol):
    """What a painted film is written to."""

    def write(
        self, pixels: Bytes, time: Fraction, duration: Fraction | None, *, is_cut: bool
    ) -> None:
        """Write the next frame, (H, W, 3) RGB or (H, W, 4) RGBA, at its time in the source."""

    def close(self) -> None:
        """Write what is left; what was written can then be played."""


def written_format(path: Path) -> str:
    """Return the format of a film by the end of its name.

    Raises:
        VideoError: There is no such format.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise VideoError(
            f'Films cannot be saved as "{path.suffix}". End the name of the file in one of '
            f"{', '.join(FORMATS)}; a folder gets numbered frames."
        ) from None


class VideoSink:
    """An MP4, MOV, WebM or GIF."""

    def __init__(
        self,
        file: Path,
        kind: str,
        *,
        size: tuple[int, int],
        rate: Fraction,
        time_base: Fraction,
        sound: Path | None = None,
        quality: int = 75,
        comment: str = "",
        is_transparent: bool = False,
    ) -> None:
        """Begin a film.

        Args:
            file: To write to, whatever its name.
            kind: Of ``FORMATS``.
            size: (width, height) of the frames.
            rate: Frames a second, about.
            time_base: Of the times.
            sound: A film whose sound is taken along.
            quality: 1 to 100.
            comment: Kept in the file, where the format has room for it.
            is_transparent: Frames come with their opacity; of ``TRANSPARENT_FORMATS`` alone.
        """
        self._kind = kind
        self._pixel_format = "yuva420p" if is_transparent else "yuv420p"
        self._size = size
        self._source = sound
        self._sound: Sound | None = None
        self._zero: Fraction | None = None
        self._last = Fraction(-1)
        self._palette: Image.Image | None = None
        self._time_base = _GIF_TIME_BASE if kind == "gif" else time_base
        # Tags of its own need "movflags"; "faststart" lets a browser begin before all is loaded.
        options = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
        self._container = av.open(str(file), "w", format=kind, options=options)
        if comment:
            self._container.metadata["comment"] = comment
        self._stream = self._add_stream(rate, quality)

    def _add_stream(self, rate: Fraction, quality: int) -> Any:
        width, height = self._size
        if self._kind == "gif":
            stream = self._container.add_stream("gif", rate=rate)
            stream.pix_fmt = "pal8"
        elif self._kind == "webm":
            crf = str(round(63 - 0.5 * quality))
            options = {"crf": crf, "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
            if self._pixel_format == "yuva420p":
                options["auto-alt-ref"] = "0"  # frames that nobody sees have no opacity
            stream = self._container.add_stream("libvpx-vp9", rate=rate, options=options)
            stream.bit_rate = 0
            stream.pix_fmt = self._pixel_format
        else:
            # Two colours share a sample in each direction: both sides must be even.
            width, height = width - width % 2, height - height % 2
            options = {
                "crf": str(round(38 - 0.27 * quality)),
                "preset": "veryfast",
                "rc-lookahead": _LOOKAHEAD,
                "bf": _BETWEEN,
            }
            stream = self._container.add_stream("libx264", rate=rate, options=options)
            stream.pix_fmt = "yuv420p"
        stream.width, stream.height = width, height
        stream.time_base = stream.codec_context.time_base = self._time_base
        if self._kind != "gif":
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _NARROW
        return stream

    def write(
        self, pixels: Bytes, time: Fraction, duration: Fraction | None, *, is_cut: bool = False
    ) -> None:
        """Write the next frame."""
        if self._zero is None:
            self._zero = time
            if self._source is not None:
                self._sound = Sound.of(self._source, self._container, start_s=time)
        if self._kind == "gif":
            frame = self._with_palette(pixels, is_cut=is_cut)
        else:
            cut = pixels[: self._stream.height, : self._stream.width]
            kind = "rgba" if cut.shape[2] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(cut), format=kind)
            frame = frame.reformat(
                format=self._pixel_format,
                dst_colorspace=_BT709,
                src_color_range=_FULL,
                dst_color_range=_NARROW,
            )
        pts = max(round((time - self._zero) / self._time_base), round(self._last) + 1)
        self._last = Fraction(pts)
        frame.pts, frame.time_base = pts, self._time_base
        if duration is not None:
            frame.duration = max(1, round(duration / self._time_base))
        self._container.mux(self._stream.encode(frame))
        if self._sound is not None:
            self._sound.write_until(time)
        self._end_time = time + (duration or 0)

    def close(self) -> None:
        """Write what is left."""
        try:
            if self._zero is not None:
                self._container.mux(self._stream.encode(None))
                if self._sound is not None:
                    self._sound.write_until(self._end_time)
                    self._sound.close()
        finally:
            self._container.close()

    def _with_palette(self, pixels: Bytes, *, is_cut: bool) -> av.VideoFrame:
        """Return a frame in 256 colours: of the whole shot, so that what stands still stays."""
        picture = Image.fromarray(pixels)
        if self._palette is None or is_cut:
            small = picture.copy()
            small.thumbnail((_PALETTE_PX, _PALETTE_PX))
            self._palette = small.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        indexed = picture.quantize(palette=self._palette, dither=Image.Dither.NONE)
        colors = np.zeros((256, 4), np.uint8)
        known = np.asarray(self._palette.getpalette(), np.uint8).reshape(-1, 3)
        colors[:, 0] = 255
        colors[: len(known), 1:] = known
        array: Any = np.asarray(indexed), colors  # as the format wants it, whatever the types say
        return av.VideoFrame.from_ndarray(array, format="pal8")
