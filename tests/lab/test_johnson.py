"""The tables of the papers, counted, and the networks that they describe."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from stylize.lab.johnson import (  # noqa: E402
    BLOCKS,
    VARIANTS,
    JohnsonNetwork,
    bounded,
    count_macs,
    count_parameters,
    count_weights,
    layers_of,
)


def block(variant: str) -> int:
    rows = [row for row in layers_of(variant) if row.name.startswith("block")]
    return count_weights(rows) // BLOCKS


def test_the_papers_tables_come_out() -> None:
    assert (block("johnson"), block("bottleneck")) == (294_912, 53_248)
    whole, small = (count_weights(layers_of(variant)) for variant in VARIANTS)
    assert (whole, small) == (1_674_432, 363_712)
    assert round(100 * (1 - small / whole), 1) == 78.3
    # With biases and normalisation, as a file of 32-bit numbers holds them.
    files = [count_parameters(layers_of(variant)) for variant in VARIANTS]
    assert round(files[0] / files[1], 2) == 4.56


def test_multiply_accumulates_by_hand() -> None:
    rows = layers_of("johnson")[:3]  # 9x9 in full size, then half, then a quarter
    expected = 7_776 * 64 + 18_432 * 16 + 73_728 * 4
    assert count_macs(rows, 8, 8) == expected


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_network_is_its_table(variant) -> None:
    torch.manual_seed(1)
    network = JohnsonNetwork(variant)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == count_parameters(layers_of(variant))
    network.norms[-2].weight.data *= 20  # loud enough for black and white
    images = torch.rand(2, 3, 36, 48)
    with torch.no_grad():
        painted, learning = network(images), bounded(network.unbounded(images))
    assert painted.shape == (2, 3, 36, 48)
    assert painted.min() == 0
    assert painted.max() == 1
    assert learning.min() < -0.05  # what is black can still be learned to be lighter


def test_blocks_add_what_they_were_given() -> None:
    network = JohnsonNetwork("bottleneck")
    with torch.no_grad():
        for row, norm in zip(network.rows, network.norms, strict=True):
            if row.name in {f"block{index + 1}.3" for index in range(BLOCKS)}:
                norm.weight.zero_()
                norm.bias.zero_()  # every block is now the identity
    images = torch.rand(1, 3, 16, 16)
    kept = network(images)
    rows = [index for index, row in enumerate(network.rows) if not row.name.startswith("block")]
    network.rows = tuple(network.rows[index] for index in rows)
    network.convolutions = torch.nn.ModuleList(network.convolutions[index] for index in rows)
    network.norms = torch.nn.ModuleList(network.norms[index] for index in rows)
    torch.testing.assert_close(network(images), kept)
