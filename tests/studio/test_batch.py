"""Contact sheets."""

import pytest

from stylize.studio.batch import caption_font


@pytest.mark.parametrize(
    "text",
    [
        "Fran\u00e7ois \u00e0 V\u00e9zelay",
        "\u041c\u0430\u043b\u0435\u0432\u0438\u0447",
        "\u0393\u03ba\u03c1\u03ad\u03ba\u03bf",
    ],
)
def test_captions_are_written_in_a_font_that_has_their_letters(text):
    font = caption_font(text)
    if not hasattr(font, "getname") or font.getname()[0] == "Aileron":
        pytest.skip("this machine has no such font")
    box = bytes(font.getmask("\U0010fffe"))
    assert all(bytes(font.getmask(letter)) != box for letter in text if letter != " ")
