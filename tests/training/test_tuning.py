from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stylize.engine import Engine
from stylize.errors import TrainingError
from stylize.training import tuning
from stylize.training.checkpoint import save_checkpoint
from stylize.training.distillation import fit_layers
from stylize.training.network import TransferNetwork
from stylize.training.tuning import (
    SHARES,
    Networks,
    check_same_model,
    load_networks,
    tune_style,
)
from stylize.training.tuning_losses import WEIGHTS
from stylize.training.tuning_styles import seen_as_drafts, style_samples
from stylize.training.vgg import LossNetwork
from tests.conftest import make_picture
from tests.make_tiny_model import make_networks

# The features of random weights are small beside what is measured on pixels.
STYLE_ALONE = dict.fromkeys(WEIGHTS, 0.0) | {"style": 1e4}


@pytest.fixture(scope="module")
def network(tiny_size):
    torch.manual_seed(5)
    return TransferNetwork(tiny_size)


@pytest.fixture(scope="module")
def networks(network, loss_network):
    encoder = fit_layers(loss_network, torch.rand(2, 3, 64, 64), {"relu1_2": 32})
    borderless = LossNetwork.of(loss_network.state_dict()).extend_borders_()
    return Networks(network, borderless, encoder)


def test_a_tuned_style_has_less_style_loss(networks):
    contents = [make_picture(64, 50, seed=1), make_picture(48, 64, seed=2)]
    network = networks.network
    before_all = {name: value.clone() for name, value in network.state_dict().items()}
    shares = []
    tuned = tune_style(
        networks, [make_picture(64, 64, seed=9)], contents, steps=12,
        weights=STYLE_ALONE, progress=shares.append,
    )  # fmt: skip
    before, after = tuned.style_loss
    assert after < 0.97 * before
    assert tuned.share in SHARES
    assert tuned.tuning.shape == (network.tuning,)
    assert tuned.tuning.abs().max() > 0.01
    assert tuned.steps == 12
    assert shares == sorted(shares)
    assert shares[0] == 0
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before_all[name], rtol=0, atol=0)
    assert not network.zoom_std.any()


def test_an_interrupted_tuning_keeps_what_there_is(networks):
    def impatient(share):
        if share > 0.25:
            raise KeyboardInterrupt

    pictures = [make_picture(32, 32, seed=seed) for seed in (1, 2)]
    tuned = tune_style(
        networks, pictures[:1], pictures, steps=10, weights=STYLE_ALONE, progress=impatient
    )
    assert tuned.steps == 3
    assert tuned.tuning.abs().max() > 0


def made_up(monkeypatch, *totals):
    """Let tunings that are measured come to these totals, in this order."""
    given = iter(totals)
    monkeypatch.setattr(
        tuning._Fit, "_measure", lambda *_: tuning._Found((total := next(given)), total / 2, 0.8)
    )


@pytest.mark.parametrize(
    ("totals", "share"),
    [((4, 3, 3.5, 3.8), 1), ((4, 5, 3.9, 3.6), 0.5), ((4, 3.9, 3.5, 3.6), 0.75), ((4, 5, 6, 4), 0)],
)
def test_as_much_of_a_tuning_is_kept_as_helps(networks, monkeypatch, totals, share):
    whole, kept = (make_picture(32, 32, seed=seed) for seed in (1, 2))
    made_up(monkeypatch, 9, 1, 8, 8)
    fitted = tune_style(networks, [whole], [whole], kept=[kept], steps=2)
    made_up(monkeypatch, *totals)
    tuned = tune_style(networks, [whole], [whole], kept=[kept], steps=2)
    assert tuned.share == share
    torch.testing.assert_close(tuned.tuning, share * fitted.tuning)
    assert tuned.style_loss == (2, min(totals) / 2)


def test_a_tuning_is_judged_by_contents_that_it_is_not_fitted_on(networks, monkeypatch):
    prepared, fitted = {}, []
    prepare, total = tuning.TuningLosses.prepare, tuning.TuningLosses.total

    def noted(losses, content, seed):
        return prepared.setdefault(seed, prepare(losses, content, seed))

    monkeypatch.setattr(tuning.TuningLosses, "prepare", noted)
    monkeypatch.setattr(
        tuning.TuningLosses, "total",
        lambda losses, terms, before: fitted.append(before) or total(losses, terms, before),
    )  # fmt: skip
    style, *contents = (make_picture(48, 32, seed=seed) for seed in range(4))
    tuned = tune_style(networks, [style], contents[:2], kept=contents[2:], steps=2)
    assert prepared.keys() == {0, 1, 2}
    last = fitted[-1]
    assert last not in fitted[: 2 * tuning.BATCH]
    assert set(fitted[2 * tuning.BATCH :]) == {last}
    assert tuned.content_loss[0] == pytest.approx(last)


def test_a_tuning_has_to_be_better_than_the_one_before(networks, monkeypatch):
    picture = make_picture(32, 32)
    earlier = np.full(networks.network.tuning, 0.1, np.float32)
    for totals, share in (((4, 2, 3, 3, 3), 0), ((4, 2, 3, 1, 3), 0.75), ((4, 5, 3, 6, 6), 1)):
        made_up(monkeypatch, *totals)
        tuned = tune_style(networks, [picture], [picture], earlier=earlier, steps=1)
        assert tuned.share == share
        assert tuned.tuning.any() == bool(share)


def test_what_is_aimed_at_is_no_larger_than_a_draft(networks):
    loss_network = networks.loss_network
    for size, expected in (((96, 64), (96, 64)), ((768, 512), (512, 344))):
        picture = make_picture(*size, seed=3)
        samples = style_samples(loss_network, networks.encoder, [picture])
        aimed_at = seen_as_drafts(samples, loss_network, [picture])
        there = seen_as_drafts(samples, loss_network, [picture.resize(expected, 3)])
        torch.testing.assert_close(aimed_at.seen, there.seen)
        torch.testing.assert_close(aimed_at.covariances, there.covariances)
        assert torch.allclose(aimed_at.seen, samples.seen, rtol=1e-3) == (size == expected)
        assert aimed_at.encoded is samples.encoded


def test_a_step_is_taken_however_short_the_time(networks):
    contents = [make_picture(32, 32, seed=seed) for seed in (1, 2, 3)]
    style = [make_picture(48, 40, seed=4), make_picture(40, 64, seed=5)]
    assert tune_style(networks, style, contents, seconds=0.001).steps == 1


@pytest.mark.parametrize(("pictures", "contents", "end"), [(0, 1, 1), (1, 0, 1), (1, 1, None)])
def test_nothing_to_fit_is_a_programming_mistake(networks, pictures, contents, end):
    picture = Image.new("RGB", (32, 32))
    with pytest.raises(ValueError, match="are needed"):
        tune_style(networks, [picture] * pictures, [picture] * contents, steps=end)


def test_tuning_moves_drafts_and_no_revisions(network):
    vector = torch.rand(1, network.size.vector)
    own, condition = torch.rand(1, network.size.own), torch.zeros(2, 5)
    condition[1, -1] = 1
    added = torch.zeros(1, network.tuning)
    added[0, 0], added[0, -1] = 0.5, -0.25
    plain, tuned = (
        network.modulator(v.expand(2, -1), own.expand(2, -1), condition)
        for v in (vector, torch.cat([vector, added], dim=1))
    )
    moved = tuned.scale - plain.scale, tuned.shift - plain.shift
    assert moved[0][0, 0].item() == pytest.approx(0.5, abs=1e-5)
    assert moved[1][0, -1].item() == pytest.approx(-0.25, abs=1e-5)
    assert moved[0][0, 1:].abs().max() == moved[1][0, :-1].abs().max() == 0
    assert moved[0][1].abs().max() == moved[1][1].abs().max() == 0


def test_networks_of_another_model_are_refused(tiny_engine, tmp_path):
    network, encoder = make_networks()
    networks = Networks(network, encoder, encoder)
    check_same_model(networks, tiny_engine.encode_style, tmp_path / "network.pt")
    with torch.no_grad():
        network.own_statistics.convolutions[0].weight.mul_(2)
    with pytest.raises(TrainingError, match=r"network\.pt is of another network"):
        check_same_model(networks, tiny_engine.encode_style, tmp_path / "network.pt")


def test_the_committed_checkpoint_is_that_of_the_bundled_model():
    checkpoint = Path(__file__).parents[2] / "checkpoints" / "network.pt"
    networks = load_networks(checkpoint)
    engine = Engine(threads=1)
    check_same_model(networks, engine.encode_style, checkpoint)
    network = networks.network
    assert engine.vector_length == network.vector_length


def test_a_checkpoint_without_a_loss_network_is_refused(network, tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"size": network.size.as_dict(), "ema": network.state_dict()})
    with pytest.raises(TrainingError, match="holds no loss network"):
        load_networks(path)
