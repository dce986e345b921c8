"""One network for one style: Johnson et al., 2016, and with bottlenecks Pei et al., 2020.

Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer": a 9x9
convolution, two that halve the size, five residual blocks, two that double it, a 9x9 one; instance
normalisation after all but the last (Ulyanov et al., 2016). Pei, Liu and Li (Laser &
Optoelectronics Progress 57, 061021) put bottlenecks of 1x1, 3x3 and 1x1 convolutions into the
residual blocks. Their totals come out exactly if the two layers between 64 and 128 channels are
split too, each into a 3x3 and a 1x1 convolution with 32 channels between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Variant = Literal["johnson", "bottleneck"]
VARIANTS: tuple[Variant, ...] = ("johnson", "bottleneck")
BLOCKS = 5
# Beyond black and white, as in Johnson's code: where tanh is flat, hardly anything is learned.
_RANGE = 150 / 255
SIDES_PX = 4  # sides of pictures are multiples of this


@dataclass(frozen=True)
class Layer:
    """One row of the table.

    Attributes:
        name: Rows of one residual block share what stands before the dot.
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the kernel in px.
        stride: 2 halves the size.
        enlarge: Factor by which the size grows before the convolution.
        normalize: Whether bias, instance normalisation and (but at a block's end) ReLU follow;
            the middle of a split layer has neither.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    enlarge: int = 1
    normalize: bool = True

    @property
    def weights(self) -> int:
        """Weights of the convolution."""
        return self.inputs * self.outputs * self.kernel**2

    @property
    def others(self) -> int:
        """Biases, and scales and shifts of the normalisation."""
        return (3 if self.name != "out" else 1) * self.outputs if self.normalize else 0


def layers_of(variant: Variant) -> tuple[Layer, ...]:
    """Return the table of a network, from the picture to the result."""
    split = variant == "bottleneck"
    rows = [Layer("in", 3, 32, 9), Layer("down1", 32, 64, 3, stride=2)]
    if split:
        rows += [
            Layer("down2.narrow", 64, 32, 3, stride=2, normalize=False),
            Layer("down2.wide", 32, 128, 1),
        ]
    else:
        rows.append(Layer("down2", 64, 128, 3, stride=2))
    for block in range(1, BLOCKS + 1):
        shape = ((128, 64, 1), (64, 64, 3), (64, 128, 1)) if split else ((128, 128, 3),) * 2
        rows += [Layer(f"block{block}.{i + 1}", *row) for i, row in enumerate(shape)]
    if split:
        rows += [
            Layer("up1.narrow", 128, 32, 1, enlarge=2, normalize=False),
            Layer("up1.wide", 32, 64, 3),
        ]
    else:
        rows.append(Layer("up1", 128, 64, 3, enlarge=2))
    return (*rows, Layer("up2", 64, 32, 3, enlarge=2), Layer("out", 32, 3, 9))


def count_weights(rows: Sequence[Layer]) -> int:
    """Return the weights of all convolutions, as the papers count them."""
    return sum(row.weights for row in rows)


def count_parameters(rows: Sequence[Layer]) -> int:
    """Return all that a file holds: weights, biases, scales and shifts."""
    return sum(row.weights + row.others for row in rows)


def count_macs(rows: Sequence[Layer], width: int, height: int) -> int:
    """Return the multiply-accumulates of a picture."""
    total, scale = 0, 1.0
    for row in rows:
        scale *= row.enlarge / row.stride
        total += row.weights * round(width * scale) * round(height * scale)
    return total


class JohnsonNetwork(nn.Module):
    """Picture -> the same picture in the one style it was trained for."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.rows = layers_of(variant)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(
                row.inputs,
                row.outputs,
                row.kernel,
                stride=row.stride,
                padding=row.kernel // 2,
                padding_mode="reflect",
                bias=row.normalize,
            )
            for row in self.rows
        )
        self.norms = nn.ModuleList(
            nn.InstanceNorm2d(row.outputs, affine=True)
            if row.normalize and row.name != "out"
            else nn.Identity()
            for row in self.rows
        )

    def forward(self, images: Tensor) -> Tensor:
        """Paint (N, 3, H, W) pictures in [0, 1]; sides multiples of 4, at least 16."""
        return bounded(self.unbounded(images)).clamp(0, 1)

    def unbounded(self, images: Tensor) -> Tensor:
        """Return what :func:`bounded` makes pictures of."""
        x, begun = 2 * images - 1, images
        for index, row in enumerate(self.rows):
            group, _, part = row.name.partition(".")
            in_block = group.startswith("block")
            if part == "1":
                begun = x
            if row.enlarge > 1:
                x = functional.interpolate(x, scale_factor=float(row.enlarge), mode="nearest")
            x = self.norms[index](self.convolutions[index](x))
            last = in_block and self.rows[index + 1].name.partition(".")[0] != group
            if last:
                x = x + begun
            elif row.normalize and row.name != "out":
                x = functional.relu(x)
        return x


def bounded(values: Tensor) -> Tensor:
    """Return pictures of any values: in [0, 1], and a little beyond."""
    return 0.5 + _RANGE * torch.tanh(values)
