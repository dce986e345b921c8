"""Spatial attention: every place of the content takes the statistics of places of the style.

AdaIN gives all places of a picture the same statistics. SANet (Park and Lee, "Arbitrary Style
Transfer with Style-Attentional Networks", 2019) lets each place attend to the places of the style
that look like it; AdaAttN (Liu et al., "AdaAttN: Revisit Attention Mechanism in Arbitrary Neural
Style Transfer", 2021) takes the mean and the standard deviation of the style's features, weighted
by that attention. Here they say by how much scales and shifts at 1/8 resolution differ, from place
to place, from those of the whole style. All of it happens on a thumbnail.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.lab.variant import Variant
from stylize.training.network import Affines, TransferNetwork

_WIDTH = 64  # of queries and keys
_LEAST_VARIANCE = 1e-5


class Attention(Variant):
    """The network with maps at 1/8 resolution, by attention; at first they change nothing."""

    learning_rate = 3e-4

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__(network)
        size = network.size
        channels = size.own // 2
        # Begins as what the network sees of a style, at twice the scale.
        self.encoder = copy.deepcopy(network.own_statistics.convolutions).requires_grad_(True)
        self.query = nn.Conv2d(channels, _WIDTH, 1, bias=False)
        nn.init.orthogonal_(self.query.weight)
        self.key = copy.deepcopy(self.query)  # like attends to like
        self.change = nn.Conv2d(size.own, 2 * network.layers.channels_at(8), 1)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)  # type: ignore[arg-type]

    def modulate(
        self,
        thumbnails: Tensor,
        vectors: Tensor,
        conditions: Tensor,
        strength: Tensor,
        styles: Tensor,
    ) -> Affines:
        """As of the network, but with maps at 1/8 resolution."""
        affines = self.network.modulate(thumbnails, vectors, conditions, strength)
        change = self.change(self.difference(thumbnails, styles)) * strength[:, :, None, None]
        gain, offset = change.chunk(2, dim=1)
        scale, shift = affines.eighth.chunk(2, dim=1)
        eighth = torch.cat([scale * (1 + gain), shift * (1 + gain) + offset], dim=1)
        return Affines(affines.quarter, eighth)

    def difference(self, thumbnails: Tensor, styles: Tensor) -> Tensor:
        """Return by how much the style that each place sees differs from the whole style.

        Args:
            thumbnails: (N, 3, H, W) in [0, 1]; sides multiples of 8.
            styles: (N, 3, h, w) in [0, 1].

        Returns:
            (N, ``size.own``, H / 8, W / 8): means, then standard deviations, in units of what
            styles differ by.
        """
        content, style = self._see(thumbnails), self._see(styles)
        queries = self.query(functional.instance_norm(content)).flatten(2)
        keys = self.key(functional.instance_norm(style)).flatten(2)
        attention = torch.softmax(queries.transpose(1, 2) @ keys / _WIDTH**0.5, dim=2)
        values = style.flatten(2).transpose(1, 2)
        evenly = torch.full_like(attention[:, :1], 1 / attention.shape[2])
        seen = _statistics(attention, values) - _statistics(evenly, values)
        deviations = self.network.modulator.vector_std[-seen.shape[2] :]
        return (seen / deviations).transpose(1, 2).reshape(len(seen), -1, *content.shape[2:])

    def _see(self, images: Tensor) -> Tensor:
        """Return the features of all layers at 1/8 resolution, (N, C, h, w)."""
        found, x = [], images
        for convolution in self.encoder:
            x = functional.relu(convolution(x))
            found.append(x)
        size = x.shape[2], x.shape[3]
        return torch.cat([functional.adaptive_avg_pool2d(f, size) for f in found], dim=1)


def _statistics(weights: Tensor, values: Tensor) -> Tensor:
    """Return weighted means, then standard deviations, of values, (N, Q, 2 * C).

    Args:
        weights: (N, Q, P), rows sum to 1.
        values: (N, P, C).
    """
    mean = weights @ values
    variance = weights @ values.square() - mean.square()
    return torch.cat([mean, variance.clamp_min(_LEAST_VARIANCE).sqrt()], dim=2)
