"""Contrast of styles in training, as :mod:`stylize.contrast` gives it to what is painted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stylize.contrast import AXES, CALM, FRINGE_PX, MOST, OCTAVES
from stylize.training.levels import calm_areas


def raise_contrast(painted: Tensor, content: Tensor, wanted: Tensor, amounts: Tensor) -> Tensor:
    """Give paintings the contrast of their styles where they have less.

    Args:
        painted: (N, 3, H, W) in [0, 1], sides multiples of 16.
        content: The same.
        wanted: (N, 12) of the styles, see :func:`stylize.contrast.contrast_of`.
        amounts: (N,) from 0, nothing, to 1.
    """
    axes = torch.from_numpy(AXES).to(painted)
    planes = torch.einsum("ac,nchw->nahw", axes, painted)
    busy = 1 + (CALM - 1) * calm_areas(content)
    octaves, shares, rest = [], [], planes
    for _ in range(OCTAVES):
        smaller = functional.avg_pool2d(rest, 2)
        octaves.append(rest - _enlarged(smaller))
        shares.append(busy)
        rest, busy = smaller, functional.avg_pool2d(busy, 2)
    levels = wanted.to(painted).reshape(len(wanted), OCTAVES, 3) / 255
    added = torch.zeros_like(rest)
    for index in reversed(range(OCTAVES)):
        more = _gains(octaves[index].detach(), shares[index], levels[:, index]) - 1
        more = more * amounts[:, None]
        added = _enlarged(added) + more[..., None, None] * shares[index] * octaves[index]
    lightest = functional.max_pool2d(planes[:, :1], 2 * FRINGE_PX + 1, 1, FRINGE_PX)
    luma = torch.minimum(added[:, :1], lightest - planes[:, :1])
    added = torch.cat([luma, added[:, 1:]], dim=1)
    moved = painted + torch.einsum("ca,nahw->nchw", torch.linalg.inv(axes), added)
    return moved.clamp(0, 1)


def _enlarged(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2, mode="bilinear")


def _gains(octave: Tensor, busy: Tensor, wanted: Tensor) -> Tensor:
    """Return (N, 3) gains; see :mod:`stylize.contrast`."""
    squares = octave.square()
    spread, mixed, raised = (
        (squares * weight).mean(dim=(2, 3)) for weight in (1, busy, busy.square())
    )
    lack = (wanted.square() - spread).clamp(min=0)
    more = ((mixed.square() + raised * lack).sqrt() - mixed) / raised.clamp(min=1e-10)
    return torch.minimum(1 + more, torch.tensor(MOST).to(more))
