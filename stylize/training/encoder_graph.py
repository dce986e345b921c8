"""The INT8 graph of the style encoder, without detours by way of floats.

Quantization wraps every operation into its own conversions. ONNX Runtime knows how to take them off
around convolutions and maxima, but not around padding, and not before means: those would run on
floats of four times the size, and take as long as the convolutions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Of the layers with the most pixels only every so many rows are measured: as floats, all of them
# took a fifth of the encoder's time. Odd, so that what repeats every 2 or 4 rows is seen whole.
_ROWS = (5, 3)


def simplify_int8_encoder(model: onnx.ModelProto) -> onnx.ModelProto:
    """Pad bytes as bytes, and take the statistics of whole numbers; in place.

    Args:
        model: A QDQ graph whose style layers end in ReduceMean, and in the root of the mean square
            of what lies beside that mean.

    Returns:
        The model.
    """
    graph = _Graph(model)
    for pad in graph.nodes("Pad"):
        _pad_bytes(graph, pad)
    rows = iter(_ROWS)
    for mean in graph.nodes("ReduceMean"):
        if graph.quantized(mean.input[0]) is not None:
            _measure_bytes(graph, mean, next(rows, 1))
    graph.clean()
    onnx.checker.check_model(model)
    return model


class _Graph:
    """A graph with the ways between its nodes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.proto = model.graph
        self.makers = {out: node for node in self.proto.node for out in node.output}
        self.constants = {item.name: numpy_helper.to_array(item) for item in self.proto.initializer}

    def nodes(self, kind: str) -> list[onnx.NodeProto]:
        return [node for node in self.proto.node if node.op_type == kind]

    def users(self, value: str) -> list[onnx.NodeProto]:
        return [node for node in self.proto.node if value in node.input]

    def only_user(self, value: str, kind: str) -> onnx.NodeProto | None:
        users = self.users(value)
        return users[0] if len(users) == 1 and users[0].op_type == kind else None

    def quantized(self, value: str) -> onnx.NodeProto | None:
        """Return the node that turns bytes into this value, if there is one."""
        node = self.makers.get(value)
        return node if node is not None and node.op_type == "DequantizeLinear" else None

    def insert(self, before: onnx.NodeProto, nodes: list[onnx.NodeProto]) -> None:
        at = list(self.proto.node).index(before)
        for node in reversed(nodes):
            self.proto.node.insert(at, node)

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.constants:
            self.constants[name] = value
            self.proto.initializer.append(numpy_helper.from_array(value, name))
        return name

    def set(self, name: str, value: np.ndarray) -> None:
        self.constants[name] = value
        item = next(item for item in self.proto.initializer if item.name == name)
        item.CopyFrom(numpy_helper.from_array(value, name))

    def clean(self) -> None:
        """Take away nodes and constants that nothing needs."""
        outputs = {output.name for output in self.proto.output}
        while True:
            used = outputs | {name for node in self.proto.node for name in node.input}
            unused = [node for node in self.proto.node if not used & set(node.output)]
            if not unused:
                break
            for node in unused:
                self.proto.node.remove(node)
        for item in list(self.proto.initializer):
            if item.name not in used:
                self.proto.initializer.remove(item)


def _pad_bytes(graph: _Graph, pad: onnx.NodeProto) -> None:
    """Turn bytes -> float -> pad -> bytes -> float into bytes -> pad -> float."""
    before = graph.quantized(pad.input[0])
    after = graph.only_user(pad.output[0], "QuantizeLinear")
    if before is None or after is None:
        return
    pad.input[0] = before.input[0]
    for floats in graph.users(after.output[0]):  # in the scale of what was padded
        floats.input[:] = [pad.output[0], *before.input[1:]]
        for conv in graph.users(floats.output[0]):
            _round_bias(graph, conv, before.input[1])


def _round_bias(graph: _Graph, conv: onnx.NodeProto, scale: str) -> None:
    """Round a convolution's bias in the scale of its sums, which is that of its input's bytes."""
    weight, bias = (graph.makers[name] for name in conv.input[1:])
    values, old, _ = (graph.constants[name] for name in bias.input)
    new = graph.constants[scale] * graph.constants[weight.input[1]]
    graph.set(bias.input[1], new.astype(np.float32))
    graph.set(bias.input[0], np.round(values * (old / new)).astype(np.int32))


def _measure_bytes(graph: _Graph, mean: onnx.NodeProto, step: int) -> None:
    """Take mean and deviation of bytes of some rows, as whole numbers, and scale these few.

    The square of the deviation is the mean square less the squared mean: each is one pass over the
    bytes, which are kept as numbers of 32 bits once.
    """
    floats = graph.quantized(mean.input[0])
    deviation = _deviation(graph, mean)
    if floats is None or deviation is None:
        return
    root, epsilon = deviation
    values, scale, zero = floats.input
    if graph.constants[zero].any():
        raise ValueError(f"zero is {graph.constants[zero]} in {values}, not 0")
    axes, name = mean.input[1], mean.output[0]
    square = graph.constant(f"{name}_scale", np.square(graph.constants[scale]))
    sides = graph.constant("sides", np.array([2, 3], np.int64))

    def node(kind: str, inputs: list[str], part: str, **options: Any) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [f"{name}_{part}"], **options)

    def of(part: str) -> str:
        return f"{name}_{part}"

    if step > 1:
        thinned = _thin(graph, values, f"{name}_rows", step)
        graph.insert(mean, [thinned])
        values = thinned.output[0]
    graph.insert(
        mean,
        [
            node("Cast", [values], "bytes", to=TensorProto.FLOAT),
            node("ReduceMean", [of("bytes"), axes], "of_bytes", keepdims=0),
            node("ReduceSumSquare", [of("bytes"), axes], "squares", keepdims=0),
            node("Shape", [values], "shape"),
            node("Gather", [of("shape"), sides], "sides"),
            node("ReduceProd", [of("sides")], "count", keepdims=0),
            node("Cast", [of("count")], "floats", to=TensorProto.FLOAT),
            node("Div", [of("squares"), of("floats")], "mean_square"),
            node("Mul", [of("of_bytes"), of("of_bytes")], "squared_mean"),
            node("Sub", [of("mean_square"), of("squared_mean")], "difference"),
            node("Relu", [of("difference")], "variance"),  # rounding may leave less than nothing
            node("Mul", [of("variance"), square], "scaled_variance"),
            node("Add", [of("scaled_variance"), epsilon], "with_epsilon"),
            helper.make_node("Sqrt", [of("with_epsilon")], [root.output[0]]),
            helper.make_node("Mul", [of("of_bytes"), scale], [name]),
        ],
    )
    graph.proto.node.remove(root)
    graph.proto.node.remove(mean)


def _thin(graph: _Graph, values: str, output: str, step: int) -> onnx.NodeProto:
    """Return a node that takes every so many rows of values, (N, C, H, W)."""
    bounds = [
        graph.constant(f"rows_{name}", np.array([value], np.int64))
        for name, value in (("first", 0), ("last", 2**31), ("axis", 2), (f"step_{step}", step))
    ]
    return helper.make_node("Slice", [values, *bounds], [output])


def _deviation(graph: _Graph, mean: onnx.NodeProto) -> tuple[onnx.NodeProto, str] | None:
    """Return the root that the deviations from a mean end in, and what is added below it."""
    value = mean.output[0]
    epsilon = ""
    for kind in ("Unsqueeze", "Sub", "Pow", "ReduceMean", "Add", "Sqrt"):
        node = next((user for user in graph.users(value) if user.op_type == kind), None)
        if node is None:
            return None
        if kind == "Add":
            epsilon = node.input[1]
        value = node.output[0]
    return graph.makers[value], epsilon
