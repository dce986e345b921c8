"""Optical flow: its values where they are known, and the ways made of it."""

import numpy as np
import pytest
from PIL import Image

from stylize.video.flow import FlowFinder, Way, flow_size, seen_through, smooth_change
from tests.conftest import make_picture


def gray(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"))


def test_a_shift_is_found_and_trusted():
    large = gray(make_picture(200, 140))
    here, there = large[10:110, 20:164], large[13:113, 15:159]  # all is 5 px to the right, 3 px up
    forth, back = FlowFinder().find(here, there)
    inside = (slice(20, -20), slice(20, -20))
    assert np.median(forth.field[inside], axis=(0, 1)) == pytest.approx([5, -3], abs=0.2)
    assert np.median(back.field[inside], axis=(0, 1)) == pytest.approx([-5, 3], abs=0.2)
    assert forth.trust[inside].mean() > 0.8


def test_what_leaves_the_picture_is_not_trusted():
    large = gray(make_picture(200, 140))
    forth, _ = FlowFinder().find(large[:100, 20:164], large[:100, 28:172])
    assert forth.trust[:, :4].max() == 0


def test_noise_does_not_move():
    picture = gray(make_picture(96, 64)).astype(np.int16) // 2 + 64
    noise = np.random.default_rng(0).integers(-1, 2, picture.shape)
    forth, back = FlowFinder().find(picture.astype(np.uint8), (picture + noise).astype(np.uint8))
    assert not forth.field.any()
    assert not back.field.any()
    assert forth.trust.min() == 1
    assert forth.is_standing.all()


def test_ways_add_up():
    one = Way(np.full((20, 30, 2), (2.0, -1.0), np.float32), np.full((20, 30), 0.5, np.float32))
    both = one.then(one)
    assert (both.field == (4, -2)).all()
    assert (both.trust == 0.25).all()
    nowhere = Way.nowhere(20, 30)
    assert (nowhere.then(one).field == one.field).all()
    assert nowhere.is_standing.all()


def test_seen_through_a_field():
    picture = np.arange(20, dtype=np.float32).reshape(4, 5)
    right = np.full((4, 5, 2), (1.0, 0.0), np.float32)
    assert (seen_through(right, picture)[:, :4] == picture[:, 1:]).all()
    still = np.zeros((4, 5, 2), np.float32)
    for filter_ in (1, 2, 4):  # linear, cubic, Lanczos: to the byte where nothing moves
        colors = np.asarray(make_picture(5, 4))
        assert (seen_through(still, colors, filter_) == colors).all()


def test_a_larger_picture_seen_through_a_field():
    picture = np.asarray(make_picture(36, 24))
    right = np.full((12, 18, 2), (1.0, 0.0), np.float32)
    assert (seen_through(right, picture)[:, :-2] == picture[:, 2:]).all()
    assert (seen_through(0 * right, picture, 2) == picture).all()


def test_noise_averages_out():
    rng = np.random.default_rng(1)
    picture = np.full((64, 64, 3), 100, np.uint8)
    noisy = (picture + rng.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)
    assert smooth_change(picture, noisy).mean() < 2
    assert smooth_change(picture, picture + np.uint8(9)) == pytest.approx(np.full((64, 64), 9))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((640, 360), (256, 144)), ((1920, 1080), (416, 234)), ((200, 100), (200, 100)),
        ((1000, 20), (400, 16)), ((17, 16), (17, 16)),
    ],
)  # fmt: skip
def test_flow_is_found_at_a_part_of_the_size(size, wanted):
    assert flow_size(size) == wanted


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (16, 480)])
def test_tiny_pictures(size):
    here, there = (gray(make_picture(*size, seed=seed)) for seed in (1, 2))
    forth, back = FlowFinder().find(here, there)
    assert forth.field.shape == (size[1], size[0], 2)
    assert np.isfinite(back.field).all()
