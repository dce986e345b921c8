"""Export and quantization of tiny networks: parity with torch, bars, errors."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from stylize.engine import Engine
from stylize.errors import TrainingError
from stylize.training import export as exporting
from stylize.training import quantize as quantizing
from stylize.training.export import check_parity, export_networks
from stylize.training.graphs import Paint, equalize_
from stylize.training.network import TransferNetwork
from tests.conftest import make_picture
from tests.make_tiny_model import make_networks


def test_onnx_equals_torch_at_sizes_that_were_not_traced(exported):
    description = json.loads((exported / "model.json").read_text())
    assert description["parity"]["picture_levels"] <= 1
    assert description["parity"]["vector"] <= 1e-3
    assert description["data"] == "made by code"
    assert set(description["sha256"]) == {"modulate.onnx", "paint.onnx", "style_encoder.onnx"}


def test_parity_notices_another_network(exported):
    network, loss_network = make_networks()
    with torch.no_grad():
        network.head.bias.add_(0.05)
    with pytest.raises(TrainingError, match="differs from torch by"):
        check_parity(network, loss_network, exported)


def test_graphs_hold_no_paths_of_this_machine(exported):
    for file in exported.glob("*.onnx"):
        content = file.read_bytes()
        assert b"/site-packages/" not in content
        assert str(exported.parent).encode() not in content
        assert b".py" not in content


def test_the_engine_runs_an_exported_model(exported):
    engine = Engine(exported, precision="fp32", threads=1)
    style = engine.encode_style(make_picture(50, 40))
    assert engine.stylize(make_picture(45, 37), style).size == (45, 37)


def test_equalizing_keeps_the_pictures():
    network, _ = make_networks()
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    vector = torch.rand(4, network.vector_length)
    controls = (torch.zeros(4, 5), torch.tensor([[1.0], [0.5], [0.0], [1.0]]))

    def paint(network: TransferNetwork) -> torch.Tensor:
        with torch.no_grad():
            return network.paint(images, network.modulate(images, vector, *controls))

    before = paint(network)
    equalize_(network, images)
    torch.testing.assert_close(paint(network), before, rtol=1e-3, atol=1e-3)
    with torch.no_grad():
        raw = network.down_quarter(torch.relu(network.stem(images)))
    torch.testing.assert_close(raw.mean(dim=(0, 2, 3)), torch.zeros(8), rtol=0, atol=1e-3)
    torch.testing.assert_close(raw.std(dim=(0, 2, 3)), torch.ones(8), rtol=0, atol=1e-2)


def test_cells_are_the_picture_in_another_order():
    network, _ = make_networks()
    images = torch.rand(1, 3, 32, 24)
    one = torch.ones(1, 1)
    with torch.no_grad():
        affines = network.modulate(
            images, torch.zeros(1, network.size.vector), torch.zeros(1, 5), one
        )
        picture = network.paint(images, affines)[0]
        rgbx = torch.cat([images, torch.rand(1, 1, 32, 24)], dim=1)
        cells = Paint(network)(rgbx, *affines)[0]
    rows = cells.permute(1, 2, 0).reshape(16, 12, 2, 2, 4).permute(0, 2, 1, 3, 4)
    pixels = rows.reshape(32, 24, 4).permute(2, 0, 1)
    torch.testing.assert_close(pixels[:3], picture)
    assert (pixels[3] == 1).all()


@pytest.fixture
def styles_and_contents(picture_folders):
    content, style = picture_folders
    return {"contents": [content], "styles": [style]}


def test_quantizing_adds_int8_files_that_pass_the_bar(exported, styles_and_contents, tmp_path):
    model = shutil.copytree(exported, tmp_path / "model")
    figures = quantizing.quantize(model, **styles_and_contents, pairs=4, validation_pairs=3)
    assert figures["psnr_db_min"] >= quantizing.MINIMUM_PSNR_DB
    description = json.loads((model / "model.json").read_text())
    assert description["int8"] == figures
    assert "style_encoder.onnx" not in description["sha256"]
    assert not (model / "cores").exists()
    engine = Engine(model, precision="int8", threads=1)
    style = engine.encode_style(make_picture(50, 40))
    assert engine.stylize(make_picture(45, 37), style).size == (45, 37)


def test_weights_have_seven_bits_where_avx2_would_saturate(exported, styles_and_contents, tmp_path):
    model = shutil.copytree(exported, tmp_path / "model")
    quantizing.quantize(model, **styles_and_contents, pairs=4, validation_pairs=1)
    graph = onnx.load(model / "paint.int8.onnx").graph
    weights = [
        onnx.numpy_helper.to_array(item) for item in graph.initializer if item.data_type == 3
    ]
    weights = [weight for weight in weights if weight.ndim == 4]
    assert len(weights) >= 8
    assert all(weight.min() >= -64 and weight.max() <= 64 for weight in weights)


def test_a_model_below_the_bar_is_not_written(exported, styles_and_contents, tmp_path, monkeypatch):
    model = shutil.copytree(exported, tmp_path / "model")
    monkeypatch.setattr(quantizing, "MINIMUM_PSNR_DB", 90.0)
    with pytest.raises(TrainingError, match=r"PSNR .* the limit is 90 dB"):
        quantizing.quantize(model, **styles_and_contents, pairs=4, validation_pairs=2)
    assert not list(model.glob("*.int8.onnx"))


def test_pictures_that_8_bits_are_too_few_for_are_left_to_fp32():
    peaks = np.arange(21.0)
    falling = 47 - peaks
    assert quantizing._peak_limit(falling, peaks) == pytest.approx(17)  # where the line meets 30 dB
    assert quantizing._peak_limit(40 + peaks, peaks) == 18  # it tells nothing: the highest 10 %
    spread = 49 - peaks + np.tile([0.5, -0.5], 11)[:21]
    assert 16.5 < quantizing._peak_limit(spread, peaks) < 17.5  # some deviations earlier
    poor = np.where(peaks == 17, 29.95, 49 - peaks)
    assert quantizing._peak_limit(poor, peaks) == 17
    with pytest.raises(TrainingError, match="38% of the pictures would have to be"):
        quantizing._peak_limit(np.where(peaks == 13, 29, 40 + peaks), peaks)
    assert quantizing._peak_limit(np.array([40.0]), np.array([3.0])) == np.inf


def test_quantizing_needs_the_cores(tmp_path, styles_and_contents):
    with pytest.raises(TrainingError, match="export the checkpoint again"):
        quantizing.quantize(tmp_path, **styles_and_contents)


def test_weights_stored_in_8_bits_are_close(exported, tmp_path):
    target = tmp_path / "modulate.int8.onnx"
    quantizing.quantize_weights(exported / "modulate.onnx", target, smallest=64)
    assert target.stat().st_size < (exported / "modulate.onnx").stat().st_size
    import onnxruntime

    rng = np.random.default_rng(0)
    network = make_networks()[0]
    length = network.vector_length
    feeds = {
        "bytes": rng.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8),
        "vector": rng.random((2, length), np.float32),
        "conditions": np.zeros((2, 5), np.float32),
        "strength": np.ones((2, 1), np.float32),
        "zoom": np.ones((1, 1), np.float32),
    }
    before, after = (
        onnxruntime.InferenceSession(path).run(None, feeds)
        for path in (exported / "modulate.onnx", target)
    )
    for a, b in zip(before, after, strict=True):
        assert np.abs(a - b).max() < 0.05 * np.abs(a).max()


def test_export_names_what_is_wrong_with_a_checkpoint(tmp_path):
    with pytest.raises(TrainingError, match="There is no checkpoint"):
        exporting.export(tmp_path / "none.pt", tmp_path)


def test_exporting_again_leaves_no_int8_files_of_the_old_model(traced_before, tmp_path):
    (tmp_path / "paint.int8.onnx").write_bytes(b"of another network")
    export_networks(*make_networks(), tmp_path)
    description = json.loads((tmp_path / "model.json").read_text())
    assert set(description["sha256"]) == {"modulate.onnx", "paint.onnx", "style_encoder.onnx"}
    assert {file.name for file in tmp_path.iterdir()} == {
        *description["sha256"],
        "model.json",
        "cores",
    }


def test_an_export_that_fails_leaves_the_old_model(exported, traced_before, tmp_path, monkeypatch):
    model = shutil.copytree(exported, tmp_path / "model")
    before = {file.name: file.read_bytes() for file in model.glob("*.*")}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "check_parity", full)
    with pytest.raises(TrainingError, match=r"cannot be written to .*No space left.*Free some"):
        export_networks(*make_networks(), model)
    assert {file.name: file.read_bytes() for file in model.glob("*.*")} == before
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TrainingError, match="choose another folder"):
        export_networks(*make_networks(), tmp_path / "file")


def test_a_failed_quantization_can_be_tried_again(
    exported, styles_and_contents, tmp_path, monkeypatch
):
    model = shutil.copytree(exported, tmp_path / "model")
    with monkeypatch.context() as patch:
        patch.setattr(quantizing, "MINIMUM_PSNR_DB", 90.0)
        with pytest.raises(TrainingError, match="the limit is 90 dB"):
            quantizing.quantize(model, **styles_and_contents, pairs=2, validation_pairs=1)
    engine = Engine(model, precision="fp32", threads=1)
    assert engine.stylize(make_picture(45, 37), engine.encode_style(make_picture(50, 40)))
    monkeypatch.setattr(quantizing, "MINIMUM_PSNR_DB", 1.0)
    quantizing.quantize(model, **styles_and_contents, pairs=2, validation_pairs=1)
    assert Engine(model, precision="int8", threads=1).encoder_sha256 != engine.encoder_sha256


def test_export_needs_a_checkpoint_of_a_training(exported, tmp_path):
    state = exporting.load_checkpoint(exported / "cores" / "network.pt")
    state.pop("format")
    exporting.save_checkpoint(tmp_path / "c.pt", {**state, "ema": state["network"]})
    with pytest.raises(TrainingError, match=r"no loss network.*of a training"):
        exporting.export(tmp_path / "c.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()
