"""What a tuning is fitted to is what the engine shows."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stylize.engine import Engine
from stylize.images import load_image
from stylize.training import tuning_losses
from stylize.training.contrast import raise_contrast
from stylize.training.network import TransferNetwork
from stylize.training.recoloring import recolor
from stylize.training.tuning import load_networks
from stylize.training.tuning_losses import CONTENT_AIM, WEIGHTS, TuningLosses
from stylize.training.tuning_styles import style_samples
from stylize.training.vgg import LossNetwork
from stylize.training.zoom import calibrate_zoom_
from tests.conftest import make_picture

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drafts(tiny_size, loss_network):
    torch.manual_seed(5)
    network = TransferNetwork(tiny_size).requires_grad_(False)
    borderless = LossNetwork.of(loss_network.state_dict()).extend_borders_()
    style = style_samples(borderless, borderless, [make_picture(64, 64, seed=9)])
    return TuningLosses(network, borderless, style), network.tuning


def test_every_loss_has_a_gradient_or_is_nothing(drafts):
    losses, count = drafts
    content = losses.prepare(make_picture(64, 48, seed=1), seed=1)
    tuning = torch.full((1, count), 0.1, requires_grad=True)
    terms = losses.terms(content, tuning)
    assert terms.keys() == WEIGHTS.keys()
    for name, value in terms.items():
        (gradient,) = torch.autograd.grad(value, tuning, retain_graph=True)
        assert gradient.isfinite().all()
        assert gradient.any() or value.item() == 0, name


def test_content_counts_the_more_the_more_it_rises(drafts):
    losses, _ = drafts
    terms = {name: torch.zeros(()) for name in WEIGHTS}

    def weight(share):
        content = torch.tensor(0.8 * share, requires_grad=True)
        losses.total(terms | {"content": content}, 0.8).backward()
        return content.grad.item()

    assert weight(CONTENT_AIM) == pytest.approx(WEIGHTS["content"], rel=1e-4)
    assert weight(CONTENT_AIM + 0.025) == pytest.approx(math.e * WEIGHTS["content"], rel=1e-3)


@pytest.mark.parametrize("style", ["the-kiss", "the-scream"])
def test_the_engine_shows_the_draft_that_is_measured(style, monkeypatch):
    networks = load_networks(ROOT / "checkpoints" / "network.pt")
    network, engine = networks.network, Engine(threads=1)
    picture = load_image(ROOT / "styles_library" / f"{style}.jpg").convert("RGB")
    content = load_image(ROOT / "stylize/studio/examples/coffee.jpg").resize((512, 336))
    samples = style_samples(networks.loss_network, networks.encoder, [picture])
    losses = TuningLosses(network, networks.loss_network, samples, contract=engine.contract)
    square = losses.prepare(content.resize((384, 384)), seed=1).picture
    calibrate_zoom_(network, square, losses.vector)
    shown = []
    for name, step in (("recolor", recolor), ("raise_contrast", raise_contrast)):
        monkeypatch.setattr(
            tuning_losses, name, lambda *args, step=step: shown.append(step(*args)) or shown[-1]
        )
    rng = np.random.default_rng(2)
    tuning = rng.normal(scale=0.05, size=network.tuning).astype(np.float32)
    with torch.no_grad():
        prepared = losses.prepare(content, seed=1)
        losses.terms(prepared, torch.from_numpy(tuning)[None])
    vector = engine.encode_style(picture).tuned(tuning)
    whole = np.asarray(engine.stylize(content, vector), np.float32)
    engine.contract = replace(engine.contract, contrast_share=0.0)
    painted = np.asarray(engine.stylize(content, vector), np.float32)
    found, raised = (255 * one[0].permute(1, 2, 0).numpy() for one in shown)
    assert np.sqrt(np.square(found - painted).mean()) < 6  # levels of 255
    alike = np.corrcoef((raised - found).ravel(), (whole - painted).ravel())[0, 1]
    assert alike > 0.9
