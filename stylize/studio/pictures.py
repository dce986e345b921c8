"""Pictures on their way between the visitor's browser and the engine."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from stylize.errors import ImageError
from stylize.images import load_image
from stylize.messages import Message, say
from stylize.studio.settings import StudioSettings


def open_picture(
    source: str | Path | bytes,
    settings: StudioSettings,
    tell: Callable[[str], None] = lambda _: None,
) -> Image.Image:
    """Open a visitor's picture within the limits of the page.

    Args:
        source: A file, or the bytes of one.
        settings: The limits.
        tell: Called with what is worth knowing of a picture that can be read nevertheless.

    Returns:
        RGB or RGBA, upright, sRGB, without metadata.

    Raises:
        ImageError: The file is too large, has too many pixels, is no picture or was deleted after
            the retention time.
    """
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    except FileNotFoundError:
        raise ImageError(say("gone")) from None
    if size > settings.max_upload_mb * 1_000_000:
        raise ImageError(
            say("too_many_bytes", size=f"{size / 1e6:.0f}", most=settings.max_upload_mb)
        )
    _check_pixels(source, settings.max_pixels)

    def named(message: Message) -> Message:
        """Visitors need not know where the server keeps their files."""
        if isinstance(source, bytes):
            return message
        path, name = str(source), Path(source).name
        values = {
            key: value.replace(path, name) if isinstance(value, str) and path in value else value
            for key, value in message.values.items()
        }
        return say(message.code, **values) if message.code else Message(message.replace(path, name))

    try:
        return load_image(source, tell=lambda note: tell(named(note)))
    except ImageError as error:
        raise ImageError(named(error.message)) from error


def _check_pixels(source: str | Path | bytes, max_pixels: int) -> None:
    """Read only the header: a small file can unfold to gigabytes of pixels."""
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(stream) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        width, height = max_pixels, 2
    except Exception:  # not readable: load_image explains it better
        return
    if width * height > max_pixels:
        megapixels = (f"{number / 1e6:.0f}" for number in (width * height, max_pixels))
        raise ImageError(say("too_many_pixels", size=next(megapixels), most=next(megapixels)))


def from_data_url(url: str, settings: StudioSettings) -> Image.Image:
    """Open a picture that the page sent as a data URL (a drawing or a mask).

    Raises:
        ImageError: It is no data URL of a picture, or beyond the limits.
    """
    head, _, body = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise ImageError(say("drawing_no_picture"))
    if len(body) > settings.max_upload_mb * 1_400_000:
        raise ImageError(say("drawing_too_large", most=settings.max_upload_mb))
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise ImageError(say("drawing_damaged")) from None
    return open_picture(data, settings)


def to_data_url(image: Image.Image, *, quality: int = 88) -> str:
    """Pack a picture for the screen: JPEG, or WebP where it has transparency.

    Pictures on screen travel inside the answer: nothing of them is left on the server's disk.
    """
    kind = "WEBP" if image.mode == "RGBA" else "JPEG"
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def mask_to_data_url(mask: Image.Image) -> str:
    """Pack a mask (mode L) for a canvas: opaque where it is white."""
    picture = Image.new("LA", mask.size, 255)
    picture.putalpha(mask)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def fit(image: Image.Image, max_side_px: int) -> Image.Image:
    """Return the picture with its longer side at most ``max_side_px``; never enlarged."""
    longer = max(image.size)
    if longer <= max_side_px:
        return image
    width, height = (max(1, round(side * max_side_px / longer)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def webp(image: Image.Image) -> bytes:
    """Return a picture as WebP, for thumbnails."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=80)
    return buffer.getvalue()
