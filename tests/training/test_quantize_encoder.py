import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from PIL import Image

from stylize.training.quantize_encoder import correct_vectors
from tests.conftest import make_picture


def write_encoder(path, gain, offset):
    """Write an encoder whose vector is the mean colour, scaled and moved."""
    constants = {
        "axes": np.array([1, 2]),
        "gain": np.array([gain], np.float32),
        "offset": np.array([offset], np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["bytes"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, [1, "h", "w", 3])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)


def vector_of(path, picture):
    return InferenceSession(path).run(None, {"bytes": np.asarray(picture)[None]})[0][0]


@pytest.fixture
def encoders(tmp_path):
    int8, full = tmp_path / "int8.onnx", tmp_path / "full.onnx"
    write_encoder(full, (1.2, 0.8, 1.0), (3.0, -2.0, 0.0))
    write_encoder(int8, (1.0, 1.0, 0.0), (0.0, 0.0, 7.0))
    return int8, full


def test_numbers_that_are_off_in_all_pictures_are_put_right(encoders):
    int8, full = encoders
    correct_vectors(int8, full, [make_picture(20, 16, seed=seed) for seed in range(6)])
    new = Image.new("RGB", (9, 12), (40, 200, 90))
    np.testing.assert_allclose(vector_of(int8, new)[:2], vector_of(full, new)[:2], rtol=1e-4)


def test_a_number_that_never_varies_comes_to_the_mean(encoders):
    int8, full = encoders
    pictures = [Image.new("RGB", (8, 8), (0, 0, blue)) for blue in (100, 150)]
    correct_vectors(int8, full, pictures)
    assert vector_of(int8, pictures[0])[2] == pytest.approx(125)
