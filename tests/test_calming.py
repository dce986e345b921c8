"""Calm areas that stay calm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from stylize.calming import _medians, calm_areas, calm_down
from tests.conftest import make_picture


def sky_over_grass(size=(96, 80)):
    """A smooth sky above; below it a dark area with as many levels of noise as a bright cloud."""
    width, height = size
    noise = np.random.default_rng(1).normal(0, 1, (height, width))
    levels = np.where(np.arange(height)[:, None] < height // 2, 200 + noise, 60 + 7 * noise)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8)).convert("RGB")


def with_dashes(content):
    painted = Image.new("RGB", content.size, (180, 190, 200))
    for x in range(8, content.width - 8, 24):
        for y in range(6, content.height - 6, 16):
            painted.paste((40, 20, 60), (x, y, x + 3, y + 8))
    return painted


def test_skies_are_calm_and_grass_is_not():
    calm = calm_areas(sky_over_grass())
    assert (calm.mode, calm.size) == ("L", (96, 80))
    assert calm.crop((0, 0, 96, 24)).getextrema() == (255, 255)
    assert calm.crop((0, 56, 96, 80)).getextrema() == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 40), (33, 17)])
def test_flat_pictures_of_any_size_are_calm(size):
    calm = calm_areas(Image.new("RGB", size, "olive"), 0.8)
    assert (calm.size, calm.getextrema()) == (size, (204, 204))
    painted = Image.new("RGB", size, "navy")
    calm_down(painted, Image.new("RGB", size, "olive"), 1.0)
    assert painted.getcolors() == [(size[0] * size[1], (0, 0, 128))]


def test_dashes_in_the_sky_go_and_the_grass_stays():
    content = sky_over_grass()
    painted = before = with_dashes(content)
    painted = painted.copy()
    calm_down(painted, content, 1.0)
    after = np.asarray(painted)
    assert after[:24].std(axis=(0, 1)).max() < 3  # what the content shows; 30 with the dashes
    assert np.array_equal(after[56:], np.asarray(before)[56:])


@given(arrays(np.uint8, st.tuples(*3 * [st.integers(1, 9)])), st.sampled_from([0, 1]))
def test_medians_are_those_of_numpy(values, axis):
    widths = [(2, 2) if at == axis else (0, 0) for at in range(3)]
    windows = sliding_window_view(np.pad(values, widths, mode="edge"), 5, axis=axis)
    assert np.array_equal(_medians(values, axis=axis), np.median(windows, axis=-1))


def test_what_the_content_shows_is_drawn_instead():
    content = Image.new("RGB", (96, 80), (200, 200, 200))
    content.paste((206, 206, 206), (40, 30, 50, 40))  # a soft mark
    painted = Image.new("RGB", content.size, (60, 90, 120))
    calm_down(painted, content, 1.0)
    assert painted.getpixel((45, 35)) == pytest.approx((66, 96, 126), abs=1)
    assert painted.getpixel((5, 70)) == (60, 90, 120)


def test_half_the_amount_goes_half_of_the_way():
    content = Image.new("RGB", (96, 80), "white")
    painted = with_dashes(content)
    whole, half = painted.copy(), painted.copy()
    calm_down(whole, content, 1.0)
    calm_down(half, content, 0.5)
    middle = (np.asarray(painted, np.float32) + np.asarray(whole, np.float32)) / 2
    np.testing.assert_allclose(np.asarray(half, np.float32), middle, atol=1.5)


@pytest.mark.parametrize(("at_most", "level"), [(1.0, 255), (0.5, 255), (0.2, 107), (0.0, 0)])
def test_of_a_picture_of_much_sky_all_is_calm_by_less(at_most, level):
    half = Image.new("RGB", (16, 320), "olive")
    half.paste(Image.effect_noise((16, 160), 99).convert("RGB"), (0, 0))
    calm = calm_areas(half, at_most=at_most)
    assert calm.getextrema() == (0, pytest.approx(level, abs=2))


def test_flat_styles_are_smoothed_everywhere():
    content, painted = make_picture(96, 64), make_picture(96, 64, seed=1)
    all_of_it, half = painted.copy(), painted.copy()
    calm_down(all_of_it, content, 0, everywhere=1)
    calm_down(half, content, 0, everywhere=0.5)
    before, after, between = (np.asarray(p, float) for p in (painted, all_of_it, half))
    assert np.abs(before - after).mean() > 10
    assert np.abs((before + after) / 2 - between).max() <= 1


def test_nothing_changes_without_an_amount():
    painted = with_dashes(Image.new("RGB", (48, 48)))
    again = painted.copy()
    calm_down(again, Image.new("RGB", (48, 48)), 0.0)
    assert again == painted
