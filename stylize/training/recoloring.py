"""Recoloring of drafts, in torch: what :mod:`stylize.recoloring` does to pictures.

In training, drafts are recolored before they are revised, without gradients: losses that are
measured on recolored drafts make the network paint all the more of what recoloring and calming
take away. Tunings of single styles are fitted through it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stylize import recoloring as rules
from stylize.style_colors import LEAST_SPREAD, LUMA, QUANTILES, StyleColors

_BROAD = 4  # reduced pixels within which colours may change places


class Colors(NamedTuple):
    """Which colours styles have, in levels of 255: `stylize.style_colors.StyleColors` in torch.

    Attributes:
        mean: (N, 3) of their RGB.
        covariance: (N, 3, 3) of their RGB.
        tones: (N, 9), ascending: the quantiles of their luma.
        ends: (N, 2) luma of two colours that they would have.
    """

    mean: Tensor
    covariance: Tensor
    tones: Tensor
    ends: Tensor

    @classmethod
    def of(cls, numbers: Tensor) -> Colors:
        """Take (N, 18) numbers: means, upper triangles of the roots by rows, tones."""
        numbers = numbers.double()
        ends = [StyleColors.of(of_style).ends for of_style in numbers.detach().cpu().numpy()]
        rows, columns = torch.triu_indices(3, 3)
        root = numbers.new_zeros(len(numbers), 3, 3)
        root[:, rows, columns] = numbers[:, 3:9]
        root[:, columns, rows] = numbers[:, 3:9]
        covariance = root @ root + LEAST_SPREAD**2
        tones = numbers[:, 9:].clamp(0, 255).cummax(dim=1).values
        return cls(numbers[:, :3].clamp(0, 255), covariance, tones, numbers.new_tensor(ends))

    @property
    def by_luma(self) -> Tensor:
        """(N, 3): how their RGB change with their luma."""
        along = self.covariance @ _weights(self.mean)
        slope: Tensor = along / (along @ _weights(self.mean))[:, None]
        return slope

    def at(self, luma: Tensor) -> Tensor:
        """Return the colours that they have at (N, P) luma, (N, 3, P)."""
        mean, slope, ends = self.mean.to(luma), self.by_luma.to(luma), self.ends.to(luma)
        inside = torch.minimum(torch.maximum(luma, ends[:, :1]), ends[:, 1:])
        along = inside - (mean @ _weights(mean))[:, None]
        line = mean[:, :, None] + slope[:, :, None] * along[:, None]
        return line + (luma - inside)[:, None]


class Wanted(NamedTuple):
    """What contents should look like.

    Attributes:
        colors: (N, 3, h, w) of reduced contents, in levels.
        paper: (N, 1) share of the pixels that are about as light as most are.
    """

    colors: Tensor
    paper: Tensor


@torch.no_grad()
def wanted_colors(shown: Tensor, whole: Tensor, colors: Colors) -> Wanted:
    """Return which colours reduced contents have in the styles.

    Args:
        shown: (N, 3, h, w) reduced contents, in levels.
        whole: (N, 3, H, W) in [0, 1], what they are parts of.
        colors: Of the styles.
    """
    luma = _along(255 * whole.flatten(2)).round()
    known, paper = tones_of(luma), _paper(luma)
    flat = functional.avg_pool2d(255 * whole, rules.REDUCED).flatten(2).double()
    mean = flat.mean(dim=2, keepdim=True)
    centred = flat - mean
    source = centred @ centred.transpose(1, 2) / flat.shape[2]
    matrix = _least_motion(source, colors.covariance, rules.NOISE_LEVELS**2)
    flat = shown.flatten(2).double()
    moved = matrix @ (flat - mean) + colors.mean[:, :, None]
    luma = _along(flat)
    ranked = _ranked(luma, known, colors.tones, rules.STEEPEST_CONTENT)
    low, high = colors.tones[:, :1], colors.tones[:, -1:]
    span = (known[:, -1:] - known[:, :1]).clamp_min(rules.LEAST_RANGE)
    own = low + (luma - known[:, :1]) / span * (high - low)
    share = (rules.OWN_TONES + paper).clamp(max=1)
    toned = (ranked + share * (own - ranked)).clamp(0, 255)
    moved = moved + (toned - _along(moved))[:, None]
    found = _possible(_pulled(moved, colors)).view(shown.shape)
    return Wanted(found.to(shown), paper)


def recolor(
    painted: Tensor,
    content: Tensor,
    whole: Tensor,
    colors: Tensor,
    amounts: Tensor,
) -> Tensor:
    """Draw paintings towards the colours that their contents have in the styles.

    Args:
        painted: (N, 3, H, W) in [0, 1], sides multiples of 4.
        content: The same.
        whole: (N, 3, h, w) in [0, 1], the pictures that the contents are parts of.
        colors: (N, 18), what :meth:`stylize.style_colors.StyleColors.of` takes.
        amounts: (N,) how much of the style there is in the paintings, 0 to 1.

    Returns:
        (N, 3, H, W) in [0, 1].
    """
    styles = Colors.of(colors)
    shown, wanted = _aims(content, whole, styles, amounts)
    lack = wanted.colors - 255 * functional.avg_pool2d(painted, rules.REDUCED)
    lack = lack + (1 - rules.CHROMA) * (_along_channels(lack) - lack)
    slopes, offsets = _guided(_along_channels(shown), lack)
    drawn = 255 * painted + _enlarged(slopes) * _along_channels(255 * content) + _enlarged(offsets)
    flat = drawn.clamp(0, 255).flatten(2)
    tabled = _tabled(flat, styles, rules.TONED * (1 - wanted.paper), amounts)
    used = (amounts > 0)[:, None, None, None]
    return torch.where(used, tabled.view(drawn.shape) / 255, painted)


def misplaced(
    painted: Tensor, content: Tensor, whole: Tensor, colors: Tensor, amounts: Tensor
) -> Tensor:
    """Return how far broad colours lie from those that :func:`recolor` draws to, (N,), 0 to 1.

    The network is to put them there itself. Arguments as of :func:`recolor`.
    """
    _, wanted = _aims(content, whole, Colors.of(colors), amounts)
    lack = wanted.colors / 255 - functional.avg_pool2d(painted, rules.REDUCED)
    return functional.avg_pool2d(lack, _BROAD).abs().mean(dim=(1, 2, 3)) * (amounts > 0)


@torch.no_grad()
def _aims(content: Tensor, whole: Tensor, styles: Colors, amounts: Tensor) -> tuple[Tensor, Wanted]:
    """Return the reduced contents, in levels, and what they should look like."""
    shown = 255 * functional.avg_pool2d(content, rules.REDUCED)
    wanted = wanted_colors(shown, whole, styles)
    aim = torch.lerp(shown, wanted.colors, amounts[:, None, None, None])
    return shown, wanted._replace(colors=aim)


def tones_of(luma: Tensor) -> Tensor:
    """Return the quantiles of (N, P) lumas, (N, 9)."""
    count = luma.shape[1]
    at = [max(0, math.ceil(share * count) - 1) for share in QUANTILES]
    return luma.sort(dim=1).values[:, at].double()


def _paper(luma: Tensor) -> Tensor:
    """Return the shares of the pixels of (N, P) whole lumas that are about as light as most."""
    counts = luma.new_zeros(len(luma), 257)
    counts.scatter_add_(1, luma.long().clamp(0, 255) + 1, torch.ones_like(luma))
    counts = counts.double().cumsum(dim=1)
    alike = counts[:, rules.ALIKE :] - counts[:, : -rules.ALIKE]
    return alike.amax(dim=1, keepdim=True) / counts[:, -1:]


def _tabled(flat: Tensor, colors: Colors, toned: Tensor, amounts: Tensor) -> Tensor:
    """Return (N, 3, P) colours with the tones and colours of the styles."""
    luma = _along(flat)
    tones = tones_of(luma.round())
    lack = toned.to(flat) * (_ranked(luma, tones, colors.tones, rules.STEEPEST_PAINTING) - luma)
    own = colors.at(luma + lack) - colors.at(luma)
    matched = flat + lack[:, None] + rules.COLORED * (own - lack[:, None])
    found = _possible(_pulled(matched, colors))
    return torch.lerp(flat, found, amounts[:, None, None].to(flat)).clamp(0, 255)


def _weights(like: Tensor) -> Tensor:
    return torch.from_numpy(LUMA).to(like)


def _along(flat: Tensor) -> Tensor:
    """Return the luma (N, P) of (N, 3, P)."""
    r, g, b = LUMA.tolist()
    luma: Tensor = r * flat[:, 0] + g * flat[:, 1] + b * flat[:, 2]
    return luma


def _along_channels(images: Tensor) -> Tensor:
    return _along(images)[:, None]


def _ranked(luma: Tensor, known: Tensor, tones: Tensor, steepest: float) -> Tensor:
    gaps = torch.maximum(known.diff(dim=1), tones.diff(dim=1) / steepest) + 1e-3
    places = functional.pad(gaps.cumsum(dim=1), (1, 0))
    middle = rules.MIDDLE
    at = known[:, middle : middle + 1] + places - places[:, middle : middle + 1]
    at = torch.cat([at[:, :1] - 255, at, at[:, -1:] + 255], dim=1).to(luma)
    beyond = rules.BEYOND * 255
    to = torch.cat([tones[:, :1] - beyond, tones, tones[:, -1:] + beyond], dim=1).to(luma)
    slopes = to.diff(dim=1) / at.diff(dim=1)
    place = (
        torch.searchsorted(at, luma.contiguous(), right=True).sub_(1).clamp_(0, slopes.shape[1] - 1)
    )
    ranked = to.gather(1, place) + slopes.gather(1, place) * (luma - at.gather(1, place))
    return torch.minimum(torch.maximum(ranked, to[:, :1]), to[:, -1:])


def _possible(flat: Tensor) -> Tensor:
    luma = _along(flat).clamp(0, 255)[:, None]
    chroma = flat - luma
    most, least = chroma.amax(dim=1, keepdim=True), chroma.amin(dim=1, keepdim=True)
    up, down = (255 - luma) / most.clamp_min(1e-3), luma / (-least).clamp_min(1e-3)
    return luma + chroma * torch.minimum(up, down).clamp(max=1)


def _pulled(flat: Tensor, colors: Colors) -> Tensor:
    luma = _along(flat)
    weights = _weights(colors.mean)
    by_luma, own = colors.by_luma, (colors.mean @ weights)[:, None].to(flat)
    variance = colors.covariance @ weights @ weights
    spread = colors.covariance - variance[:, None, None] * by_luma[:, :, None] * by_luma[:, None]
    spread = spread + LEAST_SPREAD**2 * torch.eye(3).to(spread)
    rest = flat - colors.at(luma)
    squares = ((torch.linalg.inv(spread).to(flat) @ rest) * rest).sum(dim=1)
    distance = squares.clamp_min(1e-9).sqrt()
    dark = (luma + rules.DARK_LEVELS) / (own + rules.DARK_LEVELS)
    distance = distance / dark.clamp(0.1, 1)
    reach = rules.REACH
    rest = rest * (_soft(distance, reach, reach * rules.SOFTNESS) / distance)[:, None]
    tones = colors.tones.to(flat)
    low, high = tones[:, :1], tones[:, -1:]
    toned = high + _soft(luma - high, 0.0, rules.RIM_LEVELS)
    toned = low - _soft(low - toned, 0.0, rules.RIM_LEVELS)
    pulled: Tensor = colors.at(toned) + rest
    return pulled


def _soft(values: Tensor, limit: float, width: float) -> Tensor:
    soft: Tensor = values.clamp(max=limit) + width * torch.tanh((values - limit).relu() / width)
    return soft


def _guided(guide: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return slopes and offsets by which (N, 3, h, w) values follow a (N, 1, h, w) guide."""
    planes = torch.cat([guide, guide.square(), values, guide * values], dim=1)
    mean, square, means, products = torch.split(_around(planes), [1, 1, 3, 3], dim=1)
    slopes = (products - mean * means) / (square - mean.square() + rules.EDGE_LEVELS**2)
    smooth = _around(torch.cat([slopes, means - slopes * mean], dim=1))
    return smooth[:, :3], smooth[:, 3:]


def _around(planes: Tensor) -> Tensor:
    radius = rules.RADIUS
    return functional.avg_pool2d(
        functional.pad(planes, (radius,) * 4, "replicate"), 2 * radius + 1, 1
    )


def _enlarged(cells: Tensor) -> Tensor:
    return functional.interpolate(
        cells, scale_factor=rules.REDUCED, mode="bilinear", align_corners=False
    )


def _power(matrices: Tensor, exponent: float, floor: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrices)
    power: Tensor = (vectors * values.clamp_min(floor)[:, None] ** exponent) @ vectors.mT
    return power


def _least_motion(source: Tensor, target: Tensor, floor: float) -> Tensor:
    """The map between two distributions that moves the least: `stylize.matrices` in torch."""
    root, inverse = _power(source, 0.5, floor), _power(source, -0.5, floor)
    return inverse @ _power(root @ target @ root, 0.5, 0.0) @ inverse
