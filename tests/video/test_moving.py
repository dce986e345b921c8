"""Paint moves by parts of pixels, and stays sharp."""

import cv2
import numpy as np
import pytest

from stylize.video import moving
from stylize.video.flow import enlarged
from stylize.video.moving import bands, moved, twice_as_fine
from tests.conftest import make_picture


def shift(x, y, size):
    return np.full((size[1], size[0], 2), (x, y), np.float32)


@pytest.mark.parametrize("size", [(64, 40), (17, 23), (16, 200)])
def test_what_does_not_move_stays_to_the_byte(size):
    picture = np.asarray(make_picture(*size))
    fine = twice_as_fine(picture)
    assert fine.shape == (2 * size[1], 2 * size[0], 4)
    assert (fine[::2, ::2, :3] == picture).all()
    half = (max(1, size[0] // 2), max(1, size[1] // 2))
    assert (moved(shift(0, 0, half), fine) == picture).all()


def test_whole_pixels():
    picture = np.asarray(make_picture(48, 32))
    there = moved(shift(3, -2, (48, 32)), twice_as_fine(picture))
    assert (there[2:, :-3] == picture[:-2, 3:]).all()


def test_a_field_of_half_the_size_is_longer_in_the_picture():
    picture = np.asarray(make_picture(48, 32))
    there = moved(shift(2, 1, (24, 16)), twice_as_fine(picture))
    assert (there[:-2, :-4] == picture[2:, 4:]).all()


def test_half_a_pixel_there_and_back_stays_sharper_than_cubic():
    picture = cv2.GaussianBlur(np.asarray(make_picture(96, 96)), (0, 0), 1)
    field = shift(0.5, 0.5, (96, 96))
    there = moved(-field, twice_as_fine(moved(field, twice_as_fine(picture))))
    places = np.moveaxis(np.mgrid[0:96, 0:96][::-1].astype(np.float32), 0, -1)
    cubic = picture
    for ends in (places + field, places - field):
        cubic = cv2.remap(cubic, ends, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    ours, others = (
        np.abs(again.astype(int) - picture)[8:-8, 8:-8].mean() for again in (there, cubic)
    )
    assert ours < others


def test_rows_are_those_of_the_whole():
    field = np.random.default_rng(2).normal(0, 3, (27, 31, 2)).astype(np.float32)
    whole = enlarged(field, (100, 70))
    for rows in (slice(0, 9), slice(9, 50), slice(50, 70)):
        assert np.allclose(enlarged(field, (100, 70), rows), whole[rows], atol=1e-5)


def test_large_pictures_are_moved_in_bands(monkeypatch):
    field = np.random.default_rng(2).normal(0, 3, (20, 24, 2)).astype(np.float32)
    fine = twice_as_fine(np.asarray(make_picture(48, 40)))
    whole = moved(field, fine)
    monkeypatch.setattr(moving, "_BAND_PIXELS", 48 * 7)
    assert [rows.stop for rows in bands((48, 40))] == [7, 14, 21, 28, 35, 40]
    assert np.abs(moved(field, fine).astype(int) - whole).max() <= 1  # of rounding
