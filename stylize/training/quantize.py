"""FP32 ONNX -> INT8 ONNX that is right on every CPU.

The content path gets static QDQ quantization with unsigned activations and signed per-channel
weights of 7 bits: AVX2 without VNNI adds pairs of 8-bit products in 16 bits, which saturates with
full-range weights (measured: errors of up to 90 levels) and cannot with the reduced range. The
modulator's weights are stored in 8 bits and used in FP32.
"""

from __future__ import annotations

import logging
import shutil
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

from stylize.errors import TrainingError
from stylize.training.graphs import add_byte_ports

logger = logging.getLogger(__name__)

MINIMUM_PSNR_DB = 30.0
_BYTES = {
    "scale": np.array(1 / 255, np.float32),
    "zero_point": np.array(0, np.uint8),
    "quant_type": QuantType.QUInt8,
}
Feeds = dict[str, NDArray[Any]]


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Iterator[Feeds]) -> None:
        self._feeds = feeds

    def get_next(self) -> Feeds | None:  # type: ignore[override]
        return next(self._feeds, None)


def quantize_convolutions(
    source: Path, target: Path, feeds: Iterator[Feeds], *, picture: bool, percentile: float
) -> None:
    """Quantize the convolutions of a float core graph and give it byte ports.

    Args:
        source: A file of the export's ``cores`` folder.
        target: The INT8 model to write.
        feeds: Inputs to calibrate on.
        picture: The output is cells that become a picture.
        percentile: Of the activations that the range covers, in percent.
    """
    overrides = {"image": [_BYTES]} | ({"cells": [_BYTES]} if picture else {})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_static(
            source,
            path,
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["Conv", "Relu", "Resize", "MaxPool"],
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "TensorQuantOverrides": overrides,
                "CalibPercentile": percentile,
                "CalibTensorRangeSymmetric": False,
            },
        )
        model = add_byte_ports(onnx.load(path), picture=picture)
    onnx.save(model, target)


def quantize_weights(source: Path, target: Path, *, smallest: int = 1024) -> None:
    """Store the weights of convolutions and linear layers in 8 bits, per output channel.

    ONNX Runtime turns them back into FP32 when it loads the model: the file shrinks to about a
    quarter, the arithmetic stays as it is.

    Args:
        source: An FP32 model.
        target: The model to write.
        smallest: Weights with fewer values stay as they are.
    """
    model = onnx.load(source)
    graph = model.graph
    uses = {
        node.input[1]: (0 if node.op_type == "Conv" or _transposed(node) else 1)
        for node in graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul") and len(node.input) > 1
    }
    nodes: list[onnx.NodeProto] = []
    for item in list(graph.initializer):
        if item.name not in uses:
            continue
        values = numpy_helper.to_array(item)
        if values.size < smallest:
            continue
        axis = uses[item.name]
        other = tuple(i for i in range(values.ndim) if i != axis)
        scale = (np.abs(values).max(axis=other) / 127).clip(1e-12).astype(np.float32)
        shape = [-1 if i == axis else 1 for i in range(values.ndim)]
        quantized = np.rint(values / scale.reshape(shape)).clip(-127, 127).astype(np.int8)
        graph.initializer.remove(item)
        graph.initializer.extend(
            [
                numpy_helper.from_array(quantized, f"{item.name}_int8"),
                numpy_helper.from_array(scale, f"{item.name}_scale"),
                numpy_helper.from_array(np.zeros(len(scale), np.int8), f"{item.name}_zero"),
            ]
        )
        names = [f"{item.name}_{part}" for part in ("int8", "scale", "zero")]
        nodes.append(onnx.helper.make_node("DequantizeLinear", names, [item.name], axis=axis))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _transposed(node: onnx.NodeProto) -> bool:
    return any(attribute.name == "transB" and attribute.i for attribute in node.attribute)


def psnr_db(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio of two byte pictures; equal ones give 99."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return 99.0 if error == 0 else min(99.0, 10 * float(np.log10(255**2 / error)))
