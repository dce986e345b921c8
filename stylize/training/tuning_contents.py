"""Contents to tune a style on: many parts of what may be few photographs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from stylize.contract import Contract
from stylize.training.data import ContentBatch, to_tensor
from stylize.training.pairs import fit_longer_side

GRID_PX = 16  # sides of contents are multiples of it
CONTENT_SIDE_PX = Contract.draft_side_px  # smaller ones have other statistics
CONTENTS = 48  # with fewer they are learned by heart
KEPT_EVERY, KEPT = 6, 8  # photographs that tunings are judged by, and at most how many
_LEAST_PART = 0.6  # of a photograph's sides
_SEED = 1


def kept_aside(
    photographs: Sequence[Image.Image],
) -> tuple[list[Image.Image], list[Image.Image]]:
    """Part photographs: those to fit on, and a few to judge by of which no part is fitted on."""
    judges = range(KEPT_EVERY // 3, len(photographs), KEPT_EVERY)[:KEPT]
    fitted = [photo for index, photo in enumerate(photographs) if index not in judges]
    return fitted, [photographs[index] for index in judges]


def tuning_contents(photographs: Sequence[Image.Image], count: int = CONTENTS) -> list[Image.Image]:
    """Make contents of photographs: all of each, then parts, every other one mirrored.

    Drawings should not be among them: their style losses are so large that all is done for them.

    Args:
        photographs: RGB.
        count: Contents to make, if there are not more photographs.

    Returns:
        RGB of a draft's size, sides multiples of 16.
    """
    rng = np.random.default_rng(_SEED)
    rounds = -(-max(count, len(photographs)) // len(photographs)) if photographs else 0
    made = []
    for number in range(rounds):
        for photo in photographs:
            part = photo if number == 0 else _part(photo, rng)
            if number % 2:
                part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            made.append(on_grid(fit_longer_side(part, CONTENT_SIDE_PX)))
    return made[: max(count, len(photographs))]


def _part(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    share = _LEAST_PART ** rng.random()
    width, height = (max(1, round(share * side)) for side in photo.size)
    left, top = rng.integers(photo.width - width + 1), rng.integers(photo.height - height + 1)
    return photo.crop((int(left), int(top), int(left) + width, int(top) + height))


def on_grid(picture: Image.Image) -> Image.Image:
    """Cut a picture to sides that drafts in torch can have."""
    width, height = (max(GRID_PX, side // GRID_PX * GRID_PX) for side in picture.size)
    return picture.crop((0, 0, width, height))


def whole_content(content: Image.Image) -> ContentBatch:
    """Return a content as its own thumbnail."""
    crop = to_tensor([on_grid(content)])
    return ContentBatch(crop, crop)
