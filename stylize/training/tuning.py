"""Tuning a style: what the modulator says of it is corrected by gradient descent.

The modulator says of any style, at once, how it is to be painted, and has to be right about
thousands of them. For one style it can be done better: what is added to its answer is fitted with
the losses of the training, on parts of a few photographs. The numbers that are added are the last
part of the style vector, so a tuned style is stored, blended and painted like any other.

The network stays as it is. Conditional instance normalization (Dumoulin et al., "A Learned
Representation for Artistic Style", 2017) learns the same numbers, for a fixed set of styles.
"""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from stylize.contract import Contract
from stylize.errors import TrainingError
from stylize.styles import StyleVector
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
)
from stylize.training.data import to_tensor
from stylize.training.graphs import EncodeStyle
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork
from stylize.training.tuning_contents import on_grid
from stylize.training.tuning_losses import Prepared, Terms, TuningLosses
from stylize.training.tuning_styles import seen_as_drafts, style_samples
from stylize.training.vgg import LossNetwork, half_precision_is_faster
from stylize.training.zoom import calibrate_zoom_

RATE = 0.03  # of Adam: a step moves scales of about 1 by so much
LEAST_RATE = 0.05  # share of it that is left at the end
BATCH = 2  # drafts a step
# Shares of what was fitted that are tried on contents that it was not fitted on.
SHARES = (1.0, 0.75, 0.5)
_MEASURED = 8  # contents on which networks are measured, or tunings if none are kept aside
_SQUARE_PX = 384  # of contents on which the change of statistics with the zoom is measured
_SEED = 1


@dataclass(frozen=True)
class Tuned:
    """What came of it.

    Attributes:
        tuning: (T,) float32, the last part of the style's vector; zeros if none helps.
        share: Of what was fitted: one of ``SHARES``, or 0 if contents that were kept aside are
            better painted without any of it, or with the style's earlier tuning.
        style_loss: Of drafts as shown, mean over those contents: untuned, and with ``tuning``.
        content_loss: Likewise.
        steps: Taken.
    """

    tuning: Tensor
    share: float
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
    loss_network = load_loss_network(state)
    loss_network.accelerate_(half_precision=half_precision_is_faster())
    return Networks(load_network(state), loss_network, load_encoder(state))


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


def tune_style(
    networks: Networks,
    pictures: Sequence[Image.Image],
    contents: Sequence[Image.Image],
    *,
    kept: Sequence[Image.Image] = (),
    earlier: NDArray[np.float32] | None = None,
    contract: Contract | None = None,
    seconds: float = math.inf,
    steps: int | None = None,
    weights: Mapping[str, float] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Tuned:
    """Fit what is added to the modulator's answer for a style. Ctrl+C ends it with what there is.

    Args:
        networks: Theirs stay as they are.
        pictures: Of the style, RGB; the means of their statistics are what is aimed at.
        contents: RGB, see :mod:`stylize.training.tuning_contents`; cut to multiples of 16.
        kept: Likewise, not fitted on: how much of the tuning helps is found on them. Without them
            it is found on contents that were fitted on.
        earlier: (T,), the tuning that the style has so far; a new one has to be better.
        contract: Of the model that paints; None: drafts are recolored as measured.
        seconds: Time to spend; a step is taken at least.
        steps: Steps to take; none: as many as there is time for.
        weights: In the place of some of :data:`stylize.training.tuning_losses.WEIGHTS`.
        progress: Called with the share done.

    Raises:
        ValueError: There is nothing to fit, or no end.
    """
    if not pictures or not contents or (steps is None and math.isinf(seconds)):
        raise ValueError("pictures, contents, and seconds or steps are needed")
    start = time.monotonic()
    measured = style_samples(
        networks.loss_network, networks.encoder.requires_grad_(False), pictures
    )
    network = copy.deepcopy(networks.network).requires_grad_(False).eval()
    drafts = TuningLosses(
        network,
        networks.loss_network.requires_grad_(False),
        seen_as_drafts(measured, networks.loss_network, pictures),
        contract=contract,
        weights=weights,
        half_precision=half_precision_is_faster(),
    )
    _calibrate_zoom_(network, contents, drafts.vector)
    fit = _Fit(network, drafts, *([on_grid(one) for one in some] for some in (contents, kept)))
    # Whoever loses patience keeps what there is.
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            spent = time.monotonic() - start + fit.seconds_to_measure
            share = fit.taken / steps if steps else spent / seconds
            if share >= 1 and fit.taken:
                break
            share = min(1.0, share)
            if progress is not None:
                progress(share)
            fit.step(share)
    return fit.result(None if earlier is None else torch.tensor(earlier)[None])


class _Found(NamedTuple):
    """Means over the contents that are judged by."""

    total: float
    style: float
    content: float


class _Fit:
    """The numbers that are fitted, and the contents that they are fitted on.

    Attributes:
        taken: Steps.
        seconds_to_measure: What :meth:`result` will take.
    """

    def __init__(
        self,
        network: TransferNetwork,
        drafts: TuningLosses,
        contents: Sequence[Image.Image],
        kept: Sequence[Image.Image],
    ) -> None:
        self._drafts = drafts
        self._contents = [*contents, *kept]
        self._fitted = len(contents)
        some = range(min(_MEASURED, len(contents)))
        self._judges = range(len(contents), len(self._contents)) if kept else some
        self._prepared: dict[int, tuple[Prepared, Terms]] = {}
        self._moved = torch.zeros(1, network.tuning, requires_grad=True)
        self._optimizer = torch.optim.Adam([self._moved], lr=RATE, betas=(0.9, 0.99))
        self._rng = np.random.default_rng(_SEED)
        self._order: list[int] = []
        self.taken = 0
        times = [time.monotonic()]
        for index in self._judges:
            self._look(index)
            times.append(time.monotonic())
        # The first ones take longer. Once more for an earlier tuning.
        looks = (len(SHARES) + 1) * len(self._judges)
        self.seconds_to_measure = looks * float(np.diff(times).min())
        self._reach = _reach(network, drafts, [self._look(index)[0] for index in some])

    def step(self, share: float) -> None:
        """Take a step; the rate falls with the share that is done."""
        rate = LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * share)) / 2
        self._optimizer.param_groups[0]["lr"] = RATE * rate
        self._optimizer.zero_grad()
        for _ in range(BATCH):
            if not self._order:
                self._order = self._rng.permutation(self._fitted).tolist()
            content, before = self._look(self._order.pop())
            terms = self._drafts.terms(content, self._reach * self._moved)
            total = self._drafts.total(terms, float(before["content"])) / BATCH
            total.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self.taken += 1

    @torch.no_grad()
    def result(self, earlier: Tensor | None = None) -> Tuned:
        """Return as much of what was fitted as helps, and what it does to contents.

        Args:
            earlier: (1, T), another tuning that it has to be better than.
        """
        fitted = self._reach * self._moved
        untuned = torch.zeros_like(fitted)
        before = best = self._measure(untuned)
        least, share = before.total, 0.0
        if earlier is not None:
            least = min(least, self._measure(earlier).total)
        for tried in SHARES:
            found = self._measure(tried * fitted)
            if found.total < least:
                best, least, share = found, found.total, tried
        losses = (before.style, best.style), (before.content, best.content)
        return Tuned((share * fitted)[0], share, *losses, self.taken)

    def _measure(self, tuning: Tensor) -> _Found:
        """Paint what is judged by."""
        rows = []
        for content, before in map(self._look, self._judges):
            terms = self._drafts.terms(content, tuning) if tuning.any() else before
            total = self._drafts.total(terms, float(before["content"]))
            rows.append([float(total), float(terms["style"]), float(terms["content"])])
        return _Found(*np.mean(rows, axis=0).tolist())

    @torch.no_grad()
    def _look(self, index: int) -> tuple[Prepared, Terms]:
        """Return a content and its losses untuned."""
        if index not in self._prepared:
            content = self._drafts.prepare(self._contents[index], seed=index)
            untuned = torch.zeros(1, self._moved.shape[1])
            self._prepared[index] = content, self._drafts.terms(content, untuned)
        return self._prepared[index]


def _calibrate_zoom_(
    network: TransferNetwork, contents: Sequence[Image.Image], vector: Tensor
) -> None:
    """Measure what the export measured, on some contents and in the style."""
    squares = [ImageOps.fit(content, (_SQUARE_PX, _SQUARE_PX)) for content in contents[:_MEASURED]]
    calibrate_zoom_(network, to_tensor(squares), vector.expand(len(squares), -1))


@torch.no_grad()
def _reach(network: TransferNetwork, drafts: TuningLosses, contents: Sequence[Prepared]) -> Tensor:
    """How far each number may go in one step, (1, T): loud styles have large scales and shifts."""
    plain = torch.zeros(1, len(CONDITIONS))
    said = [network.modulation(one.thumbnail, drafts.vector, plain) for one in contents]
    numbers = torch.cat([torch.cat([m.scale, m.shift], dim=1) for m in said])
    return 0.5 + numbers.abs().mean(dim=0, keepdim=True)
