"""A short training after a network was changed: on the product's losses, or by a teacher."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from stylize.lab.pruning import Masks
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
)
from stylize.training.config import TrainConfig
from stylize.training.data import ContentBatch, Contents, list_pictures, read_exclusions
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.objective import compute_losses, paint_draft
from stylize.training.samples import Samples, drawn_ahead
from stylize.training.style_bank import StyleBank, load_style_bank, projections
from stylize.training.train import RATES
from stylize.training.vgg import LossNetwork

logger = logging.getLogger(__name__)

Lesson = Literal["losses", "pictures"]
"""What a network is trained on: the product's losses, or the pictures that its teacher paints."""

_FALL = 0.05  # share of the learning rate that is left at the end
CLIP = 300.0  # norm of the gradient
GENTLEST = 3e-5  # learning rate of the product's weights, which are right already
_STYLES = 64  # to encode one takes a second


@dataclass(frozen=True)
class School:
    """What networks are trained on.

    Attributes:
        config: Weights of the losses, batch and crops.
        contents: Content pictures.
        bank: Styles.
        loss_network: The normalized one, ready for many passes.
        teacher: Whose pictures are the target of the lesson ``"pictures"``.
    """

    config: TrainConfig
    contents: Contents
    bank: StyleBank
    loss_network: LossNetwork
    teacher: TransferNetwork


def open_school(
    config: TrainConfig, loss_network: LossNetwork, encoder: LossNetwork, teacher: TransferNetwork
) -> School:
    """Encode some of the styles and get the loss network ready.

    Args:
        config: Folders, weights of the losses, batch and crops; ``out`` keeps the encoded styles.
        loss_network: The normalized one; made faster in place.
        encoder: What encodes styles.
        teacher: The network whose pictures are a lesson.
    """
    exclude = read_exclusions(config.exclude)
    loss_network.accelerate_()
    styles = list_pictures(config.styles, exclude=exclude)
    chosen = np.random.default_rng(config.seed).permutation(len(styles))[:_STYLES]
    bank = load_style_bank(
        [styles[index] for index in sorted(chosen)],
        loss_network,
        encoder,
        variants=config.style_variants,
        seed=config.seed,
        cache=config.out,
    )
    paths = list_pictures(config.contents, exclude=exclude)
    contents = Contents(paths, count=config.batch_contents, seed=config.seed)
    return School(config, contents, bank, loss_network, teacher)


def open_product_school(checkpoint: Path, **settings: Any) -> School:
    """Open the school of a checkpoint: its network teaches.

    Args:
        checkpoint: Network, encoder and loss network.
        settings: See :func:`short_config`.
    """
    state = load_checkpoint(checkpoint)
    config = short_config(state["config"], **settings)
    return open_school(config, load_loss_network(state), load_encoder(state), load_network(state))


def short_config(record: Mapping[str, Any], **settings: Any) -> TrainConfig:
    """Return the settings of a training before, for a short one: drafts alone, small crops.

    Args:
        record: Of its checkpoint; it says what the losses weigh.
        settings: What is to be otherwise.
    """
    kept = {name: value for name, value in record.items() if name.endswith("_weight")}
    config = TrainConfig(
        **kept, ground=record["ground"], size=NetworkSize(**record["size"]), **settings
    )
    return replace(config, stages=((0, 128),), style_variants=1, mixed_share=0.0, ramp_steps=0)


def retrain_(
    network: TransferNetwork,
    school: School,
    samples: int,
    lesson: Lesson,
    *,
    learning_rate: float,
    masks: Masks | None = None,
    first_step: int = 0,
) -> float:
    """Train a network for some samples, in place; how it encodes styles stays as it is.

    Args:
        network: The network.
        school: What it is trained on.
        samples: How many.
        lesson: By what.
        learning_rate: At the start; it falls along a cosine.
        masks: Of weights that stay 0.
        first_step: Where in the sequence of samples to begin.

    Returns:
        Seconds that it took.
    """
    config = school.config
    begun = time.perf_counter()
    network.train()
    groups = trained_groups(network)
    trained = [parameter for group in groups for parameter in group]
    optimizer = torch.optim.Adam([{"params": group} for group in groups], betas=(0.9, 0.99))
    steps = math.ceil(samples / config.batch)
    matrices = projections()
    drawn = drawn_ahead(
        school.contents, school.bank, config, range(first_step, first_step + steps), threads=1
    )
    for step, batch in enumerate(drawn):
        for group, rate in zip(optimizer.param_groups, RATES, strict=True):
            group["lr"] = rate * learning_rate * fall(step / steps)
        if lesson == "pictures":
            loss = distance_to_teacher(network, school.teacher, batch)
        else:
            weight = config.style_weight
            loss = compute_losses(network, school.loss_network, batch, config, weight, matrices)[
                "total"
            ]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, CLIP)
        optimizer.step()
        with torch.no_grad():
            for parameter, mask in (masks or {}).items():
                parameter.mul_(mask)
        if step % 10 == 0:
            logger.info("step %d of %d: %s %.4f", step, steps, lesson, loss.item())
    network.eval()
    return time.perf_counter() - begun


def trained_groups(network: TransferNetwork) -> list[list[nn.Parameter]]:
    """Return what learns, in the groups of ``RATES``; how styles are encoded stays as it is."""
    network.own_statistics.requires_grad_(False)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    wide = set(network.modulator.layers[0].parameters())
    return [[p for p in trained if (p in wide) == of_wide] for of_wide in (False, True)]


def fall(share: float) -> float:
    """Return the share of the learning rate that is left when so much is done: a cosine."""
    return _FALL + (1 - _FALL) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def distance_to_teacher(
    network: TransferNetwork, teacher: TransferNetwork, samples: Samples
) -> Tensor:
    """Return the mean squared distance of a network's pictures from its teacher's, times 1000."""
    content = samples.content
    if not isinstance(content, ContentBatch):
        raise TypeError("a teacher paints drafts only")
    with torch.no_grad():
        own = samples.shares @ teacher.own_statistics(samples.pictures)
        vectors = torch.cat([samples.encoded, own], dim=1)
        wanted = paint_draft(teacher, samples, content, vectors).raw
    painted = paint_draft(network, samples, content, vectors).raw
    return 1000 * (painted - wanted).square().mean()
