"""Pruned networks are the network without what nobody listens to."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from stylize.lab.pruning import (  # noqa: E402
    keep_channels,
    keep_hidden,
    prune_weights_,
    share_of_channels,
)
from stylize.training.layers import Convolution, Sum  # noqa: E402
from stylize.training.modulator import CONDITIONS  # noqa: E402
from stylize.training.network import TransferNetwork  # noqa: E402
from stylize.training.network_size import NetworkSize  # noqa: E402

SIZE = NetworkSize(half=8, quarter=12, eighth=16, blocks=2, hidden=10, seen=6)


@pytest.fixture
def network() -> TransferNetwork:
    torch.manual_seed(1)
    network = TransferNetwork(SIZE).eval()
    with torch.no_grad():
        network.modulator.direct.weight.normal_(std=0.02)
    return network


@torch.no_grad()
def paint(network: TransferNetwork) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    image = torch.rand(1, 3, 40, 48, generator=generator)
    vector = torch.randn(1, SIZE.vector, generator=generator)
    affines = network.modulate(image, vector, torch.zeros(1, len(CONDITIONS)), torch.ones(1, 1))
    return network.paint(image, affines)


def test_a_network_with_all_its_channels_is_the_same(network) -> None:
    assert torch.equal(paint(keep_channels(network, {})), paint(network))


def test_channels_that_nobody_listens_to_go_first(network) -> None:
    deaf = [1, 5]
    with torch.no_grad():
        for row in network.layers.convolutions[1:]:
            network.convolution(row.name).weight[:, deaf] = 0
    narrow = keep_channels(network, {width: width - len(deaf) for width in (8, 12, 16)})
    widths = {row.name: row.outputs for row in narrow.layers.convolutions}
    assert widths["stem"] == widths["mix_half"] == 6
    assert widths["reduce_eighth"] == widths["skip_quarter"] == 10  # tied by their sum
    assert widths["blocks.0"] == widths["down_eighth"] == 14
    assert widths["head"] == 12  # the picture's cells, though as wide as a quarter
    torch.testing.assert_close(paint(narrow), paint(network))


def test_what_is_pruned_paints_and_costs_less(network) -> None:
    widths = share_of_channels(network, 0.5)
    assert widths == {8: 4, 12: 8, 16: 8}
    narrow = keep_channels(network, widths)
    assert narrow.layers.count_macs(64, 64) < 0.45 * network.layers.count_macs(64, 64)
    assert paint(narrow).shape == (1, 3, 40, 48)
    assert network.layers.convolutions[0].outputs == 8  # stays as it was


@pytest.mark.parametrize("blocks", [0, 1])
def test_blocks_are_left_out_from_the_end(network, blocks) -> None:
    fewer = keep_channels(network, {}, blocks=blocks)
    assert sum(isinstance(row, Sum) for row in fewer.layers.rows) == blocks + 1
    with torch.no_grad():
        for block in range(blocks, SIZE.blocks):  # the branch adds nothing
            name = f"blocks.{2 * block + 1}"
            start = network.layers.sites.index(_row(network, name))
            first = sum(row.outputs for row in network.layers.sites[:start])
            place = slice(first, first + SIZE.eighth)
            for part in ("layers.4.weight", "layers.4.bias", "direct.weight"):
                values = network.modulator.get_parameter(part)
                scales, shifts = values.chunk(2)
                scales[place], shifts[place] = 0, 0
            bias = network.modulator.layers[4].bias
            bias[place] = -8 * torch.atanh(torch.tensor(1 / 8))  # the scale is 1 more
    torch.testing.assert_close(paint(fewer), paint(network), atol=1e-4, rtol=1e-4)


def _row(network: TransferNetwork, name: str) -> Convolution:
    return next(row for row in network.layers.convolutions if row.name == name)


def test_hidden_units_without_weight_go_first(network) -> None:
    with torch.no_grad():
        network.modulator.layers[2].weight[:, 3] = 0
        network.modulator.layers[2].weight[4], network.modulator.layers[2].bias[4] = 0, 0
    narrow = keep_hidden(network, 0.9)
    assert narrow.size.hidden == 9
    torch.testing.assert_close(paint(narrow), paint(network))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75])
def test_the_smallest_weights_become_0(network, share) -> None:
    before = network.convolution("blocks.0").weight.detach().clone()
    masks = prune_weights_(network, share)
    weight = network.convolution("blocks.0").weight
    gone = weight == 0
    assert int(gone.sum()) == int(share * weight.numel())
    if share:
        assert before[gone].abs().max() <= before[~gone].abs().min()
    assert torch.equal(weight, before * masks[weight])
    assert network.own_statistics.convolutions[0].weight.count_nonzero() == 8 * 3 * 25
