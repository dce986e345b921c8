import json
import shutil

import pytest

from stylize.errors import ModelFileError
from stylize.model_files import ModelFiles
from tests.conftest import TINY_MODEL


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(TINY_MODEL, tmp_path / "model")


def test_files_are_read_and_identified():
    files = ModelFiles.open(TINY_MODEL)
    assert files.encoder_name == "style_encoder.int8.onnx"
    assert files.encoder_sha256 == files.description["sha256"][files.encoder_name]
    assert len(files.sha256) == 64
    assert files.read(files.graph_name("paint", "fp32"))[:1]
    assert files.halo_px % 8 == 0


def test_a_released_model_holds_the_modulator_once(model):
    both = ModelFiles.open(model)
    assert both.graph_name("modulate", "fp32") == "modulate.onnx"
    del both.description["sha256"]["modulate.onnx"]
    assert both.graph_name("modulate", "fp32") == "modulate.int8.onnx"
    assert both.graph_name("paint", "fp32") == "paint.onnx"


def test_a_missing_model_says_how_to_get_one(tmp_path):
    with pytest.raises(ModelFileError, match=r"model.json is missing.*Install the package again"):
        ModelFiles.open(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 99}',
        '{"format": 4, "sha256": 3}',
        '{"format": 4, "sha256": {}}',
        '{"format": 4, "sha256": {"style_encoder.onnx": "0"}, "network": {"seen": 8}}',
    ],
)
def test_a_damaged_description_is_refused(model, text):
    (model / "model.json").write_text(text)
    with pytest.raises(ModelFileError):
        ModelFiles.open(model)


def test_a_damaged_file_is_refused(model):
    files = ModelFiles.open(model)
    path = model / "paint.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelFileError, match=r"paint.onnx is damaged or was replaced"):
        files.read("paint.onnx")
    path.unlink()
    with pytest.raises(ModelFileError, match="cannot be read"):
        files.read("paint.onnx")
    with pytest.raises(ModelFileError, match=r"has no other.onnx"):
        files.read("other.onnx")


def test_the_identity_changes_with_any_file(model):
    before = ModelFiles.open(model)
    description = json.loads((model / "model.json").read_text())
    description["sha256"]["paint.onnx"] = "0" * 64
    (model / "model.json").write_text(json.dumps(description))
    after = ModelFiles.open(model)
    assert before.sha256 != after.sha256
    assert before.encoder_sha256 == after.encoder_sha256
