import copy

import pytest
import torch
from safetensors.torch import save_file

from stylize.errors import TrainingError
from stylize.training.vgg import (
    STYLE_CHANNELS,
    STYLE_LAYERS,
    VECTOR_LENGTH,
    LossNetwork,
    half_precision_is_faster,
    split_style_vector,
    statistics,
    style_vector,
)


def test_statistics_of_a_hand_computed_case():
    features = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]], [[2.0, 2.0], [2.0, 2.0]]]])
    mean, std = statistics(features)
    torch.testing.assert_close(mean, torch.tensor([[4.0, 2.0]]))
    torch.testing.assert_close(std, torch.tensor([[5.0, 0.0]]).add(1e-5).sqrt())


def test_the_gradient_of_statistics_is_that_of_their_formula():
    features = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 2, 3)
    got = statistics(features)
    total = (got.mean * weights[0] + got.std * weights[1]).sum()
    (gradient,) = torch.autograd.grad(total, features)
    mean = features.mean(dim=(2, 3))
    std = ((features - mean[:, :, None, None]).square().mean(dim=(2, 3)) + 1e-5).sqrt()
    (wanted,) = torch.autograd.grad((mean * weights[0] + std * weights[1]).sum(), features)
    torch.testing.assert_close(gradient, wanted, rtol=1e-5, atol=1e-7)


def test_layers_have_the_sizes_of_vgg16(loss_network):
    features = loss_network(torch.rand(2, 3, 32, 48))
    for name, channels, shrink in zip(STYLE_LAYERS, STYLE_CHANNELS, (1, 2, 4, 8), strict=True):
        assert features[name].shape == (2, channels, 32 // shrink, 48 // shrink)
    assert "relu4_1" not in loss_network(torch.rand(1, 3, 16, 16), last="relu3_1")


def test_a_style_vector_is_means_then_deviations(loss_network):
    features = loss_network(torch.rand(2, 3, 32, 32))
    vectors = style_vector(features)
    assert vectors.shape == (2, VECTOR_LENGTH)
    for name, part in zip(STYLE_LAYERS, split_style_vector(vectors), strict=True):
        expected = statistics(features[name])
        torch.testing.assert_close(part.mean, expected.mean)
        torch.testing.assert_close(part.std, expected.std)


@pytest.mark.parametrize("accelerated", [False, True])
def test_with_extended_borders_a_flat_picture_has_no_frame(accelerated):
    torch.manual_seed(3)
    network, image = LossNetwork(), torch.full((1, 3, 24, 40), 0.7)
    assert network(image)["relu4_1"].std(dim=(2, 3)).max() > 1e-4
    network.extend_borders_()
    if accelerated:
        network.accelerate_()
    for features in network(image).values():
        assert features.std(dim=(2, 3)).max() < 1e-5
    assert network(torch.rand(1, 3, 8, 8))["relu4_1"].shape == (1, 512, 1, 1)


def test_normalizing_gives_channels_unit_mean_and_keeps_the_function():
    torch.manual_seed(3)
    network, images = LossNetwork(), torch.rand(2, 3, 32, 32)
    before = network(images)
    network.normalize_([images])
    for name, features in network(images).items():
        mean = features.mean(dim=(0, 2, 3))
        old = before[name].mean(dim=(0, 2, 3))
        alive = old > 0.05 * old.mean()
        torch.testing.assert_close(mean[alive], torch.ones_like(mean[alive]), rtol=1e-3, atol=1e-3)
        assert mean.max() < 1.01
        # Every channel is the old one times a constant.
        ratio = old[alive] / mean[alive]
        scaled = features[:, alive] * ratio[:, None, None]
        torch.testing.assert_close(scaled, before[name][:, alive], rtol=1e-3, atol=1e-4)


def test_normalizing_needs_pictures(loss_network):
    with pytest.raises(TrainingError, match="at least one picture"):
        loss_network.normalize_([])


def test_weights_of_torchvision_are_folded_to_pictures_in_0_1(tmp_path):
    torch.manual_seed(4)
    indices = (0, 2, 5, 7, 10, 12, 14, 17)
    state = {}
    for index, layer in zip(indices, LossNetwork().convolutions.values(), strict=True):
        state[f"features.{index}.weight"] = layer.weight.clone()
        state[f"features.{index}.bias"] = layer.bias.clone()
    path = tmp_path / "vgg.safetensors"
    save_file(state, path)
    network = LossNetwork.load(path)
    image = torch.rand(1, 3, 16, 16)
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    first = torch.nn.functional.conv2d(
        255 * image - mean, state["features.0.weight"], state["features.0.bias"]
    )
    found = network(image)["relu1_1"][..., :, :]
    torch.testing.assert_close(found[..., 1:-1, 1:-1], first.relu(), rtol=1e-3, atol=1e-2)


def test_bad_weights_files_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="no VGG16 weights file at"):
        LossNetwork.load(tmp_path / "none")
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(TrainingError, match="cannot be read as a safetensors file"):
        LossNetwork.load(tmp_path / "text")
    save_file({"other": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(TrainingError, match="not a VGG16 weights file"):
        LossNetwork.load(tmp_path / "other")


def test_accelerating_changes_nothing_but_the_speed():
    torch.manual_seed(5)
    network, images = LossNetwork(), torch.rand(2, 3, 40, 56)
    before = network(images)
    network.accelerate_()
    for name, features in network(images).items():
        torch.testing.assert_close(features, before[name], rtol=1e-3, atol=1e-5)


def test_half_precision_changes_little(loss_network):
    images = torch.rand(2, 3, 40, 48, requires_grad=True)
    target = torch.rand(2, 3, 40, 48)

    def features_and_gradient(network):
        found = network(images)
        with torch.no_grad():
            wanted = style_vector(network(target))
        (gradient,) = torch.autograd.grad((style_vector(found) - wanted).square().sum(), images)
        return found, gradient

    expected, exact = features_and_gradient(loss_network)
    network = copy.deepcopy(loss_network)
    network.accelerate_(half_precision=True)
    got, rounded = features_and_gradient(network)
    assert got["relu1_1"].dtype == torch.float32
    assert got["relu4_1"].dtype == torch.bfloat16
    for name in expected:
        error = (got[name].float() - expected[name]).norm() / expected[name].norm()
        assert error < 0.02, name
    assert torch.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.99


def test_the_faster_precision_is_measured():
    assert half_precision_is_faster() in (True, False)
