import contextlib
import errno
import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from stylize import images
from stylize.errors import ImageError
from stylize.formats import PNG_SIGNATURE
from stylize.images import (
    MAX_ASPECT,
    MAX_PIXELS,
    fit_within,
    from_arrays,
    load_image,
    prepare_image,
    resize_image,
    save_image,
    to_arrays,
)
from tests.profiles import profile, wide_profile

SUFFIXES = [".png", ".jpg", ".jpeg", ".webp", ".PNG"]


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, channels), np.uint8)


def encoded(image: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def marked() -> Image.Image:
    """24 x 16 px, black, with a red upper left corner."""
    image = Image.new("RGB", (24, 16))
    image.paste((255, 0, 0), (0, 0, 8, 8))
    return image


# ---------------------------------------------------------------------------------------- reading


def test_reads_path_text_bytes_and_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(noise(20, 30)).save(path)
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        image = load_image(source)
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), noise(20, 30))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = load_image(encoded(marked(), exif=exif.tobytes()))
    corners = {
        1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1),
    }  # fmt: skip
    assert image.size == ((16, 24) if orientation >= 5 else (24, 16))
    x, y = (
        corner * (side - 1) for corner, side in zip(corners[orientation], image.size, strict=True)
    )
    assert image.getpixel((x, y)) == (255, 0, 0)
    assert (np.asarray(image)[..., 0] == 255).sum() == 64
    assert image.info == {}
    assert not image.getexif()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_unknown_orientation_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert load_image(encoded(marked(), exif=exif.tobytes())).size == (24, 16)


def test_damaged_exif_is_ignored() -> None:
    data = encoded(marked(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert load_image(data).size == (24, 16)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_opaque_modes_become_rgb(mode: str) -> None:
    image = prepare_image(Image.new("RGB", (20, 20), (255, 255, 255)).convert(mode))
    assert image.mode == "RGB"
    assert image.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "La", "RGBa", "PA"])
def test_transparent_modes_become_rgba(mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (255, 255, 255, 255))
    image.paste((255, 255, 255, 0), (0, 0, 10, 20))
    if mode in ("LA", "La"):
        image = image.convert("LA")
    if mode == "PA":
        alpha = image.getchannel("A")
        image = Image.new("P", (20, 20), 1)
        image.putalpha(alpha)
    prepared = prepare_image(image if image.mode == mode else image.convert(mode))
    assert prepared.mode == "RGBA"
    alpha = np.asarray(prepared)[..., 3]
    assert alpha[:, :10].max() == 0
    assert alpha[:, 10:].min() == 255


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_transparent_color_of_png_becomes_alpha(mode: str) -> None:
    image = Image.new("L", (20, 20), 200)
    image.paste(7, (0, 0, 5, 20))
    key: int | tuple[int, int, int] = (7, 7, 7) if mode == "RGB" else 7
    if mode == "P":
        image.putpalette([value for value in range(256) for _ in range(3)])
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette([value for value in range(256) for _ in range(3)])
    else:
        image = image.convert(mode)
    loaded = load_image(encoded(image, transparency=key))
    assert loaded.mode == "RGBA"
    assert np.asarray(loaded)[0, :, 3].tolist() == [0] * 5 + [255] * 15
    assert loaded.getpixel((19, 0)) == (200, 200, 200, 255)


def test_16_bit_png_is_scaled() -> None:
    values = np.linspace(0, 65535, 400).round().astype(np.uint16).reshape(20, 20)
    loaded = load_image(encoded(Image.fromarray(values)))
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(loaded)[..., 1], expected)


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.int32, [0, 128, 255], [0, 128, 255]),
        (np.int32, [0, 32896, 65535], [0, 128, 255]),
        (np.int32, [-1000, 4, 1000], [0, 128, 255]),
        (np.int32, [0, 502_000, 1_000_000], [0, 128, 255]),
        (np.int32, [0, 0, 0], [0, 0, 0]),
        (np.float32, [0, 0.5, 1], [0, 128, 255]),
        (np.float32, [0, 128, 255], [0, 128, 255]),
        (np.float32, [np.nan, 0.5, np.inf], [0, 128, 0]),
        (np.float32, [-3, -3, -3], [0, 0, 0]),
        (np.float32, [-3e38, 4e27, 3e38], [0, 128, 255]),
    ],
)
def test_32_bits_take_the_range_that_fits(
    dtype: type, values: list[float], expected: list[int]
) -> None:
    image = Image.fromarray(np.tile(np.array(values, dtype), (16, 6)))
    assert image.mode == ("F" if dtype is np.float32 else "I")
    assert np.asarray(prepare_image(image))[0, :3, 0].tolist() == expected


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    for format_name in ("GIF", "PNG", "WEBP"):
        options = {"lossless": True} if format_name == "WEBP" else {}
        data = encoded(frames[0], format_name, save_all=True, append_images=frames[1:], **options)
        pixel = load_image(data).getpixel((3, 3))
        assert pixel[:3] == (255, 0, 0)


def test_color_profile_is_converted_to_srgb() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 77))
    loaded = load_image(encoded(image, icc_profile=wide_profile()))
    red, _, blue, alpha = loaded.getpixel((0, 0))
    assert (red, alpha) == (0, 77)
    assert blue > 250
    assert "icc_profile" not in loaded.info


def test_srgb_profile_changes_nothing() -> None:
    image = Image.fromarray(noise(20, 20))
    loaded = load_image(encoded(image, icc_profile=profile("sRGB")))
    np.testing.assert_array_equal(np.asarray(loaded), noise(20, 20))


@pytest.mark.parametrize(
    ("mode", "icc"),
    [
        ("RGB", b"nonsense"),
        ("RGB", profile("sRGB")[:300]),
        ("CMYK", profile("sRGB")),
        ("RGB", profile("LAB")),
    ],
)
def test_unusable_profile_is_ignored_with_a_log(
    mode: str, icc: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="stylize")
    image = Image.new(mode, (20, 20), (10, 200, 30, 0)[: len(mode)])
    plain = np.asarray(image.convert("RGB"))
    image.info["icc_profile"] = icc
    np.testing.assert_array_equal(np.asarray(prepare_image(image)), plain)
    assert "profile ignored" in caplog.text


def test_lab_becomes_rgb() -> None:
    image = Image.new("LAB", (20, 20), (255, 128, 128))
    assert min(prepare_image(image).getpixel((0, 0))) >= 253


def test_prepared_picture_is_returned_itself() -> None:
    image = Image.new("RGBA", (20, 20))
    assert prepare_image(image) is image
    assert prepare_image(prepare_image(Image.new("L", (20, 20)))).mode == "RGB"


def test_prepare_leaves_its_argument_alone() -> None:
    image = Image.new("RGB", (20, 20))
    image.info["comment"] = "mine"
    assert prepare_image(image).info == {}
    assert image.info == {"comment": "mine"}


# ----------------------------------------------------------------------------------------- errors


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nothing\.png does not exist"):
        load_image(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty"),
        (b"hello, I am a text", "not a picture of a known format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), "HEIC photos"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not a picture"),
    ],
)
def test_what_is_no_picture(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(data)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_truncated_file(format_name: str) -> None:
    data = encoded(Image.fromarray(noise(64, 64)), format_name)
    with pytest.raises(ImageError, match=r"damaged|cannot be read"):
        load_image(data[: len(data) // 2])


def test_missing_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    marked().save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ImageError, match="Permission denied"):
        load_image(path)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be large."""
    data = bytearray(encoded(Image.new("L", (16, 16))))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (10_001, 10_000, r"10001 x 10000 px = 100 megapixels; the limit is 100"),
        (50_000, 50_000, r"more than 100 megapixels"),
    ],
)
def test_decompression_bomb(width: int, height: int, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(png_header(width, height))


def test_lowered_guard_of_pillow_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8_000_000)
    with pytest.raises(ImageError, match="more than 16 megapixels"):
        load_image(png_header(5_000, 5_000))


def test_pillow_does_not_warn_below_our_limit() -> None:
    # 9,500 x 10,000 px lie above the size at which Pillow warns. The file is damaged, which shows
    # that it came as far as being unpacked.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="damaged"):
            load_image(png_header(9_500, 10_000))


def test_prepare_checks_the_size_too() -> None:
    image = Image.new("1", (MAX_PIXELS // 5000 + 1, 5000))
    with pytest.raises(ImageError, match="the limit is 100"):
        prepare_image(image)


@pytest.mark.parametrize("size", [(15, 400), (400, 15), (1, 1)])
def test_too_small(size: tuple[int, int]) -> None:
    message = f"{size[0]} x {size[1]} px; each side must have at least 16 px"
    with pytest.raises(ImageError, match=message):
        prepare_image(Image.new("RGB", size))
    with pytest.raises(ImageError, match=message):
        load_image(encoded(Image.new("RGB", size)))
    assert load_image(encoded(Image.new("RGB", size)), min_side_px=1).size == size


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"]))
def test_random_bytes_never_raise_anything_else(data: bytes, magic: bytes) -> None:
    with pytest.raises(ImageError):
        load_image(magic + data)


VALID = {
    format_name: encoded(Image.fromarray(noise(18, 20)), format_name)
    for format_name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF", "JPEG2000", "PPM", "TGA")
}


@given(
    st.sampled_from(sorted(VALID)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_files_give_a_picture_or_our_error(
    format_name: str, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(VALID[format_name])
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(ImageError):
        assert load_image(bytes(data)).mode in ("RGB", "RGBA")


# ------------------------------------------------------------------------- formats and their quirks


def chunk(kind: bytes, body: bytes, *, damaged: bool = False) -> bytes:
    checksum = zlib.crc32(kind + body) ^ damaged
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png_of(depth: int, color: int, row: bytes, *chunks: bytes) -> bytes:
    """A PNG of 16 x 16 px whose rows are all the same."""
    head = struct.pack(">IIBBBBB", 16, 16, depth, color, 0, 0, 0)
    data = zlib.compress((b"\0" + row) * 16)
    return b"".join(
        [PNG_SIGNATURE, chunk(b"IHDR", head), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png_of(8, 3, bytes(range(16)), chunk(b"PLTE", bytes(48)), chunk(b"tRNS", bytes(400))),
         "damaged or incomplete"),
        (png_of(8, 2, bytes(48), chunk(b"tRNS", b"\1\2")), "not a picture"),
        (png_of(8, 3, bytes(16), chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)),
                chunk(b"tRNS", b"\1\2")), "not a picture|damaged"),
    ],
)  # fmt: skip
def test_palette_and_transparency_that_contradict_the_picture(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(data)


@given(
    st.sampled_from([0, 2, 3, 4, 6]), st.sampled_from([1, 2, 4, 8, 16]),
    st.lists(st.tuples(st.sampled_from([b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IHDR", b"acTL",
                                        b"fcTL", b"iTXt", b"zTXt"]),
                       st.binary(max_size=800)), max_size=3),
)  # fmt: skip
def test_chunks_of_any_content_give_a_picture_or_our_error(
    color: int, depth: int, chunks: list[tuple[bytes, bytes]]
) -> None:
    data = png_of(depth, color, bytes(128), *(chunk(*one) for one in chunks))
    with contextlib.suppress(ImageError):
        assert load_image(data).mode in ("RGB", "RGBA")


def test_failure_after_unpacking_is_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Image.Image:
        raise KeyError("a decoder")

    monkeypatch.setattr(images, "to_srgb", fail)
    with pytest.raises(ImageError, match="damaged"):
        load_image(encoded(marked()))
    with pytest.raises(ImageError, match="damaged"):
        prepare_image(marked())


def test_too_little_memory_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(images, "to_srgb", fail)
    with pytest.raises(ImageError, match="needs more memory than there is"):
        load_image(encoded(marked()))


def test_damaged_note_in_a_png_does_not_matter(tmp_path: Path) -> None:
    data = png_of(8, 0, bytes(range(16)), chunk(b"tEXt", b"a\0b", damaged=True))
    (tmp_path / "a.png").write_bytes(data)
    for source in (data, io.BytesIO(data), tmp_path / "a.png"):
        assert load_image(source).getpixel((7, 3)) == (7, 7, 7)
    broken = bytearray(png_of(8, 0, bytes(range(16))))
    broken[20] ^= 1  # the width, which the checksum of the head vouches for
    with pytest.raises(ImageError, match="not a picture"):
        load_image(bytes(broken))


@pytest.mark.parametrize(
    ("depth", "color", "row", "key"),
    [
        (16, 0, struct.pack(">16H", *range(0, 16000, 1000)), struct.pack(">H", 3000)),
        (2, 0, bytes([0b00011011] * 4), struct.pack(">H", 3)),
        (4, 0, bytes([0x01, 0x23, 0x45, 0x67] * 2), struct.pack(">H", 3)),
        (16, 2, b"".join(struct.pack(">3H", *[1000 * x] * 3) for x in range(16)),
         struct.pack(">3H", 3000, 3000, 3000)),
    ],
)  # fmt: skip
def test_transparent_value_of_any_number_of_bits(
    depth: int, color: int, row: bytes, key: bytes
) -> None:
    loaded = load_image(png_of(depth, color, row, chunk(b"tRNS", key)))
    assert loaded.mode == "RGBA"
    alpha = np.asarray(loaded)[5, :, 3]
    assert alpha[3] == 0
    assert alpha[[0, 1, 2, 4, 5, 6]].tolist() == [255] * 6


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_without_its_end_marker_is_read_and_told(
    options: dict[str, object], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    data = encoded(Image.fromarray(noise(64, 64).repeat(4, 1)), "JPEG", **options)
    (tmp_path / "a.jpg").write_bytes(data[:-2])
    for source in (data[:-2], tmp_path / "a.jpg"):
        caplog.clear()
        read = load_image(source)
        np.testing.assert_array_equal(np.asarray(read), np.asarray(load_image(data)))
    assert "lacks its end marker" in caplog.text
    for missing in (5, 200, len(data) // 2):
        with pytest.raises(ImageError, match="damaged or incomplete"):
            load_image(data[:-missing])


@pytest.mark.parametrize(
    "brand", [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"mif1", b"msf1", b"MiHB", b"MiHE"]
)
def test_every_kind_of_heic_gets_a_hint(brand: bytes) -> None:
    with pytest.raises(ImageError, match="HEIC photos"):
        load_image(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(50))


@pytest.mark.parametrize(
    "head", [b"FUJIFILMCCD-RAW ", b"II*\0\x10\0\0\0CR\2\0", b"\0\0\0\x18ftypcrx \0\0\0\1crx "]
)
def test_raw_photos_get_a_hint(head: bytes) -> None:
    with pytest.raises(ImageError, match="raw photo of a camera"):
        load_image(head + bytes(50))


@pytest.mark.parametrize(
    "tags",
    [
        {50706: b"\1\4\0\0"},  # DNG
        {254: 1, 271: "NIKON CORPORATION", 330: (8,)},  # NEF
    ],
)
def test_previews_of_raw_photos_are_not_taken_for_them(tags: dict[int, object]) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[tag] = value
    with pytest.raises(ImageError, match="raw photo of a camera"):
        load_image(encoded(Image.fromarray(noise(120, 160)), "TIFF", tiffinfo=info))


# ---------------------------------------------------------------------------- floats, thin pictures


def floats(values: np.ndarray) -> np.ndarray:
    return np.asarray(prepare_image(Image.fromarray(values.astype(np.float32))))[..., 0]


def test_lights_beyond_white_do_not_darken_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    scene = np.random.default_rng(1).random((64, 64)) * 0.8
    scene[:4, :4] = 40.5
    shown = floats(scene)
    np.testing.assert_array_equal(shown[8:], np.rint(scene[8:] * 255))
    assert shown[0, 0] == 255
    assert "%g" not in caplog.text
    assert "1 as white" in caplog.text


@pytest.mark.parametrize("missing", [-9999, -32768, float(np.finfo(np.float32).min), np.nan])
def test_values_for_no_data_do_not_count(missing: float) -> None:
    heights = np.tile(np.linspace(400, 1400, 64), (64, 1))
    heights[:20] = missing
    shown = floats(heights)
    assert shown[:20].max() == 0
    assert shown[30, 0] < 5
    assert shown[30, -1] > 250


def test_no_data_value_of_the_file_does_not_count() -> None:
    values = np.tile(np.linspace(0.1, 1, 64, dtype=np.float32), (64, 1))
    values[:20] = -1
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[42113] = "-1"
    data = encoded(Image.fromarray(values), "TIFF", tiffinfo=info)
    assert load_image(data).getpixel((63, 40)) == (255, 255, 255)


def test_white_may_be_zero() -> None:
    values = np.tile(np.array([0, 65535], np.uint16), (20, 10))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[262] = 0
    data = encoded(Image.fromarray(values), "TIFF", tiffinfo=info)
    with Image.open(io.BytesIO(data)) as image:
        if image.tag_v2[262] != 0:
            pytest.skip("this Pillow writes its own value")
    assert load_image(data).getpixel((0, 0)) == (255, 255, 255)


def test_too_thin() -> None:
    assert prepare_image(Image.new("L", (16 * MAX_ASPECT, 16))).size == (4096, 16)
    for size in ((16 * MAX_ASPECT + 1, 16), (16, 5000)):
        with pytest.raises(ImageError, match=r"times the other; the limit is 256\. Cut"):
            prepare_image(Image.new("L", size))
    with pytest.raises(ImageError, match="155625 times the other"):
        load_image(png_header(2_490_000, 16))


# ----------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
def test_saves_every_mode_in_every_format(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"out{suffix}"
    save_image(Image.new("RGB", (17, 23), (200, 100, 50)).convert(mode), path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert load_image(path).size == (17, 23)


def test_png_keeps_every_bit(tmp_path: Path) -> None:
    image = Image.fromarray(noise(19, 31, 4))
    save_image(image, tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(load_image(tmp_path / "a.png")), np.asarray(image))


def test_jpeg_flattens_on_white_and_keeps_full_color_resolution(tmp_path: Path) -> None:
    save_image(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_private_is_written(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET place"
    image = Image.open(io.BytesIO(encoded(marked(), exif=exif.tobytes())))
    image.info |= {"comment": b"SECRET", "xmp": b"SECRET", "Author": "SECRET"}
    path = tmp_path / f"a{suffix}"
    save_image(image, path)
    assert b"SECRET" not in path.read_bytes()
    with Image.open(path) as saved:
        assert not saved.getexif()
        assert set(saved.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop",
                                   "background", "timestamp", "duration"}  # fmt: skip
    assert image.info["Author"] == "SECRET"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", r'cannot be saved as "\.gif"\. End the name .* \.png, \.jpg, \.jpeg, \.webp'),
        ("a", r'"a" does not say in which format'),
        ("missing/a.png", r"the folder .*missing does not exist"),
        ("folder.png", r"folder\.png is a folder"),
        ("file/a.png", r"the folder .*file does not exist"),
    ],
)
def test_unusable_destination(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(ImageError, match=message):
        save_image(marked(), tmp_path / name)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "not writable"), (errno.EIO, "cannot be")],
)
def test_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(self: Image.Image, file: io.BytesIO, **_: object) -> None:
        file.write(b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(ImageError, match=message):
        save_image(marked(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_cancelled_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", cancel)
    with pytest.raises(KeyboardInterrupt):
        save_image(marked(), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "side", "limit"), [(".webp", 16_384, 16_383), (".jpg", 65_501, 65_500)]
)
def test_too_large_for_the_format(tmp_path: Path, suffix: str, side: int, limit: int) -> None:
    with pytest.raises(ImageError, match=f"{side} x 16 px .* end at {limit} px"):
        save_image(Image.new("L", (side, 16)), tmp_path / f"a{suffix}")


# ---------------------------------------------------------------------------------------- helpers


@pytest.mark.parametrize("channels", [3, 4])
def test_arrays_round_trip(channels: int) -> None:
    image = Image.fromarray(noise(5, 9, channels))
    rgb, alpha = to_arrays(image)
    assert rgb.shape == (5, 9, 3)
    assert (alpha is None) == (channels == 3)
    np.testing.assert_array_equal(np.asarray(from_arrays(rgb, alpha)), np.asarray(image))


def test_arrays_refuse_other_modes() -> None:
    with pytest.raises(ValueError, match="RGB or RGBA"):
        to_arrays(Image.new("L", (20, 20)))


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((400, 200), None, (400, 200)),
        ((400, 200), 400, (400, 200)),
        ((400, 200), 800, (400, 200)),
        ((400, 200), 100, (100, 50)),
        ((200, 401), 100, (50, 100)),
        ((3000, 2), 100, (100, 1)),
    ],
)
def test_fit_within(size: tuple[int, int], limit: int | None, expected: tuple[int, int]) -> None:
    assert fit_within(size, limit) == expected


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9000))
def test_fit_within_keeps_limit_and_shape(width: int, height: int, limit: int) -> None:
    fitted = fit_within((width, height), limit)
    assert 1 <= min(fitted) <= max(fitted) <= max(limit, 1)
    assert max(fitted) == min(limit, max(width, height))
    scale = max(fitted) / max(width, height)
    assert abs(fitted[0] - width * scale) <= 1
    assert abs(fitted[1] - height * scale) <= 1


def test_fit_within_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        fit_within((10, 10), 0)


def test_transparent_colors_do_not_bleed() -> None:
    image = Image.new("RGBA", (32, 32), (0, 255, 0, 0))  # unseen green around a red square
    image.paste((255, 0, 0, 255), (8, 8, 24, 24))
    small = np.asarray(resize_image(image, (13, 13)))
    seen = small[small[..., 3] > 20]
    assert len(seen) > 20
    assert seen[:, 1].max() <= 2
    assert resize_image(image, (32, 32)) is image


def test_readable_suffixes_are_those_of_the_readable_formats() -> None:
    Image.init()
    known = {end for end, name in Image.EXTENSION.items() if name in images.READABLE_FORMATS}
    assert set(images.READABLE_SUFFIXES) <= known
    assert known <= {*images.READABLE_SUFFIXES, ".bw", ".dib", ".rgb", ".rgba"}  # hardly pictures


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("WEBP", "RGBA", {"lossless": True}),
        ("JPEG", "CMYK", {}),
        ("TIFF", "F", {}),
        ("AVIF", "RGB", {}),
        ("JPEG2000", "RGB", {}),
    ],
)
def test_what_takes_much_memory_to_read_has_a_lower_limit(
    monkeypatch: pytest.MonkeyPatch, kind: str, mode: str, options: dict[str, object]
) -> None:
    file = io.BytesIO()
    Image.new(mode, (64, 64)).save(file, kind, **options)
    assert load_image(file.getvalue()).size == (64, 64)
    monkeypatch.setattr(images, "MAX_READING_BYTES", 64 * 64 * 9)
    with pytest.raises(ImageError, match=f"as {kind} .* the limit is .*Scale it down"):
        load_image(file.getvalue())


def test_an_icon_cannot_hide_a_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = io.BytesIO()
    Image.new("RGB", (300, 300)).save(inside, "PNG")
    png = inside.getvalue()
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack(
        "<BBBBHHII", 32, 32, 0, 0, 1, 32, len(png), 22
    )
    monkeypatch.setattr(images, "MAX_PIXELS", 50_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ImageError, match="Scale it down"):
            load_image(icon + png)


def test_a_picture_that_was_read_can_be_changed_and_holds_no_metadata() -> None:
    for kind in ("PNG", "BMP", "PPM", "TIFF"):
        file = io.BytesIO()
        Image.new("RGB", (32, 32), "red").save(file, kind)
        loaded = load_image(file.getvalue())
        loaded.paste((0, 0, 255), (0, 0, 16, 32))
        assert type(loaded) is Image.Image
        assert loaded.info == {}
        assert loaded.getpixel((0, 0)) == (0, 0, 255)
