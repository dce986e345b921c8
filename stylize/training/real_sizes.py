"""Measures of large pictures: the paint at full resolution, and the same look at every size.

A large result is seen twice. As a whole, as on a screen, it is scaled down to :data:`SEEN_PX` and
measured like any other picture of that size. The paint is what one sees of a print from near:
windows at full resolution, compared with windows of the painting scaled to the result's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from stylize.errors import TrainingError
from stylize.images import fit_within, resize_image
from stylize.training.data import to_tensor
from stylize.training.metrics import CONTENT_LAYER, style_losses
from stylize.training.pairs import SEEN_PX
from stylize.training.picture_metrics import ssim
from stylize.training.quantize import psnr_db
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork, style_vector

SAME_LOOK_PX = (640, 1280)  # the first one is what larger ones are compared with
RESULT_WINDOWS = 2  # a row and a column
PAINTING_WINDOWS = 3
ENLARGED_AT_MOST = 1.5  # a painting that would be enlarged more has no paint to compare with


class PaintMeter:
    """Compares the paint of results with that of paintings at full resolution."""

    def __init__(
        self, network: LossNetwork, paintings: Sequence[Image.Image], *, size_px: int
    ) -> None:
        """Encode the paintings.

        Args:
            network: The normalized loss network.
            paintings: RGB, as large as they are.
            size_px: Longer side of the results.
        """
        self._network = network
        self._paintings = [self._encode_painting(painting, size_px) for painting in paintings]

    def measure(self, result: Image.Image, painting: int) -> float | None:
        """Return the style loss of windows of a result against windows of a painting.

        Returns:
            None if the painting is much smaller than the results.
        """
        wanted = self._paintings[painting]
        if wanted is None:
            return None
        return float(style_losses(self._encode(result, RESULT_WINDOWS), wanted))

    def _encode_painting(self, painting: Image.Image, size_px: int) -> torch.Tensor | None:
        scale = size_px / max(painting.size)
        if scale > ENLARGED_AT_MOST:
            return None
        width, height = (round(side * scale) for side in painting.size)
        scaled = painting.resize((width, height), Image.Resampling.LANCZOS)
        return self._encode(scaled, PAINTING_WINDOWS)

    @torch.inference_mode()
    def _encode(self, picture: Image.Image, most: int) -> torch.Tensor:
        """Style vector of all windows together, as of one picture."""
        vectors = [
            style_vector(self._network(to_tensor([window]), last=CONTENT_LAYER))
            for window in windows(picture, most)
        ]
        means, stds = torch.split(torch.cat(vectors), VECTOR_LENGTH // 2, dim=1)
        # The variance of all is the mean of the variances and the variance of the means.
        variance = stds.square().mean(dim=0) + means.var(dim=0, correction=0)
        return torch.cat([means.mean(dim=0), variance.sqrt()])[None]


def windows(picture: Image.Image, most: int) -> Iterator[Image.Image]:
    """Yield windows of at most 512 px a side, evenly spread.

    Args:
        picture: To cut.
        most: Windows in a row and in a column.
    """
    for top, bottom in _spans(picture.height, most):
        for left, right in _spans(picture.width, most):
            yield picture.crop((left, top, right, bottom))


def _spans(length: int, most: int) -> list[tuple[int, int]]:
    count = min(most, max(1, round(length / SEEN_PX)))
    side = min(SEEN_PX, length)
    starts = (round((index + 0.5) * length / count - side / 2) for index in range(count))
    return [(start, start + side) for start in (min(max(0, s), length - side) for s in starts)]


@dataclass(frozen=True)
class SameLook:
    """How a picture painted large and scaled down agrees with the one painted small.

    Attributes:
        size_px: Longer side at which it was painted.
        psnr_db: Against the result at 640 px.
        ssim: Of the luma, against the same.
    """

    size_px: int
    psnr_db: float
    ssim: float


def measure_same_look(
    paint: Callable[[Image.Image], Image.Image], photo: Image.Image
) -> list[SameLook]:
    """Paint a photo at 640 px, at 1280 px and at its full size and compare.

    Args:
        paint: Content -> result of its size, RGB.
        photo: RGB, with a longer side above 1280 px.

    Returns:
        One for 1280 px, one for the full size.

    Raises:
        TrainingError: The photo is too small.
    """
    small_px, *larger = SAME_LOOK_PX
    if max(photo.size) <= larger[-1]:
        raise TrainingError(
            f"The same look is measured on photos of more than {larger[-1]} px; one has "
            f"{photo.width} x {photo.height} px."
        )
    reference = paint(resize_image(photo, fit_within(photo.size, small_px)))
    found = []
    for size in (*(fit_within(photo.size, px) for px in larger), photo.size):
        result = paint(resize_image(photo, size))
        seen = np.asarray(resize_image(result, reference.size))
        agreement = psnr_db(seen, np.asarray(reference)), ssim(seen, np.asarray(reference))
        found.append(SameLook(max(size), *agreement))
    return found
