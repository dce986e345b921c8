"""What happens between two levels of coarse-to-fine painting, in torch.

The same is done to bytes by :mod:`stylize.painting` when a picture is painted.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stylize.calming import (
    EVEN_REACH,
    FLAT,
    FLAT_FROM,
    LEAST,
    LEAST_REACH,
    REDUCED,
    calm_share_of_cells,
)
from stylize.contract import Contract
from stylize.ground import CELL_PX, PERIOD_PX, ROOM, ground_share, relief
from stylize.training.tones import LUMA

_KERNEL_PX = 4  # reach of the bicubic kernel, and more


def low_pass(images: Tensor) -> Tensor:
    """Return (N, 3, H, W) without the finest octave; sides even."""
    return _enlarge(functional.avg_pool2d(images, 2))


def _enlarge(images: Tensor) -> Tensor:
    return functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)


def enlarge_window(drafts: Tensor, places: Tensor, side_px: int) -> Tensor:
    """Enlarge a window of each draft twofold.

    Args:
        drafts: (N, 3, H, W) in [0, 1].
        places: (N, 2) int, left and top of the windows, at least 4 px from every border.
        side_px: Of the enlarged windows, even.

    Returns:
        (N, 3, side_px, side_px) in [0, 1].
    """
    margin_px = _KERNEL_PX
    window = side_px // 2 + 2 * margin_px
    cut = torch.stack(
        [
            draft[:, y - margin_px :, x - margin_px :][:, :window, :window]
            for draft, (x, y) in zip(drafts, places.tolist(), strict=True)
        ]
    )
    # With antialias the bicubic kernel is Pillow's.
    large = functional.interpolate(
        cut, scale_factor=2, mode="bicubic", align_corners=False, antialias=True
    )
    inner = slice(2 * margin_px, 2 * margin_px + side_px)
    return large[:, :, inner, inner].clamp(0, 1)


def lay_over(under: Tensor, content: Tensor, detail: Tensor) -> Tensor:
    """Give an enlarged painting what the content shows in the finest octave.

    Args:
        under: (N, 3, H, W) in [0, 1], the enlarged painting.
        content: (N, 3, H, W) in [0, 1].
        detail: (N, 1) share of the content's octave.
    """
    octave = content - low_pass(content)
    return (under + detail[:, :, None, None] * octave).clamp(0, 1)


def keep_coarse(painted: Tensor, under: Tensor) -> Tensor:
    """Give a revised painting all but its finest octave from the painting below."""
    change = under - painted
    coarse = low_pass(change)
    return painted + coarse + low_pass(change - coarse)  # the second time for what the first blurs


@functools.cache
def _reliefs(device: torch.device) -> Tensor:
    """Return some reliefs, (4, PERIOD_PX, PERIOD_PX)."""
    return torch.from_numpy(np.stack([relief(seed) for seed in range(4)])).to(device)


def add_ground(images: Tensor, amounts: Tensor, generator: torch.Generator) -> Tensor:
    """Put a ground under the calm areas of (N, 3, H, W) pictures in [0, 1].

    Args:
        images: The pictures, sides multiples of 8.
        amounts: (N,) standard deviations, in levels of 255.
        generator: Chooses which part of which relief.
    """
    height, width = images.shape[2:]
    if height % CELL_PX or width % CELL_PX:
        raise ValueError(f"sides must be multiples of {CELL_PX}; got {width} x {height}")
    reliefs = _reliefs(images.device)
    seeds, y, x = torch.randint(0, PERIOD_PX, (len(images), 3), generator=generator).T
    rows, columns = (
        (torch.arange(side) - start[:, None]) % PERIOD_PX
        for side, start in ((height, y), (width, x))
    )
    seeds = seeds % len(reliefs)
    places = (seeds[:, None, None], rows[:, :, None], columns[:, None, :])
    parts = reliefs[tuple(place.to(images.device) for place in places)]
    levels = (amounts / 255)[:, None, None, None].to(images)
    ground = levels * parts[:, None].to(images)
    brightest, darkest = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    ground += (1 - ROOM * levels - brightest).clamp(max=0) + (ROOM * levels - darkest).clamp(min=0)
    ground *= ground_shares(images) * (levels > 0)
    return (images + ground).clamp(0, 1)


def ground_shares(images: Tensor) -> Tensor:
    """Return how calm (N, 3, H, W) pictures in [0, 1] are, (N, 1, H, W): `ground.calm` in torch.

    Args:
        images: Sides multiples of the cells.
    """
    _, variance = _cells_of(images)
    return _enlarge_cells(ground_share(variance), images)


def calm_down(painted: Tensor, content: Tensor, calm: Tensor, strength: Tensor) -> Tensor:
    """Smooth what was painted where the content is calm, as the engine does it with brushwork 1.

    Args:
        painted: (N, 3, H, W) in [0, 1], sides multiples of 16.
        content: The same.
        calm: (N,) calm shares of the styles.
        strength: (N,) how much of the style there is, 0 to 1.
    """
    with torch.no_grad():
        luma = _luma(content)
        detail = luma - _smooth(luma)
        cells = calm_share_of_cells(*_cells_of(content))
        left_out = calm / (Contract.calm_style * (1 - Contract.least_brushwork))
        even = (calm / Contract.calm_style).clamp(max=1)
        least_reach = LEAST_REACH + (EVEN_REACH - LEAST_REACH) * even
        reach = torch.maximum(Contract.calming_reach * calm, least_reach).clamp(max=1)
        of_picture = cells.mean(dim=(1, 2, 3)).clamp(min=1e-9)
        amounts = torch.minimum(torch.maximum(left_out, LEAST * strength), reach / of_picture)
        mask = _enlarge_cells(cells, content) * amounts.clamp(max=1)[:, None, None, None]
        flat = (calm / Contract.flat_style - FLAT_FROM) / (1 - FLAT_FROM)
        flat = FLAT * strength * flat.clamp(0, 1)
        mask = torch.maximum(mask, flat[:, None, None, None])
    return torch.lerp(painted, (_smooth(painted) + detail).clamp(0, 1), mask)


@torch.no_grad()
def calm_areas(content: Tensor) -> Tensor:
    """Return (N, 1, H, W) how calm contents of (N, 3, H, W) are, from 0 to 1."""
    return _enlarge_cells(calm_share_of_cells(*_cells_of(content)), content)


def _smooth(images: Tensor) -> Tensor:
    small = functional.avg_pool2d(images, REDUCED)
    for padding, axis in (((2, 2, 0, 0), 3), ((0, 0, 2, 2), 2)):
        windows = functional.pad(small, padding, "replicate").unfold(axis, 5, 1)
        small = windows.median(dim=-1).values
    return functional.interpolate(
        functional.avg_pool2d(small, 2), images.shape[2:], mode="bicubic", antialias=True
    )


def _luma(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images.float() * weights).sum(dim=1, keepdim=True)


def _cells_of(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the luma around cells, in levels: `ground.cells_of` in torch."""
    luma = (255 * _luma(images)).round()
    mean, square = (
        functional.avg_pool2d(
            functional.pad(functional.avg_pool2d(values, CELL_PX), (1, 1, 1, 1), "replicate"), 3, 1
        )
        for values in (luma, luma.square())
    )
    return mean, (square - mean.square()).clamp(min=0)


def _enlarge_cells(cells: Tensor, images: Tensor) -> Tensor:
    return functional.interpolate(cells, images.shape[2:], mode="bilinear", align_corners=False)
