"""What training minimises: content, style, covariance, edges, identity, smoothness.

All feature losses are measured on the normalized loss network. Each function returns one value per
sample, (N,), so that samples can be weighted one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stylize.painting import GRID_PX
from stylize.training.style_bank import COVARIANCE_LAYERS
from stylize.training.tones import LUMA, TONE_AXES, TONES
from stylize.training.vgg import STYLE_LAYERS, Statistics, covariance, statistics

# The finer layer counts less: it would hold strokes to every edge of the photograph.
CONTENT_LAYERS = {"relu3_3": 0.25, "relu4_1": 0.75}
FINE_LAYERS = STYLE_LAYERS[:2]
_GAMUT_SLACK = 0.02
_BLOT_SIZES_PX = (8, 16)
_CALM_DEVIATION = 8 / 255  # standard deviation of the luma around a pixel that counts half


def instance_normalize(features: Tensor) -> Tensor:
    """Give every channel of (N, C, h, w) mean 0 and standard deviation 1."""
    features = features.float()
    mean, std = statistics(features)
    return (features - mean[:, :, None, None]) / std[:, :, None, None]


def content_loss(output: dict[str, Tensor], content: dict[str, Tensor]) -> Tensor:
    """Mean squared error of instance-normalised features, (N,), 0 (same) to 2 (unrelated).

    Normalising takes palette and contrast out of the comparison, so this loss does not work
    against the style loss.
    """
    losses = [
        weight
        * (instance_normalize(output[name]) - instance_normalize(content[name]))
        .square()
        .mean(dim=(1, 2, 3))
        for name, weight in CONTENT_LAYERS.items()
    ]
    return torch.stack(losses).sum(dim=0)


@dataclass(frozen=True)
class StyleLoss:
    """Style losses of each sample, (N,).

    Attributes:
        fine: Of relu1_1 and relu2_1: palette, texture, fine strokes.
        coarse: Of relu3_1 and relu4_1: larger strokes and shapes.
    """

    fine: Tensor
    coarse: Tensor


def style_loss(output: dict[str, Tensor], targets: list[Statistics]) -> StyleLoss:
    """Mean squared errors of means and standard deviations, divided by the size of the target.

    Raw losses differ by orders of magnitude between styles; without the division strong styles are
    overdone and quiet ones neglected (after Cheng et al., "Style-Aware Normalized Loss for
    Improving Arbitrary Style Transfer", 2021; the power keeps most of the difference, since loud
    styles are rare and hard).

    Args:
        output: Features of the output.
        targets: Statistics of the style for each of ``STYLE_LAYERS``.
    """
    losses = {}
    for name, target in zip(STYLE_LAYERS, targets, strict=True):
        mean, std = statistics(output[name])
        error = (mean - target.mean).square() + (std - target.std).square()
        energy = (target.mean.square() + target.std.square()).mean(dim=1)
        losses[name] = error.mean(dim=1) / (0.5 * energy).pow(0.3).clamp_min(0.5)
    fine = [losses[name] for name in FINE_LAYERS]
    coarse = [losses[name] for name in STYLE_LAYERS if name not in FINE_LAYERS]
    return StyleLoss(torch.stack(fine).sum(dim=0), torch.stack(coarse).sum(dim=0))


def covariance_loss(
    output: dict[str, Tensor], targets: Tensor, projections: list[Tensor]
) -> StyleLoss:
    """Relative squared errors of covariances of randomly projected features.

    Means and standard deviations alone carry palette and contrast; which channels rise together
    carries the shape of the strokes (Gatys et al., 2016).

    Args:
        output: Features of the output.
        targets: (N, 2, P, P) covariances of the style for each of ``COVARIANCE_LAYERS``.
        projections: The matrices (P, C) that the targets were made with.
    """
    losses = []
    for index, (name, projection) in enumerate(zip(COVARIANCE_LAYERS, projections, strict=True)):
        target = targets[:, index]
        error = (covariance(output[name], projection) - target).square().mean(dim=(1, 2))
        losses.append(error / target.square().mean(dim=(1, 2)).sqrt().clamp_min(1e-2))
    return StyleLoss(losses[0], losses[1])


def edge_loss(output: Tensor, content: Tensor) -> Tensor:
    """L1 between the gradients of the normalised luminances of (N, 3, H, W) pictures."""
    terms = zip(
        _gradients(_normalized_luma(output)), _gradients(_normalized_luma(content)), strict=True
    )
    return sum(((a - b).abs().mean(dim=(1, 2, 3)) for a, b in terms), torch.zeros(()))


def blot_loss(output: Tensor, content: Tensor) -> Tensor:
    """How much coarse structure of (N, 3, H, W) pictures is not the content's, (N,).

    Statistics alone do not care where contrast is; a network that finds too little of it in the
    content puts blots into calm skies. Strokes smaller than 8 px are not looked at.
    """
    painted, seen = _normalized_luma(output), _normalized_luma(content)
    excess = painted.new_zeros(len(painted))
    for size_px in _BLOT_SIZES_PX:
        for a, b in zip(
            _gradients(functional.avg_pool2d(painted, size_px)),
            _gradients(functional.avg_pool2d(seen, size_px)),
            strict=True,
        ):
            new = functional.relu(a.abs() - 2 * b.abs() - 0.1)
            excess = excess + new.mean(dim=(1, 2, 3))
    return excess


def grid_loss(output: Tensor, content: Tensor) -> Tensor:
    """Pattern that repeats every 8 px where the content is calm, (N,), in units of the pictures.

    What the network paints in cells of 2, 4 and 8 pixels is the same in every cell of a flat area
    unless it learns not to; see :func:`stylize.training.picture_metrics.grid_strength`. A little
    texture hides a pattern from that measure, but not from the eye, so it counts here.

    Args:
        output: (N, 3, H, W), sides multiples of 8.
        content: The same.
    """
    with torch.no_grad():
        luma = _luma(content)
        variance = _local_mean(luma.square()) - _local_mean(luma).square()
        calm = 1 / (1 + (variance / _CALM_DEVIATION**2).square())
        # At the border the local mean sees what is not there.
        inner = GRID_PX // 2
        calm = functional.pad(calm[..., inner:-inner, inner:-inner], (inner,) * 4)
        mean = _local_mean(output)  # knows nothing of the pattern, so it needs no gradient
    detail = (output - mean) * calm
    count, _, height, width = detail.shape
    cells = (count, -1, height // GRID_PX, GRID_PX, width // GRID_PX, GRID_PX)
    # With few calm cells the mean is mostly chance: the constant keeps it small.
    share = calm.view(cells).mean(dim=(2, 4)) + 0.02
    pattern = detail.view(cells).mean(dim=(2, 4)) / share
    return pattern.abs().mean(dim=(1, 2, 3))


def _local_mean(images: Tensor) -> Tensor:
    """Mean over one period of the grid, centred: the outermost pixels count half."""
    padded = functional.pad(images, (GRID_PX // 2,) * 4, mode="replicate")
    return functional.avg_pool2d(functional.avg_pool2d(padded, GRID_PX, stride=1), 2, stride=1)


def _luma(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)


def _normalized_luma(images: Tensor) -> Tensor:
    return instance_normalize(_luma(images))


def _gradients(images: Tensor) -> tuple[Tensor, Tensor]:
    return images.diff(dim=2), images.diff(dim=3)


def tones(images: Tensor) -> Tensor:
    """Return quantiles of the colours of (N, 3, H, W) pictures, (N, 9, 32), rising."""
    return functional.adaptive_avg_pool1d(_on_axes(images).sort(dim=2).values, TONES)


def _on_axes(images: Tensor) -> Tensor:
    """Return where the colours of (N, 3, H, W) pictures lie on the axes, (N, 9, H / 2 * W / 2)."""
    # Halved: grain is not what makes a picture light, dark or colourful.
    return torch.from_numpy(TONE_AXES).to(images) @ functional.avg_pool2d(images, 2).flatten(2)


def tone_loss(output: Tensor, targets: Tensor) -> Tensor:
    """Distance between the distributions of colours, (N,), in units of the pictures.

    The sliced Wasserstein distance (Rabin et al., "Wasserstein Barycenter and its Application to
    Texture Mixing", 2011) on fixed axes, the first of which is the luma: means and deviations of
    features let an engraving's black and white come out as two greys.

    Args:
        output: (N, 3, H, W).
        targets: (N, 9, 32), from :func:`tones`.
    """
    return (tones(output) - targets).abs().mean(dim=(1, 2))


def gamut_loss(output: Tensor, targets: Tensor) -> Tensor:
    """How far colours lie outside of a style's, (N,), in units of the pictures.

    The distribution of colours hardly notices what is rare: black and green dashes in a pink
    print.

    Args:
        output: (N, 3, H, W).
        targets: (N, 9, 32), from :func:`tones`; the outermost of an axis are its bounds.
    """
    colors = _on_axes(output)
    low, high = targets[:, :, :1] - _GAMUT_SLACK, targets[:, :, -1:] + _GAMUT_SLACK
    return (functional.relu(low - colors) + functional.relu(colors - high)).mean(dim=(1, 2))


def pixel_loss(output: Tensor, content: Tensor) -> Tensor:
    """L1 between pictures, (N,)."""
    return (output - content).abs().mean(dim=(1, 2, 3))


def smoothness_loss(output: Tensor) -> Tensor:
    """Total variation: the mean absolute difference of neighbouring pixels, (N,)."""
    vertical, horizontal = output.diff(dim=2).abs(), output.diff(dim=3).abs()
    return vertical.mean(dim=(1, 2, 3)) + horizontal.mean(dim=(1, 2, 3))


class _Clip(torch.autograd.Function):
    """Clamp to [0, 1]; the gradient gets through where it leads back inside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        further_out = ((x < 0) & (gradient > 0)) | ((x > 1) & (gradient < 0))
        return gradient.masked_fill(further_out, 0)


def clip(output: Tensor) -> Tensor:
    """Clamp pictures to [0, 1] as the engine does, but never without a way back.

    A network that has to stay inside paints pure colours, black and white as flat tones that
    are not quite there; one whose pictures are clipped may aim beyond.
    """
    clipped: Tensor = _Clip.apply(output)
    return clipped


def range_loss(output: Tensor) -> Tensor:
    """How far pixels leave [0, 1] on average, (N,): what clamping would cut off."""
    return (functional.relu(output - 1) + functional.relu(-output)).mean(dim=(1, 2, 3))
