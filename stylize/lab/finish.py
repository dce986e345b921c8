"""The finest render: what the engine paints, polished by optimisation.

Gatys et al., 2016, began with noise or the content; here the engine's result is where it begins,
so that few steps are left to do. Large pictures are polished from coarse to fine (Gatys et al.,
2017): what a level changed is added to the engine's result in the next size, and no level loses
the detail of that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylize.controls import MAX_FINISH, Controls
from stylize.engine import Engine
from stylize.errors import ControlError, OutOfMemoryError
from stylize.finishing import FADE_STRENGTH, finish
from stylize.images import fit_within, on_white, prepare_image, resize_image
from stylize.lab.features import FeatureNetwork
from stylize.lab.gatys import is_memory, level_sizes, optimize, to_image
from stylize.lab.objective import Losses, Objective, Styles, Weights
from stylize.regions import Region
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

MIN_SIDE_PX, MAX_SIDE_PX = 64, 5000  # an A3 page at 300 dpi has 4961 px
_LEAST_STEPS = 5  # of a level
_PAINTING = 0.02  # share of the progress that is the engine's


@dataclass(frozen=True)
class Finished:
    """What came out.

    Attributes:
        picture: RGB, or RGBA with the content's transparency.
        losses: Of every step, in order.
        stopped: Why it ended early: ``"interrupted"``, ``"memory"`` or nothing.
    """

    picture: Image.Image
    losses: tuple[Losses, ...]
    stopped: str = ""


def finish_picture(
    engine: Engine,
    content: Image.Image,
    style: StyleVector,
    pictures: Styles,
    network: FeatureNetwork,
    steps: int,
    *,
    controls: Controls | None = None,
    max_side_px: int | None = None,
    regions: Sequence[Region] = (),
    fast: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Finished:
    """Paint a content by the engine, and polish that; Ctrl+C ends it with what is polished so far.

    Args:
        engine: What paints.
        content: Any mode; the result may have 64 to 5000 px a side.
        style: What the engine paints with: one style or the blend of several.
        pictures: Of these styles, any mode, with their weights.
        network: What sees them.
        steps: Of the smallest level; every further one, in twice the size, gets half of them.
        controls: As of :meth:`stylize.engine.Engine.stylize`. Below strength 1 the content is a
            style among the others.
        max_side_px: Likewise.
        regions: Only those that keep the content.
        fast: Likewise.
        progress: Called with the share done.

    Raises:
        ControlError: The size, the steps or a region cannot be.
        ImageError: A picture is unusable.
        OutOfMemoryError: Not even the smallest level fits.
    """
    controls = controls or Controls()
    if any(region.style is not None for region in regions):
        raise ControlError(
            "A picture that is finished has one style everywhere: leave out masks with a style of "
            "their own, or the finish. Masks that keep the content may stay."
        )
    content = prepare_image(content)
    if max_side_px is not None:
        content = resize_image(content, fit_within(content.size, max_side_px))
    check_finish(content.size, steps)
    if controls.strength == 0:
        return Finished(content.copy(), ())

    def tell(share: float) -> None:
        if progress is not None:
            progress(share)

    # Colours, masks and fading come last: the losses would undo them.
    strength = max(controls.strength, FADE_STRENGTH)
    plain = replace(controls, color=0.0, texture=1.0, strength=strength)
    painted = engine.stylize(
        content, style, controls=plain, fast=fast, progress=lambda done: tell(_PAINTING * done)
    )
    seen = on_white(content)
    weights = Weights()
    weights = replace(
        weights,
        content=weights.content * controls.content_weight,
        style=weights.style * controls.style_weight,
    )
    styles = [(on_white(prepare_image(picture)), weight) for picture, weight in pictures]
    polished = polish(
        painted.convert("RGB"),
        seen,
        _with_content(styles, seen, controls.strength),
        network,
        weights,
        steps,
        progress=lambda done: tell(_PAINTING + (1 - _PAINTING) * done),
    )
    picture = polished.picture
    if content.mode == "RGBA":
        picture.putalpha(content.getchannel("A"))
    finish(picture, content, controls, regions)
    return replace(polished, picture=picture)


def polish(
    painted: Image.Image,
    content: Image.Image,
    styles: Styles,
    network: FeatureNetwork,
    weights: Weights,
    steps: int,
    *,
    progress: Callable[[float], None] | None = None,
) -> Finished:
    """Move the pixels of a painted picture towards what the losses ask for.

    Args:
        painted: RGB, where it begins.
        content: RGB, of the same size.
        styles: RGB pictures and their weights.
        network: What sees them.
        weights: Of the losses.
        steps: As of :func:`finish_picture`.
        progress: Likewise.

    Raises:
        OutOfMemoryError: Not even the smallest level fits.
    """
    sizes = level_sizes(painted.size, network.least_px)
    counts = [steps, *(max(_LEAST_STEPS, steps >> level) for level in range(1, len(sizes)))]
    work = sum(count * _area(size) for count, size in zip(counts, sizes, strict=True))
    losses: list[Losses] = []
    done, stopped = 0, ""
    change = np.zeros((1, 1, 3), np.float32)
    for level, (size, count) in enumerate(zip(sizes, counts, strict=True)):

        def tell(found: Losses, _: Tensor, area: int = _area(size)) -> None:
            nonlocal done
            losses.append(found)
            done += area
            if progress is not None:
                progress(min(1.0, done / work))

        try:
            below = painted.resize(size, Image.Resampling.LANCZOS)
            start = _add(below, change)
            wanted = content.resize(size, Image.Resampling.LANCZOS)
            objective = Objective(wanted, styles, network, weights)
            best, interrupted = optimize(start, objective, "lbfgs", count, tell)
            change = np.asarray(to_image(best), np.float32) - np.asarray(below, np.float32)
        except KeyboardInterrupt:
            if level == 0:
                raise
            interrupted = True
        except (MemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            if level == 0:
                raise OutOfMemoryError from error
            logger.warning("%d x %d px do not fit into memory: not polished so finely", *size)
            stopped = "memory"
            break
        if interrupted:
            stopped = "interrupted"
            break
    return Finished(_add(painted, change), tuple(losses), stopped)


def check_finish(size: tuple[int, int], steps: int) -> None:
    """Make sure that a picture of this size can be finished.

    Raises:
        ControlError: It cannot.
    """
    if not 1 <= steps <= MAX_FINISH:
        raise ControlError(f"A finish has 1 to {MAX_FINISH} steps; got {steps}.")
    if min(size) < MIN_SIDE_PX or max(size) > MAX_SIDE_PX:
        raise ControlError(
            f"A picture that is finished may have {MIN_SIDE_PX} to {MAX_SIDE_PX} px a side; this "
            f"one has {size[0]} x {size[1]}. Set --max-side, or leave --finish out."
        )


def _with_content(
    styles: Styles, content: Image.Image, strength: float
) -> list[tuple[Image.Image, float]]:
    """Let the content be a style among the others, as much as strength lacks of 1."""
    total = sum(weight for _, weight in styles)
    faded = [(picture, weight * strength) for picture, weight in styles]
    return faded if strength == 1 else [*faded, (content, total * (1 - strength))]


def _add(picture: Image.Image, change: np.ndarray) -> Image.Image:
    """Add a change, (h, w, 3) in levels, that is enlarged to the picture's size first."""
    width, height = picture.size
    if change.shape[:2] != (height, width):
        planes = torch.from_numpy(change).permute(2, 0, 1)[None]
        large = torch.nn.functional.interpolate(planes, (height, width), mode="bicubic")
        change = large[0].permute(1, 2, 0).numpy()
    pixels = np.asarray(picture, np.float32) + change
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
