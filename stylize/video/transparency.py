"""Transparent films: found, taken apart, painted and put together.

What nobody sees has a colour too, and strokes beside it answer to it. It gets the mean colour of
what is seen of the first frame, and keeps it, so that nothing changes there.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.images import on_white

Bytes = NDArray[np.uint8]

# FFmpeg's own decoders of WebM leave the transparency out.
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: Any) -> Any:
    """Return what decodes a stream, its transparency included."""
    usual = stream.codec_context
    name = _DECODERS.get(usual.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return usual
    decoder = av.CodecContext.create(name, "r")
    decoder.extradata = usual.extradata
    return decoder


def is_transparent(frame: av.VideoFrame) -> bool:
    """Whether the pixels of a frame have an opacity."""
    return any(component.is_alpha for component in frame.format.components)


class Layers:
    """Takes frames apart into colours and opacity.

    Attributes:
        keeps_alpha: Else transparency is laid on white.
    """

    def __init__(self, *, keeps_alpha: bool) -> None:
        """Begin a film."""
        self.keeps_alpha = keeps_alpha
        self._unseen: NDArray[np.uint8] | None = None

    def split(self, picture: Image.Image) -> tuple[Bytes, Bytes | None]:
        """Return the colours of a picture, (H, W, 3), and its opacity, (H, W) or None."""
        if not self.keeps_alpha or picture.mode != "RGBA":
            return np.asarray(on_white(picture)), None
        pixels = np.asarray(picture)
        colors, alpha = np.ascontiguousarray(pixels[..., :3]), pixels[..., 3].copy()
        if self._unseen is None:
            weights = alpha if alpha.any() else np.ones_like(alpha)
            mean = np.average(colors, axis=(0, 1), weights=np.dstack([weights] * 3))
            self._unseen = np.rint(mean).astype(np.uint8)
        colors[alpha == 0] = self._unseen
        return colors, alpha


def joined(colors: Bytes, alpha: Bytes | None) -> Bytes:
    """Return colours with their opacity: (H, W, 4), or (H, W, 3) without."""
    return colors if alpha is None else np.dstack([colors, alpha])
