"""Calm areas that stay calm."""

import numpy as np
import pytest
from PIL import Image

from stylize.calming import calm_areas, calm_down


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
    assert calm.shape == (80, 96)
    assert calm[:24].min() == 1
    assert calm[56:].max() == 0


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 40), (33, 17)])
def test_flat_pictures_of_any_size_are_calm(size):
    assert calm_areas(Image.new("RGB", size, "olive")) == pytest.approx(1)
    painted = Image.new("RGB", size, "navy")
    calm_down(painted, Image.new("RGB", size, "olive"), 1.0)
    assert painted.getcolors() == [(size[0] * size[1], (0, 0, 128))]


def test_dashes_in_the_sky_go_and_the_grass_stays():
    content = sky_over_grass()
    painted = before = with_dashes(content)
    painted = painted.copy()
    calm_down(painted, content, 1.0)
    after = np.asarray(painted)
    assert after[:24].std(axis=(0, 1)).max() < 1
    assert np.array_equal(after[56:], np.asarray(before)[56:])


def test_half_the_amount_goes_half_of_the_way():
    content = Image.new("RGB", (96, 80), "white")
    painted = with_dashes(content)
    whole, half = painted.copy(), painted.copy()
    calm_down(whole, content, 1.0)
    calm_down(half, content, 0.5)
    middle = (np.asarray(painted, np.float32) + np.asarray(whole, np.float32)) / 2
    np.testing.assert_allclose(np.asarray(half, np.float32), middle, atol=1.5)


def test_nothing_changes_without_an_amount():
    painted = with_dashes(Image.new("RGB", (48, 48)))
    again = painted.copy()
    calm_down(again, Image.new("RGB", (48, 48)), 0.0)
    assert again == painted
