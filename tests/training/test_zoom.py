import pytest
import torch
from torch.nn import functional

from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.zoom import calibrate_zoom_

SMALL = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=8, seen=6)


@pytest.fixture
def network() -> TransferNetwork:
    torch.manual_seed(2)
    return TransferNetwork(SMALL).eval()


def modulate(network, image, zoom=None):
    with torch.no_grad():
        one = torch.ones(1, 1)
        zoom = None if zoom is None else torch.full((1, 1), float(zoom))
        # Of the content only its statistics may count, not what the modulator thinks of it.
        modulation = network.modulation(noise(1), torch.zeros(1, SMALL.vector), torch.zeros(1, 5))
        return network.measure(image, modulation, one, zoom).affines()


def noise(count: int) -> torch.Tensor:
    """Pictures whose contrast falls when they are scaled down."""
    torch.manual_seed(4)
    images = torch.rand(count, 3, 64, 64)
    return images + functional.interpolate(torch.rand(count, 3, 8, 8), size=(64, 64))


def smaller(images: torch.Tensor, zoom: int) -> torch.Tensor:
    return functional.interpolate(images, scale_factor=1 / zoom, mode="bicubic", antialias=True)


def test_without_zoom_nothing_changes(network):
    image = noise(1)
    network.zoom_std.fill_(0.3)
    network.zoom_mean.fill_(0.2)
    torch.testing.assert_close(modulate(network, image, 1), modulate(network, image))


def test_the_affine_takes_the_statistics_that_the_picture_will_have(network):
    """Of one channel, by hand: std doubles and the mean rises by half a std at zoom 4."""
    image = noise(1)
    plain = modulate(network, image).quarter.flatten()
    sites = network.layers.channels_at(4)
    network.zoom_std[0] = 0.5
    network.zoom_mean[0] = 0.5 / torch.tensor(4.0).log()
    zoomed = modulate(network, image, 4).quarter.flatten()
    with torch.no_grad():
        asked = network.modulation(image, torch.zeros(1, SMALL.vector), torch.zeros(1, 5))
    std = asked.scale[0, 0] / plain[0]
    mean = (asked.shift[0, 0] - plain[sites]) / plain[0]
    torch.testing.assert_close(zoomed[0], asked.scale[0, 0] / (2 * std))
    expected = asked.shift[0, 0] - zoomed[0] * (mean + 0.5 * std)
    torch.testing.assert_close(zoomed[sites], expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(zoomed[1:sites], plain[1:sites])


def test_calibrated_affines_of_a_thumbnail_are_closer_to_those_of_the_picture(network):
    images = noise(6).clamp(0, 1)
    calibrate_zoom_(network, images, torch.zeros(6, SMALL.vector))
    assert network.zoom_std.abs().max() > 0.1

    def error(zoom) -> float:
        whole, part = (
            modulate(network, images[:1]),
            modulate(network, smaller(images[:1], 4).clamp(0, 1), zoom),
        )
        return float((whole.quarter - part.quarter).abs().mean())

    assert error(4) < 0.7 * error(None)
