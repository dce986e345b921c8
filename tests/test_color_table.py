"""Tables of colours."""

import numpy as np

from stylize.color_table import color_table, looked_up
from tests.conftest import make_picture


def rgbx(picture, beside=9):
    rgb = np.asarray(picture)
    return np.dstack([rgb, np.full(rgb.shape[:2], beside, np.uint8)])


def test_a_table_of_the_colours_that_it_is_made_for_changes_nothing():
    picture = rgbx(make_picture(33, 17))
    assert (looked_up(picture, color_table(lambda colors: colors, 17)) == picture).all()


def test_colours_are_those_of_the_map():
    table = color_table(lambda colors: 255 - colors[:, ::-1], 5)
    picture = make_picture(33, 17)
    found = looked_up(rgbx(picture), table)
    assert (found[..., :3] == np.asarray(picture.filter(table))).all()
    assert np.abs(found[..., :3].astype(int) - (255 - np.asarray(picture)[..., ::-1])).max() <= 1
    assert (found[..., 3] == 9).all()


def test_a_part_is_looked_up_as_in_the_whole():
    """Parts of arrays are not in one piece."""
    table = color_table(lambda colors: 0.5 * colors, 2)
    picture = rgbx(make_picture(40, 30))
    whole = looked_up(picture, table)
    assert (looked_up(picture[5:20, 3:31], table) == whole[5:20, 3:31]).all()
