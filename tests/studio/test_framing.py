"""Which part of a picture is the content."""

import numpy as np
import pytest
from PIL import Image

from stylize.errors import ImageError
from stylize.studio.framing import Framing

ALL = [0, 0, 1, 1]


def numbered(width, height):
    return Image.fromarray(np.arange(width * height, dtype=np.uint8).reshape(height, width))


@pytest.mark.parametrize("turns", range(-1, 5))
def test_turns_are_clockwise(turns):
    image = numbered(4, 3)
    turned = Framing.read({"turns": turns, "box": ALL}).apply(image)
    assert np.array_equal(turned, np.rot90(np.asarray(image), -turns))


def test_the_box_is_that_of_the_turned_picture():
    part = Framing.read({"turns": 1, "box": [0, 0.5, 1, 1]}).apply(numbered(100, 40))
    assert part.size == (40, 50)
    assert part.getpixel((39, 0)) == 50


def test_nothing_leaves_the_picture_as_it_is():
    image = numbered(5, 4)
    assert Framing.read(None).apply(image) is image


def test_a_sliver_has_as_many_pixels_as_a_content_needs():
    part = Framing.read({"turns": 0, "box": [0.999, 0.5, 1, 0.5001]}).apply(numbered(200, 9))
    assert part.size == (16, 9)


@pytest.mark.parametrize(
    "data",
    [
        {}, [], "part", {"turns": 0}, {"turns": "x", "box": ALL},
        {"turns": float("inf"), "box": ALL},
        {"turns": 0, "box": [0, 0, 1]}, {"turns": 0, "box": [0.5, 0, 0.5, 1]},
        {"turns": 0, "box": [1, 0, 0, 1]}, {"turns": 0, "box": [float("nan")] * 4},
    ],
)  # fmt: skip
def test_what_is_no_part_is_refused(data):
    with pytest.raises(ImageError, match="crop it again"):
        Framing.read(data)
