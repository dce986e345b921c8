"""Variants of the network: at first they are the network, and tiles of them have no seams."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from stylize.lab.attention import Attention, _statistics  # noqa: E402
from stylize.lab.pyramid import Pyramid  # noqa: E402
from stylize.lab.variant import Variant, cut_windows  # noqa: E402
from stylize.training.modulator import CONDITIONS  # noqa: E402
from stylize.training.network import Affines, TransferNetwork  # noqa: E402
from stylize.training.objective import paint_draft  # noqa: E402
from stylize.training.samples import draw_samples  # noqa: E402
from tests.lab.test_retraining import SIZE, school  # noqa: E402, F401

WHOLE = torch.tensor([[0.0, 0.0, 1.0]])
CHANGED = [Attention, Pyramid]


@pytest.fixture
def network() -> TransferNetwork:
    torch.manual_seed(3)
    return TransferNetwork(SIZE).eval()


@pytest.fixture
def samples(school):  # noqa: F811
    config = replace(school.config, mixed_share=0.0)
    return draw_samples(school.contents, school.bank, config, 4)


def pictures(count: int, side_px: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((count, 3, 5, 5), generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(side_px, side_px), mode="bilinear")


def asked(network: TransferNetwork, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Style vectors and conditions."""
    generator = torch.Generator().manual_seed(7)
    vectors = torch.rand((count, network.size.vector), generator=generator)
    return vectors, torch.zeros(count, len(CONDITIONS))


def spoiled(variant: Variant) -> Variant:
    """What a training might leave: none of the own parts is neutral any more."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in variant.own_parts():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return variant


@pytest.mark.parametrize("kind", [Variant, *CHANGED])
def test_untrained_it_paints_what_the_network_paints(kind, network, samples) -> None:
    vectors, _ = asked(network, 4)
    variant = kind(network).eval()
    found = variant.paint_draft(network, samples, samples.content, vectors)
    wanted = paint_draft(network, samples, samples.content, vectors)
    assert torch.equal(found.seen, wanted.seen)
    torch.testing.assert_close(found.raw, wanted.raw, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", CHANGED)
def test_what_it_adds_changes_the_picture_and_learns(kind, network, samples) -> None:
    vectors, _ = asked(network, 4)
    variant = spoiled(kind(network))
    found = variant.paint_draft(network, samples, samples.content, vectors).raw
    wanted = paint_draft(network, samples, samples.content, vectors).raw
    assert (found - wanted).abs().max() > 1e-3
    found.square().mean().backward()
    assert all(parameter.grad is not None for parameter in variant.own_parts())


def test_the_network_alone_has_no_own_parts(network) -> None:
    assert Variant(network).own_parts() == []


def test_maps_are_enlarged_bilinearly_by_hand() -> None:
    eighth = torch.tensor([0.0, 4.0]).expand(1, 1, 2, 2)
    single = torch.ones(1, 3, 1, 1)
    whole = cut_windows(Affines(single, eighth), WHOLE, (32, 32))
    assert whole.quarter is single
    torch.testing.assert_close(whole.eighth[0, 0, 2], torch.tensor([0.0, 1.0, 3.0, 4.0]))
    half = cut_windows(Affines(single, eighth), torch.tensor([[0.5, 0.5, 0.5]]), (16, 16))
    torch.testing.assert_close(half.eighth, whole.eighth[:, :, 2:, 2:])


def test_maps_of_the_same_size_stay() -> None:
    maps = torch.rand(2, 3, 4, 4)
    found = cut_windows(Affines(maps, maps), WHOLE.expand(2, -1), (32, 32)).eighth
    torch.testing.assert_close(found, maps)


def test_a_tile_is_the_part_of_the_whole(network) -> None:
    variant = spoiled(Attention(network))
    halo_px, side_px = network.layers.halo_px(), 256
    picture = pictures(1, side_px, seed=1)
    thumbnail = torch.nn.functional.avg_pool2d(picture, 4)
    vectors, conditions = asked(network, 1)
    with torch.no_grad():
        affines = variant.modulate(
            thumbnail, vectors, conditions, torch.ones(1, 1), pictures(1, 64, seed=2)
        )
        whole = network.paint(picture, cut_windows(affines, WHOLE, (side_px, side_px)))
        half = torch.tensor([[0.5, 0.5, 0.5]])
        tile = network.paint(picture[:, :, 128:, 128:], cut_windows(affines, half, (128, 128)))
    assert affines.eighth.shape[2:] == (8, 8)
    assert affines.eighth.std(dim=(2, 3)).max() > 0.01
    torch.testing.assert_close(
        tile[:, :, halo_px:, halo_px:], whole[:, :, 128 + halo_px :, 128 + halo_px :],
        rtol=1e-4, atol=1e-4,
    )  # fmt: skip


def test_attended_statistics_by_hand() -> None:
    values = torch.tensor([[[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]])
    weights = torch.tensor([[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]])
    found = _statistics(weights, values)[0]
    nearly_0 = 1e-5**0.5
    expected = [[1.0, 1.0, 1.0, nearly_0], [4.0, 1.0, nearly_0, nearly_0]]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_places_take_what_looks_like_them(network) -> None:
    """A content that is the style itself finds its own places there."""
    attention = Attention(network)
    picture = pictures(1, 64, seed=3)
    picture[..., 32:] = 1 - picture[..., 32:]
    with torch.no_grad():
        mean = attention.difference(picture, picture)[0, : SIZE.own // 2]
        features = attention._see(picture)[0]
        apart = features - features.mean(dim=(1, 2), keepdim=True)
    loud = apart.std(dim=(1, 2)) > 0.1
    assert loud.any()
    together = torch.nn.functional.cosine_similarity(mean[loud].flatten(), apart[loud].flatten(), 0)
    assert together > 0.5


def test_a_style_without_places_has_nothing_to_attend_to(network) -> None:
    flat = torch.full((1, 3, 64, 64), 0.3)
    with torch.no_grad():
        found = Attention(network).difference(pictures(1, 32), flat)
    torch.testing.assert_close(found, torch.zeros_like(found), atol=1e-3, rtol=0)


def test_without_strength_the_style_is_not_attended_to(network) -> None:
    vectors, conditions = asked(network, 1)
    none, thumbnail = torch.zeros(1, 1), pictures(1, 32)
    with torch.no_grad():
        found = spoiled(Attention(network)).modulate(
            thumbnail, vectors, conditions, none, pictures(1, 64)
        )
        plain = network.modulate(thumbnail, vectors, conditions, none)
    torch.testing.assert_close(found.eighth, plain.eighth.expand_as(found.eighth))


def test_each_resolution_takes_its_own_scales(network, monkeypatch) -> None:
    vectors, conditions = asked(network, 1)
    thumbnail, style, one = pictures(1, 32), pictures(1, 64, seed=2), torch.ones(1, 1)
    torch.nn.init.normal_(network.modulator.direct.weight)  # asks for the network's own statistics
    said = []
    measure = network.measure
    monkeypatch.setattr(
        network, "measure", lambda small, modulation, *more: (
            said.append(modulation), measure(small, modulation, *more)
        )[1],
    )  # fmt: skip
    pyramid = Pyramid(network)
    with torch.no_grad():
        pyramid.modulate(thumbnail, vectors, conditions, one, style)
        pyramid.shares[1] = 0.5  # at 1/8 resolution
        pyramid.modulate(thumbnail, vectors, conditions, one, style)
    quarter = network.layers.channels_at(4)
    before, after = (modulation.scale[0] for modulation in said)
    torch.testing.assert_close(after[:quarter], before[:quarter])
    assert (after[quarter:] - before[quarter:]).abs().max() > 0.01


def test_a_blend_has_no_one_picture(network, samples) -> None:
    blended = replace(samples, shares=torch.ones(4, 5) / 5)
    with pytest.raises(ValueError, match="unblended"):
        Variant(network).paint_draft(network, blended, samples.content, asked(network, 4)[0])
