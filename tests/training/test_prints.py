import numpy as np
import pytest
from PIL import Image

from stylize.training.prints import print_of
from tests.conftest import make_picture


def colors_off_the_line(picture):
    """How far colours lie from a straight line, in levels: a print of one ink has only mixtures."""
    pixels = np.asarray(picture, float).reshape(-1, 3)
    return np.linalg.svd(pixels - pixels.mean(axis=0), compute_uv=False)[1] / len(pixels) ** 0.5


@pytest.mark.parametrize("seed", range(12))
def test_a_print_has_ink_and_light_paper(seed):
    image = make_picture(120, 90, seed=3)
    printed = print_of(image, np.random.default_rng(seed))
    assert printed.size == image.size
    luma = np.asarray(printed.convert("L"), int)
    low, high = np.quantile(luma, [0.01, 0.99])
    assert high > 140
    assert high - low > 45
    # Lights are paper, darks ink.
    assert np.corrcoef(luma.ravel(), np.asarray(image.convert("L"), int).ravel())[0, 1] > 0.6


def test_most_prints_are_of_one_ink():
    image = make_picture(120, 90, seed=3)
    prints = [print_of(image, np.random.default_rng(seed)) for seed in range(60)]
    plain = np.mean([colors_off_the_line(printed) < 2 for printed in prints])
    assert 0.15 < plain < 0.6  # others have a second one, or some own colours
    assert colors_off_the_line(image) > 20


def test_prints_differ_and_repeat():
    image = make_picture(64, 48)
    prints = [print_of(image, np.random.default_rng(seed)).tobytes() for seed in (1, 1, 2)]
    assert prints[0] == prints[1] != prints[2]


def test_an_even_picture_becomes_one_colour():
    even = print_of(Image.new("RGB", (16, 16), (90, 120, 10)), np.random.default_rng(0))
    assert even.getcolors() is not None
    assert len(even.getcolors()) == 1
