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

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.contrast import NUMBERS as CONTRAST_NUMBERS
from stylize.training.fake_quantization import fake_quantize_activation, fake_quantize_weight
from stylize.training.layers import (
    CELLS_PX,
    PICTURE,
    Convolution,
    Enlarged,
    Layers,
    Row,
    Sum,
    make_rows,
)
from stylize.training.modulator import Modulation, Modulator, OwnStatistics, halve
from stylize.training.network_size import NetworkSize

_EPS = 1e-3  # added to variances at the start: keeps flat pictures from being divided by zero


class Affines(NamedTuple):
    """Scales and shifts of all sites of one resolution each.

    Attributes:
        quarter: (N, 2 * C, 1 or h, 1 or w), scales of the C channels of all sites, then shifts.
        eighth: (N, 2 * C, 1 or h, 1 or w), likewise.
    """

    quarter: Tensor
    eighth: Tensor


class TransferNetwork(nn.Module):
    """Content picture and style vector -> stylized picture.

    Attributes:
        size: Channels.
        layers: The table of its layers.
        rounded: In training: paint with weights and activations rounded as in INT8.
    """

    epsilon: Tensor
    zoom_std: Tensor
    zoom_mean: Tensor

    def __init__(
        self, size: NetworkSize | None = None, rows: tuple[Row, ...] | None = None
    ) -> None:
        """Make one with random weights.

        Args:
            size: Channels; by default those of the bundled network.
            rows: Another table of layers than the one that follows from the size.
        """
        super().__init__()
        self.size = size = size or NetworkSize()
        self.rounded = False
        self.layers = Layers(rows or make_rows(size))
        channels = self.layers.modulated_channels
        self.modulator = Modulator(size, channels)
        for row in self.layers.convolutions:
            self._make(row)
        self.own_statistics = OwnStatistics(size)
        # At strength 0 the features pass with these instead of being normalised.
        self.identity_scale = nn.Parameter(torch.ones(channels))
        self.identity_shift = nn.Parameter(torch.zeros(channels))
        # A buffer, since rescaling a channel for INT8 has to rescale what is added to its variance.
        self.register_buffer("epsilon", torch.full((channels,), _EPS))
        # See zoom.calibrate_zoom_; measured at export, so no part of a checkpoint.
        for name in ("zoom_std", "zoom_mean"):
            zeros = torch.zeros(channels)
            self.register_buffer(name, zeros, persistent=False)
        self._initialize()

    @property
    def tuning(self) -> int:
        """Length of the last part of a style vector: what is added to scales and shifts."""
        return 2 * self.layers.modulated_channels

    @property
    def vector_length(self) -> int:
        """Of a whole style vector: what it is modulated by, its contrast, its tuning."""
        return self.size.vector + CONTRAST_NUMBERS + self.tuning

    def _make(self, row: Convolution) -> None:
        made = nn.Conv2d(
            row.inputs, row.outputs, row.kernel, stride=row.stride, padding=row.kernel // 2
        )
        group, _, name = row.name.rpartition(".")
        if group and not hasattr(self, group):
            self.add_module(group, nn.ModuleList())
        self.get_submodule(group).add_module(name, made)

    def convolution(self, name: str) -> nn.Conv2d:
        """Return a convolution of the table by its name."""
        module = self.get_submodule(name)
        if not isinstance(module, nn.Conv2d):
            raise TypeError(f"{name} is a {type(module).__name__}, no convolution")
        return module

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # The four pixels of a 2x2 cell start equal: no checkerboard at the outset (ICNR, Aitken
        # et al., 2017). The picture starts grey.
        head = self.convolution("head")
        with torch.no_grad():
            kernel = 0.3 * head.weight[:3]
            head.weight.copy_(kernel.repeat_interleave(4, dim=0))
            head.bias.fill_(0.5)  # type: ignore[union-attr]

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
            self.layers,
        )
        self._run(self.layers.measured, thumbnails, measurement)
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
        return self._run(self.layers.rows, images, _Apply(affines, self.layers))

    def _run(self, rows: Sequence[Row], images: Tensor, normalize: Measurement | _Apply) -> Tensor:
        """Compute rows of the table, from the first on; return the output of the last."""
        rounded = self.rounded and isinstance(normalize, _Apply)
        outputs = {PICTURE: images}
        for row in rows:
            if isinstance(row, Enlarged):
                outputs[row.name] = _enlarge(outputs[row.source])
                continue
            if isinstance(row, Sum):
                first, second = (outputs[source] for source in row.sources)
                x = first + second
            else:
                convolution, x = self.convolution(row.name), outputs[row.source]
                if rounded:
                    weight = fake_quantize_weight(convolution.weight)
                    x = convolution._conv_forward(x, weight, convolution.bias)
                else:
                    x = convolution(x)
                if row.site:
                    x = normalize.site(row.name, x)
            if row.relu:
                x = functional.relu(x)
            if row.name in self.layers.activations:
                normalize.see(x, signed=not row.relu)
            if rounded and row is not rows[-1]:
                fixed = row.name in self.layers.fixed
                x = fake_quantize_activation(x, signed=not row.relu, fixed=fixed)
            outputs[row.name] = x
        return outputs[rows[-1].name]


class _Apply:
    """Hands the sites their affines."""

    def __init__(self, affines: Affines, layers: Layers) -> None:
        self._affines: dict[str, list[Tensor]] = {}
        for affine, cell_px in zip(affines, CELLS_PX, strict=True):
            sites = layers.sites_at(cell_px)
            parts = torch.split(affine, [row.outputs for row in sites] * 2, dim=1)
            for index, row in enumerate(sites):
                self._affines[row.name] = [parts[index], parts[len(sites) + index]]

    def site(self, name: str, x: Tensor) -> Tensor:
        scale, shift = self._affines[name]
        return x * scale + shift

    def see(self, x: Tensor, *, signed: bool) -> None:
        pass


class Measurement:
    """Normalises the sites and keeps the statistics."""

    def __init__(
        self, plain: Tensor, styled: Tensor, offset: Tensor, epsilon: Tensor, layers: Layers
    ) -> None:
        """Take the terms of the affines of all channels (1 or N, C), 1/4 resolution first."""
        self._terms = plain, styled, offset
        self._layers = layers
        channels = [row.outputs for row in layers.sites]
        columns = (torch.split(term, channels, dim=1) for term in (*self._terms, epsilon))
        names = (row.name for row in layers.sites)
        self._todo: dict[str, tuple[Tensor, ...]] = dict(
            zip(names, zip(*columns, strict=True), strict=True)
        )
        self._done: dict[str, tuple[Tensor, Tensor]] = {}
        self._damping: Tensor | None = None
        self._rise: Tensor | None = None
        self._seen: list[tuple[Tensor, bool]] = []

    def site(self, name: str, x: Tensor) -> Tensor:
        """Normalise a site's output; its statistics have 32 bits in any case."""
        x = x.float()
        plain, styled, offset, epsilon = self._todo[name]
        mean = x.mean(dim=(2, 3))
        variance = (x - mean[:, :, None, None]).square().mean(dim=(2, 3))
        inverse = torch.rsqrt(variance + epsilon)
        self._done[name] = mean, inverse
        stretch = styled * inverse
        scale, shift = plain + stretch, offset - stretch * mean
        return x * scale[:, :, None, None] + shift[:, :, None, None]

    def zoom_(self, log_zoom: Tensor, zoom_std: Tensor, zoom_mean: Tensor) -> None:
        """Make the affines fit a larger picture: std / damping, mean + rise * std."""
        self._damping = torch.exp(-zoom_std * log_zoom)
        self._rise = zoom_mean * log_zoom

    def see(self, x: Tensor, *, signed: bool) -> None:
        """Note an activation, ``signed`` if it may be below 0."""
        self._seen.append((x.detach(), signed))

    def peaks(self) -> Tensor:
        """Return the largest absolute value of each of the ``layers.activations``, (N, A).

        By them INT8 chooses its steps for every picture anew.
        """
        peaks = [(x.abs() if signed else x).amax(dim=(1, 2, 3)) for x, signed in self._seen]
        return torch.stack([peak.expand(peaks[-1].shape) for peak in peaks], dim=1)

    def affines(self) -> Affines:
        """Return the affines that do the same to the picture."""
        plain, styled, offset = self._terms
        mean, inverse = (
            torch.cat(
                [self._done[row.name][i].expand(plain.shape[0], -1) for row in self._layers.sites],
                1,
            )
            for i in range(2)
        )
        stretch = styled * inverse
        if self._damping is not None and self._rise is not None:
            stretch = stretch * self._damping
            offset = offset - styled * self._damping * self._rise
        scale, shift = plain + stretch, offset - stretch * mean
        quarter = self._layers.channels_at(CELLS_PX[0])
        return Affines(
            *(
                torch.cat([scale[:, part], shift[:, part]], dim=1)[:, :, None, None]
                for part in (slice(None, quarter), slice(quarter, None))
            )
        )


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
