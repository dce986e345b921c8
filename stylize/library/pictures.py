"""Pictures as the library keeps them: checked, hashed, as thumbnails and as originals."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageStat

from stylize.errors import ImageError
from stylize.images import fit_within, resize_image
from stylize.messages import say

MIN_STYLE_SIDE_PX = 32
THUMBNAIL_SIDE_PX = 256
ORIGINAL_SIDE_PX = 1024


def flatten(image: Image.Image) -> Image.Image:
    """A prepared picture (RGB or RGBA) as RGB, transparency on white."""
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def content_sha256(image: Image.Image) -> str:
    """SHA-256 of size and pixels of a prepared picture: whatever lossless file it came from."""
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height} ".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def check_style_picture(image: Image.Image) -> list[str]:
    """Look whether a picture can serve as a style.

    Args:
        image: A prepared picture, RGB or RGBA.

    Returns:
        Warnings for the user, possibly none.

    Raises:
        ImageError: It is too small.
    """
    if min(image.size) < MIN_STYLE_SIDE_PX:
        raise ImageError(
            say(
                "style_too_small",
                width=image.width,
                height=image.height,
                least=MIN_STYLE_SIDE_PX,
            )
        )
    warnings = []
    if all(low == high for low, high in ImageStat.Stat(flatten(image)).extrema):
        warnings.append("The style picture has one single colour; it will not add any texture.")
    elif min(image.size) < 128:
        warnings.append(
            f"The style picture is small ({image.width} x {image.height} px); "
            "256 px or more show its brushwork better."
        )
    return warnings


def make_thumbnail(image: Image.Image) -> bytes:
    """A WebP picture of at most `THUMBNAIL_SIDE_PX` a side, as bytes."""
    return _webp(flatten(image), THUMBNAIL_SIDE_PX, quality=80)


def make_original(image: Image.Image) -> bytes:
    """The picture itself as WebP of high quality, at most `ORIGINAL_SIDE_PX` a side."""
    return _webp(flatten(image), ORIGINAL_SIDE_PX, quality=95)


def _webp(image: Image.Image, max_side_px: int, *, quality: int) -> bytes:
    buffer = io.BytesIO()
    resized = resize_image(image, fit_within(image.size, max_side_px))
    resized.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()
