"""The arithmetic of benchmarks/quality.py, gallery.py and real_sizes.py."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TINY_MODEL, make_picture

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("torch")
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="only in a checkout")


def qdq_model(weights: np.ndarray, scale: np.ndarray):
    """1x1 convolution on (1, H, W, C) with everything rounded, its last step on bytes."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "weights": weights,
        "scale": scale,
        "zeros": np.zeros(len(scale), np.int8),
        "coarse": np.float32(0.5),
        "zero": np.int8(0),
    }
    node = helper.make_node
    nodes = [
        node("DequantizeLinear", ["weights", "scale", "zeros"], ["floats"], axis=0),
        node("QuantizeLinear", ["x", "coarse", "zero"], ["x8"]),
        node("Transpose", ["x8"], ["t8"], perm=[0, 3, 1, 2]),
        node("DequantizeLinear", ["t8", "coarse", "zero"], ["t"]),
        node("Conv", ["t", "floats"], ["c"]),
        node("QuantizeLinear", ["c", "coarse", "zero"], ["c8"]),
        node("Transpose", ["c8"], ["y8"], perm=[0, 2, 3, 1]),
        node("DequantizeLinear", ["y8", "coarse", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "qdq",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 4, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 4, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def test_dequantized_models_round_nothing_and_take_any_size():
    import quality

    weights = np.array([[1, -2], [3, 4], [100, 0]], np.int8)[:, :, None, None]
    scale = np.array([0.5, 0.25, 0.01], np.float32)
    model = quality.free_size(quality.dequantized(qdq_model(weights, scale)))
    assert {node.op_type for node in model.graph.node} == {"Transpose", "Conv", "Identity"}
    assert [item.name for item in model.graph.initializer] == ["floats"]
    x = np.random.default_rng(0).random((1, 6, 5, 2)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    matrix = np.array([[0.5, -1], [0.75, 1], [1, 0]])
    np.testing.assert_allclose(session.run(None, {"x": x})[0], x @ matrix.T, atol=1e-5)


def test_a_sheet_shows_every_content_in_every_style(tiny_engine):
    import gallery

    contents = [make_picture(40, 30, seed=seed) for seed in (1, 2)]
    pictures = [make_picture(30, 40, seed=seed) for seed in (3, 4, 5)]
    styles = [(picture, tiny_engine.encode_style(picture)) for picture in pictures]
    sheet = gallery.paint_sheet(tiny_engine, contents, styles, cell_px=32, size_px=32)
    assert sheet.size == (4 * 38 + 6, 3 * 38 + 6)
    cells = {
        (row, column): sheet.crop((left, top, left + 32, top + 32))
        for row, top in enumerate(range(6, sheet.height - 6, 38))
        for column, left in enumerate(range(6, sheet.width - 6, 38))
    }
    assert len(cells) == 12
    assert cells.pop((0, 0)).getextrema() == ((255, 255),) * 3  # the corner stays white
    assert len({cell.tobytes() for cell in cells.values()}) == 11


def test_real_sizes_makes_both_reports(tmp_path, monkeypatch):
    import real_sizes
    import torch

    from stylize.training import evaluate, same_look
    from stylize.training.vgg import LossNetwork

    monkeypatch.setattr(real_sizes, "HERE", tmp_path)
    monkeypatch.setattr(real_sizes, "SIZES_PX", (64, 96))
    for module in (same_look, evaluate):
        monkeypatch.setattr(module, "REFERENCE_PX", 64)
        monkeypatch.setattr(module, "BETWEEN_PX", 80)
    for folder in ("content", "style", "large/photos", "large/paintings"):
        (tmp_path / folder).mkdir(parents=True)
        make_picture(96, 64).save(tmp_path / folder / "0.png")
    for name, contents, styles in (
        ("holdout", "content", "style"),
        ("real_sizes", "photos", "paintings"),
    ):
        names = {"contents": [f"{contents}/0.png"], "styles": [f"{styles}/0.png"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(names))
    torch.save(LossNetwork().state_dict(), tmp_path / "network.pt")
    monkeypatch.setattr(
        real_sizes, "EvaluationConfig", partial(_small, real_sizes.EvaluationConfig)
    )
    found = real_sizes.measure(
        [TINY_MODEL], data=tmp_path, vgg=tmp_path / "network.pt", out=tmp_path / "out"
    )
    sizes = {name: [at["size_px"] for at in part["sizes"]] for name, part in found.items()}
    assert sizes == {"pairs": [64], "photos": [64, 96]}
    assert list(found["photos"]["same_look"]["systems"]) == ["tiny_model int8"]


def _small(config, **options):
    return config(**{"sizes_px": (64,), **options})
