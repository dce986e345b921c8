"""3x3 convolutions with frozen weights, faster than PyTorch's own on CPUs.

Most of the time of training goes into the loss network. Its weights never change, so they can be
transformed once and for all as in Lavin and Gray, "Fast Algorithms for Convolutional Neural
Networks", 2016: F(4x4, 3x3) takes 2.25 instead of 9 multiplications per output value and channel
pair, all of them in large matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_TILE = 4  # outputs of a tile, a side; it reads 6 x 6 inputs
_CHUNK = 1_000_000  # values in flight; more would fall out of the processor's cache
# A tile's outputs are AT [(G w GT) * (BT x B)] A.
_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_WEIGHT = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
_CONSTANT = 7  # a bias added to this one of the 36 products reaches all 16 outputs with factor 1


class FrozenConvReLU:
    """ReLU of a 3x3 convolution with frozen weights, differentiable in its input only.

    The convolution pads with zeros or, with ``padding_mode="replicate"``, with the values of the
    border; the gradient then takes these copies for constants.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Transform the weights of a convolution; later changes of them go unnoticed."""
        weight, bias = convolution.weight.detach(), convolution.bias
        self._replicate = convolution.padding_mode == "replicate"
        self._forward = _transform(weight)
        self._backward = _transform(weight.flip(2, 3).transpose(0, 1))
        self._bias = torch.zeros(36, 1, len(weight))
        if bias is not None:
            self._bias[_CONSTANT, 0] = bias.detach()
        self._no_bias = torch.zeros(36, 1, weight.shape[1])

    def __call__(self, images: Tensor) -> Tensor:
        """Map float32 (N, C, H, W) to (N, O, H, W), channels last in memory."""
        if not (torch.is_grad_enabled() and images.requires_grad):
            return self.forward(images)
        result: Tensor = _Function.apply(images, self)
        return result

    def forward(self, images: Tensor) -> Tensor:
        """Compute without a record for the gradient."""
        return _convolve(images, self._forward, self._bias, replicate=self._replicate).relu_()

    def backward(self, gradient: Tensor, outputs: Tensor) -> Tensor:
        """Return the gradient of the input, (N, C, H, W)."""
        gradient = torch.ops.aten.threshold_backward(gradient, outputs, 0)
        return _convolve(gradient, self._backward, self._no_bias)


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, layer: FrozenConvReLU) -> Tensor:
        outputs = layer.forward(images)
        ctx.layer = layer
        ctx.save_for_backward(outputs)
        return outputs

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (outputs,) = ctx.saved_tensors
        return ctx.layer.backward(gradient, outputs), None


def _transform(weight: Tensor) -> Tensor:
    """Bring weights (O, C, 3, 3) to (36, C, O)."""
    matrix = torch.tensor(_WEIGHT, dtype=torch.float64)
    outputs, inputs = weight.shape[:2]
    taps = weight.double().permute(2, 3, 1, 0).reshape(9, -1)
    return (torch.kron(matrix, matrix) @ taps).float().view(36, inputs, outputs)


def _kron(matrix: tuple[tuple[int, ...], ...]) -> Tensor:
    rows = torch.tensor(matrix, dtype=torch.float32)
    return torch.kron(rows, rows)


_INPUT_2D, _OUTPUT_2D = _kron(_INPUT), _kron(_OUTPUT)


def _convolve(images: Tensor, weights: Tensor, bias: Tensor, *, replicate: bool = False) -> Tensor:
    count, channels, height, width = images.shape
    outputs = weights.shape[2]
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    margins = (0, 0, 1, _TILE * columns + 1 - width, 1, _TILE * rows + 1 - height)
    padded = functional.pad(images.permute(0, 2, 3, 1), margins).contiguous()
    if replicate:
        padded[:, 0], padded[:, height + 1] = padded[:, 1], padded[:, height]
        padded[:, :, 0], padded[:, :, width + 1] = padded[:, :, 1], padded[:, :, width]
    of_image, of_row, of_column, _ = padded.stride()
    steps = (of_row, of_column, of_image, _TILE * of_row, _TILE * of_column, 1)
    result = images.new_empty(count, rows, _TILE, columns, _TILE, outputs)
    for n, r in _chunks(count, rows, 36 * columns * max(channels, outputs)):
        shape = (6, 6, n.stop - n.start, r.stop - r.start, columns, channels)
        start = n.start * of_image + r.start * _TILE * of_row
        tiles = padded.as_strided(shape, steps, start).reshape(36, -1)
        products = torch.baddbmm(bias, (_INPUT_2D @ tiles).view(36, -1, channels), weights)
        painted = _OUTPUT_2D @ products.view(36, -1)
        parts = painted.view(_TILE, _TILE, *shape[2:5], outputs)
        result[n, r].copy_(parts.permute(2, 3, 0, 4, 1, 5))
    whole = result.view(count, rows * _TILE, columns * _TILE, outputs)
    return whole[:, :height, :width].contiguous().permute(0, 3, 1, 2)


def _chunks(count: int, rows: int, values_per_row: int) -> Iterator[tuple[slice, slice]]:
    """Yield ranges of images and of rows of tiles: several images, or part of one."""
    images = max(1, _CHUNK // (rows * values_per_row))
    rows_at_once = min(rows, max(1, _CHUNK // values_per_row))
    for first in range(0, count, images):
        for row in range(0, rows, rows_at_once):
            yield (
                slice(first, min(count, first + images)),
                slice(row, min(rows, row + rows_at_once)),
            )
