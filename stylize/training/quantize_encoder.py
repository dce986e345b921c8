"""The style encoder in INT8, with numbers put right that would be off in all pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from PIL import Image

from stylize.training.encoder_graph import simplify_int8_encoder
from stylize.training.graphs import add_byte_ports

_BYTES = {
    "scale": np.array(1 / 255, np.float32),
    "zero_point": np.array(0, np.uint8),
    "quant_type": QuantType.QUInt8,
}
_SMALLEST_VARIANCE = 1e-6  # of a number of the style vector
_LARGEST_GAIN = 1.5
Feeds = dict[str, NDArray[Any]]
Floats = NDArray[np.floating[Any]]


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands inputs to calibrate on to ONNX Runtime."""

    def __init__(self, feeds: Iterator[Feeds]) -> None:
        self._feeds = feeds

    def get_next(self) -> Feeds | None:
        """Return the next ones; None at the end."""
        return next(self._feeds, None)


def quantize_encoder(
    source: Path, target: Path, feeds: Iterator[Feeds], *, percentile: float
) -> None:
    """Quantize the convolutions of the loss network in the style encoder and let it take bytes.

    The network's own statistics stay in FP32: they cost next to nothing and carry the palette.

    Args:
        source: The float graph of the export's ``cores`` folder.
        target: The INT8 model to write.
        feeds: Inputs to calibrate on.
        percentile: Of the activations that the range covers, in percent.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_static(
            source,
            path,
            Reader(feeds),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],
            nodes_to_exclude=_own_nodes(source),
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "TensorQuantOverrides": {"image": [_BYTES]},
                "CalibPercentile": percentile,
                "CalibTensorRangeSymmetric": False,
            },
        )
        model = add_byte_ports(simplify_int8_encoder(onnx.load(path)))
    onnx.save(model, target)


def correct_vectors(encoder: Path, full: Path, pictures: Sequence[Image.Image]) -> None:
    """Let an INT8 style encoder scale and move each number so that it is right on the mean.

    Rounding makes some statistics too large or too small in every picture.

    Args:
        encoder: The INT8 model; gets the correction.
        full: The same in FP32.
        pictures: Styles, RGB, as large as they are encoded.
    """
    expected, found = (
        style_vectors(model, pictures).astype(np.float64) for model in (full, encoder)
    )
    at, to = found.mean(axis=0), expected.mean(axis=0)
    together = ((found - at) * (expected - to)).mean(axis=0)
    variance = found.var(axis=0)
    # What hardly varies says nothing of its scale.
    gain = np.where(variance > _SMALLEST_VARIANCE, together / variance.clip(_SMALLEST_VARIANCE), 1)
    gain = gain.clip(1 / _LARGEST_GAIN, _LARGEST_GAIN)
    model = onnx.load(encoder)
    graph, name = model.graph, model.graph.output[0].name
    for node in graph.node:
        node.output[:] = [f"{name}_measured" if out == name else out for out in node.output]
    for constant, value in (("gain", gain), ("offset", to - gain * at)):
        array = value.astype(np.float32)[None]
        graph.initializer.append(numpy_helper.from_array(array, f"{name}_{constant}"))
    graph.node.extend(
        [
            onnx.helper.make_node("Mul", [f"{name}_measured", f"{name}_gain"], [f"{name}_scaled"]),
            onnx.helper.make_node("Add", [f"{name}_scaled", f"{name}_offset"], [name]),
        ]
    )
    onnx.checker.check_model(model)
    onnx.save(model, encoder)


def style_vectors(model: Path, pictures: Sequence[Image.Image]) -> Floats:
    """Return what an encoder says of pictures, RGB, (N, D)."""
    session = onnxruntime.InferenceSession(model)
    return np.concatenate(
        [session.run(None, {"bytes": np.asarray(picture)[None]})[0] for picture in pictures]
    )


def _own_nodes(source: Path) -> list[str]:
    """Names of the nodes that measure the network's own statistics, see graphs.EncodeStyle."""
    nodes = onnx.load(source).graph.node
    own = [n for n in nodes if n.op_type == "Conv" and n.input[1].startswith("own_statistics.")]
    outputs = {node.output[0] for node in own}
    return [node.name for node in [*own, *(n for n in nodes if outputs & set(n.input))]]


def vector_error(model_dir: Path, pictures: Sequence[Image.Image]) -> float:
    """Return the mean relative error of INT8 style vectors of pictures, RGB, against FP32."""
    expected, found = (
        style_vectors(model_dir / name, pictures)
        for name in ("style_encoder.onnx", "style_encoder.int8.onnx")
    )
    errors = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
    return float(np.mean(errors))
