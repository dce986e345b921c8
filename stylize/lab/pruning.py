"""Pruning: whole channels, which makes another table of layers, or single weights.

Channels are kept by magnitude (Li et al., "Pruning Filters for Efficient ConvNets", 2017), but by
what reads them: where an affine follows, the size of a channel's own filter is divided out again.
Single weights are pruned by their magnitude in each layer (Han et al., "Learning both Weights and
Connections for Efficient Neural Networks", 2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from stylize.training.layers import PICTURE, Convolution, Enlarged, Layers, Row
from stylize.training.network import TransferNetwork

_MULTIPLE = 4  # INT8 convolutions are fastest with channels in fours
# Rows of these belong to channels of sites; the first three hold all scales, then all shifts.
_SCALES_AND_SHIFTS = (
    "modulator.layers.4.weight",
    "modulator.layers.4.bias",
    "modulator.direct.weight",
)
_OF_SITES = ("identity_scale", "identity_shift", "epsilon")


def share_of_channels(network: TransferNetwork, share: float) -> dict[int, int]:
    """Return how many channels a share of every width of the table is, in fours."""
    widths = {row.outputs for row in network.layers.convolutions[:-1]}
    return {width: max(_MULTIPLE, round(share * width / _MULTIPLE) * _MULTIPLE) for width in widths}


@torch.no_grad()
def keep_channels(
    network: TransferNetwork, widths: Mapping[int, int], *, blocks: int | None = None
) -> TransferNetwork:
    """Return a narrower network of the channels that the following layers listen to most.

    Args:
        network: Stays as it is.
        widths: Channels to keep by channels that there are; widths that are not named stay.
        blocks: Residual blocks to keep, the first ones; None: all.
    """
    rows = _first_blocks(network.layers.rows, blocks)
    groups = _groups(rows)
    kept = {PICTURE: torch.arange(3), rows[-1].name: torch.arange(_outputs(rows[-1]))}
    for group in dict.fromkeys(groups.values()):
        if group not in kept:
            loudness = _loudness(network, rows, groups, group)
            count = min(widths.get(len(loudness), len(loudness)), len(loudness))
            kept[group] = loudness.topk(count).indices.sort().values
    channels = {name: kept[group] for name, group in groups.items()}
    narrower = tuple(
        replace(row, inputs=len(channels[row.source]), outputs=len(channels[row.name]))
        if isinstance(row, Convolution)
        else row
        for row in rows
    )
    made = TransferNetwork(network.size, narrower)
    made.load_state_dict(_cut(network, made.layers, channels))
    return made.eval()


def _first_blocks(rows: Sequence[Row], blocks: int | None) -> tuple[Row, ...]:
    """Leave the last residual blocks of a table out."""
    if blocks is None:
        return tuple(rows)
    sums = [row.name for row in rows if row.name.startswith("sum.")]
    trunk = f"sum.{blocks - 1}" if blocks else "down_eighth"
    gone = {
        name
        for block in range(blocks, len(sums))
        for name in (f"blocks.{2 * block}", f"blocks.{2 * block + 1}", f"sum.{block}")
    }
    return tuple(
        replace(row, source=trunk) if isinstance(row, Convolution) and row.source in gone else row
        for row in rows
        if row.name not in gone
    )


def _outputs(row: Row) -> int:
    if not isinstance(row, Convolution):
        raise TypeError(f"{row.name} is no convolution")
    return row.outputs


def _groups(rows: Sequence[Row]) -> dict[str, str]:
    """Return, for every output, the name of the group whose channels it shares: sums tie them."""
    groups = {PICTURE: PICTURE}
    for row in rows:
        if isinstance(row, Convolution):
            groups[row.name] = row.name
        elif isinstance(row, Enlarged):
            groups[row.name] = groups[row.source]
        else:
            first, second = (groups[source] for source in row.sources)
            groups = {name: first if group == second else group for name, group in groups.items()}
            groups[row.name] = first
    return groups


def _loudness(
    network: TransferNetwork, rows: Sequence[Row], groups: Mapping[str, str], group: str
) -> Tensor:
    """Return for every channel of a group how much the layers that read it listen to it."""
    read: list[Tensor] = []
    made: list[Tensor] = []
    modulated = False
    for row in rows:
        if not isinstance(row, Convolution):
            continue
        weight = network.convolution(row.name).weight
        if groups[row.source] == group:
            read.append(weight.square().sum(dim=(0, 2, 3)))
        if groups[row.name] == group:
            made.append(weight.square().sum(dim=(1, 2, 3)))
            modulated |= row.site
    heard = torch.stack(read).sum(dim=0)
    return heard if modulated else heard * torch.stack(made).sum(dim=0)


def _cut(
    network: TransferNetwork, layers: Layers, channels: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the weights of a network that are left of all channels."""
    weights = network.state_dict()
    starts, start = {}, 0
    for row in network.layers.sites:
        starts[row.name], start = start, start + row.outputs
    kept = torch.cat([starts[row.name] + channels[row.name] for row in layers.sites])
    twice = torch.cat([kept, start + kept])
    for name in _SCALES_AND_SHIFTS:
        weights[name] = weights[name][twice]
    for name in _OF_SITES:
        weights[name] = weights[name][kept]
    for row in network.layers.convolutions:
        weight, bias = (weights.pop(f"{row.name}.{part}") for part in ("weight", "bias"))
        if row.name in channels:
            outputs = channels[row.name]
            source = next(x.source for x in layers.convolutions if x.name == row.name)
            weights[f"{row.name}.weight"] = weight[outputs][:, channels[source]]
            weights[f"{row.name}.bias"] = bias[outputs]
    return weights


@torch.no_grad()
def keep_hidden(network: TransferNetwork, share: float) -> TransferNetwork:
    """Return a network whose modulator has a share of its hidden units: those of most weight."""
    hidden = round(share * network.size.hidden)
    made = TransferNetwork(replace(network.size, hidden=hidden), network.layers.rows)
    weights = network.state_dict()
    for first, second in ((0, 2), (2, 4)):
        before, after = (f"modulator.layers.{index}" for index in (first, second))
        into, out = weights[f"{before}.weight"], weights[f"{after}.weight"]
        kept = (into.norm(dim=1) * out.norm(dim=0)).topk(hidden).indices.sort().values
        weights[f"{before}.weight"] = into[kept]
        weights[f"{before}.bias"] = weights[f"{before}.bias"][kept]
        weights[f"{after}.weight"] = out[:, kept]
    made.load_state_dict(weights)
    return made.eval()


@torch.no_grad()
def crop_kernels(network: TransferNetwork, kernels: Mapping[str, int]) -> TransferNetwork:
    """Return a network with smaller kernels: the middle of those that are there.

    Args:
        network: Stays as it is.
        kernels: Sides, odd, by the name of the convolution.
    """
    weights = network.state_dict()
    rows: list[Row] = []
    for row in network.layers.rows:
        if isinstance(row, Convolution) and row.name in kernels:
            side = kernels[row.name]
            first = (row.kernel - side) // 2
            middle = slice(first, first + side)
            weights[f"{row.name}.weight"] = weights[f"{row.name}.weight"][:, :, middle, middle]
            row = replace(row, kernel=side)
        rows.append(row)
    made = TransferNetwork(network.size, tuple(rows))
    made.load_state_dict(weights)
    return made.eval()


Masks = dict[Tensor, Tensor]
"""By weight: 1 for what stays and 0 for what is pruned."""


@torch.no_grad()
def prune_weights_(network: TransferNetwork, share: float) -> Masks:
    """Set the smallest weights of every layer to 0, in place; the own statistics stay.

    Args:
        network: The network.
        share: Of the weights that go, from 0 to below 1.

    Returns:
        What stays, for those who go on training.
    """
    masks: Masks = {}
    layers = [network.convolution(row.name) for row in network.layers.convolutions]
    for layer in (*layers, *network.modulator.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            size = layer.weight.abs()
            count = int(share * size.numel())
            threshold = size.flatten().kthvalue(count).values if count else size.new_tensor(-1.0)
            masks[layer.weight] = (size > threshold).to(size)
            layer.weight.mul_(masks[layer.weight])
    return masks
