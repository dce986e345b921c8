"""What single file formats need: hints for those not read, and mending of harmless damage."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from stylize.messages import Message, say

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_END = b"\xff\xd9"

# Brands of the container that HEIC photos share with videos: of what codec, of which kind.
_HEIC_BRANDS = (b"hei", b"hev", b"mif", b"msf", b"MiH")
_RAW_HEADS = (b"FUJIFILM", b"II*\0\x10\0\0\0CR", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_DNG_VERSION, _SONY_RAW = 50706, 50740
_SUBFILE_TYPE, _MAKE, _SUB_DIRECTORIES = 254, 271, 330

_BITS_PER_SAMPLE = 258

_STEPS = {"L;2": 85, "L;4": 17}  # levels of a pixel for one of the file, by how Pillow unpacks it

SUFFIXES_OF_OTHERS = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "advice_heic"),
    **dict.fromkeys(
        (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".raf", ".orf",
         ".rw2", ".pef", ".srw", ".x3f", ".raw"),
        "advice_develop",
    ),
    **dict.fromkeys(
        (".svg", ".psd", ".xcf", ".jxl", ".pdf", ".eps", ".ai", ".kra", ".exr", ".hdr", ".dds"),
        "advice_convert",
    ),
}  # fmt: skip
"""Suffixes of pictures that are not read, with the code of what to do about it."""


def advice_on(head: bytes) -> Message:
    """What to do with a file that is no picture of a known format, by its first 12 bytes."""
    if head[4:8] == b"ftyp":
        if head[8:11] in _HEIC_BRANDS:
            return say("advice_heic")
        if head[8:11] == b"crx":
            return say("advice_raw", advice=say("advice_develop"))
    if head.startswith(_RAW_HEADS):
        return say("advice_raw", advice=say("advice_develop"))
    return say("advice_other_format")


def is_raw_photo(image: Image.Image) -> bool:
    """Whether an opened TIFF is a camera's raw photo, whose first picture is a tiny preview."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return False
    if _DNG_VERSION in tags or _SONY_RAW in tags:
        return True
    preview = tags.get(_SUBFILE_TYPE) == 1  # a reduced version of another picture in the file
    return preview and _SUB_DIRECTORIES in tags and bool(tags.get(_MAKE))


def bytes_per_pixel(image: Image.Image) -> float:
    """How much memory reading takes at most, for each pixel of an opened picture.

    What Pillow holds in the end has 4 bytes. On the way some decoders keep the whole picture in
    forms of their own, and pictures that are no RGB are there twice.
    """
    bands = len(image.getbands())
    if image.format == "WEBP":
        return 17  # two canvases, a copy and the picture
    if image.format == "JPEG2000":
        return 6.0 * bands + 4
    if image.format == "AVIF":
        return 14
    if image.format == "JPEG":
        return max(8, 2 * bands + 4)  # coefficients, where it has several scans
    if image.format == "TIFF":
        bits: tuple[int, ...] = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,) * bands)
        return max(9.5, 4 + sum(bits) / 8)  # all may lie in one strip
    return 9


def without_damaged_notes(png: bytes) -> bytes:
    """A PNG without those of its ancillary chunks whose checksums are wrong.

    They hold texts, times or profiles, nothing that the picture could not be read without.
    """
    kept = [PNG_SIGNATURE]
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        end = place + 12 + length
        kind, body = png[place + 4 : place + 8], png[place + 4 : end - 4]
        needed = not kind[0] & 0x20
        if needed or png[end - 4 : end] == struct.pack(">I", zlib.crc32(body)):
            kept.append(png[place:end])
        place = end
    return b"".join(kept)


def lacks_end_alone(jpeg: bytes) -> bool:
    """Whether a JPEG without its end marker is otherwise complete.

    Then what follows its data makes no difference; what is missing would be read from there.
    """
    if jpeg.rstrip(b"\0").endswith(JPEG_END):
        return False
    read = []
    for filler in (b"", b"\x55" * 256):
        try:
            with Image.open(io.BytesIO(jpeg + filler + JPEG_END), formats=["JPEG"]) as image:
                read.append(image.histogram())  # as telling as the pixels, and small
        except Exception:
            return False
    return read[0] == read[1]


def scale_transparent_color(image: Image.Image) -> None:
    """Bring the transparent colour of a PNG, not loaded yet, to the levels of its pixels.

    Pillow keeps the value of the file, though it unpacks 2, 4 and 16 bits to 8.
    """
    value = image.info.get("transparency")
    tiles = getattr(image, "tile", None)
    if image.format != "PNG" or value is None or not tiles:
        return
    unpacked_as = tiles[0][3]
    if unpacked_as in _STEPS and isinstance(value, int):
        image.info["transparency"] = min(255, value * _STEPS[unpacked_as])
    elif unpacked_as == "RGB;16B" and isinstance(value, tuple):
        image.info["transparency"] = tuple(part >> 8 for part in value)
