import pytest
import torch

from stylize.training.layers import CELLS_PX, Layers, make_rows
from stylize.training.network import Affines, TransferNetwork, paint_mirrored
from stylize.training.network_size import NetworkSize

SMALL = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=8, seen=6)


@pytest.fixture
def network() -> TransferNetwork:
    torch.manual_seed(1)
    return TransferNetwork(SMALL).eval()


def modulate(network, images, *, vector=None, strength=1.0, conditions=None) -> Affines:
    count = len(images)
    vector = torch.zeros(count, SMALL.vector) if vector is None else vector
    conditions = torch.zeros(count, 5) if conditions is None else conditions
    one = torch.ones(count, 1)
    with torch.no_grad():
        return network.modulate(images, vector, conditions, strength * one)


CHANNELS = tuple(2 * Layers(make_rows(SMALL)).channels_at(cell_px) for cell_px in CELLS_PX)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (64, 40), (8, 24)])
def test_pictures_keep_their_size(network, height, width):
    images = torch.rand(2, 3, height, width)
    affines = modulate(network, images)
    assert affines.quarter.shape == (2, CHANNELS[0], 1, 1)
    assert affines.eighth.shape == (2, CHANNELS[1], 1, 1)
    with torch.no_grad():
        assert network.paint(images, affines).shape == images.shape


def test_normalised_features_have_the_styles_statistics(network):
    """The first site's output has the mean and deviation that the modulator asks for."""
    images = torch.rand(1, 3, 64, 64)
    vector = torch.randn(1, SMALL.vector)
    affines = modulate(network, images, vector=vector)
    with torch.no_grad():
        modulation = network.modulation(images, vector, torch.zeros(1, 5))
        raw = network.down_quarter(torch.relu(network.stem(images)))
    count = SMALL.quarter
    total = CHANNELS[0] // 2
    scale, shift = affines.quarter[:, :count], affines.quarter[:, total : total + count]
    features = raw * scale + shift
    torch.testing.assert_close(features.mean(dim=(2, 3)), modulation.shift[:, :count])
    deviation = features.std(dim=(2, 3), correction=0)
    # Slightly below, since a constant is added to the variance.
    asked = modulation.scale[:, :count].abs()
    assert (deviation <= asked + 1e-5).all()
    assert (deviation >= 0.8 * asked).all()


def test_rounded_it_paints_nearly_the_same_and_measures_the_same(network):
    images, vector = torch.rand(1, 3, 32, 32), torch.randn(1, SMALL.vector)
    affines = modulate(network, images, vector=vector)
    with torch.no_grad():
        plain = network.paint(images, affines)
        network.rounded = True
        rounded = network.paint(images, affines)
    again = modulate(network, images, vector=vector)
    torch.testing.assert_close(again.quarter, affines.quarter, rtol=0, atol=0)
    assert 0 < (rounded - plain).abs().mean() < 0.1 * plain.std()


def test_strength_zero_ignores_the_style(network):
    images = torch.rand(1, 3, 32, 32)
    first, second = (
        modulate(network, images, vector=torch.full((1, SMALL.vector), value), strength=0.0)
        for value in (-3.0, 3.0)
    )
    torch.testing.assert_close(first, second)
    expected = network.identity_scale[: SMALL.quarter]
    torch.testing.assert_close(first.quarter[0, : SMALL.quarter, 0, 0], expected.detach())


def test_a_flat_picture_stays_finite(network):
    images = torch.zeros(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.isfinite(network.paint(images, modulate(network, images))).all()


def test_affine_maps_equal_single_values_when_constant(network):
    images = torch.rand(1, 3, 32, 48)
    affines = modulate(network, images)
    maps = Affines(affines.quarter.expand(-1, -1, 8, 12), affines.eighth.expand(-1, -1, 4, 6))
    with torch.no_grad():
        torch.testing.assert_close(network.paint(images, affines), network.paint(images, maps))


def test_a_batch_equals_single_pictures(network):
    images = torch.rand(3, 3, 32, 32)
    vector = torch.randn(3, SMALL.vector)
    with torch.no_grad():
        together = network.paint(images, modulate(network, images, vector=vector))
        for i in range(3):
            one = slice(i, i + 1)
            affines = modulate(network, images[one], vector=vector[one])
            torch.testing.assert_close(together[one], network.paint(images[one], affines))


def test_a_network_in_training_cannot_see_where_the_picture_ends(network):
    images = torch.full((1, 3, 32, 48), 0.4)
    affines = modulate(network, torch.rand(1, 3, 32, 32))
    with torch.no_grad():
        mirrored = paint_mirrored(network, images, affines)
        padded = network.paint(images, affines)
    modes = [layer.padding_mode for layer in network.own_statistics.convolutions]
    assert modes == ["replicate"] * 3, "the network's own statistics do not paint"
    cell = mirrored[:, :, :2, :2].repeat(1, 1, 16, 24)
    torch.testing.assert_close(mirrored, cell, rtol=0, atol=1e-5)
    assert (padded - cell).abs().max() > 0.01, "zero padding was left as it was"
