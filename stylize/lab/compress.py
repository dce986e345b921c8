"""Ways to make the network smaller and faster, side by side: size, time, losses, pictures.

Every way makes a model folder, in FP32 and in INT8, which the engine paints with as with any other.
What is there already is not made again.
"""

from __future__ import annotations

import io
import json
import logging
import statistics
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from stylize.engine import Engine
from stylize.errors import TrainingError
from stylize.files import make_folder, write_whole
from stylize.images import load_image, save_image
from stylize.lab.ways import REFERENCE, WAYS, Compression, Workshop, write_model
from stylize.model_files import Precision
from stylize.sheet import Cell, contact_sheet
from stylize.training.checkpoint import load_loss_network
from stylize.training.metrics import Meter
from stylize.training.network import TransferNetwork
from stylize.training.pairs import Pictures, load_pictures
from stylize.training.picture_metrics import psnr_db

logger = logging.getLogger(__name__)

SIDES_PX = (256, 512)
MEASURED_PX = 256
_SHOWN, _COLUMNS, _CELL_PX = 2, 6, 200  # of the sheet
_PAUSE_S = 0.03  # idle threads of the call before may spin for a while
_PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")


def compress(
    config: Compression,
    names: Sequence[str] = tuple(WAYS),
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Make what is missing, measure it, and time all.

    Writes ``compress.json`` and ``sheet.png`` into ``config.out``, and a model folder for each way.

    Args:
        config: What is compared.
        names: Of ``WAYS``; the first one comes along in any case.
        progress: Called with the number of ways that are done.

    Returns:
        What ``compress.json`` holds.

    Raises:
        TrainingError: Pictures, checkpoint or disk do not allow it, or what is there was made with
            other settings.
    """
    _keep_to(config)
    chosen = [name for name in WAYS if name in names or name == REFERENCE]
    shop = Workshop(config)
    torch.manual_seed(config.seed)
    pictures = load_pictures(
        config.contents, config.styles,
        pairs=config.pairs, size_px=MEASURED_PX, seed=config.seed, only=config.held_out,
    )  # fmt: skip
    meter = Meter(load_loss_network(shop.state), pictures.contents, pictures.styles)
    rows = {}
    for index, name in enumerate(chosen):
        way = WAYS[name]
        found = _row(shop, name, pictures, meter)
        rows[name] = {"family": way.family, "text": way.text, **found}
        if progress is not None:
            progress(index + 1)
    for name, times in time_models([config.out / name for name in chosen], config.rounds).items():
        rows[name]["ms"] = times
    result = {
        "side_px": MEASURED_PX,
        "pairs": len(pictures.pairs),
        "samples": config.samples,
        "threads": Engine(config.out / REFERENCE).threads,
        "rounds": config.rounds,
        "rows": rows,
    }
    save_image(make_sheet(config.out, chosen, pictures), config.out / "sheet.png")
    write_whole(config.out / "compress.json", f"{json.dumps(result, indent=1)}\n".encode())
    return result


def _keep_to(config: Compression) -> None:
    """Note the settings of a folder, so that rows of others are never put beside each other."""
    path = config.out / "settings.json"
    make_folder(config.out, TrainingError)
    settings = {"samples": config.samples, "pairs": config.pairs, "seed": config.seed}
    if not path.is_file():
        write_whole(path, json.dumps(settings).encode())
    elif (known := json.loads(path.read_text("utf-8"))) != settings:
        raise TrainingError(
            f"What is in {config.out} was made with {known}, not with {settings}. Give another "
            "--out, or the same settings."
        )


def _row(shop: Workshop, name: str, pictures: Pictures, meter: Meter) -> dict[str, Any]:
    """Return the figures of a way, but for its times; make and measure it if that was not done."""
    folder = shop.config.out / name
    path = folder / "row.json"
    if path.is_file():
        row: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return row
    way = WAYS[name]
    logger.info("%s: %s", name, way.text)
    made = way.make(shop)
    write_model(made.network, shop, folder, way)
    row = {
        "samples": made.samples,
        "train_s": round(made.seconds),
        **_sizes(made.network, folder),
        **_measure(shop.config.out, name, pictures, meter),
    }
    write_whole(path, json.dumps(row, indent=1).encode())
    return row


def _sizes(network: TransferNetwork, folder: Path) -> dict[str, Any]:
    """Return bytes, weights and operations; the style encoder is no part of them."""
    files = {
        precision: [folder / f"{part}{ending}.onnx" for part in ("modulate", "paint")]
        for precision, ending in (("fp32", ""), ("int8", ".int8"))
    }
    weights = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    return {
        "bytes": {key: sum(file.stat().st_size for file in found) for key, found in files.items()},
        "zipped_bytes": {key: _zipped(found) for key, found in files.items()},
        "weights": sum(parameter.numel() for parameter in weights),
        "weights_not_0": sum(int(parameter.count_nonzero()) for parameter in weights),
        "macs_512": network.layers.count_macs(512, 512),
    }


def _zipped(files: Sequence[Path]) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return len(buffer.getvalue())


def _measure(out: Path, name: str, pictures: Pictures, meter: Meter) -> dict[str, Any]:
    """Paint all pairs in both precisions, keep the pictures, and measure them."""
    found: dict[str, Any] = {}
    for precision in _PRECISIONS:
        painted = list(_paint(out / name, precision, pictures))
        for index, picture in enumerate(painted):
            save_image(picture, _kept(out, name, precision, index))
        losses = [
            meter.losses(picture, pictures.contents[content], style)
            for picture, (content, style) in zip(painted, pictures.pairs, strict=True)
        ]
        content_loss, style_loss = (
            statistics.fmean(values) for values in zip(*losses, strict=True)
        )
        found[precision] = {
            "content_loss": round(content_loss, 4),
            "style_loss": round(style_loss, 4),
            "psnr_db": _agreement(out, painted)
            if (name, precision) != (REFERENCE, "fp32")
            else None,
        }
    return found


def _kept(out: Path, name: str, precision: str, index: int) -> Path:
    return out / name / f"{precision}-{index:02d}.png"


def _agreement(out: Path, painted: Sequence[Image.Image]) -> float:
    """Return the mean PSNR of pictures with those of the untouched network in FP32, in dB."""
    return round(
        statistics.fmean(
            psnr_db(
                np.asarray(picture),
                np.asarray(load_image(_kept(out, REFERENCE, "fp32", index))),
            )
            for index, picture in enumerate(painted)
        ),
        2,
    )


def _paint(folder: Path, precision: Precision, pictures: Pictures) -> Iterator[Image.Image]:
    engine = Engine(folder, precision=precision)
    vectors = {style: engine.encode_style(pictures.styles[style]) for _, style in pictures.pairs}
    for content, style in pictures.pairs:
        yield engine.stylize(pictures.contents[content], vectors[style])


def time_models(folders: Sequence[Path], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Time whole calls of models, all of them in every round: medians in milliseconds.

    Returns:
        By the folder's name, the precision and the side in px.
    """
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
    calls: dict[tuple[str, str, int], Callable[[], object]] = {}
    for folder in folders:
        for precision in _PRECISIONS:
            engine = Engine(folder, precision=precision)
            vector = engine.encode_style(noise.resize((256, 256)))
            for side in SIDES_PX:
                picture = noise.resize((side, side), Image.Resampling.BICUBIC)
                calls[folder.name, precision, side] = partial(engine.stylize, picture, vector)
    taken: dict[tuple[str, str, int], list[float]] = {key: [] for key in calls}
    for _ in range(rounds):
        for key, call in calls.items():
            time.sleep(_PAUSE_S)
            for _ in range(2):
                call()  # what the others left in the caches must not count
            begun = time.perf_counter()
            call()
            taken[key].append(1000 * (time.perf_counter() - begun))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (name, kind, side), times in taken.items():
        of_model = found.setdefault(name, {}).setdefault(kind, {})
        of_model[str(side)] = round(statistics.median(times), 1)
    return found


def make_sheet(out: Path, names: Sequence[str], pictures: Pictures) -> Image.Image:
    """Lay out what the ways made of some pairs, in INT8; the untouched network comes in both."""
    cell = (_CELL_PX, _CELL_PX)
    rows: list[list[Cell | None]] = []
    for index, (content, style) in enumerate(pictures.pairs[:_SHOWN]):
        shown = [
            (pictures.styles[style], "style"),
            (pictures.contents[content], "content"),
            (load_image(_kept(out, REFERENCE, "fp32", index)), "fp32"),
            (load_image(_kept(out, REFERENCE, "int8", index)), "int8"),
        ]
        shown += [
            (load_image(_kept(out, name, "int8", index)), name)
            for name in names
            if name != REFERENCE
        ]
        cells = [(ImageOps.fit(picture, cell), caption) for picture, caption in shown]
        rows += [list(cells[at : at + _COLUMNS]) for at in range(0, len(cells), _COLUMNS)]
    return contact_sheet(rows, cell=cell, gap_px=8)
