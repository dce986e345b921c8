"""Which part of a visitor's picture is the content: turned first, then cropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from stylize.errors import ImageError
from stylize.images import MIN_SIDE_PX
from stylize.messages import say

Box = tuple[float, float, float, float]

_TURNS = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)


@dataclass(frozen=True)
class Framing:
    """Quarter turns and a crop; the file itself stays as it is.

    Attributes:
        turns: Quarter turns clockwise, 0 to 3.
        box: Left, top, right and bottom as shares of the sides of the turned picture, 0 to 1.
    """

    turns: int
    box: Box

    @classmethod
    def read(cls, data: Any) -> Framing:
        """Read what the page sends: ``turns`` and ``box``, or nothing.

        Raises:
            ImageError: It is no part of a picture.
        """
        if data is None:
            return WHOLE
        try:
            values = dict(data) if isinstance(data, Mapping) else {}
            box = read_box(values["box"])
            turns = int(values["turns"]) % 4
        except (KeyError, OverflowError, TypeError, ValueError):
            raise ImageError(say("framing_wrong")) from None
        if not (box[0] < box[2] and box[1] < box[3]):
            raise ImageError(say("framing_wrong"))
        return cls(turns, box)

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the part of a picture, never smaller than a content may be."""
        turn = _TURNS[self.turns]
        if turn is not None:
            image = image.transpose(turn)
        if self.box == WHOLE.box:
            return image
        left, right = _span(self.box[0], self.box[2], image.width)
        top, bottom = _span(self.box[1], self.box[3], image.height)
        return image.crop((left, top, right, bottom))


WHOLE = Framing(0, (0.0, 0.0, 1.0, 1.0))


def read_box(data: Any) -> Box:
    """Read a part of a picture that the page sends; what lies outside of the picture is left out.

    Raises:
        ImageError: These are not four numbers.
    """
    try:
        left, top, right, bottom = (min(1.0, max(0.0, float(at))) for at in data)
    except (OverflowError, TypeError, ValueError):
        raise ImageError(say("framing_wrong")) from None
    return left, top, right, bottom


def _span(start: float, end: float, side_px: int) -> tuple[int, int]:
    """Return the pixels from one share of a side to another: at least as many as a content has."""
    least = min(side_px, MIN_SIDE_PX)
    first = min(round(start * side_px), side_px - least)
    return first, max(round(end * side_px), first + least)
