import hashlib
import json
import shutil

import pytest

from stylize.engine import Engine
from stylize.errors import ModelFileError, OutOfMemoryError
from stylize.model_files import ModelFiles
from stylize.styles import StyleVector
from tests.conftest import TINY_MODEL, make_picture


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(TINY_MODEL, tmp_path / "model")


def test_files_are_read_and_identified():
    files = ModelFiles.open(TINY_MODEL)
    assert files.encoder_name == "style_encoder.int8.onnx"
    assert files.encoder_sha256 == files.description["sha256"][files.encoder_name]
    assert len(files.sha256) == 64
    assert files.read(files.graph_name("paint", "fp32"))[:1]
    assert files.contract.halo_px % 8 == 0


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
        '{"format": 5, "sha256": 3}',
        '{"format": 5, "sha256": {}}',
        '{"format": 5, "sha256": {"style_encoder.onnx": "0"}, "contract": {"halo_px": 8}}',
        '{"format": 5, "sha256": {"style_encoder.onnx": "0"}, "contract": 3}',
        "[" * 100_000,
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


def test_the_identity_changes_with_any_number(model):
    before = ModelFiles.open(model)
    description = json.loads((model / "model.json").read_text())
    description["contract"]["recoloring_share"] = 0.123456
    (model / "model.json").write_text(json.dumps(description))
    assert ModelFiles.open(model).sha256 != before.sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"contract": None},
        {"contract": [1]},
        {"contract": "text"},
        {"contract": {"vector_length": 100}},
        {"contract": {"vector_length": 10**12, "halo_px": 8}},
        {"contract": {"vector_length": 100, "halo_px": 10**9}},
        {"contract": {"vector_length": 100, "halo_px": 8, "int8_index": -1}},
        {"contract": {"vector_length": 100, "halo_px": 8, "int8_limit": [3]}},
    ],
)
def test_values_that_no_model_has_are_refused(model, changes):
    path = model / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ModelFileError, match="Install the package or export the model again"):
        ModelFiles.open(model)


def vouched(model, **contents):
    """Write files of a model, and their hashes into its description."""
    path = model / "model.json"
    description = json.loads(path.read_text())
    for name, content in contents.items():
        file = name.replace("__", ".")
        (model / file).write_bytes(content)
        description["sha256"][file] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(description))


@pytest.mark.parametrize("part", ["style_encoder__int8__onnx", "modulate__onnx", "paint__onnx"])
@pytest.mark.parametrize("kind", ["no graph", "cut off", "another part"])
def test_graphs_that_cannot_be_used(model, part, kind, style):
    whole = (model / part.replace("__", ".")).read_bytes()
    other = (model / ("paint.onnx" if part != "paint__onnx" else "modulate.onnx")).read_bytes()
    vouched(
        model, **{part: {"no graph": b"x", "cut off": whole[:-99], "another part": other}[kind]}
    )
    engine = Engine(model, precision="fp32", threads=1)
    style = StyleVector(style.values, engine.encoder_sha256)
    picture = make_picture(32, 32)
    with pytest.raises(ModelFileError, match="is no part of a model that this version can use"):
        engine.stylize(picture, engine.encode_style(picture) if "encoder" in part else style)


def test_peak_that_the_network_does_not_have(model):
    path = model / "model.json"
    description = json.loads(path.read_text())
    description["contract"] |= {"int8_index": 99}
    path.write_text(json.dumps(description))
    engine = Engine(model, threads=1)
    picture = make_picture(32, 32)
    with pytest.raises(ModelFileError, match="no peak 99"):
        engine.stylize(picture, engine.encode_style(picture))


def test_too_little_memory_is_told_as_that(monkeypatch, tiny_engine, style):
    class Session:
        def run(self, *_):
            raise RuntimeError("Failed to allocate memory for requested buffer of size 99")

    monkeypatch.setattr(tiny_engine._runtime, "_session", lambda name: Session())
    with pytest.raises(OutOfMemoryError, match="not enough memory"):
        tiny_engine.stylize(make_picture(32, 32), style)
