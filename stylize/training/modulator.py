"""From statistics of style and content to the scale and shift of every normalised channel.

Two views of a style meet here. The statistics of VGG16 tell what a style is made of, but it takes
long to learn what to do with two thousand numbers. The network's own statistics, those of three
layers that are trained with it, are the direct way that AdaIN goes (Huang and Belongie, 2017; with
an encoder as small as this one in Wang et al., "MicroAST", 2023): palette and contrast follow from
them almost linearly. The content's are looked at too, since how far its features have to be
bent depends on both pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.training.network_size import NetworkSize
from stylize.training.vgg import statistics

CONDITIONS = ("content_weight", "style_weight", "fine_weight", "coarse_weight", "revision")
# Five inputs beside two thousand: without a gain the layers hardly notice them.
_CONDITION_GAIN = 24.0
_LARGEST_DEVIATION = 8.0
LARGEST_CHANGE = 8.0


class OwnStatistics(nn.Module):
    """Picture -> means and standard deviations of three layers that are trained with the network.

    Pictures are looked at in half their size: fine grain is left to VGG16.
    """

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        # Borders go on as they are: zeros would count as a black frame, thick in small pictures.
        channels = (3, size.half, size.quarter, size.eighth)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(n_in, n_out, kernel, 2, kernel // 2, padding_mode="replicate")
            for n_in, n_out, kernel in zip(channels, channels[1:], (5, 3, 3), strict=False)
        )

    def forward(self, halved: Tensor) -> Tensor:
        """Measure.

        Args:
            halved: (N, 3, H, W) in [0, 1], from :func:`halve`.

        Returns:
            (N, ``size.own``): the means of all layers, then the standard deviations.
        """
        means, deviations = [], []
        x = halved
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
            mean, std = statistics(x)
            means.append(mean)
            deviations.append(std)
        return torch.cat(means + deviations, dim=1)


def halve(images: Tensor) -> Tensor:
    """Scale (N, 3, H, W) to half the size; the last row or column of an odd side is left out."""
    # As a convolution, since ONNX Runtime is slow at pooling three channels.
    quarters = torch.full((2, 2), 0.25, dtype=images.dtype, device=images.device)
    return functional.conv2d(
        images, torch.eye(3).to(quarters)[:, :, None, None] * quarters, stride=2
    )


class Modulation(NamedTuple):
    """What the modulator says of a style: scale and shift of each normalised channel.

    Attributes:
        scale: (N, C) in (-7, 9), if the style is not tuned.
        shift: (N, C) in (-8, 8), likewise. C counts the channels of all sites, 1/4 resolution
            first.
    """

    scale: Tensor
    shift: Tensor


class Modulator(nn.Module):
    """Style vector, the content's statistics and loss weights -> scale and shift per channel."""

    vector_mean: Tensor
    vector_std: Tensor

    def __init__(self, size: NetworkSize, channels: int) -> None:
        """Make one.

        Args:
            size: Of the network.
            channels: Of all its sites.
        """
        super().__init__()
        self.channels = channels
        self.own = size.own
        # Of the styles that were trained on; the content's statistics are seen by the same measure.
        self.register_buffer("vector_mean", torch.zeros(size.vector))
        self.register_buffer("vector_std", torch.ones(size.vector))
        last = nn.Linear(size.hidden, 2 * self.channels)
        self.layers = nn.Sequential(
            nn.Linear(size.vector + size.own + len(CONDITIONS), size.hidden),
            nn.ReLU(),
            nn.Linear(size.hidden, size.hidden),
            nn.ReLU(),
            last,
        )
        self.direct = nn.Linear(2 * size.own, 2 * self.channels, bias=False)
        nn.init.normal_(last.weight, std=0.02)
        nn.init.zeros_(last.bias)
        nn.init.zeros_(self.direct.weight)

    def forward(self, vectors: Tensor, content: Tensor, conditions: Tensor) -> Modulation:
        """Modulate.

        Args:
            vectors: (N, ``size.vector``) style vectors. Their contrast may follow, which says
                nothing here, and at their end their tuning, (N, 2 * C): what is added to scales
                and shifts of drafts, see :mod:`stylize.training.tuning`.
            content: (N, ``size.own``) own statistics of the contents.
            conditions: (N, 5) natural logarithms of the weights named in ``CONDITIONS``; the last
                is 0 for a draft and 1 for the revision of an enlarged one.
        """
        # The clamp keeps odd pictures (a blank page, noise) within what the layers have seen; the
        # strongest styles reach 10 deviations.
        mean, std, far = self.vector_mean, self.vector_std, _LARGEST_DEVIATION
        vectors, tuning = vectors[:, : len(mean)], vectors[:, len(mean) :][:, -2 * self.channels :]
        style = ((vectors - mean) / std).clamp(-far, far)
        content = ((content - mean[-self.own :]) / std[-self.own :]).clamp(-far, far)
        raw = self.layers(torch.cat([style, content, _CONDITION_GAIN * conditions], dim=1))
        raw = raw + self.direct(torch.cat([style[:, -self.own :], content], dim=1))
        scale, shift = torch.split(raw, self.channels, dim=1)
        # Bounded, so that no style drives the activations beyond all measure, but with room: where
        # the bounds are near, hardly any gradient is left to learn from. Scale starts at 1, shift
        # at 0. A negative scale turns a channel around: dark may become its brightest colour.
        scale, shift = 1 + _bounded(scale), _bounded(shift)
        if not tuning.shape[1]:
            return Modulation(scale, shift)
        more, other = torch.split((1 - conditions[:, -1:]) * tuning, self.channels, dim=1)
        return Modulation(scale + more, shift + other)


def _bounded(x: Tensor) -> Tensor:
    return LARGEST_CHANGE * torch.tanh(x / LARGEST_CHANGE)
