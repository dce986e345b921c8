"""Films made by the tests themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.conftest import make_picture

Make = Callable[..., Path]
RATE = 24


def moving_square(count: int, size: tuple[int, int] = (96, 64), *, step: int = 2) -> list:
    """Frames with a bright square that goes to the right over a picture that stands still."""
    ground = np.asarray(make_picture(*size, seed=3)) // 2
    frames = []
    for index in range(count):
        frame = ground.copy()
        left = 4 + index * step
        frame[20:44, left : left + 24] = (240, 200, 40)
        frames.append(frame)
    return frames


@pytest.fixture
def make_film(tmp_path: Path) -> Make:
    """Write frames, (H, W, 3) RGB, into a video."""

    def make(
        name: str,
        frames: Sequence[np.ndarray],
        *,
        times: Sequence[Fraction] | None = None,
        turn: int = 0,
        sound: str = "",
        codec: str = "libx264",
        tag: tuple[int, int] | None = None,
    ) -> Path:
        path = tmp_path / name
        height, width = frames[0].shape[:2]
        with av.open(str(path), "w") as out:
            options = {"crf": "2", "preset": "ultrafast"} if codec == "libx264" else {}
            video = out.add_stream(codec, rate=RATE, options=options)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.time_base = video.codec_context.time_base = Fraction(1, 12_000)
            if turn:
                video.set_display_rotation(turn)
            if tag is not None:
                video.codec_context.colorspace, video.codec_context.color_range = tag
            track = out.add_stream(sound, rate=48_000) if sound else None
            for index, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                if tag is not None:
                    frame = frame.reformat(
                        format="yuv420p", dst_colorspace=tag[0], dst_color_range=tag[1]
                    )
                time = times[index] if times is not None else Fraction(index, RATE)
                frame.time_base = Fraction(1, 12_000)
                frame.pts = round(time / frame.time_base)
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
            if track is not None:
                out.mux(track.encode(_tone(len(frames) / RATE)))
                out.mux(track.encode(None))
        return path

    return make


def _tone(seconds: float) -> av.AudioFrame:
    at = np.arange(round(48_000 * seconds)) / 48_000
    wave = np.float32(0.3 * np.sin(2 * np.pi * 440 * at))[None]
    frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
    frame.sample_rate, frame.pts = 48_000, 0
    return frame


@pytest.fixture
def make_animation(tmp_path: Path) -> Make:
    """Write frames into an animated picture."""

    def make(name: str, frames: Sequence[np.ndarray], durations_ms: list[int]) -> Path:
        first, *rest = map(Image.fromarray, frames)
        path = tmp_path / name
        options = {"lossless": True} if path.suffix == ".webp" else {}
        first.save(path, save_all=True, append_images=rest, duration=durations_ms, **options)
        return path

    return make
