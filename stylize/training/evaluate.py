"""Measure and compare systems on the same pairs of pictures.

Every picture is resized to the same longer side, every system gets the same two pictures, every
result is measured by the same network. Results of more than 512 px are scaled down to that and
measured as they are seen as a whole, and their paint in windows at full resolution.

Two rows are always there: the content unchanged, which no content loss can beat, and the style
copied, which no style loss can beat. A measure that prefers one of them to all others says nothing
about style transfer.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import torch

import stylize
from stylize.errors import TrainingError
from stylize.files import make_folder
from stylize.model_files import Precision
from stylize.training.files import whole_file
from stylize.training.measuring import measure_pairs
from stylize.training.metrics import Meter, load_loss_network
from stylize.training.paint_metrics import PaintMeter
from stylize.training.pairs import SEEN_PX, Pictures, load_pictures, seen_whole
from stylize.training.report import METRICS, Shown, html_page, markdown
from stylize.training.same_look import (
    BETWEEN_PX,
    REFERENCE_PX,
    measure_same_look,
    summarize_same_look,
)
from stylize.training.sliders import measure_sliders
from stylize.training.summary import Record, summarize, summarize_agreements
from stylize.training.systems import (
    CONTENT_UNCHANGED,
    STYLE_COPIED,
    EngineSystem,
    ReadyMade,
    System,
    content_unchanged,
    open_models,
    ready_made_files,
    style_copied,
)
from stylize.training.vgg import LossNetwork

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """What to evaluate.

    Attributes:
        contents: Folders of content pictures.
        styles: Folders of style pictures.
        out: Folder for the report.
        only: JSON file of the pictures to use, see :func:`stylize.training.pairs.load_pictures`.
        vgg: See :func:`stylize.training.metrics.load_loss_network`.
        normalize_on: See the same.
        models: Folders; the first one is what the others are compared with. None: the bundled one.
        precisions: In which each model runs; the first one is what is compared.
        ready_made: Folders of pictures that other programs made of the same pairs, see
            :class:`stylize.training.systems.ReadyMade`; only pairs that all of them have are used.
        pairs: Pairs of pictures.
        sizes_px: Longer sides at which pictures are painted. Contents that do not have the largest
            one are left out.
        enlarge: Use them nevertheless, enlarged.
        same_look_pairs: Pairs to paint small and large and compare; 0 leaves this test out.
        slider_pairs: Pairs to move the sliders for; 0 leaves this test out.
        slider_size_px: Longer side of the pictures of this test.
        shown: Pairs whose pictures are in the report.
        seed: Of the choice of pairs and of the bootstrap.
    """

    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    only: Path | None = None
    vgg: Path | None = None
    normalize_on: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()
    precisions: tuple[Precision, ...] = ("int8", "fp32")
    ready_made: tuple[Path, ...] = ()
    pairs: int = 400
    sizes_px: tuple[int, ...] = (512,)
    enlarge: bool = False
    same_look_pairs: int = 0
    slider_pairs: int = 50
    slider_size_px: int = 256
    shown: int = 24
    seed: int = 1


def evaluate(config: EvaluationConfig, *, peers: Mapping[str, System] | None = None) -> Record:
    """Evaluate and write the report.

    Writes ``quality.json`` (all means, intervals and differences), ``records.json`` and
    ``same_look.json`` (every measure of every pair), ``quality.md`` (tables) and ``quality.html``
    with pictures side by side.

    Args:
        config: What to evaluate.
        peers: Other systems by name.

    Returns:
        What ``quality.json`` holds.

    Raises:
        TrainingError: Pictures, loss network or disk do not allow it.
        ModelFileError: A model is unusable.
        ImageError: A picture of the report cannot be written.
    """
    _check(config)
    _write(config.out / "quality.md", "The evaluation is not finished.\n")  # fails now, not later
    models = open_models(config.models, config.precisions)
    network = load_loss_network(config.vgg, normalize_on=config.normalize_on)
    others = peers or {}
    sizes, records, shown = [], [], []
    for size_px in config.sizes_px:
        at_size = _measure_size(config, size_px, {**models, **others}, network)
        sizes.append(at_size.found)
        records += [{"size_px": size_px, **record} for record in at_size.records]
        shown += at_size.shown
    report: Record = {
        "what": {metric.name: metric.text for metric in METRICS},
        "seed": config.seed,
        "loss_network_sha256": _digest(network),
        "models": {name: system.engine.model_sha256 for name, system in models.items()},
        "versions": _versions(),
        "sizes": sizes,
    }
    _write(config.out / "records.json", json.dumps(records, indent=0) + "\n")
    if config.same_look_pairs:
        report["same_look"] = _same_look(config, {**models, **others})
    if config.slider_pairs:
        report["sliders"] = _sliders(config, next(iter(models.values())), network)
    _write(config.out / "quality.json", json.dumps(report, indent=1) + "\n")
    _write(config.out / "quality.html", html_page(report, shown))
    _write(config.out / "quality.md", markdown(report))
    return report


def _check(config: EvaluationConfig) -> None:
    if config.pairs < 1 or not config.precisions or not config.sizes_px:
        raise TrainingError("An evaluation needs at least one pair, one precision and one size.")
    if config.ready_made and len(config.sizes_px) > 1:
        raise TrainingError("Ready-made pictures have one size: evaluate one size only.")


class _AtSize(NamedTuple):
    found: Record
    records: list[Record]
    shown: list[Shown]


def _measure_size(
    config: EvaluationConfig, size_px: int, systems: Mapping[str, System], network: LossNetwork
) -> _AtSize:
    pictures = _load_pictures(
        config,
        config.pairs,
        size_px,
        at_least_px=0 if config.enlarge else max(config.sizes_px),
        among=_ready_made_pairs(config.ready_made),
    )
    every: dict[str, System] = {
        **systems,
        **{folder.name: ReadyMade(folder, pictures) for folder in config.ready_made},
        CONTENT_UNCHANGED: content_unchanged,
        STYLE_COPIED: style_copied,
    }
    large = size_px > SEEN_PX
    records, agreements, shown = measure_pairs(
        every,
        _meter(network, pictures),
        pictures,
        paint=PaintMeter(network, pictures.styles, size_px=size_px) if large else None,
        shown=config.shown,
        folder=config.out / "pictures",
    )
    found = {
        "size_px": size_px,
        "seen_px": min(size_px, SEEN_PX),
        "pairs": len(pictures.pairs),
        **summarize(records, seed=config.seed),
        "int8_against_fp32": summarize_agreements(agreements),
    }
    return _AtSize(found, records, shown)


def _ready_made_pairs(folders: Sequence[Path]) -> set[tuple[str, str]] | None:
    if not folders:
        return None
    return set.intersection(*(set(ready_made_files(folder)) for folder in folders))


def _same_look(config: EvaluationConfig, systems: Mapping[str, System]) -> Record:
    pictures = _load_pictures(config, config.same_look_pairs, None, at_least_px=BETWEEN_PX + 1)
    records = measure_same_look(systems, pictures)
    _write(config.out / "same_look.json", json.dumps(records, indent=0) + "\n")
    return {
        "pairs": len(pictures.pairs),
        "reference_px": REFERENCE_PX,
        "systems": summarize_same_look(records),
    }


def _sliders(config: EvaluationConfig, system: EngineSystem, network: LossNetwork) -> Record:
    pictures = _load_pictures(config, config.slider_pairs, config.slider_size_px)
    found = measure_sliders(system, _meter(network, pictures), pictures)
    return {"size_px": config.slider_size_px, "tests": found}


def _load_pictures(
    config: EvaluationConfig,
    pairs: int,
    size_px: int | None,
    *,
    at_least_px: int = 0,
    among: Collection[tuple[str, str]] | None = None,
) -> Pictures:
    return load_pictures(
        config.contents,
        config.styles,
        pairs=pairs,
        size_px=size_px,
        seed=config.seed,
        only=config.only,
        among=among,
        at_least_px=at_least_px,
    )


def _meter(network: LossNetwork, pictures: Pictures) -> Meter:
    used = sorted({content for content, _ in pictures.pairs})
    logger.info("Encoding %d contents and %d styles", len(used), len(pictures.styles))
    return Meter(
        network,
        [seen_whole(pictures.contents[index]) for index in used],
        [seen_whole(style) for style in pictures.styles],
    )


def _digest(network: LossNetwork) -> str:
    digest = hashlib.sha256()
    for parameter in network.parameters():
        digest.update(parameter.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    return {
        "stylize": stylize.__version__,
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
    }


def _write(path: Path, text: str) -> None:
    """Write a file of the report atomically."""
    make_folder(path.parent, TrainingError)
    then = ". Free some space or choose another folder."
    with whole_file(path, what=str(path), then=then) as partial:
        partial.write_text(text, encoding="utf-8")
