"""Pictures from outside and back: reading, normalizing, resizing and saving.

Everything behind this module sees one kind of picture only: 8-bit sRGB, upright, RGB or RGBA.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from stylize.errors import ImageError
from stylize.files import whole_file, why_not_written
from stylize.formats import (
    JPEG_END,
    PNG_SIGNATURE,
    advice_on,
    bytes_per_pixel,
    is_raw_photo,
    lacks_end_alone,
    scale_transparent_color,
    without_damaged_notes,
)
from stylize.messages import Message, say
from stylize.srgb import to_srgb


class Embedded(Protocol):
    """What a saved picture can carry inside; a `Recipe` is that."""

    def save_options(self, format_name: str) -> dict[str, Any]:
        """What ``Image.save`` needs to embed it in ``PNG``, ``JPEG`` or ``WEBP``."""


logger = logging.getLogger(__name__)
_warnings_lock = threading.Lock()

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO  # a path, a file's bytes or a file

MIN_SIDE_PX = 16
MAX_PIXELS = 100_000_000
MAX_READING_BYTES = 1_000_000_000  # at the peak, while a file is unpacked
# A style is looked at in an area of 256 x 256 px and no side below 16: thinner, nothing is left.
MAX_ASPECT = 256

# What a picture may be. EPS and WMF are left out on purpose: Pillow hands them to other programs.
READABLE_FORMATS = (
    "PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "TGA", "ICO",
)  # fmt: skip
READABLE_SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".tif", ".tiff", ".bmp",
    ".avif", ".avifs", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm",
    ".pnm", ".pfm", ".tga", ".icb", ".vda", ".vst", ".ico",
)  # fmt: skip

# The longest side that a format can hold: 16 bits for JPEG, 14 bits for WebP.
_MAX_SIDE_PX = {"JPEG": 65_500, "WEBP": 16_383, "PNG": 2**31 - 1}
SAVED_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load_image(
    source: Source,
    *,
    min_side_px: int = MIN_SIDE_PX,
    tell: Callable[[Message], None] = logger.warning,
) -> Image.Image:
    """Read a picture and bring it into the one form that the rest of the package works with.

    Args:
        source: The path of a file, the bytes of one, or a binary file open for reading. Of an
            animated file the first frame is read.
        min_side_px: The smallest side accepted.
        tell: Called with what is worth knowing of a picture that can be read nevertheless.

    Returns:
        The picture as `prepare_image` returns it.

    Raises:
        ImageError: The file is missing, unreadable, not a picture, damaged, above `MAX_PIXELS` or
            has a side below ``min_side_px``.
    """
    name = source_name(source)
    with open_image(source) as image:
        try:
            return _prepare(image, name, min_side_px, ours=True, tell=tell)
        except ImageError:
            whole = _with_end(source) if image.format == "JPEG" else None
            if whole is None:
                raise
    tell(say("no_end", name=name))
    with open_image(whole) as image:
        return _prepare(image, name, min_side_px, ours=True, tell=tell)


def prepare_image(image: Image.Image, *, min_side_px: int = MIN_SIDE_PX) -> Image.Image:
    """Normalize a picture that is open already, as `load_image` does.

    Orientation is applied, the colour profile is converted to sRGB, 16 and 32 bits a channel are
    scaled to 8, and palette, greyscale, CMYK and other modes become RGB. Transparency is kept.

    Args:
        image: A picture of any mode; it is not changed.
        min_side_px: The smallest side accepted.

    Returns:
        RGB, or RGBA if the picture has transparency, 8 bits, without metadata. A picture that is
        all that already is returned itself, so a second call costs nothing.

    Raises:
        ImageError: The picture is damaged, above `MAX_PIXELS` or has a side below ``min_side_px``.
    """
    name = say("the_picture")
    _check_size(image.size, name)
    return _prepare(image, name, min_side_px)


def save_image(
    image: Image.Image,
    path: str | os.PathLike[str],
    *,
    recipe: Embedded | None = None,
    quality: int = 95,
) -> None:
    """Save a picture as PNG, JPEG or WebP by its suffix: completely, or not at all.

    JPEG is written with full colour resolution, transparency flattened on white. Nothing private
    is written: no EXIF, no path, no date.

    Args:
        image: RGB, RGBA or greyscale.
        path: Where to; an existing file is replaced as `stylize.files.whole_file` does.
        recipe: How the picture was made, embedded so that `stylize.recipe.read_recipe` finds it.
        quality: Of JPEG and WebP, 1 to 100.

    Raises:
        ImageError: The suffix is unknown, the folder is missing or not writable, the disk is full
            or the picture is too large for the format.
    """
    path = Path(path)
    save = _saver(image, saved_format(path), recipe, quality)
    try:
        with whole_file(path) as part, open(part, "wb") as file:
            save(file)
    except OSError as error:
        raise ImageError(why_not_written(path, error)) from error


def encode_image(
    image: Image.Image, name: str, *, recipe: Embedded | None = None, quality: int = 95
) -> bytes:
    """Return the bytes of the file that `save_image` would write under a name."""
    file = io.BytesIO()
    _saver(image, saved_format(name), recipe, quality)(file)
    return file.getvalue()


def saved_format(path: str | os.PathLike[str]) -> str:
    """The format that `save_image` writes for a path: ``PNG``, ``JPEG`` or ``WEBP``.

    Raises:
        ImageError: The suffix is none of .png, .jpg, .jpeg and .webp.
    """
    suffix = Path(path).suffix
    try:
        return SAVED_SUFFIXES[suffix.lower()]
    except KeyError:
        known = ", ".join(SAVED_SUFFIXES)
        raise ImageError(
            f'Pictures cannot be saved as "{suffix}". End the name of the file in one of {known}.'
            if suffix
            else f'"{Path(path).name}" does not say in which format to save. '
            f"End the name of the file in one of {known}."
        ) from None


def to_arrays(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Split a prepared picture into colours and transparency.

    Args:
        image: RGB or RGBA, as from `prepare_image`.

    Returns:
        The colours, (H, W, 3) uint8 in 0..255, and the opacity, (H, W) uint8, or None for RGB.

    Raises:
        ValueError: The picture has another mode.
    """
    if image.mode == "RGB":
        return np.asarray(image), None
    if image.mode == "RGBA":
        pixels = np.asarray(image)
        return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    raise ValueError(f"the picture must be RGB or RGBA (prepare_image makes it so): {image.mode}")


def from_arrays(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> Image.Image:
    """Join colours, (H, W, 3) uint8, and opacity, (H, W) uint8 or None: what `to_arrays` split."""
    image = Image.fromarray(np.ascontiguousarray(rgb))
    if alpha is not None:
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    return image


def on_white(image: Image.Image) -> Image.Image:
    """Return an RGB or RGBA picture as RGB, as it looks on white paper."""
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def fit_within(size: tuple[int, int], max_side_px: int | None) -> tuple[int, int]:
    """The size scaled down, never up, so that its longer side is at most ``max_side_px``.

    Args:
        size: (width, height) in pixels.
        max_side_px: The limit of the longer side; None: no limit.

    Returns:
        (width, height), each at least 1.

    Raises:
        ValueError: ``max_side_px`` is below 1.
    """
    if max_side_px is None:
        return size
    if max_side_px < 1:
        raise ValueError(f"max_side_px must be at least 1; got {max_side_px}")
    longer = max(size)
    if longer <= max_side_px:
        return size
    width, height = (max(1, round(side * max_side_px / longer)) for side in size)
    return width, height


def resize_image(
    image: Image.Image,
    size: tuple[int, int],
    resample: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """Resize; the colours of transparent pixels do not bleed into the rest.

    Args:
        image: RGB, RGBA or L.
        size: (width, height) in pixels.
        resample: The filter.

    Returns:
        The picture in that size and in its own mode; the same object if it has that size already.
    """
    if image.size == size:
        return image
    if image.mode == "RGBA":  # weighted by opacity: what nobody sees must not count
        premultiplied = image.convert("RGBa").resize(size, resample)
        return premultiplied.convert("RGBA")
    return image.resize(size, resample)


# ---------------------------------------------------------------------------------------- reading


@contextlib.contextmanager
def open_image(source: Source) -> Iterator[Image.Image]:
    """Open a picture without unpacking it, with its metadata; it is closed at the end.

    Raises:
        ImageError: The file is missing, unreadable, not a picture or above `MAX_PIXELS`.
    """
    name = source_name(source)
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        # Pillow warns of damaged metadata, which we do without, and above 89 MP; it refuses above
        # 179 MP, and our own limit lies between. Filters of warnings belong to the whole process.
        with _warnings_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=READABLE_FORMATS)
    except FileNotFoundError as error:
        raise ImageError(say("file_missing", name=name)) from error
    except IsADirectoryError as error:
        raise ImageError(say("is_folder", name=name)) from error
    except Image.DecompressionBombError as error:
        limit = min(MAX_PIXELS, 2 * (Image.MAX_IMAGE_PIXELS or MAX_PIXELS))  # the page lowers it
        raise ImageError(say("far_too_large", name=name, most=limit // 10**6)) from error
    except UnidentifiedImageError as error:
        mended = _mended_png(file)
        if mended is None:
            raise ImageError(say("no_picture", name=name, advice=_advice(file))) from error
        image = mended
    except OSError as error:
        raise ImageError(say("unreadable", name=name, reason=_reason(error))) from error
    except Exception as error:
        raise ImageError(say("damaged", name=name, reason=_reason(error))) from error
    with image:
        _check_size(image.size, name)  # known from the header: nothing large is unpacked before
        _check_memory(image, name)
        if is_raw_photo(image):
            raise ImageError(say("raw_photo", name=name, advice=say("advice_develop")))
        yield image


def source_name(source: Source) -> str:
    """How messages speak of a picture: by its path if it has one."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return say("the_picture")


def _advice(file: str | os.PathLike[str] | BinaryIO) -> Message:
    head = _read(file, 12)
    if not head:
        return say("advice_empty")
    return advice_on(head)


def _read(file: str | os.PathLike[str] | BinaryIO, count: int = -1) -> bytes:
    """The first bytes of a file, or all; none if it cannot be read."""
    try:
        if isinstance(file, (str, os.PathLike)):
            with open(file, "rb") as opened:
                return opened.read(count)
        file.seek(0)
        return file.read(count)
    except (OSError, ValueError):
        return b""


def _mended_png(file: str | os.PathLike[str] | BinaryIO) -> ImageFile.ImageFile | None:
    """A PNG without its damaged notes, which are all that is wrong with it; else None."""
    if _read(file, len(PNG_SIGNATURE)) != PNG_SIGNATURE:
        return None
    try:
        return Image.open(io.BytesIO(without_damaged_notes(_read(file))), formats=["PNG"])
    except Exception:
        return None


def _with_end(source: Source) -> bytes | None:
    """The bytes of a JPEG that lacks its end marker and nothing else; else None."""
    data = source if isinstance(source, bytes) else _read(source)
    return data + JPEG_END if lacks_end_alone(data) else None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if max(size) > MAX_ASPECT * min(size):
        raise ImageError(
            say(
                "too_long",
                name=name,
                width=width,
                height=height,
                times=f"{max(size) / max(1, min(size)):.0f}",
                most=MAX_ASPECT,
            )
        )
    if width * height > MAX_PIXELS:
        raise ImageError(
            say(
                "too_large",
                name=name,
                width=width,
                height=height,
                size=f"{width * height / 1e6:.0f}",
                most=MAX_PIXELS // 10**6,
            )
        )


def _check_memory(image: Image.Image, name: str) -> None:
    """Refuse what its decoder would take too much memory for; only the header is read."""
    limit = MAX_READING_BYTES / bytes_per_pixel(image)
    pixels = image.width * image.height
    if pixels > limit:
        raise ImageError(
            say(
                "too_large_for_format",
                name=name,
                width=image.width,
                height=image.height,
                size=f"{pixels / 1e6:.0f}",
                format=image.format,
                most=f"{limit / 1e6:.0f}",
            )
        )


# ------------------------------------------------------------------------------------ normalizing


def _prepare(
    image: Image.Image,
    name: str,
    min_side_px: int,
    *,
    ours: bool = False,
    tell: Callable[[Message], None] = logger.warning,
) -> Image.Image:
    """Bring a picture into the one form; one that is ``ours`` lives on in the result."""
    if min(image.size) < min_side_px:
        raise ImageError(
            say(
                "too_small",
                name=name,
                width=image.width,
                height=image.height,
                least=min_side_px,
            )
        )
    try:
        scale_transparent_color(image)  # before it is unpacked: then its number of bits is lost
        image.load()
        _check_size(image.size, name)  # an icon may hold more than its header says
        orientation = _orientation(image)
        prepared = to_srgb(image, tell)
        if ours and prepared is not image:
            image.close()  # its memory is needed
        if orientation in _UPRIGHT:
            prepared = prepared.transpose(_UPRIGHT[orientation])
        # Without metadata: it may hold a place, a name or a profile already applied.
        if prepared is image and (prepared.info or type(prepared) is not Image.Image):
            prepared = _bare(prepared) if ours else prepared.copy()
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(say("needs_memory", name=name)) from error
    except Exception as error:  # a decoder may raise anything over a hostile file
        raise ImageError(say("incomplete", name=name, reason=_reason(error))) from error
    if prepared is not image:
        prepared.info = {}
    return prepared


def _bare(image: Image.Image) -> Image.Image:
    """The pixels of a picture that nobody else uses, without what came with them; no copy."""
    # A picture that lies in its file, mapped into memory, cannot be written to.
    return image.copy() if image.readonly else image._new(image.im)


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(_ORIENTATION_TAG)
    except Exception as error:  # EXIF comes damaged in every way
        logger.info("Damaged EXIF data ignored: %s", error)
        return None


# ----------------------------------------------------------------------------------------- saving


def _saver(
    image: Image.Image, format_name: str, recipe: Embedded | None, quality: int
) -> Callable[[BinaryIO], None]:
    """What writes a picture to a file that is open; see `save_image`."""
    limit = _MAX_SIDE_PX[format_name]
    if max(image.size) > limit:
        raise ImageError(
            say(
                "beyond_format",
                width=image.width,
                height=image.height,
                format=format_name,
                limit=limit,
            )
        )
    image, options = _encoding(image, format_name)
    if "quality" in options:
        options["quality"] = quality
    if recipe is not None:
        options |= recipe.save_options(format_name)
    return lambda file: image.save(file, format=format_name, **options)


def _encoding(image: Image.Image, format_name: str) -> tuple[Image.Image, dict[str, Any]]:
    """The picture in a mode that the format takes, without metadata, and the format's options."""
    if image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if format_name == "JPEG" and image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if image.info:  # Pillow would write an old profile, EXIF or comment again
        image = image.copy()
        image.info = {}
    options: dict[str, dict[str, Any]] = {
        "PNG": {"compress_level": 2},  # a quarter of the default's time for 7 % more bytes
        "JPEG": {"quality": 95, "subsampling": "4:4:4", "optimize": True},
        "WEBP": {"quality": 95, "method": 4},
    }
    return image, options[format_name]
