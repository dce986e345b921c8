"""Colour profiles for pictures of tests."""

import struct

from PIL import ImageCms


def profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def wide_profile() -> bytes:
    """An sRGB profile whose red and blue primaries are exchanged: a change nobody can miss."""
    data = bytearray(profile("sRGB"))
    count = struct.unpack(">I", data[128:132])[0]
    entries = {}
    for index in range(count):
        start = 132 + 12 * index
        tag = bytes(data[start : start + 4])
        entries[tag] = (start, data[start + 4 : start + 12])
    for one, other in ((b"rXYZ", b"bXYZ"), (b"bXYZ", b"rXYZ")):
        start = entries[one][0]
        data[start + 4 : start + 12] = entries[other][1]
    return bytes(data).replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
