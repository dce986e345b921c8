"""Measure and compare systems on the same pairs of pictures.

Every picture is resized to the same longer side, every system gets the same two pictures, every
result is measured by the same network. Two rows are always there: the content unchanged, which no
content loss can beat, and the style copied, which no style loss can beat. A measure that prefers
one of them to all others says nothing about style transfer.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

import stylize
from stylize.errors import TrainingError
from stylize.images import save_image
from stylize.model_files import Precision
from stylize.training.files import whole_file
from stylize.training.honesty import measure_sliders
from stylize.training.metrics import Measures, Meter, load_loss_network, style_losses
from stylize.training.pairs import Pictures, load_pictures
from stylize.training.picture_metrics import ssim
from stylize.training.quantize import psnr_db
from stylize.training.report import METRICS, Shown, html_page, markdown
from stylize.training.summary import Record, summarize, summarize_agreements
from stylize.training.systems import (
    CONTENT_UNCHANGED,
    STYLE_COPIED,
    EngineSystem,
    System,
    content_unchanged,
    open_models,
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
        pairs: Pairs of pictures.
        size_px: Longer side of every picture.
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
    pairs: int = 400
    size_px: int = 512
    slider_pairs: int = 50
    slider_size_px: int = 256
    shown: int = 24
    seed: int = 1


def evaluate(config: EvaluationConfig, *, peers: Mapping[str, System] | None = None) -> Record:
    """Evaluate and write the report.

    Writes ``quality.json`` (all means, intervals and differences), ``records.json`` (every measure
    of every pair), ``quality.md`` (tables) and ``quality.html`` with pictures side by side.

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
    if config.pairs < 1 or not config.precisions:
        raise TrainingError("An evaluation needs at least one pair and one precision.")
    _write(config.out / "quality.md", "The evaluation is not finished.\n")  # fails now, not later
    models = open_models(config.models, config.precisions)
    systems: dict[str, System] = {**models, **(peers or {})}
    systems |= {CONTENT_UNCHANGED: content_unchanged, STYLE_COPIED: style_copied}
    network = load_loss_network(config.vgg, normalize_on=config.normalize_on)
    pictures = _load_pictures(config, config.pairs, config.size_px)
    meter = _meter(network, pictures)
    records, agreements, shown = measure_pairs(
        systems, meter, pictures, shown=config.shown, folder=config.out / "pictures"
    )
    report: Record = {
        "what": {metric.name: metric.text for metric in METRICS},
        "pairs": len(pictures.pairs),
        "size_px": config.size_px,
        "seed": config.seed,
        "loss_network_sha256": _digest(network),
        "models": {name: system.engine.model_sha256 for name, system in models.items()},
        "versions": _versions(),
        **summarize(records, seed=config.seed),
        "int8_against_fp32": summarize_agreements(agreements),
    }
    _write(config.out / "records.json", json.dumps(records, indent=0) + "\n")
    if config.slider_pairs:
        report["sliders"] = _sliders(config, next(iter(models.values())), network)
    _write(config.out / "quality.json", json.dumps(report, indent=1) + "\n")
    _write(config.out / "quality.html", html_page(report, shown))
    _write(config.out / "quality.md", markdown(report))
    return report


def measure_pairs(
    systems: Mapping[str, System],
    meter: Meter,
    pictures: Pictures,
    *,
    shown: int = 0,
    folder: Path | None = None,
) -> tuple[list[Record], dict[str, list[dict[str, float]]], list[Shown]]:
    """Run every system on every pair and measure the results.

    Args:
        systems: By name.
        meter: Made with all contents and styles.
        pictures: Contents, styles and pairs.
        shown: Pairs whose pictures are kept, evenly spread.
        folder: Where to keep them.

    Returns:
        One record for each pair and system; for each model that ran in both precisions how INT8
        agrees with FP32, a dictionary for each pair; the pictures that were kept.
    """
    records: list[Record] = []
    agreements: dict[str, list[dict[str, float]]] = {}
    kept: list[Shown] = []
    wanted = range(0, len(pictures.pairs), max(1, len(pictures.pairs) // max(1, shown)))[:shown]
    for number, (content_index, style_index) in enumerate(pictures.pairs):
        content, style = pictures.contents[content_index], pictures.styles[style_index]
        names = {
            "content": pictures.content_names[content_index],
            "style": pictures.style_names[style_index],
        }
        results = {name: _run(name, system, content, style) for name, system in systems.items()}
        measured = {
            name: meter.measure(result, content, style_index) for name, result in results.items()
        }
        records += [{**names, "system": name, **m.as_dict()} for name, m in measured.items()]
        for name in results:
            model, _, precision = name.rpartition(" ")
            if precision == "int8" and f"{model} fp32" in results:
                pair = _agreement(meter, results[name], results[f"{model} fp32"])
                agreements.setdefault(model, []).append(pair)
        if number in wanted and folder is not None:
            kept.append(_keep(folder, number, names, content, style, results, measured))
        if (number + 1) % 5 == 0:
            logger.info("Measured %d of %d pairs", number + 1, len(pictures.pairs))
    return records, agreements, kept


def _run(name: str, system: System, content: Image.Image, style: Image.Image) -> Image.Image:
    result = system(content, style)
    if result.size != content.size or result.mode != "RGB":
        raise TrainingError(
            f"{name} returned a picture of {result.width} x {result.height} px, {result.mode}, for "
            f"a content of {content.width} x {content.height} px, RGB; they must be alike."
        )
    return result


def _agreement(meter: Meter, int8: Image.Image, fp32: Image.Image) -> dict[str, float]:
    vectors = [meter.features(picture).style for picture in (int8, fp32)]
    arrays = [np.asarray(picture) for picture in (int8, fp32)]
    return {
        "psnr_db": psnr_db(arrays[0], arrays[1]),
        "ssim": ssim(arrays[0], arrays[1]),
        "style_loss": float(style_losses(vectors[0], vectors[1])),
    }


def _keep(
    folder: Path,
    number: int,
    names: dict[str, str],
    content: Image.Image,
    style: Image.Image,
    results: Mapping[str, Image.Image],
    measured: Mapping[str, Measures],
) -> Shown:
    """Save the pictures of a pair for the report."""
    files: dict[str, str] = {}
    _make_folder(folder)
    for name, picture in {"content": content, "style": style, **results}.items():
        if name in (CONTENT_UNCHANGED, STYLE_COPIED):
            continue
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        file = folder / f"{number:04d}-{len(files)}-{slug}.jpg"
        save_image(picture, file)
        files[name] = f"{folder.name}/{file.name}"
    measures = {name: asdict(found) for name, found in measured.items()}
    return Shown(names["content"], names["style"], files, measures)


def _sliders(config: EvaluationConfig, system: EngineSystem, network: LossNetwork) -> Record:
    pictures = _load_pictures(config, config.slider_pairs, config.slider_size_px)
    found = measure_sliders(system, _meter(network, pictures), pictures)
    return {"size_px": config.slider_size_px, "tests": found}


def _load_pictures(config: EvaluationConfig, pairs: int, size_px: int) -> Pictures:
    return load_pictures(
        config.contents,
        config.styles,
        pairs=pairs,
        size_px=size_px,
        seed=config.seed,
        only=config.only,
    )


def _meter(network: LossNetwork, pictures: Pictures) -> Meter:
    used = sorted({content for content, _ in pictures.pairs})
    logger.info("Encoding %d contents and %d styles", len(used), len(pictures.styles))
    return Meter(network, [pictures.contents[index] for index in used], pictures.styles)


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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"The folder {folder} cannot be made: {error}") from error


def _write(path: Path, text: str) -> None:
    """Write a file of the report atomically."""
    _make_folder(path.parent)
    then = ". Free some space or choose another folder."
    with whole_file(path, what=str(path), then=then) as partial:
        partial.write_text(text, encoding="utf-8")
