import base64
import io

import numpy as np
import pytest
from PIL import Image

from stylize.errors import ImageError
from stylize.studio import StudioSettings
from stylize.studio.pictures import fit, from_data_url, open_picture, to_data_url
from tests import fakes

SMALL = StudioSettings(max_upload_mb=1, max_pixels=10_000)


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_too_many_pixels_are_refused_before_decoding():
    with pytest.raises(ImageError, match="megapixels"):
        open_picture(png(Image.new("RGB", (200, 51))), SMALL)
    assert open_picture(png(Image.new("RGB", (200, 50))), SMALL).size == (200, 50)


def test_too_many_bytes_are_refused():
    with pytest.raises(ImageError, match="1 MB"):
        open_picture(b"\0" * 1_000_001, SMALL)


def test_a_deleted_file_is_explained_and_its_path_is_not_told(tmp_path):
    with pytest.raises(ImageError, match="choose the picture again") as caught:
        open_picture(tmp_path / "gone.png", SMALL)
    assert str(tmp_path) not in str(caught.value)


def test_what_is_odd_about_a_picture_is_told_once_and_without_its_path(tmp_path):
    path = tmp_path / "cut.jpg"
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise.repeat(4, 1)).save(path)
    path.write_bytes(path.read_bytes()[:-2])
    notes = []
    open_picture(path, StudioSettings(), notes.append)
    assert notes == ["cut.jpg lacks its end marker; nothing else of it is missing."]


def test_metadata_does_not_survive():
    exif = Image.Exif()
    exif[0x010E] = "at home"
    buffer = io.BytesIO()
    fakes.picture().save(buffer, "JPEG", exif=exif)
    image = open_picture(buffer.getvalue(), StudioSettings())
    assert not image.getexif()
    assert b"at home" not in base64.b64decode(to_data_url(image).partition(",")[2])


def test_data_urls_round_trip():
    image = Image.new("RGB", (40, 30), "#336699")
    url = "data:image/png;base64," + base64.b64encode(png(image)).decode()
    assert from_data_url(url, SMALL).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.org/a.png",
        "file:///etc/passwd",
        "data:text/html;base64,PGI+",
        "data:image/png;base64,???",
        "data:image/png;base64,AAAA",
        "data:image/png;base64," + "A" * 1_500_000,
    ],
)
def test_other_urls_are_refused(url):
    with pytest.raises(ImageError):
        from_data_url(url, SMALL)


def test_transparency_reaches_the_screen():
    url = to_data_url(Image.new("RGBA", (20, 20), (255, 0, 0, 0)))
    assert url.startswith("data:image/webp")


def test_fit_never_enlarges():
    assert fit(Image.new("RGB", (30, 20)), 100).size == (30, 20)
    assert fit(Image.new("RGB", (300, 200)), 100).size == (100, 67)
