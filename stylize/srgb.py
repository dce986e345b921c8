"""From any mode and colour profile that a picture may have to 8-bit sRGB."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stylize.messages import Message, say

if TYPE_CHECKING:
    from PIL import ImageCms

logger = logging.getLogger(__name__)

_SAMPLE_PIXELS = 1_000_000
_STRIP_PIXELS = 4_000_000
_HUGE = 1e30  # no difference of two such values overflows
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_GDAL_NO_DATA = 42113
_NO_DATA = (
    -9999.0, -32767.0, -32768.0, -99999.0, -2147483648.0,
    float(np.finfo(np.float32).min), float(np.finfo(np.float32).max),
)  # fmt: skip


def to_srgb(image: Image.Image, tell: Callable[[Message], None] = logger.warning) -> Image.Image:
    """Convert a picture of any mode to RGB, or RGBA if it has transparency, in sRGB with 8 bits.

    Args:
        image: A loaded picture. Its embedded colour profile is applied; a damaged one is ignored.
        tell: Called with what is worth knowing of its values.

    Returns:
        RGB or RGBA; the same object if it is that already.
    """
    profile = image.info.get("icc_profile")
    grey = Image.getmodebase(image.mode) == "L"
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _grey_8_bits(image, tell)
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


def _grey_8_bits(image: Image.Image, tell: Callable[[Message], None]) -> Image.Image:
    """Scale a greyscale picture of 16 or 32 bits to 8; its transparent value becomes alpha."""
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else _range(image, tell)
    tags = getattr(image, "tag_v2", None)
    if tags is not None and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        low, high = high, low
    low, high = max(-_HUGE, min(_HUGE, low)), max(-_HUGE, min(_HUGE, high))
    scale = 255.0 / ((high - low) or 1 / _HUGE)
    transparent = image.info.get("transparency")
    grey = Image.new("L", image.size)
    alpha = Image.new("L", image.size) if isinstance(transparent, int) else None
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):  # in strips: floats of the whole would take gigabytes
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        values = np.asarray(strip).astype(np.float32)
        if alpha is not None:
            opaque = np.where(values == transparent, np.uint8(0), np.uint8(255))
            alpha.paste(Image.fromarray(opaque), (0, top))
        missing = ~np.isfinite(values)
        levels = (values.clip(-_HUGE, _HUGE) - low) * scale
        levels[missing] = 0
        grey.paste(Image.fromarray(np.rint(levels).clip(0, 255).astype(np.uint8)), (0, top))
    if alpha is not None:
        grey.putalpha(alpha)
    return grey


def _range(image: Image.Image, tell: Callable[[Message], None]) -> tuple[float, float]:
    """The values of black and white in a picture of ``I`` or ``F``, which do not say so.

    The smallest of 1 (``F`` only), 255 and 65535 that holds nine in ten of the values, since
    lights may go beyond; else the range that they have. Values that stand for "no data" do not
    count.
    """
    share = min(1.0, (_SAMPLE_PIXELS / (image.width * image.height)) ** 0.5)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    sample = np.asarray(image.resize(size, Image.Resampling.NEAREST)).astype(np.float64).ravel()
    known = sample[np.isfinite(sample) & ~np.isin(sample, _no_data_values(image))]
    if len(known) == 0:
        return 0.0, 1.0
    seen = known[known != 0]
    ends: tuple[float, ...] = (1.0, 255.0, 65535.0)
    if image.mode == "I" or (known.max() > 1 and (known == np.rint(known)).all()):
        ends = ends[1:]
    low, high = (float(value) for value in np.percentile(known, (0.1, 99.9)))
    for end in ends:
        fitting = (seen >= -0.05 * end) & (seen <= end)
        if fitting.sum() >= 0.9 * len(seen):
            if end == ends[-1] and 0 < high < end / 8:
                break  # neither 8 nor 16 bits: heights, counts, readings of a sensor
            low, high = 0.0, end
            break
    outside = np.mean((known < low) | (known > high))
    if len(known) < len(sample) or outside > 0.001:
        tell(say("odd_values", low=f"{low:g}", high=f"{high:g}"))
    return low, high


def _no_data_values(image: Image.Image) -> list[float]:
    values = list(_NO_DATA)
    tags = getattr(image, "tag_v2", None)
    if tags is not None and _GDAL_NO_DATA in tags:
        with contextlib.suppress(ValueError):
            values.append(float(str(tags[_GDAL_NO_DATA]).strip(" \0")))
    return values


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
        in_place = mode == "RGB" and image.mode != "RGB"  # it is a copy of our own
        source = image if image.mode == mode else image.convert(mode)
        converted = ImageCms.profileToProfile(
            source,
            opened,
            _srgb_profile(),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            inPlace=in_place,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception as error:  # damaged profiles fail in many ways; the picture itself is fine
        logger.info("Damaged colour profile ignored: %s", error)
        return image
    if converted is None:
        converted = source
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
