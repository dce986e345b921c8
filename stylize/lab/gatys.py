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
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylize.errors import ControlError, OutOfMemoryError
from stylize.images import fit_within, on_white, prepare_image, resize_image
from stylize.lab.features import FeatureNetwork, Features
from stylize.training.data import fit_area, to_tensor

logger = logging.getLogger(__name__)

OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise", "engine")
COARSEST_PX = 256  # longer side of the first level, at least
_LEAST_STEPS = 10  # of a level
_ADAM_STEP = 0.02  # of a pixel in [0, 1]
_HISTORY = 10  # gradients that L-BFGS remembers

Optimizer = Literal["lbfgs", "adam"]


@dataclass(frozen=True, kw_only=True)
class Gatys:
    """What is optimised, and for how long.

    Features are scaled so that every layer has mean activation one over the two pictures (Gatys et
    al. scaled every channel of their network so), so the weights mean the same for all networks.

    Attributes:
        content_weight: Alpha of the paper.
        style_weight: Beta of the paper.
        smoothness_weight: Of the total variation.
        steps: Of the first level; every further one, in twice the size, gets half of them.
        optimizer: ``lbfgs`` as in the paper, or ``adam``.
        max_side_px: Longer side of the result.

    Raises:
        ControlError: A value cannot be.
    """

    content_weight: float = 1e4
    style_weight: float = 1e6
    smoothness_weight: float = 1e3
    steps: int = 100
    optimizer: Optimizer = "lbfgs"
    max_side_px: int = 512

    def __post_init__(self) -> None:
        for name in ("content_weight", "style_weight", "smoothness_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ControlError(f"{name} must be 0 or more; got {getattr(self, name):g}.")
        if self.content_weight == self.style_weight == 0:
            raise ControlError("With both weights at 0 there is nothing to optimise.")
        if self.steps < 1:
            raise ControlError(f"steps must be at least 1; got {self.steps}.")
        if self.optimizer not in OPTIMIZERS:
            raise ControlError(f"optimizer must be lbfgs or adam; got {self.optimizer!r:.40}.")
        if not 64 <= self.max_side_px <= 4096:
            raise ControlError(f"max_side_px must be 64 to 4096; got {self.max_side_px}.")


class Losses(NamedTuple):
    """The weighted sum, and content and style loss without their weights."""

    total: float
    content: float
    style: float


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
    sizes = level_sizes(seen.size)
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

        targets = seen.resize(size, Image.Resampling.LANCZOS), _style_at(style, size)
        try:
            found, interrupted = _optimize(
                best.resize(size, Image.Resampling.BICUBIC),
                *targets,
                network,
                settings,
                count,
                tell,
            )
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "memory" not in str(error):
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


def level_sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the sizes of the levels, each twice the one before, the last the whole."""
    sizes = [size]
    while max(sizes[0]) >= 2 * COARSEST_PX:
        width, height = sizes[0]
        sizes.insert(0, ((width + 1) // 2, (height + 1) // 2))
    return sizes


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    """Return white noise to start from."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8))


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of (N, C, h, w), divided by the h * w positions."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def style_loss(grams: Tensor, wanted: Tensor) -> Tensor:
    """Return the loss of one layer: 1 / (4 N^2 M^2) of the squared differences of Gram matrices.

    Args:
        grams: (1, N, N), divided by the M positions, so that pictures may differ in size.
        wanted: (1, N, N), of the style.
    """
    return (grams - wanted).square().mean() / 4


def content_loss(features: Tensor, wanted: Tensor) -> Tensor:
    """Return half of the mean squared difference, the paper's loss for each value."""
    return (features - wanted).square().mean() / 2


def total_variation(images: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels of (N, 3, H, W)."""
    return images.diff(dim=2).square().mean() + images.diff(dim=3).square().mean()


def to_image(picture: Tensor) -> Image.Image:
    """Return a picture (1, 3, H, W) in [0, 1] as RGB."""
    pixels = (picture[0].detach().clamp(0, 1) * 255).round().byte()
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def _style_at(style: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale a style to the area of the content, but never up."""
    side = min((size[0] * size[1]) ** 0.5, (style.width * style.height) ** 0.5)
    return style.resize(fit_area(style.size, max(64, round(side))), Image.Resampling.LANCZOS)


class _Targets:
    """What the network shall see."""

    def __init__(
        self, content: Image.Image, style: Image.Image, network: FeatureNetwork, settings: Gatys
    ) -> None:
        self._network, self._settings = network, settings
        with torch.no_grad():
            of_content, of_style = (network(to_tensor([picture])) for picture in (content, style))
            self._scales = {
                name: 2 / (of_content[name].mean() + of_style[name].mean()).clamp_min(1e-6)
                for name in of_content
            }
            layer = network.content_layer
            self._content = of_content[layer] * self._scales[layer]
            self._grams = self._gram(of_style)

    def _gram(self, features: Features) -> dict[str, Tensor]:
        layers = self._network.style_layers
        return {name: gram(features[name] * self._scales[name]) for name in layers}

    def losses(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the total loss, the content loss and the style loss."""
        features = self._network(picture)
        layer = self._network.content_layer
        content = content_loss(features[layer] * self._scales[layer], self._content)
        grams = self._gram(features)
        terms = [style_loss(grams[name], wanted) for name, wanted in self._grams.items()]
        style = torch.stack(terms).mean()
        settings = self._settings
        total = (
            settings.content_weight * content
            + settings.style_weight * style
            + settings.smoothness_weight * total_variation(picture)
        )
        return total, content, style


def _optimize(
    start: Image.Image,
    content: Image.Image,
    style: Image.Image,
    network: FeatureNetwork,
    settings: Gatys,
    count: int,
    tell: Callable[[Losses, Tensor], None],
) -> tuple[Tensor, bool]:
    """Optimise one level; return the best picture and whether it was interrupted."""
    picture = to_tensor([start]).contiguous().requires_grad_()
    targets = _Targets(content, style, network, settings)
    best, least = picture.detach().clone(), float("inf")
    latest = Losses(least, least, least)

    def closure() -> Tensor:
        nonlocal best, least, latest
        optimizer.zero_grad()
        total, content_term, style_term = targets.losses(picture)
        total.backward()  # type: ignore[no-untyped-call]
        latest = Losses(*(float(x.detach()) for x in (total, content_term, style_term)))
        if latest.total < least:
            best, least = picture.detach().clone(), latest.total
        return total

    optimizer: torch.optim.Optimizer
    if settings.optimizer == "lbfgs":
        optimizer = torch.optim.LBFGS(
            [picture],
            max_iter=1,
            max_eval=4,
            history_size=_HISTORY,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )
    else:
        optimizer = torch.optim.Adam([picture], lr=_ADAM_STEP)
    try:
        for _ in range(count):
            optimizer.step(closure)  # type: ignore[no-untyped-call]
            with torch.no_grad():
                picture.clamp_(0, 1)
            tell(latest, best)
    except KeyboardInterrupt:
        return best, True
    return best, False
