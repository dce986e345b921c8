import pytest
from PIL import Image

from stylize.sheet import caption_font, caption_height, contact_sheet, uncaptioned
from tests.conftest import make_picture


def test_pictures_stand_in_their_cells():
    red, blue = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (5, 5), "blue")
    sheet = contact_sheet(uncaptioned([[None, red], [blue]]), cell=(20, 20), gap_px=4)
    assert (sheet.mode, sheet.size) == ("RGB", (52, 52))
    assert sheet.crop((0, 0, 24, 28)).getextrema() == ((255, 255),) * 3  # the empty cell
    assert sheet.crop((28, 14, 48, 24)).getcolors() == [(200, (255, 0, 0))]  # smaller, below
    assert sheet.crop((12, 43, 17, 48)).getcolors() == [(25, (0, 0, 255))]  # never enlarged


def test_captions_stay_within_their_cells():
    rows = [[(make_picture(100, 60), "a title that is far too long for its picture"), None]]
    sheet = contact_sheet(rows, cell=(100, 60), gap_px=10)
    assert sheet.size == (230, 80 + caption_height(100))
    assert sheet.crop((10, 70, 110, sheet.height)).getextrema() != ((255, 255),) * 3
    for edge in ((0, 70, 9, sheet.height), (111, 0, 230, sheet.height)):
        assert sheet.crop(edge).getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize(
    "text",
    [
        "Fran\u00e7ois \u00e0 V\u00e9zelay",
        "\u041c\u0430\u043b\u0435\u0432\u0438\u0447",
        "\u0393\u03ba\u03c1\u03ad\u03ba\u03bf",
    ],
)
def test_captions_are_written_in_a_font_that_has_their_letters(text):
    font = caption_font(text, 15)
    if not hasattr(font, "getname") or font.getname()[0] == "Aileron":
        pytest.skip("this machine has no such font")
    box = bytes(font.getmask("\U0010fffe"))
    assert all(bytes(font.getmask(letter)) != box for letter in text if letter != " ")
