import pytest
import torch

from stylize.training.layers import CELLS_PX, PICTURE, Convolution, Enlarged, Layers, Sum, make_rows
from stylize.training.network import Affines, TransferNetwork
from stylize.training.network_size import NetworkSize

SMALL = NetworkSize(half=8, quarter=6, eighth=10, blocks=1, hidden=8, seen=6)


@pytest.fixture
def network() -> TransferNetwork:
    torch.manual_seed(1)
    return TransferNetwork(SMALL).eval()


def plain(layers: Layers) -> Affines:
    channels = (layers.channels_at(cell_px) for cell_px in CELLS_PX)
    return Affines(*(torch.ones(1, 2 * count, 1, 1) for count in channels))


def test_the_content_path_costs_less_than_two_gmac_at_512_px():
    assert Layers(make_rows(NetworkSize())).count_macs(512, 512) <= 2.0e9


def test_macs_are_those_of_the_convolutions(network):
    macs = []

    def count(module, _, output):
        macs.append(output[0].numel() * module.weight[0].numel())

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network.paint(torch.rand(1, 3, 64, 48), plain(network.layers))
    assert sum(macs) == network.layers.count_macs(64, 48)


def test_what_follows_from_the_table():
    layers = Layers(make_rows(SMALL))
    assert [row.name for row in layers.sites] == [
        "down_quarter",
        "skip_quarter",
        "mix_quarter",
        "reduce_quarter",
        "down_eighth",
        "blocks.0",
        "blocks.1",
        "reduce_eighth",
    ]
    assert layers.activations == (
        "stem",
        "down_quarter",
        "down_eighth",
        "blocks.0",
        "blocks.1",
        "sum.0",
        "reduce_eighth",
        "skip_quarter",
        "sum_quarter",
        "mix_quarter",
    )
    assert layers.fixed == ("reduce_quarter", "mix_half")
    assert layers.modulated_channels == 3 * 6 + 8 + 3 * 10 + 6
    assert layers.halo_px() == 40
    assert Layers(make_rows(NetworkSize())).halo_px() == 72


def test_pictures_depend_on_no_more_than_the_halo(network):
    halo_px = network.layers.halo_px()
    image = torch.rand(1, 3, 16 + 4 * halo_px, 16)
    other = image.clone()
    other[:, :, : halo_px + 8] = 0
    with torch.no_grad():
        first, second = (network.paint(x, plain(network.layers)) for x in (image, other))
    assert not torch.equal(first, second)
    torch.testing.assert_close(first[:, :, 2 * halo_px + 8 :], second[:, :, 2 * halo_px + 8 :])


def test_affines_at_other_resolutions_are_refused():
    rows = (
        Convolution("stem", PICTURE, 3, 4, cell_px=2, stride=2, site=True),
        Convolution("head", "stem", 4, 12, cell_px=2, relu=False),
    )
    with pytest.raises(ValueError, match="1/4 and 1/8"):
        Layers(rows)


def test_the_halo_is_that_of_the_longest_way():
    rows = (
        Convolution("stem", PICTURE, 3, 4, cell_px=2, stride=2),
        Convolution("down", "stem", 4, 4, cell_px=4, kernel=9, stride=2, site=True),
        Enlarged("wide", "down"),
        Sum("both", ("stem", "wide"), relu=True),
        Convolution("head", "both", 4, 12, cell_px=2, kernel=1, relu=False),
    )
    assert Layers(rows).halo_px() == 24  # 1 and 4 * 2, and a cell of the grid, rounded up
