import numpy as np
import pytest
import torch

from stylize.errors import TrainingError
from stylize.training import distillation
from stylize.training.checkpoint import load_checkpoint, load_encoder, save_checkpoint
from stylize.training.distillation import SLIM, distill, fit_layers
from stylize.training.network import TransferNetwork
from stylize.training.vgg import LossNetwork, style_vector
from tests.conftest import make_picture


@pytest.fixture
def teacher(loss_network):
    return LossNetwork.of(loss_network.state_dict()).extend_borders_()


@pytest.fixture
def checkpoint(teacher, tiny_size, tmp_path):
    path = tmp_path / "checkpoint.pt"
    network = TransferNetwork(tiny_size)
    network.modulator.vector_std.fill_(0.1)
    save_checkpoint(
        path,
        {
            "loss_network": teacher.state_dict(),
            "size": tiny_size.as_dict(),
            "ema": network.state_dict(),
            "step": 3,
        },
    )
    return path


@pytest.fixture
def styles(tmp_path):
    paths = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(paths):
        make_picture(90, 60, seed=seed).save(path)
    return paths


def test_with_all_channels_the_teacher_comes_out(teacher):
    crops = torch.rand(2, 3, 48, 40)
    student = fit_layers(teacher, crops, {})
    for name, features in teacher(crops).items():
        torch.testing.assert_close(student(crops)[name], features)


def test_a_fitted_network_is_nearer_than_one_that_only_drops_channels(teacher):
    crops = torch.rand(4, 3, 64, 64)
    fitted = fit_layers(teacher, crops, SLIM)
    dropped = LossNetwork.of(fitted.state_dict()).extend_borders_()
    wanted = style_vector(teacher(crops))
    inputs = slice(None)
    for name, layer in dropped.convolutions.items():
        model, count = teacher.convolutions[name], len(layer.weight)
        with torch.no_grad():
            layer.weight.copy_(model.weight[:count, inputs])
            layer.bias.copy_(model.bias[:count])
        inputs = slice(count)
    errors = [
        (style_vector(network(crops)) - wanted).square().mean() for network in (fitted, dropped)
    ]
    assert errors[0] < 0.5 * errors[1]
    assert {name: len(fitted.convolutions[name].weight) for name in SLIM} == SLIM


def test_distilling_lowers_the_error_and_goes_on(checkpoint, styles, monkeypatch):
    monkeypatch.setattr(distillation, "CROP_PX", 32)
    fit = distillation.fit_layers

    def badly_fitted(*arguments, seed):
        student = fit(*arguments, seed=seed)
        student.convolutions["relu2_1"].weight.data.mul_(3)
        return student

    monkeypatch.setattr(distillation, "fit_layers", badly_fitted)
    first = distill(checkpoint, styles, steps=1, batch=2)
    for _ in range(2):
        last = distill(checkpoint, styles, steps=12, batch=2, learning_rate=3e-3)
    assert last < 0.8 * first
    state = load_checkpoint(checkpoint)
    assert state["step"] == 3
    encoder = load_encoder(state)
    assert len(encoder.convolutions["relu3_2"].weight) == SLIM["relu3_2"]
    assert encoder.convolutions["relu4_1"].padding_mode == "replicate"


def test_the_measured_layers_before_the_first_narrow_one_stay(checkpoint, styles, monkeypatch):
    monkeypatch.setattr(distillation, "CROP_PX", 32)
    distill(checkpoint, styles, steps=2, batch=1)
    state = load_checkpoint(checkpoint)
    name = "convolutions.relu1_1.weight"
    np.testing.assert_array_equal(state["encoder"][name], state["loss_network"][name])


def test_styles_that_cannot_be_read_are_an_error(checkpoint, tmp_path):
    before = checkpoint.read_bytes()
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(TrainingError, match="None of the style pictures"):
        distill(checkpoint, [tmp_path / "bad.png"], steps=1)
    assert checkpoint.read_bytes() == before


def test_a_device_that_is_not_there_is_an_error(checkpoint, styles):
    before = checkpoint.read_bytes()
    with pytest.raises(TrainingError, match='"nowhere" is no device of this machine'):
        distill(checkpoint, styles, steps=1, device="nowhere")
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_without_a_network_is_refused(teacher, styles, tmp_path):
    path = tmp_path / "bare.pt"
    save_checkpoint(path, {"loss_network": teacher.state_dict()})
    with pytest.raises(TrainingError, match="another architecture"):
        distill(path, styles, steps=1)
