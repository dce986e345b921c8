"""Colours of a style, foretold from its vector."""

import numpy as np
import pytest

from stylize.contract import Contract
from stylize.matrices import matrix_power
from stylize.style_colors import LUMA, QUANTILES
from stylize.training.color_probe import color_numbers, fit_color_probe
from stylize.training.tones import style_tones


def pictures(count, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 64, 64, 3)) * rng.uniform(5, 30, (count, 1, 1, 3))
    return (values + rng.uniform(90, 160, (count, 1, 1, 3))).clip(0, 255).astype(np.uint8)


def test_numbers_are_those_of_the_pixels():
    picture = pictures(1)
    numbers = color_numbers(style_tones(picture))[0]
    pixels = picture.reshape(-1, 3).astype(float)
    assert numbers[:3] == pytest.approx(pixels.mean(axis=0), abs=1)
    root = matrix_power(np.cov(pixels.T), 0.5, 0.0)[np.triu_indices(3)]
    assert numbers[3:9] == pytest.approx(root, abs=1.5)
    wanted = np.quantile(pixels @ LUMA, QUANTILES)
    assert numbers[10:-1] == pytest.approx(wanted[1:-1], abs=1.5)


def test_the_contract_tells_the_colours_of_a_vector():
    tones = style_tones(pictures(300))
    numbers = color_numbers(tones)
    mixed = np.random.default_rng(1).normal(size=(18, 40)) / 50
    vectors = np.repeat(numbers @ mixed, 40, axis=1).astype(np.float32)  # much data, little ridge
    weights = fit_color_probe(vectors, tones)
    contract = Contract(vector_length=2000, halo_px=8, color_weights=weights)
    for vector, wanted in zip(vectors[:20], numbers, strict=False):
        found = contract.style_colors(np.append(vector, np.zeros(400, np.float32)))
        assert found.mean == pytest.approx(wanted[:3], abs=4)
        assert found.tones == pytest.approx(wanted[9:], abs=6)
    assert Contract.from_dict(contract.to_dict()) == contract


def test_dead_channels_say_nothing():
    tones = style_tones(pictures(60))
    vectors = np.random.default_rng(2).normal(size=(60, 30)).astype(np.float32)
    vectors[:, 3] = 1e-7 * vectors[:, 3]
    contract = Contract(vector_length=30, halo_px=8, color_weights=fit_color_probe(vectors, tones))
    assert contract.style_colors(vectors[0]) is not None


def test_a_contract_without_probe_tells_nothing():
    assert Contract(vector_length=4, halo_px=8).style_colors(np.ones(4, np.float32)) is None
