"""Tuning a style: what the modulator says of it is corrected by gradient descent.

The modulator says of any style, at once, how it is to be painted, and has to be right about
thousands of them. For one style it can be done better: what is added to its answer is fitted with
the losses of the training, on a few contents. The numbers that are added are the last part of the
style vector, so a tuned style is stored, blended and painted like any other.

The network stays as it is. Conditional instance normalization (Dumoulin et al., "A Learned
Representation for Artistic Style", 2017) learns the same numbers, for a fixed set of styles.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stylize.contract import Contract
from stylize.errors import TrainingError
from stylize.images import fit_within, resize_image
from stylize.styles import StyleVector
from stylize.training.calm_styles import calm_share
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
)
from stylize.training.color_probe import color_numbers
from stylize.training.config import TrainConfig
from stylize.training.data import ContentBatch, to_tensor
from stylize.training.graphs import EncodeStyle
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork
from stylize.training.objective import compute_losses
from stylize.training.samples import Samples
from stylize.training.style_bank import measure_style, projections
from stylize.training.tones import style_tones
from stylize.training.vgg import LossNetwork

RATE = 0.05  # of Adam: a step moves scales of about 1 by a twentieth
# A style is to be better painted, not more of it.
CONTENT_PENALTY = 10.0
GRID_PX = 16  # sides of contents are multiples of it
CONTENT_SIDE_PX = Contract.draft_side_px  # smaller ones have other statistics

# Those of the bundled network's training, and some against colours that the style does not have.
WEIGHTS: dict[str, Any] = {
    "content_weight": 12.3,
    "style_weight": 14.0,
    "edge_weight": 0.6,
    "blot_weight": 40.0,
    "grid_weight": 270.0,
    "tone_weight": 80.0,
    "gamut_weight": 300.0,
}


@dataclass(frozen=True)
class Tuned:
    """What came of it.

    Attributes:
        tuning: (T,) float32, the last part of the style's vector.
        style_loss: Of the training, mean over the contents: before and after.
        content_loss: Likewise.
        steps: Taken.
    """

    tuning: Tensor
    style_loss: tuple[float, float]
    content_loss: tuple[float, float]
    steps: int


class Networks(NamedTuple):
    """What tuning needs.

    Attributes:
        network: As exported.
        loss_network: The normalized one that it was trained with.
        encoder: What encodes styles; the loss network, or what was distilled from it.
    """

    network: TransferNetwork
    loss_network: LossNetwork
    encoder: LossNetwork


def load_networks(checkpoint: Path) -> Networks:
    """Load what :func:`tune_style` needs.

    Raises:
        TrainingError: The file is no checkpoint of a training.
    """
    state = load_checkpoint(checkpoint)
    return Networks(load_network(state), load_loss_network(state), load_encoder(state))


def check_same_model(
    networks: Networks,
    encode_style: Callable[[Image.Image], StyleVector],
    checkpoint: Path,
) -> None:
    """Make sure that the model that encodes styles was exported from these networks.

    Raises:
        TrainingError: It did not: what is fitted to one network does not fit another.
    """
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    found = encode_style(picture).values
    network = networks.network
    with torch.no_grad():
        expected = EncodeStyle(networks.encoder, network)(to_tensor([picture]))[0].numpy()
    part = slice(network.size.seen, network.size.vector)  # this one is not in 8 bits
    if found.shape != expected.shape or not np.allclose(found[part], expected[part], 0.02, 0.02):
        raise TrainingError(
            f"{checkpoint} is of another network than the model that paints. Take the checkpoint "
            f"that the model was exported from."
        )


def tuning_contents(photographs: Sequence[Image.Image]) -> list[Image.Image]:
    """Scale photographs down to what tuning looks at.

    Drawings should not be among them: their style losses are so large that all is done for them.
    """
    return [resize_image(p, fit_within(p.size, CONTENT_SIDE_PX)) for p in photographs]


def tune_style(
    networks: Networks,
    pictures: Sequence[Image.Image],
    contents: Sequence[Image.Image],
    *,
    seconds: float = math.inf,
    steps: int | None = None,
    weights: Mapping[str, float] | None = None,
    content_penalty: float = CONTENT_PENALTY,
    progress: Callable[[float], None] | None = None,
) -> Tuned:
    """Fit what is added to the modulator's answer for a style. Ctrl+C ends it with what there is.

    Args:
        networks: Theirs stay as they are.
        pictures: Of the style, RGB; the means of their statistics are what is aimed at.
        contents: RGB, see :func:`tuning_contents`; cut so that their sides are multiples of 16.
        seconds: Time to spend; each content is painted twice at least.
        steps: Steps to take; none: as many as there is time for.
        weights: In the place of some of ``WEIGHTS``.
        content_penalty: Weight of what the content loss rises.
        progress: Called with the share done.

    Raises:
        ValueError: There is nothing to fit, or no end.
    """
    if not pictures or not contents or (steps is None and math.isinf(seconds)):
        raise ValueError("pictures, contents, and seconds or steps are needed")
    network, loss_network, encoder = networks
    for each in networks:
        each.requires_grad_(False)
    network.eval()
    style = style_samples(loss_network, encoder, pictures)
    samples = [replace(style, content=whole_content(content)) for content in contents]
    weighted = WEIGHTS | dict(weights or {})
    config = TrainConfig(contents=(), styles=(), out=Path(), styles_per_content=1, **weighted)
    matrices = projections()
    reach = _reach(network, samples)
    moved = torch.zeros(1, network.tuning, requires_grad=True)

    def terms_of(index: int, seed: int = 0) -> dict[str, Tensor]:
        return compute_losses(
            network,
            loss_network,
            replace(samples[index], seed=seed),
            config,
            config.style_weight,
            matrices,
            tuning=reach * moved,
        )

    start = time.monotonic()
    before = _measure(terms_of, len(samples))
    optimizer = torch.optim.Adam([moved], lr=RATE, betas=(0.8, 0.95))
    taken = 0
    # Whoever loses patience keeps what there is.
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            share = taken / steps if steps else (time.monotonic() - start) / seconds
            if share >= 1 and (steps or taken >= 2 * len(samples)):
                break
            if progress is not None:
                progress(min(1.0, share))
            optimizer.param_groups[0]["lr"] = RATE * max(0.1, 1 - share)
            index = taken % len(samples)
            terms = terms_of(index, seed=taken)
            lost = functional.relu(terms["content"] - before[index][1])
            optimizer.zero_grad()
            (terms["total"] + content_penalty * lost).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            taken += 1
    after = _measure(terms_of, len(samples))
    (old_style, old_content), (style, content) = (
        np.mean(found, axis=0).tolist() for found in (before, after)
    )
    tuning = (reach * moved.detach())[0]
    return Tuned(tuning, (old_style, style), (old_content, content), taken)


@torch.no_grad()
def _measure(
    terms_of: Callable[[int], dict[str, Tensor]], contents: int
) -> list[tuple[float, float]]:
    """Return style and content loss for each content."""
    found = (terms_of(index) for index in range(contents))
    return [(terms["style"].item(), terms["content"].item()) for terms in found]


@torch.no_grad()
def _reach(network: TransferNetwork, samples: Sequence[Samples]) -> Tensor:
    """How far each number may go in one step, (1, T): loud styles have large scales and shifts."""
    one = samples[0]
    measured = one.shares @ network.own_statistics(one.pictures)
    vector = torch.cat([one.encoded, measured], dim=1)
    said = [
        network.modulation(sample.content.thumbnails, vector, sample.conditions)
        for sample in samples
        if isinstance(sample.content, ContentBatch)
    ]
    numbers = torch.cat([torch.cat([m.scale, m.shift], dim=1) for m in said])
    return 0.5 + numbers.abs().mean(dim=0, keepdim=True)


@torch.no_grad()
def style_samples(
    loss_network: LossNetwork, encoder: LossNetwork, pictures: Sequence[Image.Image]
) -> Samples:
    """What the losses ask for: a style at full strength, usual weights, no content yet."""
    matrices = projections()
    measured = [measure_style(picture, loss_network, encoder, matrices) for picture in pictures]
    halved = np.stack([np.asarray(one.halved) for one in measured])
    calm = float(np.mean([calm_share(picture) for picture in halved]))
    brushwork = max(Contract.least_brushwork, 1 - calm / Contract.calm_style)
    tones = style_tones(halved)
    shares = torch.full((1, len(pictures)), 1 / len(pictures))
    one = torch.ones(1, 1)
    return Samples(
        content=ContentBatch(torch.empty(0), torch.empty(0)),
        seen=_mean([one.seen for one in measured]),
        encoded=_mean([one.encoded for one in measured]),
        covariances=_mean([one.covariances for one in measured]),
        tones=torch.from_numpy(tones).mean(dim=0, keepdim=True),
        colors=torch.from_numpy(color_numbers(tones)).mean(dim=0, keepdim=True),
        pictures=to_tensor(halved),
        shares=shares,
        conditions=torch.zeros(1, len(CONDITIONS)),
        strength=one,
        own_style=torch.zeros(1, dtype=torch.bool),
        ground=torch.tensor([Contract.ground_levels * brushwork]),
        detail=one,
        calm=torch.tensor([calm]),
        seed=0,
    )


def _mean(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)).mean(dim=0, keepdim=True)


def whole_content(content: Image.Image) -> ContentBatch:
    """The content as its own thumbnail, as drafts have it."""
    width, height = (side // GRID_PX * GRID_PX for side in content.size)
    crop = to_tensor([content.crop((0, 0, width, height))])
    return ContentBatch(crop, crop)
