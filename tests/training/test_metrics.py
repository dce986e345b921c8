import copy
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from stylize.errors import TrainingError
from stylize.training import metrics
from stylize.training.data import ContentBatch, to_tensor
from stylize.training.metrics import Features, Meter, content_loss, load_loss_network, style_losses
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork
from tests.conftest import make_picture

FLAT = Image.new("RGB", (64, 64), "gray")
CONTENTS = [*(make_picture(64, 64, seed=seed) for seed in (1, 2)), FLAT]
STYLES = [make_picture(64, 64, seed=seed) for seed in (3, 4, 5)]


@pytest.fixture(scope="module")
def network(loss_network) -> LossNetwork:
    network = copy.deepcopy(loss_network)
    network.normalize_([to_tensor(STYLES)])
    return network


@pytest.fixture(scope="module")
def meter(network) -> Meter:
    return Meter(network, CONTENTS, STYLES, keep=2)


def test_content_loss_of_hand_computed_features():
    vector = torch.zeros(1, VECTOR_LENGTH)
    a = Features(torch.tensor([[[[1.0, -1.0]]]]), vector)
    b = Features(torch.tensor([[[[-1.0, 1.0]]]]), vector)
    assert content_loss(a, a) == 0
    assert content_loss(a, b) == 4  # the opposite; unrelated features have 2


def test_style_loss_of_hand_computed_vectors():
    vector, styles = torch.zeros(1, VECTOR_LENGTH), torch.zeros(4, VECTOR_LENGTH)
    styles[1, :64] = 2  # all means of relu1_1 are off by 2: 4, in one of four layers
    styles[2, 64] = 3  # one of 128 means of relu2_1 is off by 3
    styles[3, -512:] = 1  # all standard deviations of relu4_1 are off by 1
    assert style_losses(vector, styles).tolist() == pytest.approx([0, 1, 9 / 128 / 4, 0.25])


def test_the_content_unchanged_has_no_content_loss(meter):
    found = meter.measure(CONTENTS[0], CONTENTS[0], 0)
    assert found.content_loss == 0
    assert found.ssim == pytest.approx(1)
    assert found.style_loss > 0.001


def test_the_style_copied_has_no_style_loss_and_finds_its_style(meter):
    for index, style in enumerate(STYLES):
        found = meter.measure(style, CONTENTS[0], index)
        assert found.style_loss == 0
        assert found.own_style_found == 1
        assert found.palette_distance == 0
        assert found.content_loss > 0.005


def test_another_style_is_not_found(meter):
    assert meter.measure(STYLES[1], CONTENTS[0], 0).own_style_found == 0


def test_flat_areas_are_measured_where_there_are_some(meter):
    found = meter.measure(FLAT, FLAT, 0)
    assert (found.grid, found.banding) == (0, 0)
    found = meter.measure(CONTENTS[0], CONTENTS[0], 0)
    assert (found.grid, found.banding) == (None, None)


def test_losses_are_those_of_measure(meter):
    found = meter.measure(STYLES[2], CONTENTS[1], 1)
    assert meter.losses(STYLES[2], CONTENTS[1], 1) == (found.content_loss, found.style_loss)


def test_known_pictures_are_not_measured_again(network, monkeypatch):
    meter = Meter(network, CONTENTS, STYLES, keep=2)
    computed = []
    compute = meter._compute
    monkeypatch.setattr(meter, "_compute", lambda image: computed.append(image) or compute(image))
    others = [make_picture(64, 64, seed=seed) for seed in (6, 7, 8)]
    for picture in (CONTENTS[0], CONTENTS[1].copy(), others[0], others[0].copy()):
        meter.features(picture)
    assert computed == [others[0]]  # contents are known from the start, equal pictures are known
    for picture in (others[1], others[2], others[0]):
        meter.features(picture)
    assert len(computed) == 4  # of three results only two were kept


def test_normalized_networks_are_loaded_as_they_are(loss_network, tmp_path):
    for name, state in (
        ("loss_network.pt", loss_network.state_dict()),
        ("checkpoint.pt", {"format": 1, "loss_network": loss_network.state_dict()}),
    ):
        torch.save(state, tmp_path / name)
        found = load_loss_network(tmp_path / name)
        image = torch.rand(1, 3, 16, 16)
        assert torch.equal(found(image)["relu4_1"], loss_network(image)["relu4_1"])


@pytest.fixture
def raw_weights(loss_network, tmp_path) -> Path:
    layers = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1")
    state = {}
    for layer, index in zip(layers, (0, 2, 5, 7, 10, 12, 14, 17), strict=True):
        convolution = loss_network.convolutions[f"relu{layer}"]
        state[f"features.{index}.weight"] = convolution.weight.clone()
        state[f"features.{index}.bias"] = convolution.bias.clone()
    save_file(state, tmp_path / "vgg.safetensors")
    return tmp_path / "vgg.safetensors"


def test_raw_weights_are_normalized_over_the_given_contents(
    raw_weights, picture_folders, monkeypatch
):
    batch = ContentBatch(to_tensor(CONTENTS), to_tensor(CONTENTS))
    monkeypatch.setattr(metrics.Contents, "batch", lambda *_, **__: batch)
    monkeypatch.setattr(metrics, "NORMALIZING_BATCHES", 1)
    found = load_loss_network(raw_weights, normalize_on=[picture_folders[0]])
    means = found(to_tensor(CONTENTS))["relu4_1"].mean(dim=(0, 2, 3))
    alive = means > 0.5  # the others were nearly dead, and stay below one
    assert alive.float().mean() > 0.3
    assert means[alive].median().item() == pytest.approx(1, abs=0.01)


def test_raw_weights_need_contents(raw_weights):
    with pytest.raises(TrainingError, match="has to be normalized over content pictures"):
        load_loss_network(raw_weights)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no loss network"),
        (b"no weights", "cannot be read|does not hold"),
        ({"weights": torch.zeros(3)}, "does not hold a loss network"),
        (torch.zeros(3), "does not hold a loss network"),
    ],
)
def test_files_without_a_loss_network_are_refused(tmp_path, content, message):
    path = tmp_path / "network.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(TrainingError, match=message):
        load_loss_network(path)
