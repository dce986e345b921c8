"""What one step trains on."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stylize.training.config import TrainConfig
from stylize.training.data import (
    ContentBatch,
    Contents,
    RevisionBatch,
    to_tensor,
)
from stylize.training.modulator import CONDITIONS
from stylize.training.style_bank import StyleBank

_MAX_RATIO = 2.2  # a draft of 512 px has windows of 256 px


@dataclass(frozen=True)
class Samples:
    """What one step trains on; N = contents x styles per content.

    Attributes:
        content: The contents, for a draft or for a revision.
        seen: (N, 1920) what the loss network sees in the styles.
        encoded: (N, 1920) what the style encoder sees in them.
        covariances: (N, 2, P, P) their covariances.
        tones: (N, 9, 32) quantiles of their colours.
        colors: (N, 18) which colours they have, see :mod:`stylize.recoloring`.
        pictures: (M, 3, 256, 256) style pictures in half their size, in [0, 1].
        shares: (N, M) of the pictures in the styles; rows sum to 1.
        conditions: (N, 5) natural logarithms of the loss weights; the last is 1 in revisions.
        strength: (N, 1) in [0, 1].
        own_style: (N,) bool: the content's own statistics replace the style.
        ground: (N,) standard deviation of the ground, in levels of 255.
        detail: (N, 1) share of the content's finest octave that a revision sees.
        calm: (N,) calm shares of the styles.
        seed: Of the ground's places.
        contrast: (N, 10) of the styles, see :mod:`stylize.contrast`, where drafts are given it.
    """

    content: ContentBatch | RevisionBatch
    seen: Tensor
    encoded: Tensor
    covariances: Tensor
    tones: Tensor
    colors: Tensor
    pictures: Tensor
    shares: Tensor
    conditions: Tensor
    strength: Tensor
    own_style: Tensor
    ground: Tensor
    detail: Tensor
    calm: Tensor
    seed: int
    contrast: Tensor | None = None

    @property
    def recolored(self) -> Tensor:
        """(N,) how much of the style is to be seen, 0 where it is the content's own."""
        return self.strength[:, 0] * ~self.own_style


def draw_samples(contents: Contents, bank: StyleBank, config: TrainConfig, step: int) -> Samples:
    """Draw the samples of a step; the step's number and the seed decide everything."""
    rng = np.random.default_rng([contents.seed, step])
    revise = rng.random() < config.revision_share
    count = config.batch
    first, second = bank.draw(rng, 2 * count).reshape(2, count)
    # Mixtures make blends nothing new to the network, and are styles that it cannot learn by heart.
    mixed = rng.random(count) < config.mixed_share
    share = np.where(mixed, rng.random(count), 0).astype(np.float32)
    # In every other step the first two samples differ in nothing but their loss weights, which are
    # opposite: what these change is then not lost among all that styles and contents change.
    twins = step % 2 == 1 and config.styles_per_content > 1
    if twins:
        for of_style in (first, second, share):
            of_style[1] = of_style[0]
    seen = _mix(bank.vectors[first], bank.vectors[second], share)
    covariances = _mix(
        bank.covariances[first].astype(np.float32),
        bank.covariances[second].astype(np.float32),
        share,
    )
    others = np.flatnonzero(share)
    shares = np.concatenate([np.diag(1 - share), np.diag(share)[:, others]], axis=1)
    pictures = bank.pictures[np.concatenate([first, second[others]])]
    # With fewer of them the sliders stay without effect.
    weighted = rng.random(count) < 0.5
    conditions = rng.uniform(-math.log(4), math.log(4), size=(count, len(CONDITIONS)))
    ground = np.where(rng.random(count) < 0.5, rng.uniform(0, config.ground, count), 0)
    detail = rng.uniform(0.4, 1.3, count)
    kind = rng.random(count)
    if twins:
        conditions[1] = -conditions[0]
        weighted[:2], kind[:2] = True, 1.0
    conditions *= weighted[:, None]
    conditions[:, -1] = revise
    strength = np.where(kind < 0.12, rng.random(count), 1.0)
    strength = np.where(kind < 0.05, 0.0, strength)
    own_style = (kind >= 0.12) & (kind < 0.17)
    ground[own_style | (strength < 1)] = 0  # those should come out as the content is
    calm = _mix(bank.calm[first], bank.calm[second], share)
    calm[own_style] = 0  # all of it should come out
    side_px = config.side_px(step)
    return Samples(
        content=(
            contents.revision(step, side_px, config.draft_px)
            if revise
            else contents.batch(step, side_px, max_ratio=_MAX_RATIO)
        ),
        seen=torch.from_numpy(seen),
        encoded=torch.from_numpy(_mix(bank.encoded[first], bank.encoded[second], share)),
        covariances=torch.from_numpy(covariances),
        tones=torch.from_numpy(_mix(bank.tones[first], bank.tones[second], share)),
        colors=torch.from_numpy(_mix(bank.colors[first], bank.colors[second], share)),
        pictures=to_tensor(pictures),
        shares=torch.from_numpy(shares),
        conditions=torch.from_numpy(conditions.astype(np.float32)),
        strength=torch.from_numpy(strength.astype(np.float32))[:, None],
        own_style=torch.from_numpy(own_style),
        ground=torch.from_numpy(ground.astype(np.float32)),
        detail=torch.from_numpy(detail.astype(np.float32))[:, None],
        calm=torch.from_numpy(calm),
        seed=step,
    )


def drawn_ahead(
    contents: Contents, bank: StyleBank, config: TrainConfig, steps: range, *, threads: int
) -> Iterator[Samples]:
    """Yield the samples of steps in their order, drawn by threads while others are trained on."""
    with ThreadPoolExecutor(threads, "samples") as pool:
        waiting: deque[Future[Samples]] = deque()
        try:
            for step in steps:
                waiting.append(pool.submit(draw_samples, contents, bank, config, step))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *(1,) * (a.ndim - 1))
    mixed: np.ndarray = a + share * (b - a)
    return mixed
