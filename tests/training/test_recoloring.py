"""Training recolors as painting does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylize import recoloring
from stylize.style_colors import StyleColors
from stylize.training.data import to_tensor
from stylize.training.recoloring import Colors, misplaced, recolor
from tests.conftest import make_picture

ROOT = np.array([[50.0, 5, 3], [5, 40, 8], [3, 8, 30]])
TONES = 110 + 45 * np.array([-2.3, -1.6, -1.3, -0.7, 0, 0.7, 1.3, 1.6, 2.3])


def numbers(mean=(120, 110, 90), tones=TONES):
    return np.concatenate([mean, ROOT[np.triu_indices(3)], tones])


def in_torch(painted, content, of_style, amount):
    colors, amounts = torch.from_numpy(of_style)[None], torch.tensor([amount])
    pictures = to_tensor([painted]), to_tensor([content])
    found = recolor(*pictures, pictures[1], colors, amounts)
    off = misplaced(*pictures, pictures[1], colors, amounts)
    return 255 * found[0].permute(1, 2, 0).numpy(), off.item()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9), st.sampled_from([0.3, 1.0]), st.tuples(*[st.floats(30, 220)] * 3))
def test_training_and_painting_recolor_alike(seed, amount, mean):
    painted, content = make_picture(64, 48, seed=seed), make_picture(64, 48, seed=seed + 20)
    of_style = numbers(mean)
    expected = painted.copy()
    colors = StyleColors.of(of_style)
    recoloring.recolor(expected, content, colors, recoloring.SHARE, amount)
    found, _ = in_torch(painted, content, of_style, amount)
    error = np.abs(found - np.asarray(expected))
    assert error.mean() < 1.5  # the table is coarse
    assert np.percentile(error, 99) < 8


def test_styles_have_the_same_colours_in_all_lights():
    styles = np.stack([numbers(), numbers((200, 150, 180), np.sort(250 - TONES))])
    luma = np.linspace(0, 255, 9)
    found = Colors.of(torch.from_numpy(styles)).at(torch.from_numpy(luma).expand(2, -1))
    expected = np.stack([StyleColors.of(of_style).at(luma) for of_style in styles])
    assert found.numpy() == pytest.approx(expected)


def test_nothing_changes_without_any_of_the_style():
    painted, content = make_picture(32, 32, seed=1), make_picture(32, 32)
    found, off = in_torch(painted, content, numbers(), 0.0)
    assert found == pytest.approx(np.asarray(painted), abs=1e-3)
    assert off == 0


def test_a_painting_without_colour_is_far_off_and_less_so_once_it_is_recolored():
    sides = np.zeros((64, 96, 3), np.uint8)
    sides[:, :48], sides[:, 48:] = (90, 110, 160), (150, 110, 70)
    content, grey = Image.fromarray(sides), Image.new("RGB", (96, 64), (110, 110, 110))
    found, off = in_torch(grey, content, numbers(), 1.0)
    once = Image.fromarray(found.round().astype(np.uint8))
    assert off > 0.1
    assert in_torch(once, content, numbers(), 1.0)[1] < off / 2


def test_tunings_are_fitted_through_it():
    content, painted = (to_tensor([make_picture(32, 32, seed=seed)]) for seed in (1, 2))
    painted.requires_grad_()
    colors = torch.from_numpy(numbers())[None]
    found = recolor(painted, content, content, colors, torch.ones(1))
    found.square().mean().backward()
    gradient = painted.grad
    step = 0.02 * gradient / gradient.abs().max()
    with torch.no_grad():
        less = recolor(painted - step, content, content, colors, torch.ones(1)).square().mean()
    assert less < found.square().mean()
