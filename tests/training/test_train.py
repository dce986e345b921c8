import copy
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from PIL import Image

from stylize.errors import ControlError, TrainingError
from stylize.training import contact_sheet
from stylize.training import train as training
from stylize.training.checkpoint import load_checkpoint, load_network, save_checkpoint
from stylize.training.config import TrainConfig, learning_rate, ramped_style_weight
from stylize.training.data import (
    Contents,
    RevisionBatch,
    list_pictures,
)
from stylize.training.objective import compute_losses
from stylize.training.samples import draw_samples, drawn_ahead
from stylize.training.start import start_loss_network, start_network
from stylize.training.style_bank import StyleBank, load_style_bank, projections
from stylize.training.train import train
from stylize.training.vgg import LossNetwork
from tests.conftest import make_picture


@pytest.fixture(scope="module")
def fit_probes():
    """Fits probes once for each bank: that takes longer than a step."""
    fitted = {}
    fit = training._fit_probes

    def fit_once(bank):
        key = bank.vectors.tobytes() + bank.encoded.tobytes()
        if key not in fitted:
            fitted[key] = fit(bank)
        return fitted[key]

    return fit_once


@pytest.fixture
def config(
    picture_folders, tiny_size, loss_network, fit_probes, tmp_path, monkeypatch
) -> TrainConfig:
    content, style = picture_folders
    # Training extends its borders and makes it faster.
    own = copy.deepcopy(loss_network)
    monkeypatch.setattr(LossNetwork, "load", classmethod(lambda cls, path: own))
    monkeypatch.setattr(LossNetwork, "normalize_", lambda self, batches: None)
    monkeypatch.setattr(training, "_fit_probes", fit_probes)
    # Measured anew, it might change in the middle of a training.
    monkeypatch.setattr(training, "half_precision_is_faster", lambda: False)
    return TrainConfig(
        contents=(content,),
        styles=(style,),
        out=tmp_path / "run",
        steps=6,
        batch_contents=1,
        stages=((0, 56), (4, 64)),
        warmup_steps=2,
        checkpoint_steps=3,
        sheet_steps=0,
        style_variants=1,
        size=tiny_size,
        device="cpu",
    )


def test_resuming_gives_the_same_next_step(config):
    whole = load_checkpoint(train(config, stop_after=3))
    split = replace(config, out=config.out.parent / "split")
    # Computed anew, the bank may differ in the last bit: sums depend on where memory lies.
    shutil.copytree(config.out / "cache", split.out / "cache")
    state = load_checkpoint(train(split, stop_after=1))
    assert (state["step"], state["samples_seen"]) == (1, 2)
    resumed = load_checkpoint(train(split, stop_after=2))
    assert resumed["step"] == whole["step"] == 3
    for key in ("network", "ema"):
        for name, value in resumed[key].items():
            torch.testing.assert_close(value, whole[key][name], rtol=0, atol=0)


def test_the_whole_plan_runs_through_its_stages(config):
    state = load_checkpoint(train(config))
    assert state["step"] == 6
    assert state["config"]["stages"] == ((0, 56), (4, 64))
    assert "contents" not in state["config"]
    assert not (config.out / "checkpoint.partial").exists()
    network = load_network(state)
    assert all(torch.isfinite(p).all() for p in network.parameters())


@pytest.mark.parametrize("revision_share", [0, 1])
def test_the_loss_falls_on_one_batch(revision_share, config, loss_network, tmp_path):
    (tmp_path / "contents").mkdir()
    Image.effect_noise((160, 140), 90).convert("RGB").save(tmp_path / "contents" / "large.png")
    config = replace(
        config,
        contents=(tmp_path / "contents",),
        revision_share=revision_share,
        draft_px=64,
        ground=0,
    )
    paths = list_pictures(config.styles)
    bank = load_style_bank(paths, loss_network, loss_network, variants=1, seed=1, cache=config.out)
    contents = Contents(list_pictures(config.contents), count=1, seed=1, drawings_share=1)
    samples = draw_samples(contents, bank, config, step=0)
    assert isinstance(samples.content, RevisionBatch) == bool(revision_share)
    assert (samples.conditions[:, -1] == revision_share).all()
    conditions = torch.zeros(2, 5)
    conditions[:, -1] = revision_share
    samples = replace(samples, conditions=conditions, strength=torch.ones(2, 1))
    network = start_network(config, None, bank).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    totals = []
    for _ in range(20):
        terms = compute_losses(network, loss_network, samples, config, 4.0, projections())
        optimizer.zero_grad()
        terms["total"].backward()
        optimizer.step()
        totals.append(terms["total"].item())
    assert sum(totals[-5:]) / 5 < 0.9 * totals[0]
    assert ("revision content" in terms) == bool(revision_share)


@pytest.fixture
def draw(config, loss_network):
    """Draws the samples of a step."""
    paths = list_pictures(config.styles)
    bank = load_style_bank(paths, loss_network, loss_network, variants=1, seed=1, cache=config.out)

    def draw(step: int):
        contents = Contents(list_pictures(config.contents), count=1, seed=1)
        return draw_samples(contents, bank, config, step)

    return draw


@pytest.mark.parametrize("threads", [1, 3])
def test_samples_that_are_drawn_ahead_come_in_order(config, loss_network, draw, threads):
    bank = load_style_bank(
        list_pictures(config.styles),
        loss_network,
        loss_network,
        variants=1,
        seed=1,
        cache=config.out,
    )
    contents = Contents(list_pictures(config.contents), count=1, seed=1)
    found = list(drawn_ahead(contents, bank, config, range(4, 15), threads=threads))
    assert [samples.seed for samples in found] == [*range(4, 15)]
    assert all((samples.seen == draw(samples.seed).seen).all() for samples in found)


def test_threads_that_draw_revisions_open_all_pictures_once(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.png" for number in range(40)]
    for path in paths:
        make_picture(64, 64).save(path)
    opened = []
    open_image = Image.open

    def open_and_note(*arguments, **options):
        opened.append(arguments[0])
        return open_image(*arguments, **options)

    monkeypatch.setattr(Image, "open", open_and_note)
    contents = Contents(paths, count=1, seed=1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda step: contents.revision(step, 32, 32), range(8)))
    assert len(opened) <= len(paths) + 8  # and those that are drawn


def test_samples_are_repeatable_and_varied(config, draw):
    assert (draw(3).seen == draw(3).seen).all()
    drawn = [draw(step) for step in range(60)]
    mixtures = [samples for samples in drawn if len(samples.pictures) > config.batch]
    assert mixtures
    for samples in drawn:
        assert samples.shares.shape == (config.batch, len(samples.pictures))
        torch.testing.assert_close(samples.shares.sum(dim=1), torch.ones(config.batch))
    assert any(((samples.shares > 0).sum(dim=1) == 2).any() for samples in mixtures)
    strength = torch.cat([samples.strength for samples in drawn])
    assert (strength == 1).sum() > 60
    assert (strength == 0).any()
    assert any(samples.own_style.any() for samples in drawn)
    conditions = torch.cat([samples.conditions for samples in drawn])
    assert conditions.abs().max() <= math.log(4) + 1e-6
    assert (conditions == 0).all(dim=1).any()
    ground = torch.cat([samples.ground for samples in drawn])
    assert (ground == 0).any()
    assert 0 < ground.max() <= config.ground


def test_in_every_other_step_two_samples_differ_in_their_loss_weights_alone(draw):
    for step in range(1, 21, 2):
        samples = draw(step)
        assert (samples.seen[0] == samples.seen[1]).all()
        assert (samples.covariances[0] == samples.covariances[1]).all()
        pictures = torch.einsum("nm,mchw->nchw", samples.shares, samples.pictures)
        torch.testing.assert_close(pictures[0], pictures[1])
        weights = samples.conditions[:, :4]
        assert (weights[0] == -weights[1]).all()
        assert weights[0].abs().min() > 0
        assert (samples.strength[:2] == 1).all()
        assert not samples.own_style[:2].any()


def test_the_layer_with_thousands_of_inputs_learns_in_smaller_steps(config):
    config = replace(config, init=train(replace(config, out=config.out.parent / "first")))
    start = load_checkpoint(config.init)["ema"]
    state = load_checkpoint(train(config, stop_after=1))
    rate = learning_rate(config, 0)
    for name, share in (("modulator.layers.0.weight", 0.2), ("head.bias", 1.0)):
        # Adam's first step is the learning rate, whatever the gradient.
        step = (state["network"][name] - start[name]).abs().max().item()
        assert step == pytest.approx(share * rate, rel=0.05), name


def test_training_learns_in_half_precision_too(config, monkeypatch):
    monkeypatch.setattr(training, "half_precision_is_faster", lambda: True)
    state = load_checkpoint(train(config))
    assert all(torch.isfinite(value).all() for value in state["network"].values())


def test_an_optimizer_of_another_version_is_refused(config):
    path = train(config, stop_after=1)
    state = load_checkpoint(path)
    groups = state["optimizer"]["param_groups"]
    groups[0]["params"] += groups.pop()["params"]
    save_checkpoint(path, state)
    with pytest.raises(TrainingError, match=r"optimizer .* is of another version.*--init"):
        train(config)


def test_the_schedule_warms_up_and_falls(config):
    config = replace(config, steps=1000, warmup_steps=10, ramp_steps=100)
    rates = [learning_rate(config, step) for step in (0, 9, 10, 500, 999)]
    assert rates[0] == pytest.approx(config.learning_rate / 10)
    assert rates[1] == rates[2] == config.learning_rate
    assert rates[2] > rates[3] > rates[4] >= config.final_learning_rate
    assert ramped_style_weight(config, 0) == config.style_weight_start
    assert ramped_style_weight(config, 100) == ramped_style_weight(config, 900)
    assert config.side_px(3) == 56
    assert config.side_px(4) == 64


def test_a_loss_that_is_not_finite_leaves_the_last_checkpoint(config, monkeypatch):
    path = train(config, stop_after=1)
    before = path.read_bytes()
    nan = {"total": torch.tensor(float("nan"))}
    monkeypatch.setattr(training, "compute_losses", lambda *_: nan)
    with pytest.raises(TrainingError, match="not finite at step 1; the last good checkpoint is"):
        train(config)
    assert path.read_bytes() == before


def test_checkpoints_of_another_kind_are_refused(config, tmp_path):
    with pytest.raises(TrainingError, match="There is no checkpoint"):
        load_checkpoint(tmp_path / "none.pt")
    for text in ("no checkpoint", "hello", "a", "rho", ""):  # each fails in its own way
        (tmp_path / "text.pt").write_text(text)
        with pytest.raises(TrainingError, match="cannot be read as a checkpoint") as refused:
            load_checkpoint(tmp_path / "text.pt")
        assert "weights_only" not in str(refused.value)  # torch would have its code loaded
    torch.save({"format": 99}, tmp_path / "old.pt")
    with pytest.raises(TrainingError, match="not a checkpoint of this version"):
        load_checkpoint(tmp_path / "old.pt")
    path = train(config, stop_after=1)
    state = load_checkpoint(path)
    state["size"]["half"] = 12
    with pytest.raises(TrainingError, match="another architecture"):
        load_network(state)
    larger = replace(config, size=replace(config.size, blocks=2))
    with pytest.raises(TrainingError, match="another architecture"):
        train(larger)


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match=r"No space left.*previous one is untouched"):
        save_checkpoint(path, {"step": 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_training_can_start_from_another_checkpoint(config):
    path = train(config, stop_after=1)
    other = replace(config, out=config.out.parent / "other", init=path)
    expected = load_checkpoint(path)["loss_network"]["convolutions.relu1_1.weight"]
    network = start_loss_network(other, list_pictures(config.contents))
    torch.testing.assert_close(network.state_dict()["convolutions.relu1_1.weight"], expected)
    bank = StyleBank(
        torch.zeros(2, 1920).numpy(),
        torch.zeros(2, 1920).numpy(),
        torch.zeros(2, 2, 64, 64).numpy(),
        torch.zeros(2, 256, 256, 3, dtype=torch.uint8).numpy(),
        torch.zeros(2, 9, 32).numpy(),
        torch.zeros(2).numpy(),
    )
    network = start_network(other, None, bank)
    expected = load_checkpoint(path)["ema"]
    torch.testing.assert_close(network.state_dict()["stem.weight"], expected["stem.weight"])


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(config, monkeypatch):
    path = train(config, stop_after=1)
    before = path.read_bytes()
    norm = torch.tensor(float("inf"))
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: norm)
    with pytest.raises(TrainingError, match="gradient is not finite at step 1; the last good"):
        train(config)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("batch_contents", 0, "batch_contents must be at least 1; got 0"),
        ("checkpoint_steps", 0, "checkpoint_steps must be at least 1"),
        ("learning_rate", math.nan, "learning_rate must be a number above 0; got nan"),
        ("style_weight", -1.0, "style_weight must be at least 0"),
        ("ema_decay", 1.0, "ema_decay must be from 0 to below 1"),
        ("stages", ((5, 64),), "stages must be stages that rise from step 0"),
        ("stages", (), "stages that rise from step 0"),
        ("stages", ((0, 8),), "sides of 16 px and more, in steps of 8"),
        ("stages", ((0, 100),), "sides of 16 px and more, in steps of 8"),
    ],
)
def test_settings_out_of_range_are_refused(config, name, value, message):
    with pytest.raises(ControlError, match=message):
        replace(config, **{name: value})


def test_an_unknown_device_is_refused(config):
    with pytest.raises(TrainingError, match=r'"toaster" is no device.*Take cpu'):
        train(replace(config, device="toaster"))


def test_a_damaged_loss_network_is_named(config):
    config.out.mkdir()
    (config.out / "loss_network.pt").write_bytes(b"half a file")
    with pytest.raises(TrainingError, match=r"loss_network\.pt is damaged.*another folder"):
        train(config)


def test_training_survives_a_contact_sheet_that_cannot_be_made(config, caplog, monkeypatch):
    monkeypatch.setattr(contact_sheet, "CELL_PX", 48)
    monkeypatch.setattr(contact_sheet, "STYLE_SIDE_PX", 48)
    config = replace(config, sheet_steps=1, contents=config.contents, out=config.out)
    config.out.mkdir()
    (config.out / "sheet-000001.jpg").mkdir()  # where the sheet would go
    train(config, stop_after=1)
    assert "No contact sheet" in caplog.text
