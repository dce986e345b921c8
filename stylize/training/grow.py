"""A network with more residual blocks that starts as what a smaller one has learned.

The branch of a new block starts with scale 0, so the larger network paints what the smaller one
does until it has learned more (Chen et al., "Net2Net: Accelerating Learning via Knowledge
Transfer", 2016, by the gate of Zhang et al., "Fixup Initialization", 2019).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from stylize.errors import TrainingError
from stylize.training.layers import Layers, make_rows
from stylize.training.modulator import LARGEST_CHANGE
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize

# Rows of these belong to channels of sites; the first three hold all scales, then all shifts.
_SCALES_AND_SHIFTS = ("modulator.layers.4.weight", "modulator.layers.4.bias")
_DIRECT = "modulator.direct.weight"
_CHANNELS = ("identity_scale", "identity_shift", "epsilon")


def grown(weights: dict[str, Tensor], size: NetworkSize, to: NetworkSize) -> dict[str, Tensor]:
    """Return weights of a network with more blocks that paints the same.

    Args:
        weights: Of a network of the first size.
        size: The first size.
        to: The same but for more blocks.

    Raises:
        TrainingError: The sizes differ in more than blocks, or blocks would be lost.
    """
    if replace(size, blocks=to.blocks) != to or to.blocks < size.blocks:
        raise TrainingError(
            f"A network can only grow by blocks: it has {size}, and {to} was asked for. Change "
            f"nothing but blocks, and take at least {size.blocks}."
        )
    network = TransferNetwork(to)
    before, after = Layers(make_rows(size)), network.layers
    new = network.state_dict()
    for name, old in weights.items():
        if name in (*_SCALES_AND_SHIFTS, _DIRECT):
            parts = zip(old.chunk(2), new[name].chunk(2), strict=True)
            new[name] = torch.cat([_by_site(o, n, before, after) for o, n in parts])
        elif name in _CHANNELS:
            new[name] = _by_site(old, new[name], before, after)
        else:
            new[name] = old
    _close(new, after, range(size.blocks, to.blocks))
    return new


def _channels(layers: Layers) -> dict[str, slice]:
    """Return the channels of every site by its name."""
    places, start = {}, 0
    for row in layers.sites:
        places[row.name] = slice(start, start + row.outputs)
        start += row.outputs
    return places


def _by_site(old: Tensor, new: Tensor, before: Layers, after: Layers) -> Tensor:
    """Return ``new`` with the rows of the sites that were there before."""
    new = new.clone()
    places = _channels(after)
    for name, place in _channels(before).items():
        new[places[name]] = old[place]
    return new


def _close(weights: dict[str, Tensor], layers: Layers, blocks: range) -> None:
    """Let the branches of some blocks start with scale 0 and shift 0."""
    gate = -LARGEST_CHANGE * math.atanh(1 / LARGEST_CHANGE)  # the modulator adds 1 to its bound
    count, places = layers.modulated_channels, _channels(layers)
    for block in blocks:
        place = places[f"blocks.{2 * block + 1}"]
        for name in (*_SCALES_AND_SHIFTS, _DIRECT):
            weights[name][place] = 0
            weights[name][count + place.start : count + place.stop] = 0
        weights[_SCALES_AND_SHIFTS[1]][place] = gate
        weights["identity_scale"][place] = 0
