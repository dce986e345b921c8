"""Contrast of styles in training, as :mod:`stylize.contrast` gives it to what is painted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stylize.contrast import AXES, CALM, FRINGE_PX, MOST, OCTAVES
from stylize.training.levels import calm_areas


def contrast_of(pictures: Tensor) -> Tensor:
    """Return how much the octaves of pictures vary, as :func:`stylize.contrast.contrast_of` does.

    Args:
        pictures: (N, 3, H, W) in [0, 1].

    Returns:
        (N, 10) standard deviations in levels of 255.
    """
    luma, *colors = torch.split(255 * _planes(pictures), 1, dim=1)
    spread = []
    for plane, count in zip([luma, *map(_halved, colors)], OCTAVES, strict=True):
        for _ in range(count):
            smaller = _halved(plane)
            enlarged = _enlarged(smaller)[..., : plane.shape[2], : plane.shape[3]]
            spread.append((plane - enlarged).square().mean(dim=(1, 2, 3)))
            plane = smaller
    return torch.stack(spread, dim=1).sqrt()


def raise_contrast(painted: Tensor, content: Tensor, wanted: Tensor, amounts: Tensor) -> Tensor:
    """Give paintings the contrast of their styles where they have less.

    Args:
        painted: (N, 3, H, W) in [0, 1], sides multiples of 16.
        content: The same.
        wanted: (N, 10) of the styles, see :func:`stylize.contrast.contrast_of`.
        amounts: (N,) from 0, nothing, to 1.
    """
    planes = _planes(painted)
    busy = [1 + (CALM - 1) * calm_areas(content)]
    while len(busy) < max(OCTAVES):
        busy.append(functional.avg_pool2d(busy[-1], 2))
    luma, *colors = torch.split(planes, 1, dim=1)
    halved = [luma, *(functional.avg_pool2d(color, 2) for color in colors)]
    levels = torch.split(wanted.to(painted) / 255, list(OCTAVES), dim=1)
    luma_added, *added = (
        amounts[:, None, None, None] * _added(*given, busy)
        for given in zip(halved, levels, MOST, strict=True)
    )
    lightest = functional.max_pool2d(luma, 2 * FRINGE_PX + 1, 1, FRINGE_PX)
    luma_added = torch.minimum(luma_added, lightest - luma)
    total = torch.cat([luma_added, *map(_enlarged, added)], dim=1)
    moved = painted + _weighed(torch.linalg.inv(torch.from_numpy(AXES)), total)
    return moved.clamp(0, 1)


def _added(plane: Tensor, wanted: Tensor, most: float, busy: list[Tensor]) -> Tensor:
    """Return what (N, 1, H, W) planes lack of the (N, octaves) contrast that is wanted."""
    octaves = []
    for _ in range(wanted.shape[1]):
        smaller = functional.avg_pool2d(plane, 2)
        octaves.append(plane - _enlarged(smaller))
        plane = smaller
    added = torch.zeros_like(plane)
    for index in reversed(range(len(octaves))):
        octave, share = octaves[index], busy[index - len(octaves)]
        more = _gains(octave.detach(), share, wanted[:, index, None]).clamp(max=most) - 1
        added = _enlarged(added) + more[..., None, None] * share * octave
    return added


def _planes(pictures: Tensor) -> Tensor:
    return _weighed(torch.from_numpy(AXES), pictures)


def _weighed(weights: Tensor, planes: Tensor) -> Tensor:
    """Return (3, 3) weights of (N, 3, H, W) planes."""
    # No einsum: exported, it would be an operation that not every runtime has.
    return torch.matmul(weights.to(planes), planes.flatten(2)).reshape(planes.shape)


def _halved(planes: Tensor) -> Tensor:
    """Halve planes of any size, as Pillow does: at odd ends, the mean of what there is."""
    return functional.avg_pool2d(functional.pad(planes, (0, 1, 0, 1), mode="replicate"), 2)


def _enlarged(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2, mode="bilinear")


def _gains(octave: Tensor, busy: Tensor, wanted: Tensor) -> Tensor:
    """Return (N, 1) gains; see :mod:`stylize.contrast`."""
    squares = octave.square()
    spread, mixed, raised = (
        (squares * weight).mean(dim=(2, 3)) for weight in (1, busy, busy.square())
    )
    lack = (wanted.square() - spread).clamp(min=0)
    return 1 + ((mixed.square() + raised * lack).sqrt() - mixed) / raised.clamp(min=1e-10)
