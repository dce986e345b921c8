from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from stylize.finishing import scale_detail
from tests.conftest import make_picture


def detailed(picture: Image.Image, gain: float) -> np.ndarray:
    changed = picture.copy()
    scale_detail(changed, gain)
    return np.asarray(changed).astype(int)


def test_detail_1_changes_nothing():
    picture = make_picture(50, 40)
    np.testing.assert_array_equal(detailed(picture, 1), picture)


@pytest.mark.parametrize("gain", [0, 2])
def test_flat_colours_have_no_detail(gain):
    picture = Image.new("RGB", (40, 30), (200, 30, 90))
    np.testing.assert_array_equal(detailed(picture, gain), picture)


def test_detail_goes_from_smooth_to_crisp_in_light_and_in_colours():
    grain = np.random.default_rng(0).normal(128, 10, (64, 64, 3))
    picture = Image.fromarray(grain.astype(np.uint8))
    results = [detailed(picture, gain) for gain in (0, 0.5, 1, 1.5, 2)]
    spreads = [result.std(axis=(0, 1)) for result in results]
    assert all((a < b).all() for a, b in pairwise(spreads))
    assert spreads[0].max() < 0.4 * spreads[2].min()
    assert max(abs(result.mean() - results[2].mean()) for result in results) < 1


def test_outlines_neither_blur_nor_get_halos():
    outline = np.full((40, 40, 3), 40, np.uint8)
    outline[:, 20:] = 215
    smooth, crisp = (detailed(Image.fromarray(outline), gain)[20, :, 0] for gain in (0, 2))
    assert smooth[20] - smooth[19] > 120  # a plain blur of the same width leaves 35
    assert crisp.min() > 15
    assert crisp.max() < 240


@pytest.mark.parametrize("size", [(300, 200), (16, 517), (1000, 16), (1, 90), (90, 1)])
def test_strips_of_detail_fit_together(size, monkeypatch):
    picture = make_picture(*size)
    whole = [detailed(picture, gain) for gain in (0, 2)]
    for pixels in (1, 5000):  # strips of one row; of some
        monkeypatch.setattr("stylize.finishing._STRIP_PIXELS", pixels)
        for gain, expected in zip((0, 2), whole, strict=True):
            np.testing.assert_array_equal(detailed(picture, gain), expected)
