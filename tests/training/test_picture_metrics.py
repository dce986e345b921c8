import numpy as np
import pytest
from PIL import Image

from stylize.training.picture_metrics import (
    banding,
    calm_share,
    darks_and_lights,
    flat_areas,
    foreign_colors,
    grid_strength,
    lightness,
    lightness_distance,
    marks,
    palette,
    palette_distance,
    psnr_db,
    ssim,
)
from tests.conftest import make_picture


def grey(levels: np.ndarray) -> np.ndarray:
    """(H, W) levels as a grey picture."""
    return np.repeat(levels[:, :, None], 3, axis=2).astype(np.uint8)


EVERYWHERE = np.ones((64, 64), bool)


def test_ssim_is_one_for_the_same_picture_and_falls_with_noise():
    picture = np.asarray(make_picture(64, 64))
    other = np.asarray(make_picture(64, 64, seed=1))
    slightly = np.where(np.arange(64)[:, None, None] < 4, other, picture)
    assert ssim(picture, picture) == pytest.approx(1)
    assert 1 > ssim(slightly, picture) > 0.8 > ssim(other, picture)


def test_a_shift_of_all_colours_counts_as_its_distance():
    # L* of grey 119 is 50.03, of grey 145 is 60.11: a shift by 10.08 along L.
    a, b = (palette(np.full((40, 40, 3), level, np.uint8)) for level in (119, 145))
    assert palette_distance(a, b) == pytest.approx(10.08, rel=0.02)
    # Red to green is a shift along all three axes; Lab of both from the sRGB standard.
    red, green = np.array([53.24, 80.09, 67.20]), np.array([87.74, -86.18, 83.18])
    pictures = [Image.new("RGB", (40, 40), color) for color in ("red", "lime")]
    found = palette_distance(*(palette(np.asarray(picture)) for picture in pictures))
    assert found == pytest.approx(np.linalg.norm(red - green), rel=0.02)


def test_the_palette_does_not_depend_on_places_or_size():
    picture = np.asarray(make_picture(64, 64))
    turned = palette(picture[::-1])
    assert palette_distance(palette(picture), turned) < 0.5
    larger = palette(picture.repeat(3, axis=0).repeat(3, axis=1))
    assert palette_distance(palette(picture), larger) < 0.5


def test_flat_areas_are_those_without_detail():
    levels = np.full((64, 64), 90.0)
    levels[:, 32:] += 40 * (np.indices((64, 32)).sum(axis=0) % 2)
    flat = flat_areas(grey(levels))
    assert flat is not None
    assert flat[:, :28].all()  # windows of 9 px reach 4 px far
    assert not flat[:, 28:].any()
    assert flat_areas(np.asarray(make_picture(64, 64))) is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (lambda y, x: 5 * (-1) ** (x + y), 5),  # a checkerboard
        (lambda y, x: 6 * (-1) ** (x // 4), 6),  # stripes of 4 px
        (lambda y, x: 0 * x, 0),
        (lambda y, x: x, 0),  # a gradient has no grid
        (lambda y, x: 5 * (-1) ** (x // 8), 0),  # stripes of a period of 16 px are no grid of 8 px
    ],
)
def test_a_grid_counts_as_its_amplitude(pattern, expected):
    y, x = np.indices((96, 96))
    picture = grey(100 + pattern(y, x))
    assert grid_strength(picture, np.ones((96, 96), bool)) == pytest.approx(expected, abs=0.8)


def test_noise_is_not_a_grid():
    noise = np.random.default_rng(0).normal(128, 10, (256, 256)).clip(0, 255)
    flat = np.ones((256, 256), bool)
    assert grid_strength(grey(noise), flat) < 0.3
    assert grid_strength(grey(noise), np.zeros_like(flat)) == 0


def test_banding_counts_steps_between_calm_pixels():
    stairs = 100 + 3 * (np.arange(64) // 16)  # three steps in each of 64 rows
    picture = grey(np.tile(stairs, (64, 1)))
    assert banding(picture, EVERYWHERE) == pytest.approx(1000 * 3 * 64 / 64**2)
    assert banding(picture.transpose(1, 0, 2), EVERYWHERE) == banding(picture, EVERYWHERE)


@pytest.mark.parametrize(
    "levels",
    [
        100 + np.arange(64),  # a smooth gradient
        100 + 2 * (np.arange(64) // 16),  # steps that are too small to see
        100 + 30 * (np.arange(64) % 2),  # texture
    ],
)
def test_what_is_not_banding(levels):
    assert banding(grey(np.tile(levels, (64, 1))), EVERYWHERE) == 0


def test_banding_outside_of_flat_areas_does_not_count():
    flat = np.zeros((64, 64), bool)
    flat[:, :8] = True
    picture = grey(np.tile(100 + 5 * (np.arange(64) // 16), (64, 1)))
    assert banding(picture, flat) == 0


def test_a_shift_of_lightness_counts_as_its_distance():
    # L of grey 119 is 50.03, of grey 145 is 60.11.
    a, b = (lightness(np.full((40, 40, 3), level, np.uint8)) for level in (119, 145))
    assert lightness_distance(a, b) == pytest.approx(10.08, rel=0.01)
    assert lightness_distance(a, a) == 0


def test_lightness_compares_distributions_and_not_places_or_sizes():
    ramp = grey(np.tile(np.arange(256), (16, 1)))
    assert lightness_distance(lightness(ramp), lightness(ramp[:4, ::-1])) == 0
    # Half black and half white is 25 from all shades of L on average, and so is grey.
    halves = lightness(grey(np.tile([0.0, 255.0], (16, 32))))
    even = np.linspace(0, 100, 1000)
    assert lightness_distance(halves, even) == pytest.approx(25, abs=0.1)


def test_darks_and_lights_leave_out_one_in_a_hundred():
    levels = np.full((100, 100), 119.0)
    levels[0] = 0  # exactly 1 %
    levels[1:3] = 255
    dark, light = darks_and_lights(lightness(grey(levels)))
    assert (dark, light) == (pytest.approx(50.03, abs=0.02), pytest.approx(100, abs=0.01))


def test_calm_cells_are_those_that_hardly_vary():
    levels = np.full((70, 96), 100.0)  # 2 x 3 whole cells and a rest
    levels[:32, 32:64] += 3 * (-1) ** np.arange(32)  # a deviation of 3
    levels[32:64, :32] += 1.5 * (-1) ** np.arange(32)
    levels[64:] = 255 * (np.arange(96) % 2)
    assert calm_share(grey(levels)) == pytest.approx(5 / 6)
    assert calm_share(grey(levels[:31])) is None


@pytest.mark.parametrize(
    ("levels", "expected"), [(0, 99.0), (255, 0.0), (1, 10 * np.log10(255**2))]
)
def test_psnr_of_hand_computed_cases(levels, expected):
    a = np.zeros((4, 4, 3), np.uint8)
    assert psnr_db(a, a + np.uint8(levels)) == pytest.approx(expected)


def test_marks_are_what_the_content_does_not_have_where_it_is_calm():
    content = np.full((64, 128, 3), 128, np.uint8)
    content[:, 64:] = np.random.default_rng(1).integers(0, 256, (64, 64, 1))  # busy
    signs = content.copy()
    signs[20:24, 16:40] = 0
    noisy = content.copy()
    noisy[:, 96:] = 255 - noisy[:, 96:]
    assert marks(content, content) == 0
    assert marks(signs, content) > 0.5
    assert marks(noisy, content) < 0.05  # nobody sees it there
    assert marks(signs, signs) == 0
    broad = np.clip(content + np.linspace(0, 40, 64)[:, None, None], 0, 255).astype(np.uint8)
    assert marks(broad, content) < 0.2 * marks(signs, content)


def test_marks_need_calm_areas():
    busy = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    assert marks(busy, busy) is None


def test_colors_are_foreign_by_their_distance_from_the_nearest():
    style = np.zeros((32, 32, 3), np.uint8)
    style[:, 16:] = 255
    assert foreign_colors(style[:, :16], style) == pytest.approx(0, abs=1e-6)  # not all are needed
    lighter = np.full((32, 32, 3), 119, np.uint8)  # L 50
    assert foreign_colors(lighter, style) == pytest.approx(50, abs=0.2)
