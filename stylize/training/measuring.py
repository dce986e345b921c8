"""Run every system on every pair of pictures and measure the results."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from PIL import Image

from stylize.errors import TrainingError
from stylize.files import make_folder
from stylize.images import resize_image, save_image
from stylize.training.metrics import Features, Measures, Meter, style_losses
from stylize.training.paint_metrics import PaintMeter
from stylize.training.pairs import Pictures, seen_whole
from stylize.training.picture_metrics import Bytes, psnr_db, ssim
from stylize.training.report import Shown
from stylize.training.summary import Record
from stylize.training.systems import CONTENT_UNCHANGED, STYLE_COPIED, System

logger = logging.getLogger(__name__)

BASELINES = {CONTENT_UNCHANGED, STYLE_COPIED}
BICUBIC = Image.Resampling.BICUBIC


def measure_pairs(
    systems: Mapping[str, System],
    meter: Meter,
    pictures: Pictures,
    *,
    paint: PaintMeter | None = None,
    shown: int = 0,
    folder: Path | None = None,
) -> tuple[list[Record], dict[str, list[dict[str, float]]], list[Shown]]:
    """Run every system on every pair and measure the results.

    Args:
        systems: By name.
        meter: Made with all contents and styles as they are seen as a whole.
        pictures: Contents, styles and pairs.
        paint: Measures the results of systems at full resolution.
        shown: Pairs whose pictures are kept, evenly spread.
        folder: Where to keep them.

    Returns:
        One record for each pair and system; for each model that ran in both precisions how INT8
        agrees with FP32, a dictionary for each pair; the pictures that were kept.
    """
    records: list[Record] = []
    agreements: dict[str, list[dict[str, float]]] = {}
    kept: list[Shown] = []
    whole = {content: seen_whole(pictures.contents[content]) for content, _ in pictures.pairs}
    wanted = range(0, len(pictures.pairs), max(1, len(pictures.pairs) // max(1, shown)))[:shown]
    for number, (content_index, style_index) in enumerate(pictures.pairs):
        content, style = pictures.contents[content_index], pictures.styles[style_index]
        names = {
            "content": pictures.content_names[content_index],
            "style": pictures.style_names[style_index],
        }
        results = {name: _run(name, system, content, style) for name, system in systems.items()}
        seen = {
            name: resize_image(r, whole[content_index].size, BICUBIC) for name, r in results.items()
        }
        measured = {
            name: meter.measure(picture, whole[content_index], style_index)
            for name, picture in seen.items()
        }
        if paint is not None:
            for name in results.keys() - BASELINES:
                loss = paint.measure(results[name], style_index)
                measured[name] = replace(measured[name], paint_loss=loss)
        records += [{**names, "system": name, **m.as_dict()} for name, m in measured.items()]
        for name in results:
            model, _, precision = name.rpartition(" ")
            if precision == "int8" and f"{model} fp32" in results:
                both = name, f"{model} fp32"
                agreements.setdefault(model, []).append(
                    {
                        **_agreement(*(np.asarray(results[system]) for system in both)),
                        "style_loss": _between(*(meter.features(seen[system]) for system in both)),
                    }
                )
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


def _agreement(int8: Bytes, fp32: Bytes) -> dict[str, float]:
    return {"psnr_db": psnr_db(int8, fp32), "ssim": ssim(int8, fp32)}


def _between(int8: Features, fp32: Features) -> float:
    return float(style_losses(int8.style, fp32.style))


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
    make_folder(folder, TrainingError)
    for name, picture in {"content": content, "style": style, **results}.items():
        if name in BASELINES:
            continue
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        file = folder / f"{max(content.size)}-{number:04d}-{len(files)}-{slug}.jpg"
        save_image(picture, file)
        files[name] = f"{folder.name}/{file.name}"
    measures = {name: asdict(found) for name, found in measured.items()}
    title = f"{names['content']} in the style of {names['style']}, {max(content.size)} px"
    return Shown(title, files, measures)
