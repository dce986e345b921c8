"""The network: an AdaIN content path made of what a CPU runs fast, and its modulator.

AdaIN (Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
Normalization", 2017) normalises the content's features per channel and gives them the style's
scale and shift. Two decisions shape this network:

* Statistics apart from application. :meth:`TransferNetwork.modulate` measures the content's
  statistics on a thumbnail and returns one affine (scale, shift) per channel and site;
  :meth:`TransferNetwork.paint` applies them to a picture of any size. Since the affines do not
  depend on the part of the picture that is painted, tiles have no seams. Normalising by the
  thumbnail's statistics is due to Chen et al., "Towards Ultra-Resolution Neural Style Transfer via
  Thumbnail Instance Normalization", 2022. A picture holds less contrast per pixel than its
  thumbnail; how its statistics change with the zoom is measured once, by
  :func:`stylize.training.zoom.calibrate_zoom_`.
* Only operators that stay fast in INT8: dense convolutions, ReLU, Add, nearest Resize; the affines
  sit directly on convolutions, at 1/4 and 1/8 resolution only.

The modulator maps a style vector and the logarithms of the loss weights to scales and shifts, as
in Babaeizadeh and Ghiasi, "Adjustable Real-time Style Transfer", 2020.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

CONDITIONS = ("content_weight", "style_weight", "fine_weight", "coarse_weight")
# Four inputs beside two thousand: without a gain the layers hardly notice them.
_CONDITION_GAIN = 24.0
_EPS = 1e-3  # added to variances at the start: keeps flat pictures from being divided by zero


@dataclass(frozen=True)
class NetworkSize:
    """Channels of the network.

    Attributes:
        half: Channels at 1/2 resolution.
        quarter: Channels at 1/4 resolution.
        eighth: Channels at 1/8 resolution.
        blocks: Residual blocks at 1/8 resolution.
        hidden: Width of the modulator's hidden layers.
        vector: Length of the style vector.
    """

    half: int = 16
    quarter: int = 32
    eighth: int = 64
    blocks: int = 3
    hidden: int = 384
    vector: int = 1920

    def as_dict(self) -> dict[str, int]:
        """Return the sizes by name, for checkpoints and model.json."""
        return asdict(self)

    @property
    def sites_quarter(self) -> tuple[int, ...]:
        """Channels of the modulated convolutions at 1/4 resolution, in the order of the affines."""
        return (self.quarter, self.quarter, self.quarter, self.half)

    @property
    def sites_eighth(self) -> tuple[int, ...]:
        """Channels of the modulated convolutions at 1/8 resolution, in the order of the affines."""
        return (self.eighth,) * (1 + 2 * self.blocks) + (self.quarter,)

    @property
    def modulated_channels(self) -> int:
        """Number of channels of all sites."""
        return sum(self.sites_quarter) + sum(self.sites_eighth)


class Affines(NamedTuple):
    """Scales and shifts of all sites of one resolution each.

    Attributes:
        quarter: (N, 2 * sum(sites_quarter), 1 or h, 1 or w), all scales, then all shifts.
        eighth: (N, 2 * sum(sites_eighth), 1 or h, 1 or w), all scales, then all shifts.
    """

    quarter: Tensor
    eighth: Tensor


class Modulation(NamedTuple):
    """What the modulator says of a style: scale and shift of each normalised channel.

    Attributes:
        scale: (N, C) in (-1, 3).
        shift: (N, C) in (-3, 3). C counts the channels of all sites, 1/4 resolution first.
    """

    scale: Tensor
    shift: Tensor


class Modulator(nn.Module):
    """Style vector and loss weights -> scale and shift per modulated channel."""

    vector_mean: Tensor
    vector_std: Tensor

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        self.channels = size.modulated_channels
        self.register_buffer("vector_mean", torch.zeros(size.vector))
        self.register_buffer("vector_std", torch.ones(size.vector))
        last = nn.Linear(size.hidden, 2 * self.channels)
        self.layers = nn.Sequential(
            nn.Linear(size.vector + len(CONDITIONS), size.hidden),
            nn.ReLU(),
            nn.Linear(size.hidden, size.hidden),
            nn.ReLU(),
            last,
        )
        nn.init.normal_(last.weight, std=0.02)
        nn.init.zeros_(last.bias)

    def forward(self, vectors: Tensor, conditions: Tensor) -> Modulation:
        """Modulate.

        Args:
            vectors: (N, D) style vectors.
            conditions: (N, 4) natural logarithms of the weights named in ``CONDITIONS``.
        """
        # Standardised over the training styles; the clamp keeps odd pictures (a blank page, noise)
        # within what the layers have seen.
        standardized = ((vectors - self.vector_mean) / self.vector_std).clamp(-5, 5)
        raw = self.layers(torch.cat([standardized, _CONDITION_GAIN * conditions], dim=1))
        scale, shift = torch.split(raw, self.channels, dim=1)
        # Bounded, so that the ranges of the INT8 activations are; scale starts at 1, shift at 0.
        # A negative scale lets a style turn a channel around: dark may become its brightest colour.
        return Modulation(1 + 2 * torch.tanh(scale / 3), 3 * torch.tanh(shift / 3))


class TransferNetwork(nn.Module):
    """Content picture and style vector -> stylized picture."""

    epsilon: Tensor
    zoom_std: Tensor
    zoom_mean: Tensor

    def __init__(self, size: NetworkSize | None = None) -> None:
        super().__init__()
        self.size = size = size or NetworkSize()
        half, quarter, eighth = size.half, size.quarter, size.eighth
        self.modulator = Modulator(size)
        self.stem = nn.Conv2d(3, half, 5, stride=2, padding=2)
        self.down_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.down_eighth = nn.Conv2d(quarter, eighth, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(eighth, eighth, 3, padding=1) for _ in range(2 * size.blocks)
        )
        self.reduce_eighth = nn.Conv2d(eighth, quarter, 1)
        self.skip_quarter = nn.Conv2d(quarter, quarter, 1)
        self.mix_quarter = nn.Conv2d(quarter, quarter, 3, padding=1)
        self.reduce_quarter = nn.Conv2d(quarter, half, 1)
        self.mix_half = nn.Conv2d(half, half, 3, padding=1)
        self.head = nn.Conv2d(half, 12, 3, padding=1)
        # At strength 0 the features pass with these instead of being normalised.
        self.identity_scale = nn.Parameter(torch.ones(size.modulated_channels))
        self.identity_shift = nn.Parameter(torch.zeros(size.modulated_channels))
        # A buffer, since rescaling a channel for INT8 has to rescale what is added to its variance.
        self.register_buffer("epsilon", torch.full((size.modulated_channels,), _EPS))
        # See zoom.calibrate_zoom_; measured at export, so no part of a checkpoint.
        for name in ("zoom_std", "zoom_mean"):
            zeros = torch.zeros(size.modulated_channels)
            self.register_buffer(name, zeros, persistent=False)
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # The four pixels of a 2x2 cell start equal: no checkerboard at the outset (ICNR, Aitken
        # et al., 2017). The picture starts grey.
        with torch.no_grad():
            kernel = 0.3 * self.head.weight[:3]
            self.head.weight.copy_(kernel.repeat_interleave(4, dim=0))
            self.head.bias.fill_(0.5)  # type: ignore[union-attr]

    def modulate(
        self,
        thumbnails: Tensor,
        vectors: Tensor,
        conditions: Tensor,
        strength: Tensor,
        detail: Tensor,
        zoom: Tensor | None = None,
    ) -> Affines:
        """Measure the content's statistics and turn them, with the style, into affines.

        Args:
            thumbnails: (N, 3, H, W) whole content pictures in [0, 1], scaled down; sides multiples
                of 8.
            vectors: (N, D) style vectors.
            conditions: (N, 4) natural logarithms of the weights named in ``CONDITIONS``.
            strength: (N, 1) in [0, 1]; the affines run from those of the unchanged features to
                those of the style.
            detail: (N, 1) gain of the skip connection at 1/4 resolution, 1 by default.
            zoom: (1, 1) side of the picture divided by that of the thumbnail, at least 1; None
                for 1.
        """
        modulation = self.modulator(vectors, conditions)
        log_zoom = thumbnails.new_zeros(1, 1) if zoom is None else zoom.log()
        damping = torch.exp(-self.zoom_std * log_zoom)
        channels = (
            modulation.scale,
            modulation.shift,
            self.identity_scale[None],
            self.identity_shift[None],
            self.epsilon[None],
            damping,
            self.zoom_mean * log_zoom * damping,
        )
        measure = _Measure(channels, strength, detail, self.size)
        self._features(thumbnails, measure)
        return measure.affines()

    def paint(self, images: Tensor, affines: Affines) -> Tensor:
        """Paint pictures with given affines.

        Args:
            images: (N, 3, H, W) in [0, 1]; H and W multiples of 8.
            affines: From :meth:`modulate`; maps instead of single values are allowed, (N, C, h, w)
                at 1/4 and 1/8 of the picture's size.

        Returns:
            (N, 3, H, W), nearly in [0, 1], not clamped.
        """
        return functional.pixel_shuffle(self.paint_cells(images, affines), 2)

    def paint_cells(self, images: Tensor, affines: Affines) -> Tensor:
        """Paint, but return each 2x2 square of pixels as the 12 channels of a cell.

        Returns:
            (N, 12, H/2, W/2), channels in the order (channel, row, column).
        """
        x = self._features(images, _Apply(affines, self.size))
        x = functional.relu(self.mix_half(_enlarge(x)))
        cells: Tensor = self.head(x)
        return cells

    def _features(self, images: Tensor, normalize: _Measure | _Apply) -> Tensor:
        """Run everything up to the last modulated convolution, (N, half, H/4, W/4)."""
        x = functional.relu(self.stem(images))
        fine = functional.relu(normalize.quarter(self.down_quarter(x)))
        x = functional.relu(normalize.eighth(self.down_eighth(fine)))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            branch = functional.relu(normalize.eighth(first(x)))
            x = x + normalize.eighth(second(branch))
        coarse = _enlarge(normalize.eighth(self.reduce_eighth(x)))
        x = functional.relu(coarse + normalize.quarter(self.skip_quarter(fine), skip=True))
        x = functional.relu(normalize.quarter(self.mix_quarter(x)))
        return functional.relu(normalize.quarter(self.reduce_quarter(x)))


class _Apply:
    """Hands the sites their affines one after the other."""

    def __init__(self, affines: Affines, size: NetworkSize) -> None:
        self._quarter = iter(_split(affines.quarter, size.sites_quarter))
        self._eighth = iter(_split(affines.eighth, size.sites_eighth))

    def quarter(self, x: Tensor, *, skip: bool = False) -> Tensor:
        scale, shift = next(self._quarter)
        return x * scale + shift

    def eighth(self, x: Tensor) -> Tensor:
        scale, shift = next(self._eighth)
        return x * scale + shift


class _Measure:
    """Normalises the sites one after the other and keeps the affines that do the same."""

    def __init__(
        self, channels: tuple[Tensor, ...], strength: Tensor, detail: Tensor, size: NetworkSize
    ) -> None:
        """Split what is said of all channels (1 or N, C) into the sites, 1/4 resolution first."""
        self._strength, self._detail = strength, detail
        split = [
            torch.split(rows, list(size.sites_quarter + size.sites_eighth), dim=1)
            for rows in channels
        ]
        sites = list(zip(*split, strict=True))
        self._todo_quarter = iter(sites[: len(size.sites_quarter)])
        self._todo_eighth = iter(sites[len(size.sites_quarter) :])
        self._done_quarter: list[tuple[Tensor, Tensor]] = []
        self._done_eighth: list[tuple[Tensor, Tensor]] = []

    def quarter(self, x: Tensor, *, skip: bool = False) -> Tensor:
        gain = self._detail if skip else None
        y, affine = self._normalize(x, next(self._todo_quarter), gain)
        self._done_quarter.append(affine)
        return y

    def eighth(self, x: Tensor) -> Tensor:
        y, affine = self._normalize(x, next(self._todo_eighth), None)
        self._done_eighth.append(affine)
        return y

    def _normalize(
        self, x: Tensor, site: tuple[Tensor, ...], gain: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Normalise a site of the thumbnail; return also the affine (N, C) for the picture."""
        style_scale, style_shift, identity_scale, identity_shift, epsilon, damping, offset = site
        mean = x.mean(dim=(2, 3))
        variance = (x - mean[:, :, None, None]).square().mean(dim=(2, 3))
        scale = style_scale * torch.rsqrt(variance + epsilon)
        shift = style_shift - scale * mean

        def finish(scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
            scale = torch.lerp(identity_scale.expand_as(scale), scale, self._strength)
            shift = torch.lerp(identity_shift.expand_as(shift), shift, self._strength)
            return (scale, shift) if gain is None else (scale * gain, shift * gain)

        here = finish(scale, shift)
        # With the statistics std / damping and mean + zoom_mean * log(zoom) * std.
        there = finish(
            scale * damping, shift * damping + style_shift * (1 - damping) - style_scale * offset
        )
        return x * here[0][:, :, None, None] + here[1][:, :, None, None], there

    def affines(self) -> Affines:
        return Affines(_join(self._done_quarter), _join(self._done_eighth))


def _join(sites: list[tuple[Tensor, Tensor]]) -> Tensor:
    scales, shifts = zip(*sites, strict=True)
    return torch.cat([*scales, *shifts], dim=1)[:, :, None, None]


def _split(affines: Tensor, channels: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    parts = torch.split(affines, list(channels + channels), dim=1)
    return list(zip(parts[: len(channels)], parts[len(channels) :], strict=True))


def _enlarge(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def paint_mirrored(network: TransferNetwork, images: Tensor, affines: Affines) -> Tensor:
    """Paint as if pictures and features went on mirrored beyond their borders, for training.

    Zero padding shows a network where the picture ends, and it learns to put what the style still
    lacks into stripes along the borders. Exported graphs pad with zeros, since that is fast; the
    engine paints a mirrored margin and cuts it off.

    Args:
        network: The network.
        images: (N, 3, H, W) in [0, 1]; H and W multiples of 8, at least 16.
        affines: From :meth:`TransferNetwork.modulate`.
    """
    padded = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.padding[0]]
    try:
        for convolution in padded:
            convolution.padding_mode = "reflect"
        return network.paint(images, affines)
    finally:
        for convolution in padded:
            convolution.padding_mode = "zeros"


def count_macs(size: NetworkSize, height_px: int, width_px: int) -> int:
    """Return the multiply-accumulates of painting one picture, convolutions only."""
    half, quarter, eighth = size.half, size.quarter, size.eighth
    at_half = 25 * 3 * half + 9 * half * half + 9 * half * 12
    at_quarter = 9 * half * quarter + quarter * quarter + 9 * quarter * quarter + quarter * half
    at_eighth = 9 * quarter * eighth + 2 * size.blocks * 9 * eighth * eighth + eighth * quarter
    cells = (height_px // 8) * (width_px // 8)
    return cells * (16 * at_half + 4 * at_quarter + at_eighth)
