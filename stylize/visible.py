"""The colours of a picture with transparency, as far as they are seen."""

from __future__ import annotations

from PIL import Image, ImageStat


class VisibleColors:
    """RGB of an RGBA picture; what nobody sees has the mean colour, so that it decides nothing.

    Made part by part, as it is asked for: the whole would be another copy of the picture.

    Attributes:
        size: (width, height) of the picture.
    """

    def __init__(self, picture: Image.Image) -> None:
        self.size = picture.size
        self._picture = picture
        self._hidden: tuple[int, int, int] | None = None
        seen = picture.getchannel("A").point(lambda alpha: 255 if alpha else 0)
        if seen.getextrema() == (0, 255):
            red, green, blue, _ = (round(mean) for mean in ImageStat.Stat(picture, seen).mean)
            self._hidden = red, green, blue

    def crop(self, box: tuple[int, int, int, int], /) -> Image.Image:
        """Return a part (left, top, right, bottom)."""
        part = self._picture.crop(box)
        colors = part.convert("RGB")
        if self._hidden is not None:
            unseen = part.getchannel("A").point(lambda alpha: 0 if alpha else 255)
            colors.paste(self._hidden, mask=unseen)
        return colors

    def resize(
        self, size: tuple[int, int], resample: Image.Resampling, *, reducing_gap: float
    ) -> Image.Image:
        """Return all of it in another size, as ``Image.resize``."""
        return self._whole().resize(size, resample, reducing_gap=reducing_gap)

    def reduce(self, factor: int) -> Image.Image:
        """Return all of it, smaller, as ``Image.reduce``."""
        return self._whole().reduce(factor)

    def _whole(self) -> Image.Image:
        return self.crop((0, 0, *self.size))
