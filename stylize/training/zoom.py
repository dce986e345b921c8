"""How the statistics of a picture differ from those of its thumbnail."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from stylize.training.layers import CELLS_PX
from stylize.training.modulator import CONDITIONS, Modulation
from stylize.training.network import TransferNetwork
from stylize.training.vgg import Statistics

ZOOMS = (2, 4)


@torch.no_grad()
def calibrate_zoom_(network: TransferNetwork, pictures: Tensor, vectors: Tensor) -> None:
    """Measure how the statistics of the sites change with the zoom, in place.

    In natural pictures the variance of filtered values follows a power of the scale (Ruderman and
    Bialek, "Statistics of Natural Images: Scaling in the Woods", 1994). So the logarithm of a
    channel's standard deviation, and its mean in units of that, are taken as linear in the
    logarithm of the zoom.

    Args:
        network: The network.
        pictures: (N, 3, H, W) content pictures in [0, 1], sides multiples of 32.
        vectors: (N, D) style vectors to modulate them with.
    """
    rows = []
    for picture, vector in zip(pictures, vectors, strict=True):
        plain = picture.new_zeros(1, len(CONDITIONS))
        # What the modulator says depends on the content a little; here only the scale may differ.
        modulation = network.modulation(picture[None], vector[None], plain)
        whole = _site_statistics(network, picture[None], modulation)
        for zoom in ZOOMS:
            small = functional.interpolate(
                picture[None], scale_factor=1 / zoom, mode="bicubic", antialias=True
            )
            part = _site_statistics(network, small.clamp(0, 1), modulation)
            log_zoom = math.log(zoom)
            std = (whole.std / part.std).log() / log_zoom
            rows.append(torch.stack([std, (whole.mean - part.mean) / part.std / log_zoom]))
    std, mean = torch.stack(rows).median(dim=0).values
    network.zoom_std.copy_(std)
    network.zoom_mean.copy_(mean)


def _site_statistics(
    network: TransferNetwork, picture: Tensor, modulation: Modulation
) -> Statistics:
    """Mean and standard deviation (C,) of every channel of the sites, in the affines' order."""
    # An affine is scale = style's scale / std and shift = style's shift - scale * mean.
    one = picture.new_ones(1, 1)
    affines = network.measure(picture, modulation, one).affines()
    parts = [
        torch.split(affine.flatten(), network.layers.channels_at(cell_px))
        for affine, cell_px in zip(affines, CELLS_PX, strict=True)
    ]
    scale, shift = (torch.cat([part[index] for part in parts]) for index in range(2))
    std = modulation.scale[0] / scale
    return Statistics((modulation.shift[0] - shift) / scale, std)
