"""Thin factors whose product is what was there."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnxruntime  # noqa: E402

from stylize.lab import low_rank  # noqa: E402
from stylize.lab.low_rank import factor_convolutions, factor_modulator_  # noqa: E402
from stylize.training.int8_graph import measure_headroom, write_int8_graph  # noqa: E402
from stylize.training.picture_metrics import psnr_db  # noqa: E402
from stylize.training.rounding import input_moments  # noqa: E402
from tests.make_tiny_model import make_networks  # noqa: E402
from tests.training.test_int8_graph import expected, feeds, run  # noqa: E402


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setattr(low_rank, "_LEAST_OUTPUTS", 8)
    return make_networks()[0]


def test_at_full_rank_nothing_changes_and_half_costs_less(network) -> None:
    pictures = list(feeds(network, 2))
    moments = input_moments(network, pictures)
    whole, half = (factor_convolutions(network, share, moments) for share in (1.0, 0.5))
    names = [row.name for row in half.layers.convolutions]
    assert names[:3] == ["stem", "thin_down_quarter", "down_quarter"]
    assert half.layers.halo_px() == network.layers.halo_px()
    assert half.layers.count_macs(64, 64) < network.layers.count_macs(64, 64)
    wanted = expected(network, pictures[0])
    assert psnr_db(wanted, expected(whole, pictures[0])) > 50
    assert psnr_db(wanted, expected(half, pictures[0])) < 50


def test_int8_agrees_with_fp32(network) -> None:
    pictures = list(feeds(network, 8))
    thin = factor_convolutions(network, 0.5, input_moments(network, pictures))
    pictures = list(feeds(thin, 8))
    headroom = measure_headroom(thin, pictures, percentile=99.99)
    graph = write_int8_graph(thin, headroom, input_moments(thin, pictures))
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    for picture in pictures[:3]:
        assert psnr_db(run(session, picture), expected(thin, picture)) > 30


def test_a_bias_that_int8_cannot_hold_is_refused(network) -> None:
    pictures = list(feeds(network, 2))
    thin = factor_convolutions(network, 0.5, input_moments(network, pictures))
    with torch.no_grad():
        thin.convolution("thin_down_eighth").bias.fill_(0.1)
    headroom = dict.fromkeys([*thin.layers.activations, *thin.layers.fixed], 1.0)
    with pytest.raises(ValueError, match="thin_down_eighth"):
        write_int8_graph(thin, headroom, {})


def test_factors_make_the_most_of_what_is_seen() -> None:
    matrix = torch.diag(torch.tensor([1.0, 10.0]))
    moments = np.diag([1.0, 0.0])  # the second input is always 0
    root, inverse = low_rank._roots(moments)
    left, right = low_rank._factors(matrix @ root, 1)
    torch.testing.assert_close((left @ right @ inverse)[:, 0], matrix[:, 0], atol=1e-2, rtol=0)


def test_the_modulator_says_the_same_at_full_rank(network) -> None:
    arguments = torch.randn(2, network.size.vector), torch.randn(2, network.size.own)
    before = network.modulator(*arguments, torch.zeros(2, 5))
    count = sum(parameter.numel() for parameter in network.modulator.parameters())
    factor_modulator_(network, 1000)
    torch.testing.assert_close(network.modulator(*arguments, torch.zeros(2, 5)), before)
    network = make_networks()[0]
    factor_modulator_(network, 2)
    assert sum(parameter.numel() for parameter in network.modulator.parameters()) < count / 3
