import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from stylize.contract import Contract
from stylize.controls import Controls
from stylize.errors import ModelFileError, TrainingError
from stylize.model_files import FORMAT
from stylize.training import systems
from stylize.training.export import write_description
from stylize.training.pairs import Pictures
from stylize.training.systems import (
    EngineSystem,
    ReadyMade,
    open_model,
    open_models,
    ready_made_files,
)
from tests.conftest import TINY_MODEL, make_picture


def test_the_two_rows_that_are_always_there():
    content, style = make_picture(64, 48), make_picture(40, 40, seed=1)
    assert systems.content_unchanged(content, style) is content
    copied = systems.style_copied(content, style)
    assert copied.size == content.size
    assert np.abs(np.asarray(copied).mean() - np.asarray(style).mean()) < 2


def test_an_engine_is_a_system_and_takes_controls(tiny_engine):
    system = EngineSystem(tiny_engine)
    content, style = make_picture(48, 40), make_picture(40, 40, seed=1)
    expected = tiny_engine.stylize(content, tiny_engine.encode_style(style))
    assert system(content, style) == expected
    assert system(content, style, Controls(strength=0)) == content


def test_a_style_is_encoded_once_as_long_as_it_stays(tiny_engine, monkeypatch):
    encoded = []
    encode = tiny_engine.encode_style
    monkeypatch.setattr(tiny_engine, "encode_style", lambda i: encoded.append(i) or encode(i))
    system = EngineSystem(tiny_engine)
    content, first, second = (make_picture(32, 32, seed=seed) for seed in range(3))
    for style in (first, first, second, first):
        system(content, style)
    assert encoded == [first, second, first]


def test_models_are_named_by_folder_and_precision(tmp_path):
    other = tmp_path / TINY_MODEL.name
    other.symlink_to(TINY_MODEL)
    assert list(open_models([TINY_MODEL], ["int8", "fp32"])) == [
        "tiny_model int8",
        "tiny_model fp32",
    ]
    assert list(open_models([TINY_MODEL, other], ["fp32"])) == [
        f"{TINY_MODEL} fp32",
        f"{other} fp32",
    ]


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(ModelFileError, match="not a model folder"):
        open_model(tmp_path / "checkpoint.pt", "int8")
    with pytest.raises(ModelFileError, match=r"model\.json is missing"):
        open_model(tmp_path, "int8")


def test_a_model_of_another_format_is_refused(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps({"format": 99, "sha256": {}}))
    with pytest.raises(ModelFileError, match="format 99; this version reads format"):
        open_model(tmp_path, "fp32")


def test_a_model_of_another_architecture_is_refused(tmp_path):
    # Files of the right names whose graph takes something else.
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    for name in ("style_encoder", "modulate", "paint"):
        onnx.save(model, tmp_path / f"{name}.onnx")
    network = {"half": 1, "quarter": 1, "eighth": 1, "blocks": 1, "hidden": 1, "seen": 4}
    contract = Contract(vector_length=1, halo_px=8).to_dict()
    write_description(tmp_path, {"format": FORMAT, "network": network, "contract": contract})
    with pytest.raises(ModelFileError, match="is no part of a model that this version can use"):
        open_model(tmp_path, "fp32")


def ready_made_folder(folder, names):
    folder.mkdir()
    for index, name in enumerate(names):
        make_picture(32, 32, seed=index).save(folder / name)
    return folder


def test_ready_made_pictures_are_found_by_their_pair(tmp_path):
    names = ["content-00005__style-a-1.png", "content-7__style-a-1.png", "sheet.png"]
    folder = ready_made_folder(tmp_path / "m", names)
    style, contents = make_picture(32, 32), [make_picture(32, 32), make_picture(32, 32)]
    pictures = Pictures(
        ("content/00005.jpg", "content/7.jpg"), ("style/a-1.jpg",), tuple(contents), (style,),
        ((0, 0), (1, 0)),
    )  # fmt: skip
    assert set(ready_made_files(folder)) == {
        ("content/00005", "style/a-1"),
        ("content/7", "style/a-1"),
    }
    system = ReadyMade(folder, pictures)
    for index, content in enumerate(contents):
        assert system(content, style) == make_picture(32, 32, seed=index)


def test_a_missing_ready_made_picture_is_named(tmp_path):
    folder = ready_made_folder(tmp_path / "m", ["content-1__style-1.png"])
    picture = make_picture(32, 32)
    pictures = Pictures(("content/2.jpg",), ("style/1.jpg",), (picture,), (picture,), ((0, 0),))
    with pytest.raises(
        TrainingError, match=r"no picture of content/2\.jpg in the style of style/1"
    ):
        ReadyMade(folder, pictures)
