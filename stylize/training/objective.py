"""The losses of one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from stylize.training import losses
from stylize.training.config import TrainConfig
from stylize.training.data import ContentBatch, RevisionBatch
from stylize.training.levels import add_ground, calm_down, enlarge_window, keep_coarse, lay_over
from stylize.training.modulator import halve
from stylize.training.network import TransferNetwork, paint_mirrored
from stylize.training.recoloring import misplaced, recolor
from stylize.training.samples import Samples
from stylize.training.style_bank import COVARIANCE_LAYERS
from stylize.training.vgg import LossNetwork, covariance, split_style_vector, style_vector

_T = TypeVar("_T")


@dataclass(frozen=True)
class Painted:
    """What the network made of the samples, (N, 3, side, side) each.

    Attributes:
        raw: As it left the network, not clipped to [0, 1].
        seen: What it saw.
    """

    raw: Tensor
    seen: Tensor


class Draft(Protocol):
    """Paints drafts, as :func:`paint_draft` does."""

    def __call__(
        self,
        network: TransferNetwork,
        samples: Samples,
        content: ContentBatch,
        vectors: Tensor,
        *,
        checkpointing: bool = False,
    ) -> Painted:
        """Paint windows of the contents."""


def put_on_ground(samples: Samples, content: ContentBatch) -> tuple[Tensor, Tensor]:
    """Return crops and thumbnails, (N, 3, side, side) each, as the network sees them."""
    repeat = len(samples.ground) // len(content.crops)
    generator = torch.Generator().manual_seed(samples.seed)
    crops, thumbnails = (
        add_ground(x.repeat_interleave(repeat, dim=0), samples.ground, generator)
        for x in (content.crops, content.thumbnails)
    )
    return crops, thumbnails


def paint_draft(
    network: TransferNetwork,
    samples: Samples,
    content: ContentBatch,
    vectors: Tensor,
    *,
    checkpointing: bool = False,
) -> Painted:
    """Paint windows of the contents, over a ground, with the statistics of the whole pictures."""
    crops, thumbnails = put_on_ground(samples, content)
    affines = network.modulate(thumbnails, vectors, samples.conditions, samples.strength)
    return Painted(_run(checkpointing, paint_mirrored, network, crops, affines), crops)


def revise_draft(
    network: TransferNetwork,
    samples: Samples,
    content: RevisionBatch,
    vectors: Tensor,
    *,
    checkpointing: bool = False,
) -> Painted:
    """Draft the contents, enlarge the drafts and revise windows of them."""
    repeat = len(vectors) // len(content.crops)
    crops = content.crops.repeat_interleave(repeat, dim=0)
    places = content.places.repeat_interleave(repeat, dim=0)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(samples.seed)
        wholes = content.wholes.repeat_interleave(repeat, dim=0)
        grounded = add_ground(wholes, samples.ground, generator)
        first = samples.conditions.clone()
        first[:, -1] = 0
        affines = network.modulate(halve(grounded), vectors, first, samples.strength)
        drafts = network.paint(grounded, affines).float().clamp(0, 1)
        amounts = samples.recolored
        with torch.autocast(crops.device.type, enabled=False):
            drafts = calm_down(drafts, wholes, samples.calm, amounts)
            drafts = recolor(drafts, wholes, wholes, samples.colors, amounts)
        under = enlarge_window(drafts, places, crops.shape[-1])
        seen = lay_over(under, crops, samples.detail)
    affines = network.modulate(halve(drafts), vectors, samples.conditions, samples.strength)
    painted = _run(checkpointing, paint_mirrored, network, seen, affines)
    return Painted(keep_coarse(painted.float(), under), seen)


def compute_losses(
    network: TransferNetwork,
    loss_network: LossNetwork,
    samples: Samples,
    config: TrainConfig,
    style_weight: float,
    matrices: list[Tensor],
    *,
    tuning: Tensor | None = None,
    draft: Draft = paint_draft,
) -> dict[str, Tensor]:
    """Return the losses by name as scalars; "total" is the one to minimise.

    Args:
        network: What paints.
        loss_network: The normalized one.
        samples: What is painted.
        config: Weights of the losses.
        style_weight: Of this step.
        matrices: See :func:`stylize.training.style_bank.projections`.
        tuning: (N, ``network.tuning``) of the styles.
        draft: What paints drafts.
    """
    repeat = config.styles_per_content
    crops = samples.content.crops.repeat_interleave(repeat, dim=0)
    with torch.no_grad():
        unique = loss_network(samples.content.crops)
        content = {name: x.repeat_interleave(repeat, dim=0) for name, x in unique.items()}
        own_seen = style_vector(content)
        own_covariances = torch.stack(
            [
                covariance(content[name], matrix)
                for name, matrix in zip(COVARIANCE_LAYERS, matrices, strict=True)
            ],
            dim=1,
        )
        own = samples.own_style
        seen = torch.where(own[:, None], own_seen, samples.seen)
        covariances = torch.where(own[:, None, None, None], own_covariances, samples.covariances)
        # At strength s the target lies at s between the content's statistics and the style's.
        targets = torch.lerp(own_seen, seen, samples.strength)
        target_covariances = torch.lerp(
            own_covariances, covariances, samples.strength[:, :, None, None]
        )
    measured = samples.shares @ network.own_statistics(samples.pictures)
    own_measured = network.own_statistics(halve(samples.content.crops))
    own_measured = own_measured.repeat_interleave(repeat, dim=0)
    measured = torch.where(own[:, None], own_measured, measured)
    encoded = torch.where(own[:, None], own_seen, samples.encoded)
    vectors = torch.cat([encoded, measured, *([] if tuning is None else [tuning])], dim=1)
    revising = isinstance(samples.content, RevisionBatch)
    again = config.checkpointing
    with torch.autocast(crops.device.type, torch.bfloat16, enabled=config.mixed_precision):
        if isinstance(samples.content, RevisionBatch):
            painted = revise_draft(network, samples, samples.content, vectors, checkpointing=again)
        else:
            painted = draft(network, samples, samples.content, vectors, checkpointing=again)
    raw = painted.raw.float()
    range_term = losses.range_loss(raw)
    output = losses.clip(raw)
    off = torch.zeros_like(range_term)
    if isinstance(samples.content, ContentBatch):
        output = calm_down(output, crops, samples.calm, samples.recolored)
        wholes = samples.content.thumbnails.repeat_interleave(repeat, dim=0)
        off = misplaced(output, crops, wholes, samples.colors, samples.recolored)
    features = _run(again, loss_network, output)

    content_term = losses.content_loss(features, content)
    style_term = losses.style_loss(features, split_style_vector(targets))
    covariance_term = losses.covariance_loss(features, target_covariances, matrices)
    edge_term = losses.edge_loss(output, crops)
    # What the brush makes of a ground is no blot.
    blot_term = losses.blot_loss(output, painted.seen) / (1 + samples.ground / 4)
    grid_term = losses.grid_loss(output, crops)
    smoothness_term = losses.smoothness_loss(output)
    pixel_term = losses.pixel_loss(output, crops)
    own_tones = losses.tones(crops)
    tones = torch.where(own[:, None, None], own_tones, samples.tones)
    wanted = torch.lerp(own_tones, tones, samples.strength[:, :, None])
    tone_term = losses.tone_loss(output, wanted)
    gamut_term = losses.gamut_loss(output, wanted)

    factors = samples.conditions[:, :4].exp().T
    content_factor, style_factor, fine_factor, coarse_factor = factors
    fine = style_term.fine + config.covariance_weight * covariance_term.fine
    coarse = style_term.coarse + config.covariance_weight * covariance_term.coarse
    if revising:  # large strokes, lights and darks are the draft's
        coarse = config.revision_coarse_weight * coarse
        tone_term, gamut_term = 0 * tone_term, 0 * gamut_term
    weighted = content_factor * (
        config.content_weight * content_term
        + config.edge_weight * edge_term
        + config.blot_weight * blot_term
        + config.grid_weight * grid_term
    ) + style_factor * (
        style_weight * (fine_factor * fine + coarse_factor * coarse)
        + config.tone_weight * tone_term
        + config.gamut_weight * gamut_term
        + config.place_weight * off
    )
    # The ratio of the weights is what counts; the sum must not let some samples own the step.
    scale = 0.5 * (content_factor + style_factor * (fine_factor * coarse_factor).sqrt())
    # How much the output should be the content itself.
    likeness = torch.where(own, 0.5, (1 - samples.strength[:, 0]).square())
    total = (
        weighted / scale
        + config.identity_weight * likeness * pixel_term
        + config.smoothness_weight * smoothness_term
        + config.range_weight * range_term
    ).mean()
    full = (samples.strength[:, 0] == 1) & ~own
    terms = {
        "total": total,
        "content": _mean(content_term, full),
        "style": _mean(style_term.fine + style_term.coarse, full),
        "covariance": _mean(covariance_term.fine + covariance_term.coarse, full),
        "edge": edge_term.mean(),
        "blots": _mean(blot_term, full),
        "grid": grid_term.mean(),
        "identity": _mean(pixel_term, samples.strength[:, 0] == 0),
        "tones": _mean(tone_term, full),
        "gamut": _mean(gamut_term, full),
        "place": _mean(off, full),
        "range": range_term.mean(),
    }
    # Drafts and revisions are told apart in the log.
    return {
        f"revision {name}" if revising and name != "total" else name: value
        for name, value in terms.items()
    }


def _run(again: bool, part: Callable[..., _T], *inputs: Any) -> _T:
    """Run a part of the step; if asked, keep nothing of it and run it again on the way back."""
    if not again:
        return part(*inputs)
    result: _T = checkpoint(part, *inputs, use_reentrant=False)
    return result


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return values[mask].mean() if bool(mask.any()) else values.new_tensor(float("nan"))
