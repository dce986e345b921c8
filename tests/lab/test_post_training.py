"""Graphs with fewer bits still paint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import onnx
from onnxruntime import InferenceSession

from stylize.lab.post_training import (
    halve_weights,
    quantize_by_samples,
    quantize_by_the_run,
    take_peaks,
)

PAINT = Path(__file__).parents[2] / "contract" / "tiny_model" / "paint.onnx"


def feed(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found = {"bytes": rng.integers(0, 256, (1, 40, 48, 4), np.uint8)}
    for entry in onnx.load(PAINT).graph.input[1:]:
        channels = entry.type.tensor_type.shape.dim[1].dim_value
        found[entry.name] = rng.uniform(0.2, 0.6, (1, channels, 1, 1)).astype(np.float32)
    return found


def paint(path: Path, feeds: dict[str, np.ndarray]) -> np.ndarray:
    return InferenceSession(path).run(None, feeds)[0].astype(int)


@pytest.mark.parametrize("kind", ["dynamic", "static"])
def test_eight_bits_paint_nearly_the_same(kind, tmp_path, capsys) -> None:
    target = tmp_path / "int8.onnx"
    if kind == "dynamic":
        quantize_by_the_run(PAINT, target)
    else:
        quantize_by_samples(PAINT, target, (feed(seed) for seed in range(4)))
    difference = np.abs(paint(target, feed(9)) - paint(PAINT, feed(9)))
    assert 0 < difference.mean() < 8
    assert capsys.readouterr().out == ""


def test_sixteen_bits_are_half_the_file(tmp_path) -> None:
    target = tmp_path / "half.onnx"
    halve_weights(PAINT, target, smallest=64)
    assert target.stat().st_size < 0.75 * PAINT.stat().st_size
    assert np.abs(paint(target, feed(1)) - paint(PAINT, feed(1))).max() <= 1


def test_peaks_may_be_given_and_change_nothing(tmp_path) -> None:
    target = tmp_path / "paint.onnx"
    target.write_bytes(PAINT.read_bytes())
    take_peaks(target, 3)
    peaks = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(paint(target, feed(1) | {"peaks": peaks}), paint(PAINT, feed(1)))
