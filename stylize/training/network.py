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
in Babaeizadeh and Ghiasi, "Adjustable Real-time Style Transfer", 2020; see
:mod:`stylize.training.modulator`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.painting import GRID_PX
from stylize.training.modulator import Modulation, Modulator, OwnStatistics, halve
from stylize.training.network_size import NetworkSize

_EPS = 1e-3  # added to variances at the start: keeps flat pictures from being divided by zero


class Affines(NamedTuple):
    """Scales and shifts of all sites of one resolution each.

    Attributes:
        quarter: (N, 2 * sum(sites_quarter), 1 or h, 1 or w), all scales, then all shifts.
        eighth: (N, 2 * sum(sites_eighth), 1 or h, 1 or w), all scales, then all shifts.
    """

    quarter: Tensor
    eighth: Tensor


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
        self.own_statistics = OwnStatistics(size)
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
        zoom: Tensor | None = None,
    ) -> Affines:
        """Measure the content's statistics and turn them, with the style, into affines.

        Args:
            thumbnails: (N, 3, H, W), or (1, 3, H, W) for all styles, whole content pictures in
                [0, 1], scaled down; sides multiples of 8.
            vectors: (N, D) style vectors.
            conditions: (N, 5), see :meth:`stylize.training.modulator.Modulator.forward`.
            strength: (N, 1) in [0, 1]; the affines run from those of the unchanged features to
                those of the style.
            zoom: (1, 1) side of the picture divided by that of the thumbnail, at least 1; None
                for 1.
        """
        modulation = self.modulation(thumbnails, vectors, conditions)
        return self.measure(thumbnails, modulation, strength, zoom).affines()

    def modulation(self, thumbnails: Tensor, vectors: Tensor, conditions: Tensor) -> Modulation:
        """Ask the modulator; arguments as of :meth:`modulate`."""
        content = self.own_statistics(halve(thumbnails))
        said: Modulation = self.modulator(vectors, content.expand(vectors.shape[0], -1), conditions)
        return said

    def measure(
        self,
        thumbnails: Tensor,
        modulation: Modulation,
        strength: Tensor,
        zoom: Tensor | None = None,
    ) -> Measurement:
        """Normalise the content as a modulation says; other arguments as of :meth:`modulate`."""
        plain = 1 - strength
        # A site's affine is: scale = plain + styled / std, shift = offset - styled / std * mean.
        measurement = Measurement(
            plain * self.identity_scale,
            strength * modulation.scale,
            plain * self.identity_shift + strength * modulation.shift,
            self.epsilon[None],
            self.size,
        )
        self._features(thumbnails, measurement)
        if zoom is not None:
            measurement.zoom_(zoom.log(), self.zoom_std, self.zoom_mean)
        return measurement

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

    def _features(self, images: Tensor, normalize: Measurement | _Apply) -> Tensor:
        """Run everything up to the last modulated convolution, (N, half, H/4, W/4)."""
        see, relu = normalize.see, functional.relu
        x = see(relu(self.stem(images)))
        fine = see(relu(normalize.quarter(self.down_quarter(x))))
        x = see(relu(normalize.eighth(self.down_eighth(fine))))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            branch = see(relu(normalize.eighth(first(x))))
            x = see(x + see(normalize.eighth(second(branch)), signed=True), signed=True)
        coarse = _enlarge(see(normalize.eighth(self.reduce_eighth(x)), signed=True))
        x = see(relu(coarse + see(normalize.quarter(self.skip_quarter(fine)), signed=True)))
        x = see(relu(normalize.quarter(self.mix_quarter(x))))
        return relu(normalize.quarter(self.reduce_quarter(x)))


class _Apply:
    """Hands the sites their affines one after the other."""

    def __init__(self, affines: Affines, size: NetworkSize) -> None:
        self._quarter = iter(_split(affines.quarter, size.sites_quarter))
        self._eighth = iter(_split(affines.eighth, size.sites_eighth))

    def quarter(self, x: Tensor) -> Tensor:
        scale, shift = next(self._quarter)
        return x * scale + shift

    def eighth(self, x: Tensor) -> Tensor:
        scale, shift = next(self._eighth)
        return x * scale + shift

    def see(self, x: Tensor, *, signed: bool = False) -> Tensor:
        return x


class Measurement:
    """Normalises the sites one after the other and keeps the statistics."""

    def __init__(
        self, plain: Tensor, styled: Tensor, offset: Tensor, epsilon: Tensor, size: NetworkSize
    ) -> None:
        """Take the terms of the affines of all channels (1 or N, C), 1/4 resolution first."""
        self._terms = plain, styled, offset
        self._size = size
        sites = list(size.sites_quarter + size.sites_eighth)
        rows = (torch.split(row, sites, dim=1) for row in (*self._terms, epsilon))
        todo = list(zip(*rows, strict=True))
        self._quarter = iter(todo[: len(size.sites_quarter)])
        self._eighth = iter(todo[len(size.sites_quarter) :])
        self._done: tuple[list[tuple[Tensor, Tensor]], ...] = ([], [])
        self._damping: Tensor | None = None
        self._rise: Tensor | None = None
        self._seen: list[tuple[Tensor, bool]] = []

    def quarter(self, x: Tensor) -> Tensor:
        """Normalise the next site at 1/4 resolution."""
        return self._normalize(x, next(self._quarter), self._done[0])

    def eighth(self, x: Tensor) -> Tensor:
        """Normalise the next site at 1/8 resolution."""
        return self._normalize(x, next(self._eighth), self._done[1])

    def _normalize(
        self, x: Tensor, site: tuple[Tensor, ...], done: list[tuple[Tensor, Tensor]]
    ) -> Tensor:
        plain, styled, offset, epsilon = site
        mean = x.mean(dim=(2, 3))
        variance = (x - mean[:, :, None, None]).square().mean(dim=(2, 3))
        inverse = torch.rsqrt(variance + epsilon)
        done.append((mean, inverse))
        stretch = styled * inverse
        scale, shift = plain + stretch, offset - stretch * mean
        return x * scale[:, :, None, None] + shift[:, :, None, None]

    def zoom_(self, log_zoom: Tensor, zoom_std: Tensor, zoom_mean: Tensor) -> None:
        """Make the affines fit a larger picture: std / damping, mean + rise * std."""
        self._damping = torch.exp(-zoom_std * log_zoom)
        self._rise = zoom_mean * log_zoom

    def see(self, x: Tensor, *, signed: bool = False) -> Tensor:
        """Note an activation, ``signed`` if it may be below 0, and hand it on."""
        self._seen.append((x.detach(), signed))
        return x

    def peaks(self) -> Tensor:
        """Return the largest absolute value of each of the ``size.activations``, (N, A).

        By them INT8 chooses its steps for every picture anew.
        """
        peaks = [(x.abs() if signed else x).amax(dim=(1, 2, 3)) for x, signed in self._seen]
        return torch.stack([peak.expand(peaks[-1].shape) for peak in peaks], dim=1)

    def affines(self) -> Affines:
        """Return the affines that do the same to the picture."""
        plain, styled, offset = self._terms
        mean, inverse = (
            torch.cat(
                [site[i].expand(plain.shape[0], -1) for done in self._done for site in done], 1
            )
            for i in range(2)
        )
        stretch = styled * inverse
        if self._damping is not None and self._rise is not None:
            stretch = stretch * self._damping
            offset = offset - styled * self._damping * self._rise
        scale, shift = plain + stretch, offset - stretch * mean
        quarter = sum(self._size.sites_quarter)
        return Affines(
            *(
                torch.cat([scale[:, part], shift[:, part]], dim=1)[:, :, None, None]
                for part in (slice(None, quarter), slice(quarter, None))
            )
        )


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
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    padded = [m for m in convolutions if m.padding[0] and m.padding_mode == "zeros"]
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


def halo_px(size: NetworkSize) -> int:
    """Return how far a pixel's colour depends on its surroundings, rounded up to the grid."""
    # Half the receptive field: 2 (stem) + 2 and 4 (down) + 8 a convolution at 1/8, 4 at 1/4,
    # 2 and 2 at 1/2; up to one cell of 8 more since cells see their surroundings as a whole.
    reach = 2 + 2 + 4 + 2 * 8 * size.blocks + 4 + 2 + 2
    return -(-(reach + GRID_PX) // GRID_PX) * GRID_PX
