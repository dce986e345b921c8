"""The plan of a picture: from a draft of a fixed size, by doublings, to its full size.

Strokes have the size that they get in the draft, so a picture looks the same at every size: the
large one refines the small one. After Gatys et al., "Controlling Perceptual Factors in Neural Style
Transfer", 2017 (coarse to fine), and Lin et al., "Drafting and Revision: Laplacian Pyramid Network
for Fast High-Quality Artistic Style Transfer", 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from stylize.contract import Contract

Size = tuple[int, int]

# A picture longer than twice its shorter side is a strip or a panorama: nobody sees it whole, and
# its strokes are measured against what one does see.
_LONGEST_SIDES = 2
_LARGEST_ENLARGEMENT = 4.0  # of tiny pictures for the draft
_NEARLY = 1.02  # a draft that is so close to the full size needs no revision


@dataclass(frozen=True)
class Revision:
    """One step from a painting to a larger one.

    Attributes:
        size: (width, height) of the larger one.
        exponent: The content is scaled down to it by ``2 ** exponent``.
        share: Of the network's revision in the result; less than 1 where the step is smaller
            than a doubling: part of the octave that it paints is the draft's.
    """

    size: Size
    exponent: int
    share: float


@dataclass(frozen=True)
class Plan:
    """How a picture is painted.

    Attributes:
        full: (width, height) of the picture.
        draft: (width, height) of the draft, multiples of the grid.
        revisions: From small to large; the last has the full size. None if the draft is about as
            large as the picture, or larger.
    """

    full: Size
    draft: Size
    revisions: tuple[Revision, ...]

    def of_part(self, size: Size, contract: Contract) -> Plan:
        """Return how a part of a (width, height) is painted: in the same scales."""
        scale = max(self.draft) / max(self.full)
        revisions = (
            replace(revision, size=_shrink(size, revision.exponent)) for revision in self.revisions
        )
        return Plan(size, _on_grid(size, scale, contract), tuple(revisions))


def seen_side_px(size: Size) -> int:
    """Return the longer side of a picture, or of the part of a long one that is seen at once."""
    return min(max(size), _LONGEST_SIDES * min(size))


def make_plan(size: Size, contract: Contract, *, stroke_size: float = 1.0) -> Plan:
    """Plan a picture.

    Args:
        size: (width, height) of the picture.
        contract: Of the model.
        stroke_size: Size of the strokes as a factor: the draft is smaller by it.
    """
    scale = min(_LARGEST_ENLARGEMENT, contract.draft_side_px / stroke_size / seen_side_px(size))
    # Multiples of the grid: the same photograph has the same draft in all of its sizes.
    width, height = _on_grid(size, scale, contract)
    revisions: list[Revision] = []
    exponent = 0
    while True:
        level = _shrink(size, exponent)
        ratio = min(level[0] / width, level[1] / height)  # the other is rounded down more
        if ratio <= _NEARLY:
            break
        revisions.append(Revision(level, exponent, min(1.0, math.log2(ratio)) ** 2))
        exponent += 1
    return Plan(size, (width, height), tuple(reversed(revisions)))


def _on_grid(size: Size, scale: float, contract: Contract) -> Size:
    grid = contract.grid_px
    width, height = (max(2 * grid, grid * round(side * scale / grid)) for side in size)
    return width, height


def _shrink(size: Size, exponent: int) -> Size:
    """Halve a size, rounding up, so often."""
    step: int = 2**exponent
    return -(-size[0] // step), -(-size[1] // step)
