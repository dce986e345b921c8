"""Low rank: every large matrix as the product of two thin ones.

A convolution becomes one with few outputs and a 1x1 convolution, two rows of the table of layers
(Denton et al., "Exploiting Linear Structure Within Convolutional Networks for Efficient
Evaluation", 2014); a linear layer becomes two. Both by singular values, those of convolutions in
sight of what their kernels see: pictures show little of what a kernel could tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stylize.training.layers import PICTURE, Convolution, Row
from stylize.training.network import TransferNetwork

_LEAST_OUTPUTS = 32  # with fewer there is little to save
_DAMPING = 1e-4  # of the mean moment: what pictures never show must not be divided by zero


@torch.no_grad()
def factor_convolutions(
    network: TransferNetwork, share: float, moments: Mapping[str, NDArray[Any]]
) -> TransferNetwork:
    """Return a network whose large kernels are split in two.

    Those beyond the last site stay: between its halves INT8 would need signs, and has none there.

    Args:
        network: Stays as it is.
        share: Of the outputs of a convolution, rounded to fours: as many channels are between.
        moments: Of what its kernels see, from :func:`stylize.training.rounding.input_moments`.
    """
    rows: list[Row] = []
    weights = network.state_dict()
    for row in network.layers.rows:
        if (
            not isinstance(row, Convolution)
            or row.source == PICTURE
            or row not in network.layers.measured
            or row.kernel == 1
            or row.outputs < _LEAST_OUTPUTS
        ):
            rows.append(row)
            continue
        rank = max(4, round(share * row.outputs / 4) * 4)
        name = f"thin_{row.name.replace('.', '_')}"
        thin = replace(row, name=name, outputs=rank, site=False, relu=False)
        rows += [thin, replace(row, source=name, inputs=rank, kernel=1, stride=1)]
        weight = weights[f"{row.name}.weight"]
        root, inverse = _roots(moments[row.name])
        left, right = _factors(weight.flatten(1) @ root, rank)
        right = right @ inverse
        weights[f"{name}.weight"] = right.reshape(rank, *weight.shape[1:])
        weights[f"{name}.bias"] = torch.zeros(rank)
        weights[f"{row.name}.weight"] = left[:, :, None, None]
    made = TransferNetwork(network.size, tuple(rows))
    made.load_state_dict(weights)
    for row in made.layers.convolutions:
        if row.name.startswith("thin_"):
            # In INT8 the steps of its input change with the picture, and a bias would have to.
            made.get_parameter(f"{row.name}.bias").requires_grad_(False)
    return made.eval()


@torch.no_grad()
def factor_modulator_(network: TransferNetwork, rank: int) -> None:
    """Split every linear layer of the modulator in two, in place; its weights fit no other then."""
    modulator = network.modulator
    for index in (0, 2, 4):
        modulator.layers[index] = _thin(modulator.layers[index], rank)
    modulator.add_module("direct", _thin(modulator.direct, rank))


def _thin(layer: nn.Module, rank: int) -> nn.Sequential:
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"a {type(layer).__name__} is no linear layer")
    outputs, inputs = layer.weight.shape
    left, right = _factors(layer.weight, rank)
    first = nn.Linear(inputs, len(right), bias=False)
    second = nn.Linear(len(right), outputs, bias=layer.bias is not None)
    first.weight.copy_(right)
    second.weight.copy_(left)
    if layer.bias is not None:
        second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


def _factors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return (O, rank) and (rank, I) whose product comes nearest to a matrix (O, I)."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    # What lies between is then of one size in all channels, which INT8 needs.
    return (u * s)[:, :rank], v[:rank]


def _roots(moments: NDArray[Any]) -> tuple[Tensor, Tensor]:
    """Return the symmetric root of a matrix of second moments, and its inverse."""
    values, vectors = np.linalg.eigh(moments)
    values = np.sqrt(values.clip(0) + _DAMPING * values.mean())
    roots = ((vectors * power) @ vectors.T for power in (values, 1 / values))
    root, inverse = (torch.from_numpy(matrix.astype(np.float32)) for matrix in roots)
    return root, inverse
