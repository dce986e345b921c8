"""What is seen of a picture with transparency."""

import numpy as np
from PIL import Image

from stylize.visible import VisibleColors
from tests.conftest import make_picture


def with_hole():
    picture = make_picture(60, 40, mode="RGBA")
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (10, 5, 30, 25))
    alpha.paste(1, (40, 5, 50, 25))
    picture.putalpha(alpha)
    picture.paste((255, 0, 0, 0), (10, 5, 20, 25))
    return picture, np.asarray(alpha) > 0


def test_what_is_hidden_has_the_mean_of_what_is_seen():
    picture, seen = with_hole()
    colors = np.asarray(VisibleColors(picture).crop((0, 0, 60, 40)))
    assert (colors[seen] == np.asarray(picture.convert("RGB"))[seen]).all()
    assert np.abs(colors[~seen] - colors[seen].mean(0)).max() <= 0.5


def test_parts_are_those_of_the_whole():
    colors = VisibleColors(with_hole()[0])
    whole = colors.crop((0, 0, *colors.size))
    for box in ((0, 0, 7, 9), (5, 3, 33, 40), (10, 5, 20, 20)):
        assert colors.crop(box).tobytes() == whole.crop(box).tobytes()
    assert colors.reduce(2).tobytes() == whole.reduce(2).tobytes()
    small = colors.resize((16, 16), Image.Resampling.BICUBIC, reducing_gap=3.0)
    assert small.tobytes() == whole.resize((16, 16), 3, reducing_gap=3.0).tobytes()


def test_without_a_hole_the_colours_are_those_of_the_file():
    for alpha in (0, 200, 255):
        picture = make_picture(20, 20, mode="RGBA")
        picture.putalpha(alpha)
        colors = VisibleColors(picture).crop((0, 0, 20, 20))
        assert colors.tobytes() == picture.convert("RGB").tobytes()
