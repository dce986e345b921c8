import numpy as np
import pytest
import torch

from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.rounding import WEIGHT_LEVELS, input_moments, round_weight


def test_weights_have_seven_bits_and_a_scale_per_channel():
    weight = np.zeros((3, 2, 1, 1), np.float32)
    weight[0], weight[1] = 0.63, [[[-6.3]], [[1.0]]]
    quantized, scale = round_weight(weight)
    assert quantized.dtype == np.int8
    assert np.abs(quantized).max() == 63
    np.testing.assert_allclose(scale[:2], [0.01, 0.1], rtol=1e-5)
    assert (quantized[2] == 0).all()
    np.testing.assert_allclose(quantized * scale[:, None, None, None], weight, atol=0.05)


@pytest.fixture
def weight() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(6, 4, 3, 3)).astype(np.float32)


def smooth_inputs(count: int) -> np.ndarray:
    """Inputs that are nearly equal, as in pictures."""
    rng = np.random.default_rng(2)
    return rng.normal(1, 1, (count, 1)) + 0.1 * rng.normal(size=(count, 36))


def test_sums_over_smooth_inputs_stay_what_they_were(weight):
    inputs = smooth_inputs(4000)
    exact = inputs @ weight.reshape(6, -1).T

    def error(moments) -> float:
        quantized, step = round_weight(weight, moments)
        assert np.abs(quantized).max() <= WEIGHT_LEVELS
        return float(
            np.abs(inputs @ (quantized * step[:, None, None, None]).reshape(6, -1).T - exact).mean()
        )

    assert error(inputs.T @ inputs / len(inputs)) < 0.5 * error(None)


def test_without_anything_in_common_the_nearest_step_is_best(weight):
    nearest, _ = round_weight(weight)
    unrelated, _ = round_weight(weight, np.eye(36))
    np.testing.assert_array_equal(unrelated, nearest)


def test_moments_are_those_of_the_patches():
    """Of a flat picture every input of the stem but those at the border is that value."""
    torch.manual_seed(5)
    size = NetworkSize(half=4, quarter=4, eighth=4, blocks=1, hidden=4, seen=4)
    network = TransferNetwork(size).eval()
    feed = {
        "image": np.full((1, 4, 64, 64), 0.5, np.float32),
        "affine_quarter": np.ones((1, 2 * network.layers.channels_at(4), 1, 1), np.float32),
        "affine_eighth": np.ones((1, 2 * network.layers.channels_at(8), 1, 1), np.float32),
    }
    moments = input_moments(network, [feed, feed])
    assert moments["stem"].shape == (100, 100)
    assert moments["head"].shape == (36, 36)
    assert "own_statistics.convolutions.0" not in moments
    stem = moments["stem"] / moments["stem"].max()
    assert stem.min() > 0.8
    np.testing.assert_allclose(stem, stem.T)
