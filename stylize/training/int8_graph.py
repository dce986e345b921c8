"""The graph that paints, in INT8 from the first layer to the last.

An affine behind a convolution would make a float island in an INT8 graph, and there are twelve. But
a quantized convolution ends with one multiplication per channel anyway, from its 32-bit sums to its
8-bit output. So the scales go into the scales of the weights and the shifts into the bias, both
inputs that ``QLinearConv`` reads anew in every run. Each activation is then rounded once, and
nothing between the bytes that come in and those that go out is a float.

The graph is written by hand, in one description that two writers read: one writes floats, to
measure the ranges of the activations, the other the quantized operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from stylize.training.network import NetworkSize, TransferNetwork

Floats = NDArray[np.float32]
Feeds = Mapping[str, NDArray[Any]]

OPSET = 20
WEIGHT_LEVELS = 63  # 7 bits: sums of two products stay below 2**15, where AVX2 saturates
_SMALLEST_SCALE = 1e-4  # an affine with less is as good as a constant; its bias stays in 32 bits
_LARGEST_BIAS = 2.0**30  # the sums of the products, at most 2**24, still fit beside it


@dataclass(frozen=True)
class Range:
    """Scale and zero point of an activation: value = scale * (byte - zero)."""

    scale: float
    zero: int

    @classmethod
    def of(cls, low: float, high: float) -> Range:
        """Return the range that covers low..high and holds 0 exactly."""
        low, high = min(low, 0.0), max(high, 1e-6)
        scale = (high - low) / 255
        return cls(scale, round(-low / scale))


PICTURE = Range(1 / 255, 0)


class _Writer:
    """What both writers share: nodes, constants and the weights of a network."""

    def __init__(self, network: TransferNetwork) -> None:
        self.size = network.size
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.convolutions: dict[str, nn.Conv2d] = {
            name: module
            for name, module in network.named_modules()
            if isinstance(module, nn.Conv2d)
        }

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def enlarge(self, x: str) -> str:
        scales = self.constant(f"{x}_twice", np.array([1, 1, 2, 2], np.float32))
        return self.node(
            "Resize",
            [x, "", scales],
            f"{x}_enlarged",
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def parameters(self, name: str) -> tuple[Floats, Floats, dict[str, Any]]:
        """Weight, bias and attributes of a convolution; the head's outputs in cell order."""
        module = self.convolutions[name]
        if module.bias is None:
            raise ValueError(f"{name} has no bias")
        weight = module.weight.detach().numpy()
        bias = module.bias.detach().numpy()
        if name == "head":
            order = np.arange(12).reshape(3, 4).T.ravel()
            weight, bias = weight[order], bias[order]
        padding, stride = int(module.padding[0]), module.stride[0]
        return weight, bias, {"pads": [padding] * 4, "strides": [stride] * 2}


class _FloatWriter(_Writer):
    """Writes floats; every activation is an output."""

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__(network)
        self.activations: list[str] = []
        for resolution, sites in _sites(self.size).items():
            axis = self.constant(f"{resolution}_split", np.array([c for _, c in sites] * 2))
            outputs = [f"{name}_{part}" for part in ("scale", "shift") for name, _ in sites]
            self.nodes.append(
                helper.make_node("Split", [f"affine_{resolution}", axis], outputs, axis=1)
            )

    def convolution(self, name: str, x: str, *, relu: bool) -> str:
        weight, bias, attributes = self.parameters(name)
        inputs = [x, self.constant(f"{name}_weight", weight), self.constant(f"{name}_bias", bias)]
        y = self.node("Conv", inputs, f"{name}_raw", **attributes)
        if name in _site_names(self.size):
            y = self.node("Mul", [y, f"{name}_scale"], f"{name}_scaled")
            y = self.node("Add", [y, f"{name}_shift"], f"{name}_shifted")
        return self.activation(name, y, relu=relu)

    def add(self, name: str, a: str, b: str, *, relu: bool) -> str:
        return self.activation(name, self.node("Add", [a, b], f"{name}_raw"), relu=relu)

    def activation(self, name: str, x: str, *, relu: bool) -> str:
        self.activations.append(name)
        return self.node("Relu" if relu else "Identity", [x], name)


class _Int8Writer(_Writer):
    """Writes quantized operators."""

    def __init__(self, network: TransferNetwork, ranges: Mapping[str, Range]) -> None:
        super().__init__(network)
        self.ranges = dict(ranges) | {"bytes": PICTURE, "head": PICTURE}
        # Of each site: scales of the weights, steps of the 32-bit sums, bias in those steps.
        self.sites: dict[str, tuple[Floats, Floats, Floats]] = {}

    def convolution(self, name: str, x: str, *, relu: bool) -> str:
        weight, bias, attributes = self.parameters(name)
        quantized, weight_scale = quantize_weight(weight)
        step = self.range_of(x).scale * weight_scale  # of the 32-bit sums
        dynamic = name in _site_names(self.size)
        if dynamic:
            self.sites[name] = (weight_scale, step, bias / step)
            scale_input, bias_input = f"{name}_weight_scale", f"{name}_bias"
        else:
            scale_input = self.constant(f"{name}_weight_scale", weight_scale)
            bias_input = self.constant(f"{name}_bias", np.rint(bias / step).astype(np.int32))
        inputs = [
            x,
            *self.quantization(x),
            self.constant(f"{name}_weight", quantized),
            scale_input,
            self.constant(f"{name}_weight_zero", np.zeros(len(weight), np.int8)),
            *self.quantization(name),
            bias_input,
        ]
        return self.node("QLinearConv", inputs, name, **attributes)

    def add(self, name: str, a: str, b: str, *, relu: bool) -> str:
        inputs = [a, *self.quantization(a), b, *self.quantization(b), *self.quantization(name)]
        return self.node("QLinearAdd", inputs, name, domain="com.microsoft")

    def range_of(self, x: str) -> Range:
        return self.ranges[x.removesuffix("_enlarged").removesuffix("_nchw")]

    def quantization(self, x: str) -> list[str]:
        """Names of the constants with scale and zero point of an activation."""
        found = self.range_of(x)
        names = [f"{x}_step", f"{x}_zero"]
        if all(item.name != names[0] for item in self.constants):
            self.constant(names[0], np.array(found.scale, np.float32))
            self.constant(names[1], np.array(found.zero, np.uint8))
        return names

    def write_affines(self) -> None:
        """Write, for all sites of a resolution at once, weight scales and biases of the affines."""
        nodes, self.nodes = self.nodes, []
        for resolution, sites in _sites(self.size).items():
            channels = sum(count for _, count in sites)
            weight_scale, step, bias_steps = (
                np.concatenate([self.sites[name][i] for name, _ in sites]).astype(np.float32)
                for i in range(3)
            )
            p = resolution
            flat = self.node(
                "Reshape",
                [f"affine_{p}", self.constant(f"{p}_flat", np.array([-1]))],
                f"{p}_vector",
            )
            half = self.constant(f"{p}_half", np.array([channels, channels]))
            self.nodes.append(helper.make_node("Split", [flat, half], [f"{p}_a", f"{p}_b"], axis=0))
            size = self.node("Abs", [f"{p}_a"], f"{p}_size")
            small = self.constant(f"{p}_small", np.array(_SMALLEST_SCALE, np.float32))
            tiny = self.node("Less", [size, small], f"{p}_tiny")
            safe = self.node("Where", [tiny, small, f"{p}_a"], f"{p}_safe")
            scales = self.node(
                "Mul", [safe, self.constant(f"{p}_weight_scale", weight_scale)], f"{p}_scales"
            )
            steps = self.node("Mul", [safe, self.constant(f"{p}_step", step)], f"{p}_steps")
            shift = self.node("Div", [f"{p}_b", steps], f"{p}_shift")
            total = self.node(
                "Add", [shift, self.constant(f"{p}_bias_steps", bias_steps)], f"{p}_total"
            )
            rounded = self.node("Round", [total], f"{p}_rounded")
            # A float beyond 32 bits would become any integer.
            limits = [
                self.constant(f"{p}_{end}", np.array(limit, np.float32))
                for end, limit in (("lowest", -_LARGEST_BIAS), ("highest", _LARGEST_BIAS))
            ]
            bounded = self.node("Clip", [rounded, *limits], f"{p}_bounded")
            bias = self.node("Cast", [bounded], f"{p}_bias", to=TensorProto.INT32)
            parts = self.constant(f"{p}_parts", np.array([count for _, count in sites]))
            for source, suffix in ((scales, "weight_scale"), (bias, "bias")):
                outputs = [f"{name}_{suffix}" for name, _ in sites]
                self.nodes.append(helper.make_node("Split", [source, parts], outputs, axis=0))
        self.nodes += nodes


def _sites(size: NetworkSize) -> dict[str, list[tuple[str, int]]]:
    """Names and channels of the modulated convolutions, in the order of the affines."""
    quarter = ("down_quarter", "skip_quarter", "mix_quarter", "reduce_quarter")
    blocks = tuple(f"blocks.{index}" for index in range(2 * size.blocks))
    eighth = ("down_eighth", *blocks, "reduce_eighth")
    return {
        "quarter": list(zip(quarter, size.sites_quarter, strict=True)),
        "eighth": list(zip(eighth, size.sites_eighth, strict=True)),
    }


def _site_names(size: NetworkSize) -> set[str]:
    return {name for sites in _sites(size).values() for name, _ in sites}


def _describe(writer: _FloatWriter | _Int8Writer, x: str) -> str:
    """Write the network from the picture ``x`` to the cells; see TransferNetwork."""
    x = writer.convolution("stem", x, relu=True)
    fine = writer.convolution("down_quarter", x, relu=True)
    x = writer.convolution("down_eighth", fine, relu=True)
    for block in range(writer.size.blocks):
        branch = writer.convolution(f"blocks.{2 * block}", x, relu=True)
        branch = writer.convolution(f"blocks.{2 * block + 1}", branch, relu=False)
        x = writer.add(f"sum.{block}", x, branch, relu=False)
    coarse = writer.enlarge(writer.convolution("reduce_eighth", x, relu=False))
    skip = writer.convolution("skip_quarter", fine, relu=False)
    x = writer.add("sum_quarter", coarse, skip, relu=True)
    x = writer.convolution("mix_quarter", x, relu=True)
    x = writer.enlarge(writer.convolution("reduce_quarter", x, relu=True))
    x = writer.convolution("mix_half", x, relu=True)
    return writer.convolution("head", x, relu=False)


def quantize_weight(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Quantize a weight (O, I, h, w) per output channel to 7 bits; return it and its scales."""
    scale = np.abs(weight).max(axis=(1, 2, 3)).clip(1e-8) / WEIGHT_LEVELS
    quantized = np.rint(weight / scale[:, None, None, None]).astype(np.int8)
    return quantized, scale.astype(np.float32)


def measure_ranges(
    network: TransferNetwork, feeds: Iterable[Feeds], *, percentile: float
) -> dict[str, Range]:
    """Measure the range of every activation.

    Args:
        network: The network, equalized.
        feeds: ``image`` (1, 3, H, W) float32 in [0, 1], ``affine_quarter``, ``affine_eighth``.
        percentile: Of the values of a picture that its range covers, in percent. The range of an
            activation is the largest over the pictures, drawn a little towards the average: a
            rare picture may lose its extremes, if that gives all others finer steps.
    """
    writer = _FloatWriter(network)
    _describe(writer, "image")
    outputs = [_image_input(x, TensorProto.FLOAT, [1, "c", "h", "w"]) for x in writer.activations]
    model = _model(writer, [_image_input("image", TensorProto.FLOAT, [1, 3, "h", "w"])], outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    lows, highs = [], []
    for feed in feeds:
        values = session.run(None, dict(feed))
        lows.append([np.percentile(value, 100 - percentile) for value in values])
        highs.append([np.percentile(value, percentile) for value in values])
    low = 0.8 * np.min(lows, axis=0) + 0.2 * np.mean(lows, axis=0)
    high = 0.8 * np.max(highs, axis=0) + 0.2 * np.mean(highs, axis=0)
    return {
        name: Range.of(float(low[i]), float(high[i])) for i, name in enumerate(writer.activations)
    }


def write_int8_graph(network: TransferNetwork, ranges: Mapping[str, Range]) -> onnx.ModelProto:
    """Write the INT8 graph: ``bytes`` (1, H, W, 3) and two affines -> ``picture`` (1, H, W, 3)."""
    writer = _Int8Writer(network, ranges)
    nchw = writer.node("Transpose", ["bytes"], "bytes_nchw", perm=[0, 3, 1, 2])
    cells = _describe(writer, nchw)
    writer.write_affines()
    # (1, 12, h, w) -> (1, h, w, 2, 6) -> (1, h, 2, w, 6) -> (1, 2h, 2w, 3); see graphs.Paint.
    shape = writer.constant("split_shape", np.array([0, 0, 0, 2, 6]))
    x = writer.node("Transpose", [cells], "cells_nhwc", perm=[0, 2, 3, 1])
    x = writer.node("Reshape", [x, shape], "cells_split")
    rows = writer.node("Transpose", [x], "rows", perm=[0, 1, 3, 2, 4])
    full = writer.node("Shape", ["bytes"], "picture_shape")
    writer.node("Reshape", [rows, full], "picture")
    outputs = [_image_input("picture", TensorProto.UINT8, [1, "height", "width", 3])]
    inputs = [_image_input("bytes", TensorProto.UINT8, [1, "height", "width", 3])]
    return _model(writer, inputs, outputs)


def _image_input(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _model(
    writer: _Writer, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    affines = [
        helper.make_tensor_value_info(
            f"affine_{resolution}",
            TensorProto.FLOAT,
            [1, 2 * sum(count for _, count in sites), 1, 1],
        )
        for resolution, sites in _sites(writer.size).items()
    ]
    graph = helper.make_graph(
        writer.nodes, "paint", [*inputs, *affines], outputs, initializer=writer.constants
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    return model
