import hashlib

import numpy as np
import pytest
from PIL import Image

from stylize.ground import PERIOD_PX, add_ground, calm, relief
from tests.conftest import make_picture


def test_the_relief_is_the_same_everywhere():
    # Engines in other languages have to make the same one.
    levels = np.rint(8 * relief(1)).astype(np.int8)
    assert hashlib.sha256(levels.tobytes()).hexdigest()[:16] == "1551b0bde1b9ba89"
    assert relief(1).shape == (PERIOD_PX, PERIOD_PX)
    assert relief(1).mean() == pytest.approx(0, abs=1e-5)
    assert relief(1).std() == pytest.approx(1.18, abs=0.02)
    assert not np.array_equal(relief(1), relief(2))


def test_the_relief_has_no_seam_where_it_repeats():
    tiled = np.tile(relief(1), (1, 2))
    steps = np.abs(np.diff(tiled, axis=1)).mean(axis=0)
    assert steps[PERIOD_PX - 1] < 2 * steps.mean()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be from 0"):
        relief(seed)


@pytest.mark.parametrize("size", [(1, 1), (17, 5), (64, 40)])
def test_calm_is_1_where_nothing_happens(size):
    assert calm(Image.new("RGB", size, "olive")) == pytest.approx(1)
    assert calm(Image.new("RGB", size, "olive")).shape == size[::-1]


def test_a_sky_gets_less_ground_than_paper():
    sky = np.linspace(90, 140, 64).astype(np.uint8)[:, None].repeat(96, 1)
    grain = np.random.default_rng(0).integers(-3, 4, sky.shape)
    found = calm(Image.fromarray((sky + grain).astype(np.uint8)).convert("RGB"))
    assert 0.2 < found.mean() < 0.5


def test_busy_areas_are_not_calm():
    picture = make_picture(96, 64)
    picture.paste("white", (0, 0, 48, 64))
    found = calm(picture)
    assert found[:, :24].min() > 0.9
    assert found[:, -24:].mean() < 0.4


def test_ground_goes_under_calm_areas_only():
    checks = np.indices((64, 96)).sum(axis=0).astype(np.uint8) % 2 * 200
    picture = Image.fromarray(checks).convert("RGB")
    picture.paste("grey", (0, 0, 48, 64))
    grounded = add_ground(picture, 10, seed=1)
    change = np.abs(np.asarray(grounded, int) - np.asarray(picture, int)).mean(axis=(0, 2))
    assert 4 < change[:24].mean() < 10
    assert change[-24:].mean() < 2
    assert add_ground(picture, 0, seed=1) is picture


def test_the_ground_goes_on_beyond_its_period():
    grey = Image.new("RGB", (2 * PERIOD_PX + 40, 24), "grey")
    grounded = np.asarray(add_ground(grey, 10, seed=1))
    first, second, rest = np.split(grounded, [PERIOD_PX, 2 * PERIOD_PX], axis=1)
    assert (first == second).all()
    assert (first[:, :40] == rest).all()


@pytest.mark.parametrize("paper", ["white", "black"])
def test_hardly_any_of_the_ground_is_clipped(paper):
    grounded = np.asarray(add_ground(Image.new("RGB", (512, 512), paper), 10, seed=1))
    assert grounded.std() == pytest.approx(10 * relief(1).std(), rel=0.05)
