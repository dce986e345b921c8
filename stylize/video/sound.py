"""The sound of a film, taken along: packet by packet as it is, where the new file can hold it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av

Packet: TypeAlias = Any  # av.Packet, whose types are not those that it has at run time

logger = logging.getLogger(__name__)

# What the containers hold and players know.
_KEPT = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus"},
    "mov": {"aac", "mp3", "ac3", "alac"},
    "webm": {"opus", "vorbis"},
}
_ENCODER = {"mp4": "aac", "mov": "aac", "webm": "libopus"}


class Sound:
    """Copies the sound of one file into another, as far as the pictures have come."""

    def __init__(
        self, source: Path, out: av.container.OutputContainer, *, start_s: Fraction
    ) -> None:
        """Prepare the sound of a film.

        Args:
            source: The film.
            out: Where to; nothing may have been written to it.
            start_s: Time in the source that is the beginning of the new film.
        """
        self._container = av.open(str(source), metadata_errors="replace")
        self._out = out
        self._start = start_s
        self._stream = self._container.streams.audio[0]
        kind = out.format.name
        name = self._stream.codec_context.name.removesuffix("float")
        self._copies = name in _KEPT.get(kind, set())
        self._track: Any
        if self._copies:
            self._track = out.add_stream_from_template(self._stream)
        else:
            rate = 48_000 if kind == "webm" else self._stream.codec_context.sample_rate
            self._track = out.add_stream(_ENCODER[kind], rate=rate)
        self._packets = self._read()
        self._next: Packet | None = None
        self._is_over = False

    @staticmethod
    def of(source: Path, out: av.container.OutputContainer, *, start_s: Fraction) -> Sound | None:
        """Return the sound of a film; None if it has none that can be read."""
        if out.format.name not in _KEPT:
            return None
        try:
            with av.open(str(source), metadata_errors="replace") as container:
                if not container.streams.audio:
                    return None
            return Sound(source, out, start_s=start_s)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            logger.warning("%s: its sound cannot be read (%s); it is left out.", source, error)
            return None

    def write_until(self, time: Fraction) -> None:
        """Write what sounds before a time of the source."""
        while not self._is_over:
            if self._next is None:
                self._next = next(self._packets, None)
                if self._next is None:
                    self._end()
                    return
            if self._time(self._next) >= time:
                return
            packet, self._next = self._next, None
            self._write(packet)

    def close(self) -> None:
        """End the sound where it is."""
        if not self._is_over:
            self._end()
        self._container.close()

    def _read(self) -> Iterator[Packet]:
        try:
            if self._start > 0:
                self._container.seek(int(self._start * av.time_base), backward=True)
            for packet in self._container.demux(self._stream):
                # What lies before the very beginning is what the decoder needs to get going.
                if packet.pts is not None and self._time(packet) >= (self._start or -1):
                    yield packet
        except av.error.FFmpegError as error:
            logger.warning("The sound cannot be read to its end (%s).", error.strerror)

    def _time(self, packet: Packet) -> Fraction:
        return Fraction((packet.pts or 0) * packet.time_base)

    def _write(self, packet: Packet) -> None:
        if self._copies:
            shift = round(self._start / packet.time_base)
            packet.pts = (packet.pts or 0) - shift
            packet.dts = packet.pts if packet.dts is None else packet.dts - shift
            packet.stream = self._track
            self._out.mux(packet)
            return
        try:
            frames: list[Any] = list(packet.decode())
        except av.error.FFmpegError:  # damaged: a moment of silence
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= round(self._start / frame.time_base)
            self._out.mux(self._track.encode(frame))

    def _end(self) -> None:
        self._is_over = True
        if not self._copies:
            self._out.mux(self._track.encode(None))
