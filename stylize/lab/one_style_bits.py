"""Fewer bits for a network of one style: size, time, and how much of its pictures is left."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from stylize.errors import ControlError, TrainingError
from stylize.files import make_folder, write_whole
from stylize.lab.one_style import feed_of, paint_one_style
from stylize.lab.post_training import quantize_by_samples, quantize_by_the_run
from stylize.training.data import read_content
from stylize.training.pairs import fit_longer_side
from stylize.training.picture_metrics import psnr_db

WAYS = {"fp32": "as it is", "dynamic": "ranges by the run", "static": "ranges by samples"}
SIDE_PX = 256
_CALIBRATION = 16  # pictures that ranges are measured on


def compress_one_style(
    network: Path,
    contents: Sequence[Path],
    out: Path,
    *,
    pictures: int = 8,
    rounds: int = 7,
    seed: int = 1,
    threads: int | None = None,
) -> dict[str, Any]:
    """Write a network of one style in 8 bits, and compare; writes ``bits.json`` as well.

    Args:
        network: What ``stylize lab johnson`` wrote.
        contents: Pictures to calibrate and measure on: each for one of the two.
        out: Folder for the networks and the figures.
        pictures: To measure.
        rounds: Of the timing.
        seed: Of the choice of pictures.
        threads: Of the computation.

    Returns:
        What ``bits.json`` holds: for each of ``WAYS`` bytes, the median time of a picture of
        256 x 256 px, and the mean PSNR to the pictures in FP32.

    Raises:
        ControlError: There is nothing to measure.
        TrainingError: There are too few contents.
        ModelFileError: The file is no network of one style.
    """
    if pictures < 1 or rounds < 1:
        raise ControlError("At least one picture and one round are needed.")
    wanted = _CALIBRATION + pictures
    if len(contents) < wanted:
        raise TrainingError(
            f"{wanted} contents are needed, {_CALIBRATION} of them to calibrate on; there are "
            f"{len(contents)}. Give another folder, or measure fewer."
        )
    chosen = np.random.default_rng(seed).permutation(len(contents))[:wanted]
    photographs = [fit_longer_side(read_content(contents[index]), SIDE_PX) for index in chosen]
    measured = photographs[_CALIBRATION:]
    whole = [paint_one_style(network, photograph, threads=threads) for photograph in measured]
    make_folder(out, TrainingError)
    files = {way: out / f"{way}.onnx" for way in WAYS}
    shutil.copy(network, files["fp32"])
    quantize_by_the_run(network, files["dynamic"])
    feeds = [feed_of(photograph) for photograph in photographs[:_CALIBRATION]]
    quantize_by_samples(network, files["static"], feeds)
    times = _time(files, rounds, threads)
    rows = {
        way: {
            "text": text,
            "bytes": files[way].stat().st_size,
            "ms": times[way],
            "psnr_db": None
            if way == "fp32"
            else _agreement(
                whole, [paint_one_style(files[way], p, threads=threads) for p in measured]
            ),
        }
        for way, text in WAYS.items()
    }
    result = {"side_px": SIDE_PX, "pictures": pictures, "rounds": rounds, "rows": rows}
    write_whole(out / "bits.json", f"{json.dumps(result, indent=1)}\n".encode())
    return result


def _agreement(whole: Sequence[Image.Image], painted: Sequence[Image.Image]) -> float:
    """Return the mean PSNR in dB."""
    pairs = zip(whole, painted, strict=True)
    return round(statistics.fmean(psnr_db(np.asarray(a), np.asarray(b)) for a, b in pairs), 2)


def _time(files: dict[str, Path], rounds: int, threads: int | None) -> dict[str, float]:
    """Return the median times in ms of painting a square, all networks in every round."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    sessions = {way: onnxruntime.InferenceSession(file, options) for way, file in files.items()}
    square = {"picture": np.random.default_rng(0).random((1, 3, SIDE_PX, SIDE_PX), np.float32)}
    taken: dict[str, list[float]] = {way: [] for way in files}
    for _ in range(rounds):
        for way, session in sessions.items():
            session.run(None, square)  # what the others left in the caches must not count
            begun = time.perf_counter()
            session.run(None, square)
            taken[way].append(1000 * (time.perf_counter() - begun))
    return {way: round(statistics.median(times), 1) for way, times in taken.items()}
