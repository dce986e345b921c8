"""Training measures and raises contrast as painting does."""

import numpy as np
import pytest
import torch

from stylize import contrast
from stylize.training.contrast import contrast_of, raise_contrast
from stylize.training.data import to_tensor
from tests.conftest import make_picture


def in_torch(painted, content, wanted, amount):
    pictures = to_tensor([painted]), to_tensor([content])
    found = raise_contrast(*pictures, torch.from_numpy(wanted)[None], torch.tensor([amount]))
    return 255 * found[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(("seed", "amount"), [(0, 1.0), (3, 0.6), (7, 1.0)])
def test_training_and_painting_raise_contrast_alike(seed, amount):
    painted, content = make_picture(96, 64, seed=seed), make_picture(96, 64, seed=seed + 20)
    wanted = 1.4 * contrast.contrast_of(make_picture(96, 64, seed=seed + 40))
    expected = painted.copy()
    contrast.raise_contrast(expected, content, wanted, amount)
    error = np.abs(in_torch(painted, content, wanted, amount) - np.asarray(expected))
    assert np.abs(np.asarray(expected, float) - np.asarray(painted)).mean() > 3
    assert error.mean() < 0.6
    assert np.percentile(error, 99) < 4


@pytest.mark.parametrize("size", [(96, 64), (97, 65), (33, 18), (16, 1), (1, 1)])
def test_the_encoder_measures_contrast_as_painting_does(size):
    pictures = [make_picture(*size, seed=seed) for seed in (1, 2)]
    found = contrast_of(to_tensor(pictures)).numpy()
    expected = [contrast.contrast_of(picture) for picture in pictures]
    assert found == pytest.approx(np.stack(expected), rel=1e-3, abs=1e-3)


def test_nothing_changes_without_amount():
    painted, content = make_picture(32, 32, seed=1), make_picture(32, 32)
    found = in_torch(painted, content, np.full(contrast.NUMBERS, 99.0), 0.0)
    assert found == pytest.approx(np.asarray(painted), abs=1e-3)
