"""Which styles are made of a few inks."""

import base64

import numpy as np
import pytest

from stylize.contract import Contract
from stylize.training.ink_styles import fit_ink_probe, ink_share


def print_of(*inks, size=64):
    """Stripes of inks."""
    picture = np.empty((size, size, 3), np.uint8)
    for column in range(size):
        picture[:, column] = inks[column // 8 % len(inks)]
    return picture


def gradient(size=64):
    levels = np.linspace(0, 255, size).astype(np.uint8)
    return np.repeat(np.tile(levels, (size, 1))[..., None], 3, axis=2)


def test_prints_of_two_and_of_three_inks_have_them():
    assert ink_share(print_of((20, 20, 30), (240, 230, 210))) > 0.95
    assert ink_share(print_of((20, 20, 30), (200, 60, 50), (240, 230, 210))) > 0.95


def test_gradients_and_noise_have_none():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert ink_share(gradient()) < 0.3
    assert ink_share(noise) < 0.3


def test_what_is_modelled_on_paper_is_no_ink():
    """A chalk drawing: even paper, and from there to white all greys."""
    drawing = gradient()
    drawing[:, :32] = 40
    assert ink_share(drawing) < 0.5 * ink_share(print_of((40, 40, 40), (255, 255, 255)))


def test_inks_that_hardly_differ_count_less():
    near = ink_share(print_of((120, 120, 120), (140, 140, 140)))
    assert 0.05 < near < 0.3


def test_frames_and_grain_do_not_count():
    picture = print_of((20, 20, 30), (240, 230, 210), size=128)
    framed = picture.copy()
    for side in range(16):
        framed[side], framed[:, side] = 2 * side, 100 + side
        framed[-1 - side], framed[:, -1 - side] = 250 - side, 90
    grain = np.random.default_rng(0).normal(0, 3, picture.shape)
    grainy = (picture + grain).clip(0, 255).astype(np.uint8)
    assert min(ink_share(framed), ink_share(grainy)) > 0.9


@pytest.mark.parametrize("size", [(16, 16), (16, 40), (17, 31)])
def test_small_and_even_pictures(size):
    assert 0 <= ink_share(np.full((*size, 3), 128, np.uint8)) <= 1


def test_the_contract_tells_the_inks_of_a_vector():
    rng = np.random.default_rng(0)
    pictures = np.stack([
        print_of((20, 20, 30), (240, 230, 210)) if index % 2 else gradient() for index in range(60)
    ])  # fmt: skip
    vectors = rng.uniform(0, 2, (60, 40)).astype(np.float32)
    vectors[1::2, 5:9] += 3
    vectors = np.repeat(vectors, 20, axis=1)  # much data, little ridge
    weights = fit_ink_probe(vectors, pictures)
    contract = Contract(vector_length=1000, halo_px=8, ink_weights=weights)
    found = [contract.ink_share(np.append(row, np.zeros(200, np.float32))) for row in vectors]
    assert min(found[1::2]) > 0.6
    assert max(found[::2]) < 0.4
    assert Contract.from_dict(contract.to_dict()) == contract


def test_dead_channels_say_nothing():
    pictures = np.stack([print_of((0, 0, 0), (250, 250, 250)), gradient()] * 20)
    vectors = np.random.default_rng(2).uniform(0, 2, (40, 30)).astype(np.float32)
    vectors[:, 3] = 1e-7 * vectors[:, 3]
    weights = np.frombuffer(base64.b64decode(fit_ink_probe(vectors, pictures)), "<f2")
    assert len(weights) == 31
    assert abs(weights[3]) < np.abs(np.delete(weights, 3)).max()
