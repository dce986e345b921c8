"""What benchmarks/video.py measures, by hand."""

import numpy as np
import pytest
import video as benchmark

from tests.conftest import make_picture


def pan(count=12, step=2):
    wide = np.asarray(make_picture(160, 72, seed=4))
    return [np.ascontiguousarray(wide[:, step * i : step * i + 96]) for i in range(count)]


def test_paint_that_moves_with_the_picture_has_no_warping_error():
    content = pan()
    moving = [255 - frame for frame in content]
    rng = np.random.default_rng(0)
    boiling = [rng.integers(0, 256, frame.shape, np.uint8) for frame in content]
    _, calm, wild = benchmark.warping_errors(content, [moving, boiling], 1, 1)
    assert calm < 4
    assert wild > 60


def test_pairs_on_both_sides_of_a_cut_are_left_out():
    dark, light = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 200, np.uint8)
    film = [dark, dark, light, light]
    assert benchmark.cuts(film) == {2}
    assert list(benchmark.pairs_apart(film, 1, 1)) == [(0, 1), (2, 3)]
    assert list(benchmark.pairs_apart(film, 2, 1)) == []


def test_changes_where_the_content_stands_still():
    content = [np.asarray(make_picture(64, 64))] * 4
    flickering = [frame // 2 + 3 * (index % 2) for index, frame in enumerate(content)]
    assert benchmark.still_changes(content, [content, flickering]) == [0, 0, pytest.approx(3)]
    moving = [np.asarray(make_picture(64, 64, seed=seed)) for seed in range(4)]
    assert benchmark.still_changes(moving, [moving]) is None


def test_sharpness_and_its_breathing():
    sharp = np.asarray(make_picture(64, 64))
    soft = np.full_like(sharp, 128)
    assert benchmark.sharpness([sharp, sharp])[1] == 0
    value, breathing = benchmark.sharpness([sharp, soft])
    assert breathing == pytest.approx(2)
    assert value > 0


def test_means_leave_out_what_is_unknown():
    records = [{"a": {"still": None, "x": 1.0}}, {"a": {"still": 2.0, "x": 3.0}}]
    assert benchmark.mean_of(records) == {"a": {"still": 2.0, "x": 2.0}}


def test_both_of_our_painters(tiny_engine):
    style = make_picture(64, 64, seed=5)
    film, times = pan(4), [0, 0.04, 0.08, 0.12]
    calm = benchmark.ours(tiny_engine, 0.8)(film, times, style)
    alone = benchmark.ours(tiny_engine, 0)(film, times, style)
    assert (calm[0] == alone[0]).all()
    rows = benchmark.measure(film, {"calm": calm, "alone": alone}, style, None)
    assert rows["content"]["warping_error"] < rows["alone"]["warping_error"]
