import pytest
import torch

from stylize.training.modulator import Modulator, OwnStatistics, halve
from stylize.training.network_size import NetworkSize

SMALL = NetworkSize(half=4, quarter=6, eighth=8, blocks=1, hidden=8, seen=10)


@pytest.fixture
def modulator() -> Modulator:
    torch.manual_seed(3)
    return Modulator(SMALL, 12).eval()


@pytest.fixture
def own_statistics() -> OwnStatistics:
    torch.manual_seed(4)
    return OwnStatistics(SMALL).eval()


def test_a_style_vector_holds_both_encoders_statistics():
    assert SMALL.own == 2 * (4 + 6 + 8)
    assert SMALL.vector == 10 + SMALL.own
    assert NetworkSize().vector == 1920 + 224


def test_modulation_is_bounded(modulator):
    with torch.no_grad():
        modulator.direct.weight.normal_()
    vectors = 1e6 * torch.randn(5, SMALL.vector)
    modulation = modulator(vectors, torch.zeros(5, SMALL.own), torch.zeros(5, 5))
    assert -7 <= modulation.scale.min() <= modulation.scale.max() <= 9
    assert modulation.shift.abs().max() <= 8


def test_the_direct_way_is_linear_in_standardised_statistics(modulator):
    """With the layers silenced, one statistic of the style moves one scale, by hand."""
    with torch.no_grad():
        for layer in modulator.layers[::2]:
            layer.weight.zero_()
            layer.bias.zero_()
        modulator.direct.weight[0, 2] = 0.6
        modulator.vector_mean[10 + 2] = 1.0
        modulator.vector_std[10 + 2] = 0.5
    vector = torch.zeros(1, SMALL.vector)
    vector[0, 10 + 2] = 2.0
    modulation = modulator(vector, torch.zeros(1, SMALL.own), torch.zeros(1, 5))
    expected = 1 + 8 * torch.tanh(torch.tensor(0.6 * (2.0 - 1.0) / 0.5 / 8))
    torch.testing.assert_close(modulation.scale[0, 0], expected)
    torch.testing.assert_close(modulation.scale[0, 1:], torch.ones(modulator.channels - 1))


def test_the_content_counts_too(modulator):
    with torch.no_grad():
        modulator.direct.weight.normal_()
    vector, plain = torch.zeros(1, SMALL.vector), torch.zeros(1, 5)
    first, second = (
        modulator(vector, torch.full((1, SMALL.own), value), plain) for value in (0.0, 1.0)
    )
    assert (first.scale - second.scale).abs().max() > 0.1


@pytest.mark.parametrize(("height", "width"), [(4, 4), (8, 9), (33, 20)])
def test_own_statistics_of_any_size(own_statistics, height, width):
    measured = own_statistics(torch.rand(2, 3, height, width))
    assert measured.shape == (2, SMALL.own)
    assert torch.isfinite(measured).all()


def test_own_statistics_do_not_see_the_border(own_statistics):
    """Of a flat picture every channel is flat, whatever the size."""
    small, large = (own_statistics(torch.full((1, 3, side, side), 0.4)) for side in (8, 64))
    torch.testing.assert_close(small, large)
    deviations = small[:, SMALL.own // 2 :]
    assert deviations.max() < 0.01


def test_halving_averages_squares_of_four_pixels():
    image = torch.arange(15.0).reshape(1, 1, 3, 5) * torch.tensor([1.0, 2.0, 0.0])[:, None, None]
    expected = torch.tensor([[[[3.0, 5.0]], [[6.0, 10.0]], [[0.0, 0.0]]]])
    torch.testing.assert_close(halve(image), expected)
