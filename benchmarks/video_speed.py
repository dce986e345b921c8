"""How fast are films painted, and in how much memory?

    python benchmarks/video_speed.py CLIP... -o benchmarks/results/video_speed.json
        [--seconds 20] [--large-seconds 8] [--long-minutes 10] [--long-fps 10]

Every clip is written anew with sound, again and again until the film is long enough, 640 px and
1920 px wide. ``stylize video`` paints it in a process of its own, reading, sound and writing
included; its memory is looked at all the while. The engine alone paints frames that lie in memory.
Live, the frames come when they would from a camera, and those that come too fast are left out.
``--long-minutes`` paints one film of so many minutes, the first clip, and compares its memory early
and late; ``--long-fps`` leaves frames of it out, where time is short. Linux only; the machine
should do nothing else: ``idle_share`` says how far that was so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from machine import describe_machine, report
from numpy.typing import NDArray

from stylize.controls import Controls
from stylize.cores import available_cores
from stylize.engine import Engine
from stylize.images import load_image
from stylize.styles import StyleVector
from stylize.video.film import FilmPainter
from stylize.video.live import LivePainter, paint_live
from stylize.video.reading import open_film
from stylize.video.screen import Screen
from stylize.video.source import Wanted
from stylize.video.timeline import Timeline

Bytes = NDArray[np.uint8]

STYLE = "great-wave"
SMALL_PX, LARGE_PX = 640, 1920
_SOUND_RATE = 48_000
_WATCH_EVERY_S = 0.2
_SETTLED = 0.2  # share of the time after which memory counts as early


def write_film(path: Path, clip: Path, side_px: int, seconds: float) -> int:
    """Write a clip again and again, with a tone; return the number of frames."""
    with open_film(clip) as source:
        rate = source.rate
        frames = [_wide(frame.pixels, side_px) for frame in source]
    count = max(1, round(seconds * rate))
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        sound: Any = out.add_stream("aac", rate=_SOUND_RATE)
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(frames[index % len(frames)], format="rgb24")
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for second in range(round(count / rate)):
            out.mux(sound.encode(_tone(second)))
        out.mux(sound.encode(None))
    return count


def _wide(pixels: Bytes, side_px: int) -> Bytes:
    height, width = pixels.shape[:2]
    size = side_px, round(height * side_px / width) // 2 * 2
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _tone(second: int) -> av.AudioFrame:
    at = np.arange(_SOUND_RATE) / _SOUND_RATE
    wave = np.float32(0.1 * np.sin(2 * np.pi * 440 * at))[None]
    frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
    frame.sample_rate, frame.pts = _SOUND_RATE, second * _SOUND_RATE
    frame.time_base = Fraction(1, _SOUND_RATE)
    return frame


def paint_film(film: Path, out: Path, *options: str) -> dict[str, Any]:
    """Paint a film by the command line and watch its memory."""
    command = [sys.executable, "-m", "stylize.cli", "video", film, "-s", STYLE, "-o", out]
    start = time.perf_counter()
    process = subprocess.Popen([*map(str, command), *options, "--json"], stdout=subprocess.PIPE)
    seen: list[float] = []
    watching = threading.Thread(target=_watch, args=(process, seen))
    watching.start()
    text, _ = process.communicate()
    watching.join()
    if process.returncode:
        raise SystemExit(f"stylize video failed on {film}")
    told = json.loads(text)
    early = seen[int(_SETTLED * len(seen)) : int(2 * _SETTLED * len(seen)) + 1]
    late = seen[-max(1, int(_SETTLED * len(seen))) :]
    return {
        "frames": told["frames"],
        "key_frames": told["key_frames"],
        "fps": told["frames"] / told["elapsed_s"],
        "fps_with_start": told["frames"] / (time.perf_counter() - start),
        "peak_mb": max(seen),
        "early_mb": float(np.median(early)),
        "late_mb": float(np.median(late)),
    }


def _watch(process: subprocess.Popen[bytes], seen: list[float]) -> None:
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            seen += [int(line.split()[1]) / 1000 for line in status.splitlines() if "VmRSS" in line]
        except OSError:
            return
        time.sleep(_WATCH_EVERY_S)


def frames_and_style(
    engine: Engine, film: Path, seconds: float
) -> tuple[list[tuple[Bytes, float]], StyleVector]:
    """Return frames with their times, and the style."""
    picture = load_image(Path(__file__).parents[1] / "styles_library" / f"{STYLE}.jpg")
    with open_film(film, Wanted(end_s=seconds)) as source:
        frames = [(frame.pixels, float(frame.time)) for frame in source]
    return frames, engine.encode_style(picture)


def paint_frames(engine: Engine, film: Path, seconds: float) -> float:
    """Return the frames a second of the engine alone."""
    frames, style = frames_and_style(engine, film, seconds)
    look = Timeline(style, Controls()).look
    list(FilmPainter(engine, look).paint(frames[:2]))  # loads the graphs
    painter = FilmPainter(engine, look)
    start = time.perf_counter()
    count = sum(1 for _ in painter.paint(frames))
    return count / (time.perf_counter() - start)


def paint_camera(engine: Engine, film: Path, seconds: float) -> dict[str, float]:
    """Paint a film as if a camera saw it now."""
    frames, style = frames_and_style(engine, film, seconds)
    look = Timeline(style, Controls()).look(0)
    LivePainter(engine, look).paint(frames[0][0])  # loads the graphs

    def camera() -> Iterator[Bytes]:
        start = time.perf_counter()
        for pixels, at in frames:
            time.sleep(max(0.0, start + at - time.perf_counter()))
            yield pixels

    with Screen() as screen:
        summary = paint_live(LivePainter(engine, look), camera(), screen.show)
    return {
        "camera_fps": len(frames) / seconds,
        "fps": summary.fps,
        "latency_ms": 1000 * summary.latency_s(0.5),
        "latency_95_ms": 1000 * summary.latency_s(0.95),
    }


def busy_and_all() -> tuple[int, int]:
    """Return the time that all cores were busy and the time that went by, in ticks."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def main() -> None:
    """Write films, paint them, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--large-seconds", type=float, default=8)
    parser.add_argument("--long-minutes", type=float, default=0)
    parser.add_argument("--long-fps", type=float, default=30)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    busy, ticks = busy_and_all()
    time.sleep(2)
    busy, ticks = (now - then for now, then in zip(busy_and_all(), (busy, ticks), strict=True))
    half, whole = Engine(threads=max(1, available_cores() // 2)), Engine()
    clips: dict[str, Any] = {}
    result: dict[str, Any] = {
        "style": STYLE,
        "machine": describe_machine("onnxruntime", "opencv-python-headless", "av"),
        "idle_share": 1 - busy / ticks,
        "clips": clips,
    }
    with tempfile.TemporaryDirectory() as folder:
        film, out = Path(folder) / "film.mp4", Path(folder) / "painted.mp4"
        for clip in options.clips:
            row = clips.setdefault(clip.stem, {})
            for side_px, seconds in (
                (SMALL_PX, options.seconds),
                (LARGE_PX, options.large_seconds),
            ):
                if seconds == 0:
                    continue
                write_film(film, clip, side_px, seconds)
                row[f"{side_px}"] = paint_film(film, out)
                if side_px == SMALL_PX:
                    row["engine_fps"] = paint_frames(half, film, min(seconds, 10))
                    row["live"] = paint_camera(whole, film, min(seconds, 10))
                print(clip.stem, row, file=sys.stderr)
        if options.long_minutes:
            write_film(film, options.clips[0], SMALL_PX, 60 * options.long_minutes)
            rate = "--fps", str(options.long_fps)
            result["long"] = {"minutes": options.long_minutes} | paint_film(film, out, *rate)
    report(_rounded(result), options.out)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return round(value, 2) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
