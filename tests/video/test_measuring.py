"""How calm a film is, by hand."""

import numpy as np
import pytest

from stylize.video import measuring
from tests.conftest import make_picture


def pan(count=12, step=2):
    wide = np.asarray(make_picture(160, 72, seed=4))
    return [np.ascontiguousarray(wide[:, step * i : step * i + 96]) for i in range(count)]


def test_paint_that_moves_with_the_picture_has_no_warping_error():
    content = pan()
    moving = [255 - frame for frame in content]
    rng = np.random.default_rng(0)
    boiling = [rng.integers(0, 256, frame.shape, np.uint8) for frame in content]
    _, calm, wild = measuring.warping_errors(content, [moving, boiling], 1, 1)
    assert calm < 4
    assert wild > 60


def test_pairs_on_both_sides_of_a_cut_are_left_out():
    dark, light = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 200, np.uint8)
    film = [dark, dark, light, light]
    assert measuring.cuts(film) == {2}
    assert list(measuring.pairs_apart(film, 1, 1)) == [(0, 1), (2, 3)]
    assert list(measuring.pairs_apart(film, 2, 1)) == []


def test_changes_where_the_content_stands_still():
    content = [np.asarray(make_picture(64, 64))] * 4
    flickering = [frame // 2 + 3 * (index % 2) for index, frame in enumerate(content)]
    assert measuring.still_changes(content, [content, flickering]) == [0, 0, pytest.approx(3)]
    moving = [np.asarray(make_picture(64, 64, seed=seed)) for seed in range(4)]
    assert measuring.still_changes(moving, [moving]) is None


def test_sharpness_and_its_breathing():
    sharp = np.asarray(make_picture(64, 64))
    soft = np.full_like(sharp, 128)
    assert measuring.sharpness([sharp, sharp])[1] == 0
    value, breathing = measuring.sharpness([sharp, soft])
    assert breathing == pytest.approx(2)
    assert value > 0


def test_all_that_is_measured_of_a_film():
    content = pan(13)
    of_content, of_film = measuring.measure_calm(content, [[255 - frame for frame in content]])
    assert set(of_content) == set(of_film)
    assert of_film["warping_error"] == pytest.approx(of_content["warping_error"], abs=0.5)
    assert of_film["sharpness"] == pytest.approx(of_content["sharpness"], rel=0.1)
    assert of_film["still"] is None


def test_a_film_of_one_frame_compares_with_nothing():
    (frame,) = pan(1)
    (found,) = measuring.measure_calm([frame], [])
    assert found["warping_error"] is None
    assert found["distant_warping_error"] is None
    assert found["breathing"] == 0
