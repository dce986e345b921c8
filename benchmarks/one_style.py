"""Networks of one style: weights, operations, files and time. What they learned does not matter.

    python benchmarks/one_style.py -o FOLDER

Needs ``stylize-studio[train]``.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from lab import pictures
from lab_results import note
from machine import describe_machine
from speed import take_turns

from stylize.lab.johnson import VARIANTS, JohnsonNetwork, count_macs, count_weights, layers_of
from stylize.lab.one_style import export_one_style
from stylize.lab.post_training import quantize_by_samples

SIDE_PX = 256  # of the article
THREADS, ROUNDS = 2, 15


def main() -> None:
    """Measure, and note the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="for the networks")
    measure_one_style(parser.parse_args().out)


def measure_one_style(out: Path) -> None:
    """Count and time networks of one style, in FP32 and INT8: what they learned does not matter."""
    out.mkdir(parents=True, exist_ok=True)
    pixels = [np.asarray(content, np.float32) for content, _ in pictures(SIDE_PX)]
    feeds = [{"picture": values.transpose(2, 0, 1)[None] / 255} for values in pixels]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    rows: dict[str, dict[str, object]] = {}
    sessions = {}
    for variant in VARIANTS:
        torch.manual_seed(1)
        full = export_one_style(JohnsonNetwork(variant), out / f"{variant}.onnx")
        small = out / f"{variant}.int8.onnx"
        quantize_by_samples(full, small, feeds)
        rows[variant] = {
            "weights": count_weights(layers_of(variant)),
            "gmac_256": count_macs(layers_of(variant), SIDE_PX, SIDE_PX) / 1e9,
        }
        for precision, file in (("fp32", full), ("int8", small)):
            rows[variant][f"{precision}_bytes"] = file.stat().st_size
            sessions[variant, precision] = onnxruntime.InferenceSession(file, options)
    square = {"picture": np.random.default_rng(0).random((1, 3, SIDE_PX, SIDE_PX), np.float32)}
    times = take_turns(
        {key: partial(session.run, None, square) for key, session in sessions.items()}, ROUNDS
    )
    for (variant, precision), found in times.items():
        rows[variant][f"{precision}_ms"] = found["median_ms"]
    machine = describe_machine("torch", "onnxruntime")
    note({"one_style": {"machine": machine, "side_px": SIDE_PX, "threads": THREADS, **rows}})
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
