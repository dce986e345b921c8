"""A network that grows by blocks."""

import pytest
import torch

from stylize.errors import TrainingError
from stylize.training.grow import grown
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize

SMALL = NetworkSize(half=4, quarter=6, eighth=8, blocks=1, hidden=16, seen=12)
LARGE = NetworkSize(half=4, quarter=6, eighth=8, blocks=3, hidden=16, seen=12)


def scrambled(size):
    torch.manual_seed(3)
    network = TransferNetwork(size)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network.eval()


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_the_grown_network_paints_what_the_small_one_does(strength):
    small = scrambled(SMALL)
    large = TransferNetwork(LARGE)
    large.load_state_dict(grown(small.state_dict(), SMALL, LARGE))
    picture, conditions = torch.rand(1, 3, 32, 40), torch.zeros(1, len(CONDITIONS))
    vector = torch.randn(1, SMALL.vector)
    with torch.no_grad():
        pictures = [
            network.paint(
                picture,
                network.modulate(picture, vector, conditions, torch.full((1, 1), strength)),
            )
            for network in (small, large)
        ]
    torch.testing.assert_close(pictures[0], pictures[1], atol=1e-5, rtol=1e-5)


def test_new_blocks_can_learn():
    large = TransferNetwork(LARGE)
    large.load_state_dict(grown(scrambled(SMALL).state_dict(), SMALL, LARGE))
    picture, conditions = torch.rand(1, 3, 32, 32), torch.zeros(1, len(CONDITIONS))
    affines = large.modulate(picture, torch.randn(1, LARGE.vector), conditions, torch.ones(1, 1))
    large.paint(picture, affines).square().mean().backward()
    channels = 8
    eighths = large.modulator.layers[4].bias.grad[large.layers.channels_at(4) :]
    for site in (4, 6):  # down_eighth, then two convolutions a block: the last ones of the new
        assert eighths[site * channels : (site + 1) * channels].abs().max() > 0


def test_the_same_size_changes_nothing():
    weights = scrambled(SMALL).state_dict()
    again = grown(weights, SMALL, SMALL)
    assert again.keys() == weights.keys()
    assert all(torch.equal(again[name], value) for name, value in weights.items())


@pytest.mark.parametrize(
    "other",
    [
        NetworkSize(half=4, quarter=6, eighth=8, blocks=0, hidden=16, seen=12),
        NetworkSize(half=6, quarter=6, eighth=8, blocks=2, hidden=16, seen=12),
    ],
)
def test_anything_but_more_blocks_is_refused(other):
    with pytest.raises(TrainingError, match=r"can only grow by blocks.*at least 1"):
        grown(scrambled(SMALL).state_dict(), SMALL, other)
