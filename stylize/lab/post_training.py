"""Fewer bits after training, by ONNX Runtime's own tools: what the product's INT8 stands beside.

"Dynamic" measures the range of every activation in every run, "static" has fixed it on some
pictures before (Jacob et al., 2018, and the manual of ONNX Runtime).
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static

from stylize.training.quantize_encoder import Feeds, Reader


def quantize_by_the_run(source: Path, target: Path) -> None:
    """Write a graph whose convolutions and linear layers measure their inputs in every run."""
    with _quiet():
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8)


def quantize_by_samples(source: Path, target: Path, feeds: Iterable[Feeds]) -> None:
    """Write a graph whose activations have ranges that were measured on some inputs.

    Args:
        source: The FP32 graph.
        target: The graph to write.
        feeds: Inputs by name.
    """
    with _quiet():
        quantize_static(
            source, target, Reader(iter(feeds)), quant_format=QuantFormat.QDQ, per_channel=True
        )


def halve_weights(source: Path, target: Path, *, smallest: int = 1024) -> None:
    """Write a graph whose weights are stored in 16 bits; it computes as before.

    Args:
        source: The FP32 graph.
        target: The graph to write.
        smallest: Weights with fewer values stay as they are.
    """
    model = onnx.load(source)
    graph = model.graph
    casts = []
    for item in list(graph.initializer):
        if item.data_type == TensorProto.FLOAT and np.prod(item.dims) >= smallest:
            half = numpy_helper.to_array(item).astype(np.float16)
            graph.initializer.remove(item)
            graph.initializer.append(numpy_helper.from_array(half, f"{item.name}_half"))
            inputs, outputs = [f"{item.name}_half"], [item.name]
            casts.append(helper.make_node("Cast", inputs, outputs, to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    onnx.save(model, target)


def take_peaks(path: Path, activations: int) -> None:
    """Let a graph that paints be given the peaks of the activations, which it does not use.

    Args:
        path: The graph; rewritten.
        activations: How many there are.
    """
    model = onnx.load(path)
    peaks = helper.make_tensor_value_info("peaks", TensorProto.FLOAT, [1, activations])
    model.graph.input.append(peaks)
    onnx.save(model, path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the tools print and warn of to themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
