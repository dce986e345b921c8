"""Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016.

The picture itself is what is optimised, until a network sees the shapes of the content and the
Gram matrices of the style in it. Nothing is trained, and a picture takes minutes. Large pictures
are painted from coarse to fine (Gatys et al., "Controlling Perceptual Factors in Neural Style
Transfer", 2017): strokes are as large as the smallest level makes them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylize.errors import ControlError, OutOfMemoryError
from stylize.images import fit_within, on_white, prepare_image, resize_image
from stylize.lab.features import FeatureNetwork
from stylize.lab.objective import Losses, Objective, Weights
from stylize.training.data import to_tensor

logger = logging.getLogger(__name__)

OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise", "engine")
COARSEST_PX = 256  # longer side of the first level, at least
_LEAST_STEPS = 10  # of a level
_ADAM_STEP = 0.02  # of a pixel in [0, 1]
_HISTORY = 10  # gradients that L-BFGS remembers
_SHORT = 4  # the same of a picture of many tiles, where they are what takes most of the memory
# An illegal access to memory is a fault of another kind.
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")

Optimizer = Literal["lbfgs", "adam"]


@dataclass(frozen=True, kw_only=True)
class Gatys:
    """What is optimised, and for how long.

    Attributes:
        weights: Of the losses.
        steps: Of the first level; every further one, in twice the size, gets half of them.
        optimizer: ``lbfgs`` as in the paper, or ``adam``.
        max_side_px: Longer side of the result.

    Raises:
        ControlError: A value cannot be.
    """

    weights: Weights = field(default_factory=Weights)
    steps: int = 100
    optimizer: Optimizer = "lbfgs"
    max_side_px: int = 512

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ControlError(f"steps must be at least 1; got {self.steps}.")
        if self.optimizer not in OPTIMIZERS:
            raise ControlError(f"optimizer must be lbfgs or adam; got {self.optimizer!r:.40}.")
        if not 64 <= self.max_side_px <= 4096:
            raise ControlError(f"max_side_px must be 64 to 4096; got {self.max_side_px}.")


@dataclass(frozen=True)
class Step:
    """One step of the optimisation.

    Attributes:
        side_px: Longer side of the level.
        elapsed_s: Since the start.
        losses: Of the picture as it is now.
    """

    side_px: int
    elapsed_s: float
    losses: Losses


Report = Callable[[float, Step, Image.Image], None]
"""Called with the share done, 0 to 1, the step, and the best picture of its level."""


@dataclass(frozen=True)
class Painted:
    """What came out.

    Attributes:
        picture: The best of the last level that was begun.
        steps: All steps, in order.
        stopped: Why it ended early: ``"interrupted"``, ``"memory"`` or nothing.
    """

    picture: Image.Image
    steps: tuple[Step, ...]
    stopped: str = ""


def paint(
    content: Image.Image,
    style: Image.Image,
    network: FeatureNetwork,
    settings: Gatys,
    *,
    start: Image.Image | None = None,
    report: Report | None = None,
) -> Painted:
    """Paint a content in a style by optimisation; Ctrl+C ends it with the best picture so far.

    Args:
        content: Any mode, from 64 px a side.
        style: Any mode.
        network: What sees both.
        settings: Weights, steps, size.
        start: Where to begin: the engine's result, noise; default: the content.
        report: Called after every step.

    Raises:
        ImageError: A picture is unusable.
        ControlError: The content has a side of less than 64 px.
        OutOfMemoryError: Not even the first level fits.
    """
    seen = on_white(prepare_image(content))
    if min(seen.size) < 64:
        raise ControlError(f"The content must have 64 px a side; it has {min(seen.size)}.")
    seen = resize_image(seen, fit_within(seen.size, settings.max_side_px))
    style = on_white(prepare_image(style))
    sizes = level_sizes(seen.size, network.least_px)
    counts = [max(_LEAST_STEPS, settings.steps >> level) for level in range(len(sizes))]
    counts[0] = settings.steps
    begun, best = time.perf_counter(), on_white(prepare_image(start)) if start else seen
    steps: list[Step] = []
    stopped = ""
    for level, (size, count) in enumerate(zip(sizes, counts, strict=True)):

        def tell(losses: Losses, picture: Tensor, side: int = max(size)) -> None:
            steps.append(Step(side, time.perf_counter() - begun, losses))
            if report is not None:
                report(min(1.0, len(steps) / sum(counts)), steps[-1], to_image(picture))

        try:
            wanted = seen.resize(size, Image.Resampling.LANCZOS)
            objective = Objective(wanted, [(style, 1.0)], network, settings.weights)
            begin = best.resize(size, Image.Resampling.BICUBIC)
            found, interrupted = optimize(begin, objective, settings.optimizer, count, tell)
        except KeyboardInterrupt:  # between the steps: the level before is kept
            if level == 0:
                raise
            stopped = "interrupted"
            break
        except (MemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            if level == 0:
                raise OutOfMemoryError from error
            logger.warning("%d x %d px do not fit into memory", *size)
            stopped = "memory"
            break
        best = to_image(found)
        if interrupted:
            stopped = "interrupted"
            break
    return Painted(best, tuple(steps), stopped)


def level_sizes(size: tuple[int, int], least_px: int) -> list[tuple[int, int]]:
    """Return the sizes of the levels, each twice the one before, the last the whole.

    Args:
        size: Width and height of the whole.
        least_px: Shortest side that the network can see; narrow pictures have fewer levels.
    """
    sizes = [size]
    while max(sizes[0]) >= 2 * COARSEST_PX:
        width, height = sizes[0]
        half = (width + 1) // 2, (height + 1) // 2
        if min(half) < least_px:
            break
        sizes.insert(0, half)
    return sizes


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    """Return white noise to start from."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8))


def to_image(picture: Tensor) -> Image.Image:
    """Return a picture (1, 3, H, W) in [0, 1] as RGB."""
    pixels = (picture[0].detach().clamp(0, 1) * 255).round().byte().cpu()
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def is_memory(error: Exception) -> bool:
    """Whether there was not enough memory; torch mostly says so in words."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _NO_MEMORY)


def optimize(
    start: Image.Image,
    objective: Objective,
    optimizer: Optimizer,
    count: int,
    tell: Callable[[Losses, Tensor], None],
) -> tuple[Tensor, bool]:
    """Optimise a picture in one size.

    Args:
        start: RGB, where to begin.
        objective: Of the same size.
        optimizer: What moves the pixels.
        count: Steps.
        tell: Called after every step with the losses and the best picture so far.

    Returns:
        The best picture, and whether Ctrl+C ended it.
    """
    picture = to_tensor([start]).contiguous().to(objective.device).requires_grad_()
    best, least = picture.detach().clone(), float("inf")
    latest = Losses(least, least, least)

    def closure() -> float:
        nonlocal best, least, latest
        latest = objective.backward(picture)
        if latest.total < least:
            best, least = picture.detach().clone(), latest.total
        return latest.total

    moving = _optimizer(optimizer, picture, history=_HISTORY if objective.is_one else _SHORT)
    try:
        for _ in range(count):
            moving.step(closure)
            with torch.no_grad():
                picture.clamp_(0, 1)
            tell(latest, best)
    except KeyboardInterrupt:
        return best, True
    return best, False


def _optimizer(name: Optimizer, picture: Tensor, *, history: int) -> torch.optim.Optimizer:
    if name == "adam":
        return torch.optim.Adam([picture], lr=_ADAM_STEP)
    return torch.optim.LBFGS(
        [picture],
        max_iter=1,
        max_eval=4,
        history_size=history,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
