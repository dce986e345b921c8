"""The graph that paints, in INT8 from the first layer to the last.

An affine behind a convolution would make a float island in an INT8 graph, and there are twelve. But
a quantized convolution ends with one multiplication per channel anyway, from its 32-bit sums to its
8-bit output. So the scales go into the scales of the weights and the shifts into the bias, both
inputs that ``QLinearConv`` reads anew in every run. Each activation is then rounded once, and
nothing between the bytes that come in and those that go out is a float.

The steps of the activations are read anew too. A dark picture with one small bright spot needs ten
times the range of others, and a range that is fixed for all pictures either clips the one or wastes
most of its 256 levels on the others. So the modulator reports the peaks of the activations in the
thumbnail, and a range is that peak times some headroom for what the thumbnail does not show.

The graph is written from the table of layers, by two writers: one writes floats, to measure the
headroom that activations need, the other the quantized operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from stylize.training.graphs import Paint
from stylize.training.layers import CELLS_PX, PICTURE, Enlarged, Layers, Sum
from stylize.training.network import Affines, TransferNetwork
from stylize.training.rounding import round_weight

Floats = NDArray[np.float32]
Feeds = Mapping[str, NDArray[Any]]

OPSET = 20
_SMALLEST_SCALE = 1e-4  # an affine with less is as good as a constant; its bias stays in 32 bits
_LARGEST_BIAS = 2.0**30  # the sums of the products, at most 2**24, still fit beside it
_SMALLEST_STEP = 1e-6  # of an activation that is zero everywhere
# Zero points and levels above them of activations behind a ReLU, and of all others.
_UNSIGNED, _SIGNED = (0, 255), (128, 127)


class _Writer:
    """What both writers share: nodes, constants and the weights of a network."""

    def __init__(self, network: TransferNetwork) -> None:
        self.layers = network.layers
        self.site_names = {row.name for row in network.layers.sites}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.convolutions: dict[str, nn.Conv2d] = {
            name: module
            for name, module in Paint(network).network.named_modules()
            if isinstance(module, nn.Conv2d)
        }

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def parameters(self, name: str) -> tuple[Floats, Floats, dict[str, Any]]:
        """Weight, bias and attributes of a convolution."""
        module = self.convolutions[name]
        if module.bias is None:
            raise ValueError(f"{name} has no bias")
        weight = module.weight.detach().numpy()
        bias = module.bias.detach().numpy()
        padding, stride = int(module.padding[0]), module.stride[0]
        return weight, bias, {"pads": [padding] * 4, "strides": [stride] * 2}


class _FloatWriter(_Writer):
    """Writes floats; activations carry the names of what made them."""

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__(network)
        for resolution, sites in _sites(self.layers).items():
            axis = self.constant(f"{resolution}_split", np.array([c for _, c in sites] * 2))
            outputs = [f"{name}_{part}" for part in ("scale", "shift") for name, _ in sites]
            self.nodes.append(
                helper.make_node("Split", [f"affine_{resolution}", axis], outputs, axis=1)
            )

    def convolution(self, name: str, x: str, *, relu: bool) -> str:
        weight, bias, attributes = self.parameters(name)
        inputs = [x, self.constant(f"{name}_weight", weight), self.constant(f"{name}_bias", bias)]
        y = self.node("Conv", inputs, f"{name}_raw", **attributes)
        if name in self.site_names:
            y = self.node("Mul", [y, f"{name}_scale"], f"{name}_scaled")
            y = self.node("Add", [y, f"{name}_shift"], f"{name}_shifted")
        return self.activation(name, y, relu=relu)

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

    def add(self, name: str, a: str, b: str, *, relu: bool) -> str:
        return self.activation(name, self.node("Add", [a, b], f"{name}_raw"), relu=relu)

    def activation(self, name: str, x: str, *, relu: bool) -> str:
        return self.node("Relu" if relu else "Identity", [x], name)


class _Int8Writer(_Writer):
    """Writes quantized operators."""

    def __init__(
        self,
        network: TransferNetwork,
        headroom: Mapping[str, float],
        moments: Mapping[str, NDArray[np.float64]],
    ) -> None:
        super().__init__(network)
        self.headroom, self.moments = headroom, moments
        self.levels: dict[str, int] = {}
        # Of each site: scales of the weights, bias, place of its input among the steps.
        self.sites: dict[str, tuple[Floats, Floats, int]] = {}
        # Convolutions in which nothing changes between runs are faster.
        reached = {"bytes": 1.0, "head": 1.0} | {n: headroom[n] for n in network.layers.fixed}
        self.fixed = {name: peak / 255 for name, peak in reached.items()}
        for name, step in self.fixed.items():
            self.constant(f"{name}_step", np.array(step, np.float32))
            self.constant(f"{name}_zero", np.array(0, np.uint8))

    def convolution(self, name: str, x: str, *, relu: bool) -> str:
        weight, bias, attributes = self.parameters(name)
        quantized, weight_scale = round_weight(weight, self.moments.get(name))
        scale_input, bias_input = f"{name}_weight_scale", f"{name}_bias"
        if name in self.site_names:
            self.sites[name] = (weight_scale, bias, self.layers.activations.index(_base(x)))
        else:
            self.constant(scale_input, weight_scale)
            step = self.fixed.get(_base(x))
            if step is None and bias.any():
                raise ValueError(f"the bias of {name} must be 0: the steps of its input change")
            whole = np.rint(bias / ((step or 1.0) * weight_scale))
            self.constant(bias_input, whole.astype(np.int32))
        inputs = [
            x,
            *_quantization(x),
            self.constant(f"{name}_weight", quantized),
            scale_input,
            self.constant(f"{name}_weight_zero", np.zeros(len(quantized), np.int8)),
            *self.activation(name, relu=relu),
            bias_input,
        ]
        return self.node("QLinearConv", inputs, name, **attributes)

    def enlarge(self, x: str) -> str:
        """Set every pixel twice side by side, then every row twice.

        With the channels last that moves runs of bytes; ``Resize`` takes several times as long, as
        it looks every single value up.
        """
        channels = self.convolutions[_base(x)].out_channels
        pixels = self.node("Transpose", [x], f"{x}_pixels", perm=[0, 2, 3, 1])
        pairs = self.node("Concat", [pixels, pixels], f"{x}_pairs", axis=3)
        one_row = self.constant(f"{x}_one_row", np.array([0, 0, -1, channels]))
        wide = self.node("Reshape", [pairs, one_row], f"{x}_wide")
        rows = self.node("Concat", [wide, wide], f"{x}_rows", axis=2)
        width = self.node("Shape", [wide], f"{x}_width", start=2, end=3)
        first = self.constant(f"{x}_first", np.array([1, -1]))
        last = self.constant(f"{x}_last", np.array([channels]))
        shape = self.node("Concat", [first, width, last], f"{x}_shape", axis=0)
        whole = self.node("Reshape", [rows, shape], f"{x}_whole")
        return self.node("Transpose", [whole], f"{x}_enlarged", perm=[0, 3, 1, 2])

    def add(self, name: str, a: str, b: str, *, relu: bool) -> str:
        inputs = [a, *_quantization(a), b, *_quantization(b), *self.activation(name, relu=relu)]
        return self.node("QLinearAdd", inputs, name, domain="com.microsoft")

    def activation(self, name: str, *, relu: bool) -> list[str]:
        """Note an activation; return the names of its step and zero point."""
        if name not in self.fixed:
            zero, self.levels[name] = _UNSIGNED if relu else _SIGNED
            self.constant(f"{name}_zero", np.array(zero, np.uint8))
        return _quantization(name)

    def whole(self, x: str, output: str) -> str:
        """Round floats to 32-bit integers."""
        rounded = self.node("Round", [x], f"{output}_rounded")
        # A float beyond 32 bits would become any integer.
        limits = [
            self.constant(f"{output}_{end}", np.array(limit, np.float32))
            for end, limit in (("lowest", -_LARGEST_BIAS), ("highest", _LARGEST_BIAS))
        ]
        bounded = self.node("Clip", [rounded, *limits], f"{output}_bounded")
        return self.node("Cast", [bounded], output, to=TensorProto.INT32)

    def write_inputs(self) -> None:
        """Write, before all else, what follows from peaks and affines."""
        nodes, self.nodes = self.nodes, []
        self._write_steps()
        for resolution, sites in _sites(self.layers).items():
            self._write_affines(resolution, sites)
        self.nodes += nodes

    def _write_steps(self) -> None:
        """Write the step of every activation: its peak times its headroom, by its levels."""
        names = self.layers.activations
        factors = [self.headroom[name] / self.levels[name] for name in names]
        flat = self.node(
            "Reshape", ["peaks", self.constant("peaks_flat", np.array([-1]))], "peaks_vector"
        )
        factor = self.constant("peaks_factor", np.array(factors, np.float32))
        steps = self.node("Mul", [flat, factor], "peaks_scaled")
        least = self.constant("peaks_least", np.array(_SMALLEST_STEP, np.float32))
        self.node("Max", [steps, least], "steps")
        for index, name in enumerate(names):
            place = self.constant(f"{name}_place", np.array(index))
            self.node("Gather", ["steps", place], f"{name}_step")

    def _write_affines(self, p: str, sites: list[tuple[str, int]]) -> None:
        """Write weight scales and biases of all sites of a resolution at once."""
        weight_scale, bias, source = (
            np.concatenate([np.broadcast_to(self.sites[name][i], count) for name, count in sites])
            for i in range(3)
        )
        flat = self.node(
            "Reshape", [f"affine_{p}", self.constant(f"{p}_flat", np.array([-1]))], f"{p}_vector"
        )
        half = self.constant(f"{p}_half", np.array([len(bias)] * 2))
        self.nodes.append(helper.make_node("Split", [flat, half], [f"{p}_a", f"{p}_b"], axis=0))
        size = self.node("Abs", [f"{p}_a"], f"{p}_size")
        small = self.constant(f"{p}_small", np.array(_SMALLEST_SCALE, np.float32))
        tiny = self.node("Less", [size, small], f"{p}_tiny")
        safe = self.node("Where", [tiny, small, f"{p}_a"], f"{p}_safe")
        weight_scales = self.constant(f"{p}_weight_scale", weight_scale)
        scales = self.node("Mul", [safe, weight_scales], f"{p}_scales")
        # (a * (w * x + bias) + shift) in steps of a * w * x: the bias counts bias + shift / a.
        shift = self.node("Div", [f"{p}_b", safe], f"{p}_shift")
        total = self.node("Add", [shift, self.constant(f"{p}_bias", bias)], f"{p}_total")
        step = self.node("Gather", ["steps", self.constant(f"{p}_source", source)], f"{p}_step")
        unit = self.node("Mul", [step, weight_scales], f"{p}_unit")
        whole = self.whole(self.node("Div", [total, unit], f"{p}_units"), f"{p}_whole")
        parts = self.constant(f"{p}_parts", np.array([count for _, count in sites]))
        for values, suffix in ((scales, "weight_scale"), (whole, "bias")):
            outputs = [f"{name}_{suffix}" for name, _ in sites]
            self.nodes.append(helper.make_node("Split", [values, parts], outputs, axis=0))


def _base(x: str) -> str:
    """The activation that a tensor is, whatever was done to its shape."""
    return x.removesuffix("_enlarged").removesuffix("_nchw")


def _quantization(x: str) -> list[str]:
    return [f"{_base(x)}_step", f"{_base(x)}_zero"]


def _sites(layers: Layers) -> dict[str, list[tuple[str, int]]]:
    """Names and channels of the modulated convolutions, in the order of the affines."""
    return {
        resolution: [(row.name, row.outputs) for row in layers.sites_at(cell_px)]
        for resolution, cell_px in zip(Affines._fields, CELLS_PX, strict=True)
    }


def _write_rows(writer: _FloatWriter | _Int8Writer, picture: str) -> str:
    """Write the table of layers from the picture to the cells."""
    outputs = {PICTURE: picture}
    for row in writer.layers.rows:
        if isinstance(row, Enlarged):
            made = writer.enlarge(outputs[row.source])
        elif isinstance(row, Sum):
            first, second = (outputs[source] for source in row.sources)
            made = writer.add(row.name, first, second, relu=row.relu)
        else:
            made = writer.convolution(row.name, outputs[row.source], relu=row.relu)
        outputs[row.name] = made
    return made


def measure_headroom(
    network: TransferNetwork, feeds: Iterable[Feeds], *, percentile: float
) -> dict[str, float]:
    """Measure how far every activation goes beyond its peak in the thumbnail.

    Of those with fixed steps, which have no peak there, how far they go.

    Args:
        network: The network, equalized.
        feeds: ``image`` (1, 4, H, W) float32 in [0, 1], ``affine_quarter``, ``affine_eighth`` and
            ``peaks``.
        percentile: Of the values of a picture that its range covers, in percent. The headroom of
            an activation is the largest over the pictures, drawn a little towards the average: a
            rare picture may lose its extremes, if that gives all others finer steps.
    """
    writer = _FloatWriter(network)
    _write_rows(writer, "image")
    names = [*network.layers.activations, *network.layers.fixed]
    outputs = [_port(x, TensorProto.FLOAT, [1, "c", "h", "w"]) for x in names]
    model = _model(writer, [_port("image", TensorProto.FLOAT, [1, 4, "h", "w"])], outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    ratios = []
    for feed in feeds:
        inputs = {name: value for name, value in feed.items() if name != "peaks"}
        peaks = np.append(feed["peaks"][0].clip(_SMALLEST_STEP), np.ones(len(network.layers.fixed)))
        reached = [np.percentile(np.abs(x), percentile) for x in session.run(None, inputs)]
        ratios.append(np.array(reached) / peaks)
    factors = 0.8 * np.max(ratios, axis=0) + 0.2 * np.mean(ratios, axis=0)
    return dict(zip(names, factors.tolist(), strict=True))


def write_int8_graph(
    network: TransferNetwork,
    headroom: Mapping[str, float],
    moments: Mapping[str, NDArray[np.float64]],
) -> onnx.ModelProto:
    """Write the INT8 graph: ``bytes`` (1, H, W, 4), affines, ``peaks`` -> ``picture``, bytes too.

    Args:
        network: The network, equalized.
        headroom: From :func:`measure_headroom`.
        moments: From :func:`stylize.training.rounding.input_moments`.
    """
    writer = _Int8Writer(network, headroom, moments)
    nchw = writer.node("Transpose", ["bytes"], "bytes_nchw", perm=[0, 3, 1, 2])
    cells = _write_rows(writer, nchw)
    writer.write_inputs()
    # (1, 16, h, w) -> (1, h, w, 2, 8) -> (1, h, 2, w, 8) -> (1, 2h, 2w, 4); see graphs.Paint.
    shape = writer.constant("split_shape", np.array([0, 0, 0, 2, 8]))
    x = writer.node("Transpose", [cells], "cells_nhwc", perm=[0, 2, 3, 1])
    x = writer.node("Reshape", [x, shape], "cells_split")
    rows = writer.node("Transpose", [x], "rows", perm=[0, 1, 3, 2, 4])
    full = writer.node("Shape", ["bytes"], "picture_shape")
    writer.node("Reshape", [rows, full], "picture")
    outputs = [_port("picture", TensorProto.UINT8, [1, "height", "width", 4])]
    inputs = [
        _port("bytes", TensorProto.UINT8, [1, "height", "width", 4]),
        _port("peaks", TensorProto.FLOAT, [1, len(network.layers.activations)]),
    ]
    return _model(writer, inputs, outputs)


def _port(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
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
        for resolution, sites in _sites(writer.layers).items()
    ]
    graph = helper.make_graph(
        writer.nodes, "paint", [*inputs, *affines], outputs, initializer=writer.constants
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    return model
