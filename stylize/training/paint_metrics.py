"""The paint of a large picture, as one sees it from near: windows at full resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image

from stylize.training.data import to_tensor
from stylize.training.metrics import CONTENT_LAYER, style_losses
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork, style_vector

WINDOW_PX = 512
PAINTING_WINDOWS = 3  # in a row, and in a column
RESULT_WINDOWS = 2
ENLARGED_AT_MOST = 1.5  # a painting that would be enlarged more has no paint to compare with

Span = tuple[int, int]


class PaintMeter:
    """Compares the paint of results with that of paintings scaled to the same longer side."""

    def __init__(
        self, network: LossNetwork, paintings: Sequence[Image.Image], *, size_px: int
    ) -> None:
        """Keep the paintings, to be encoded when they are first asked for.

        Args:
            network: The normalized loss network.
            paintings: RGB, as large as they are.
            size_px: Longer side of the results.
        """
        self._network = network
        self._paintings = paintings
        self._size_px = size_px
        self._vectors: dict[int, torch.Tensor] = {}

    def measure(self, result: Image.Image, painting: int) -> float | None:
        """Return the style loss of windows of a result against windows of a painting.

        Returns:
            None if the painting is much smaller than the results.
        """
        original = self._paintings[painting]
        scale = self._size_px / max(original.size)
        if scale > ENLARGED_AT_MOST:
            return None
        if painting not in self._vectors:
            size = round(original.width * scale), round(original.height * scale)
            scaled = original.resize(size, Image.Resampling.LANCZOS)
            self._vectors[painting] = self._encode(windows(scaled))
        # Some windows tell enough of a result, since their chance averages out over many pairs;
        # what all of these pairs are compared with must be right.
        found = self._encode(diagonal_windows(result))
        return float(style_losses(found, self._vectors[painting]))

    @torch.inference_mode()
    def _encode(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """Style vector (1, 1920) of all windows together, as of one picture."""
        vectors = torch.cat(
            [
                style_vector(self._network(to_tensor([picture]), last=CONTENT_LAYER))
                for picture in pictures
            ]
        )
        means, stds = vectors[:, : VECTOR_LENGTH // 2], vectors[:, VECTOR_LENGTH // 2 :]
        # The variance of all is the mean of the variances plus the variance of the means.
        variance = stds.square().mean(dim=0) + means.var(dim=0, correction=0)
        return torch.cat([means.mean(dim=0), variance.sqrt()])[None]


def windows(picture: Image.Image) -> list[Image.Image]:
    """Cut windows of at most 512 px a side, evenly spread, at most three in a row and a column."""
    columns, rows = (_spans(side, PAINTING_WINDOWS) for side in picture.size)
    return [picture.crop(_box(column, row)) for row in rows for column in columns]


def diagonal_windows(picture: Image.Image) -> list[Image.Image]:
    """Cut one window of at most 512 px a side from the upper left and one from the lower right.

    A side that is shorter than two windows has one place for both.
    """
    columns, rows = (_spans(side, RESULT_WINDOWS) for side in picture.size)
    places = dict.fromkeys([(columns[0], rows[0]), (columns[-1], rows[-1])])
    return [picture.crop(_box(*place)) for place in places]


def _box(column: Span, row: Span) -> tuple[int, int, int, int]:
    return column[0], row[0], column[1], row[1]


def _spans(length: int, most: int) -> list[Span]:
    count = min(most, max(1, round(length / WINDOW_PX)))
    side = min(WINDOW_PX, length)
    starts = (round((index + 0.5) * length / count - side / 2) for index in range(count))
    return [(start, start + side) for start in (min(max(0, s), length - side) for s in starts)]
