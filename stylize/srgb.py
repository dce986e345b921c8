"""From any mode and colour profile that a picture may have to 8-bit sRGB."""

from __future__ import annotations

import io
import logging
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

logger = logging.getLogger(__name__)


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert a picture of any mode to RGB, or RGBA if it has transparency, in sRGB with 8 bits.

    Args:
        image: A loaded picture. Its embedded colour profile is applied; a damaged one is ignored.

    Returns:
        RGB or RGBA; the same object if it is that already.
    """
    profile = image.info.get("icc_profile")
    grey = Image.getmodebase(image.mode) == "L"
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _grey_8_bits(image)
    if image.has_transparency_data:
        if image.mode in ("La", "RGBa"):  # premultiplied: only its plain twin converts further
            image = image.convert("LA" if image.mode == "La" else "RGBA")
        image = image if image.mode == "RGBA" else image.convert("RGBA")
    elif image.mode not in ("RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    if image.mode == "LAB":
        return _from_lab(image)
    converted = _convert_profile(image, profile, grey) if profile else image
    return converted.convert("RGB") if converted.mode == "CMYK" else converted


def _grey_8_bits(image: Image.Image) -> Image.Image:
    """Scale a greyscale picture of 16 or 32 bits to 8.

    ``I;16`` is known to end at 65535. ``I`` and ``F`` do not say where they end: the smallest of
    1 (``F`` only), 255 and 65535 that holds all values is taken, else their own range.
    """
    values = np.asarray(image).astype(np.float32)
    values = np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    values.clip(-1e30, 1e30, out=values)  # so that no difference overflows
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):
        least, most = float(values.min()), float(values.max())
        ends = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        fitting = [end for end in ends if least >= 0 and most <= end]
        low, high = (0.0, fitting[0]) if fitting else (least, most)
    values -= low
    values *= 255.0 / max(high - low, 1e-30)
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _convert_profile(image: Image.Image, profile: bytes, grey: bool) -> Image.Image:
    """Convert RGB, RGBA or CMYK to sRGB by an embedded profile; unchanged if that is damaged."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = opened.profile.xcolor_space.strip()
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
        if (
            mode is None
            or (mode == "L" and not grey)
            or ((mode == "CMYK") != (image.mode == "CMYK"))
        ):
            logger.info(
                "Colour profile ignored: it is for %s, the picture is %s", space, image.mode
            )
            return image
        if space == "RGB" and (opened.profile.profile_description or "").startswith("sRGB"):
            return image
        converted = ImageCms.profileToProfile(
            image if image.mode == mode else image.convert(mode),
            opened,
            _srgb_profile(),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception as error:  # damaged profiles fail in many ways; the picture itself is fine
        logger.info("Damaged colour profile ignored: %s", error)
        return image
    if converted is None:  # pragma: no cover - only for inPlace=True
        return image
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), _srgb_profile(), "LAB", "RGB"
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted
