"""NIMA, by tiny networks: what they are given, how their marks are read, and which are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from stylize.errors import ModelFileError
from stylize.lab.nima import Nima
from tests.conftest import make_picture

Sides = tuple[int | str, int | str]


def network(path: Path, *, sides: Sides = ("h", "w"), end: str = "Softmax", to: int = 10) -> Path:
    """Write a network: the mean of each channel, then marks by a matrix."""
    matrix = np.zeros((3, to), np.float32)
    matrix[0, to - 1] = 1  # the more red, the better
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["logits"]),
        helper.make_node(end, ["logits"], ["marks"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, *sides))],
        [helper.make_tensor_value_info("marks", TensorProto.FLOAT, (1, to))],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    opset = helper.make_opsetid("", 20)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
    return path


@pytest.mark.parametrize("sides", [("h", "w"), (48, 32)])
def test_the_score_is_the_mean_mark(tmp_path: Path, sides: Sides) -> None:
    score = Nima(network(tmp_path / "n.onnx", sides=sides), threads=1)
    best = np.exp((1 - 0.485) / 0.229)  # of pure red, normalised as for ImageNet
    shares = np.append(np.ones(9), best) / (9 + best)
    red = Image.new("RGB", (60, 40), (255, 0, 0))
    assert score(red) == pytest.approx(shares @ np.arange(1, 11), abs=1e-3)
    assert 1 < score(Image.new("L", (60, 40), 0)) < score(make_picture(60, 40)) < score(red) < 10


@pytest.mark.parametrize(("end", "to"), [("Identity", 10), ("Relu", 10), ("Softmax", 5)])
def test_what_are_no_shares_of_ten_marks_is_told(tmp_path: Path, end: str, to: int) -> None:
    score = Nima(network(tmp_path / "n.onnx", end=end, to=to))
    with pytest.raises(ModelFileError, match=r"no shares of ten marks.*with a softmax"):
        score(make_picture(60, 40))


def test_other_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no file .*none\.onnx.*shares of the marks 1 to 10"):
        Nima(tmp_path / "none.onnx")
    make_picture(32, 32).save(tmp_path / "p.png")
    with pytest.raises(ModelFileError, match="is no NIMA network"):
        Nima(tmp_path / "p.png")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8, 8, 3))
    marks = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 8, 8, 3))
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "", [value], [marks])
    opset = helper.make_opsetid("", 20)
    path = tmp_path / "channels_last.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
    with pytest.raises(ModelFileError, match="1 x 3 x height x width"):
        Nima(path)
