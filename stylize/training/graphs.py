"""The parts of the network as they are exported, and the byte ports of their graphs."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from stylize.training.contrast import contrast_of
from stylize.training.modulator import CONDITIONS, halve
from stylize.training.network import Affines, TransferNetwork
from stylize.training.vgg import LossNetwork, style_vector


class EncodeStyle(nn.Module):
    """Style picture (1, 3, H, W) in [0, 1] -> style vector (1, D), not tuned: that part is 0.

    It holds what the loss network sees, the network's own statistics, contrast, tuning.
    """

    untuned: Tensor

    def __init__(self, encoder: LossNetwork, network: TransferNetwork) -> None:
        super().__init__()
        self.encoder = encoder
        self.own_statistics = network.own_statistics
        self.register_buffer("untuned", torch.zeros(1, network.tuning))

    def forward(self, image: Tensor) -> Tensor:
        """Encode."""
        seen = style_vector(self.encoder(image))
        own, contrast = self.own_statistics(halve(image)), contrast_of(image)
        return torch.cat([seen, own, contrast, self.untuned], dim=1)


class Modulate(nn.Module):
    """Thumbnail, style vectors, controls, zoom -> affines, peaks. K styles share a thumbnail."""

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        image: Tensor,
        vector: Tensor,
        conditions: Tensor,
        strength: Tensor,
        zoom: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Modulate: (1, 3, H, W), (K, D), (K, 5), (K, 1), (1, 1) -> affines, (K, A)."""
        modulation = self.network.modulation(image, vector, conditions)
        measurement = self.network.measure(image, modulation, strength, zoom)
        affines = measurement.affines()
        return affines.quarter, affines.eighth, measurement.peaks()


class Paint(nn.Module):
    """Picture (1, 4, H, W) and affines -> cells (1, 16, H/2, W/2).

    Pixels are RGBX, as Pillow keeps them: four bytes move faster than three, and convolutions of
    bytes are fastest with channels in fours and sixteens. X is ignored on the way in and 1 on the
    way out. A cell holds the four pixels of a 2x2 square in the order (row, column, channel): with
    the channels last, turning cells into pixels then moves runs of eight bytes.
    """

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.stem = _take_rgbx(network.convolution("stem"))
        self.network.head = _give_rgbx(network.convolution("head"))

    def forward(self, image: Tensor, affine_quarter: Tensor, affine_eighth: Tensor) -> Tensor:
        """Paint."""
        return self.network.paint_cells(image, Affines(affine_quarter, affine_eighth))


@torch.no_grad()
def _take_rgbx(stem: nn.Conv2d) -> nn.Conv2d:
    """Let the first convolution have a fourth input that does not count."""
    weight = functional.pad(stem.weight, (0, 0, 0, 0, 0, 1))
    return _convolution(weight, stem.bias, stem)


@torch.no_grad()
def _give_rgbx(head: nn.Conv2d) -> nn.Conv2d:
    """Order the last convolution's outputs, (channel, row, column), by pixels of four channels."""
    if head.bias is None:
        raise TypeError("the head has no bias")

    def order(values: Tensor, x: float) -> Tensor:
        pixels = values.view(3, 4, *values.shape[1:])
        whole = torch.cat([pixels, torch.full_like(pixels[:1], x)])
        return whole.transpose(0, 1).flatten(0, 1)

    return _convolution(order(head.weight, 0.0), order(head.bias, 1.0), head)


def _convolution(weight: Tensor, bias: Tensor | None, like: nn.Conv2d) -> nn.Conv2d:
    outputs, inputs, kernel, _ = weight.shape
    made = nn.Conv2d(inputs, outputs, kernel, like.stride, like.padding)  # type: ignore[arg-type]
    made.load_state_dict({"weight": weight, "bias": bias})
    return made


@torch.no_grad()
def equalize_(network: TransferNetwork, thumbnails: Tensor) -> None:
    """Give every modulated convolution's channels mean 0 and standard deviation 1, in place.

    The following affine takes the change back, so pictures stay the same up to rounding. In INT8
    all channels of a layer share one scale; with equal ranges none of them loses bits.

    Args:
        network: The network.
        thumbnails: (N, 3, H, W) content pictures in [0, 1] to measure the channels on.
    """
    sites = [network.convolution(row.name) for row in network.layers.sites]
    start = 0
    outputs: dict[nn.Module, Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda m, _, out: outputs.__setitem__(m, out))
        for module in sites
    ]
    count = len(thumbnails)
    zeros = network.modulator.vector_mean.expand(count, -1)
    ones = torch.ones(count, 1)
    network.modulate(thumbnails, zeros, torch.zeros(count, len(CONDITIONS)), ones)
    for hook in hooks:
        hook.remove()
    for module in sites:
        features = outputs[module].transpose(0, 1).flatten(1)
        mean, std = features.mean(dim=1), features.std(dim=1).clamp_min(1e-4)
        channels = slice(start, start + len(mean))
        start = channels.stop
        if module.bias is None:
            raise TypeError("a site has no bias")
        module.weight.div_(std[:, None, None, None])
        module.bias.sub_(mean).div_(std)
        network.identity_shift[channels] += network.identity_scale[channels] * mean
        network.identity_scale[channels] *= std
        network.epsilon[channels] /= std.square()


def add_byte_ports(model: onnx.ModelProto, *, picture: bool = False) -> onnx.ModelProto:
    """Let a graph take its "image" as bytes, channels last, and, if asked, return its picture so.

    ``DequantizeLinear`` and ``QuantizeLinear`` with a scale of 1/255 are the conversion between
    bytes and [0, 1] (the latter rounds and saturates). Where a graph quantizes its "image" with
    that scale, as the INT8 style encoder does, the bytes take the place of that quantisation. The
    INT8 graph that paints has ports of its own, see :mod:`stylize.training.int8_graph`.

    Args:
        model: The graph; changed in place.
        picture: The only output is cells (see :class:`Paint`) and becomes "picture", uint8
            (N, H, W, 4).
    """
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(1 / 255, np.float32), "byte_scale"),
            numpy_helper.from_array(np.array(0, np.uint8), "byte_zero"),
        ]
    )
    nodes = list(graph.node)
    batch, channels = (graph.input[0].type.tensor_type.shape.dim[i].dim_value for i in range(2))
    del graph.input[0]
    shape = [batch, "height", "width", channels]
    graph.input.insert(0, helper.make_tensor_value_info("bytes", TensorProto.UINT8, shape))
    head = [helper.make_node("Transpose", ["bytes"], ["bytes_nchw"], perm=[0, 3, 1, 2])]
    quantize = next(
        (n for n in nodes if n.op_type == "QuantizeLinear" and n.input[0] == "image"), None
    )
    if quantize is not None:
        nodes.remove(quantize)
        _rename_input(nodes, quantize.output[0], "bytes_nchw")
    if any("image" in node.input for node in nodes):
        head.append(
            helper.make_node(
                "DequantizeLinear", ["bytes_nchw", "byte_scale", "byte_zero"], ["image"]
            )
        )
    tail: list[onnx.NodeProto] = []
    if picture:
        # (N, 16, h, w) -> (N, h, w, 16) -> (N, h, w, 2, 8) -> (N, h, 2, w, 8) -> (N, 2h, 2w, 4)
        graph.initializer.extend(
            [
                numpy_helper.from_array(np.array([0, 0, 0, 2, 8], np.int64), "split_shape"),
            ]
        )
        tail += [
            helper.make_node(
                "QuantizeLinear",
                [graph.output[0].name, "byte_scale", "byte_zero"],
                ["cells_bytes"],
            ),
            helper.make_node("Transpose", ["cells_bytes"], ["cells_nhwc"], perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", ["cells_nhwc", "split_shape"], ["cells_split"]),
            helper.make_node("Transpose", ["cells_split"], ["rows"], perm=[0, 1, 3, 2, 4]),
            helper.make_node("Shape", ["bytes"], ["picture_shape"]),
            helper.make_node("Reshape", ["rows", "picture_shape"], ["picture"]),
        ]
        del graph.output[:]
        graph.output.append(
            helper.make_tensor_value_info(
                "picture", TensorProto.UINT8, [batch, "height", "width", channels]
            )
        )
    del graph.node[:]
    graph.node.extend([*head, *nodes, *tail])
    del graph.value_info[:]
    used = {name for node in graph.node for name in node.input}
    unused = [item for item in graph.initializer if item.name not in used]
    for item in unused:
        graph.initializer.remove(item)
    onnx.checker.check_model(model)
    return model


def _rename_input(nodes: Sequence[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new
