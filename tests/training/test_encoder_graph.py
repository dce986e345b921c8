"""The INT8 encoder without detours: the same numbers, by other ways."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from stylize.training.encoder_graph import simplify_int8_encoder

SCALE_PADDED, SCALE, SCALE_WEIGHT, SCALE_OUT = 0.011, 0.01, 0.004, 0.02
EPSILON = 1e-5


def make_graph(*, zero: int = 0) -> onnx.ModelProto:
    """Bytes, padded as floats, convolved, and the mean and the deviation of that."""
    rng = np.random.default_rng(0)
    constants = {
        "scale": np.array(SCALE, np.float32),
        "zero": np.array(0, np.uint8),
        "scale_padded": np.array(SCALE_PADDED, np.float32),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "weight": rng.integers(-60, 60, (3, 2, 3, 3), dtype=np.int8),
        "scale_weight": np.full(3, SCALE_WEIGHT, np.float32),
        "zero_weight": np.zeros(3, np.int8),
        "bias": rng.integers(0, 20_000, 3, dtype=np.int32),
        "scale_bias": np.full(3, SCALE_PADDED * SCALE_WEIGHT, np.float32),
        "zero_bias": np.zeros(3, np.int32),
        "scale_out": np.array(SCALE_OUT, np.float32),
        "zero_out": np.array(zero, np.uint8),
        "axes": np.array([2, 3], np.int64),
        "two": np.array(2, np.float32),
        "epsilon": np.array(EPSILON, np.float32),
    }
    out = ["scale_out", "zero_out"]
    nodes = [
        ("DequantizeLinear", ["bytes", "scale", "zero"], "x", {}),
        ("Pad", ["x", "pads"], "wide", {"mode": "edge"}),
        ("QuantizeLinear", ["wide", "scale_padded", "zero"], "wide_bytes", {}),
        ("DequantizeLinear", ["wide_bytes", "scale_padded", "zero"], "wide_again", {}),
        ("DequantizeLinear", ["weight", "scale_weight", "zero_weight"], "w", {"axis": 0}),
        ("DequantizeLinear", ["bias", "scale_bias", "zero_bias"], "b", {"axis": 0}),
        ("Conv", ["wide_again", "w", "b"], "y", {}),
        ("QuantizeLinear", ["y", *out], "y_bytes", {}),
        ("DequantizeLinear", ["y_bytes", *out], "y_again", {}),
        ("ReduceMean", ["y_again", "axes"], "mean", {"keepdims": 0}),
        ("Unsqueeze", ["mean", "axes"], "mean_wide", {}),
        ("Sub", ["y_again", "mean_wide"], "beside", {}),
        ("Pow", ["beside", "two"], "square", {}),
        ("ReduceMean", ["square", "axes"], "variance", {"keepdims": 0}),
        ("Add", ["variance", "epsilon"], "above", {}),
        ("Sqrt", ["above"], "deviation", {}),
        ("Concat", ["mean", "deviation"], "vector", {"axis": 1}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [name], **more) for kind, inputs, name, more in nodes],
        "encoder",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, [1, 2, "h", "w"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 6])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def run(model: onnx.ModelProto, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"bytes": picture})[0]


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (64, 48)])
def test_statistics_stay_what_they_were(size):
    picture = np.random.default_rng(1).integers(0, 256, (1, 2, 1, size[1]), dtype=np.uint8)
    picture = picture.repeat(size[0], axis=2)  # only some of the rows are measured
    model = make_graph()
    expected = run(model, picture)
    found = run(simplify_int8_encoder(model), picture)
    # What was padded is no longer rounded to another scale.
    np.testing.assert_allclose(found, expected, atol=SCALE_OUT)
    assert np.abs(found - expected).mean() < SCALE_OUT / 2


def test_some_rows_say_nearly_what_all_of_them_do():
    picture = np.random.default_rng(1).integers(0, 256, (1, 2, 400, 90), dtype=np.uint8)
    model = make_graph()
    expected = run(model, picture)
    found = run(simplify_int8_encoder(model), picture)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert (found != expected).any()


def test_nothing_large_is_done_in_floats():
    model = simplify_int8_encoder(make_graph())
    by_output = {node.output[0]: node for node in model.graph.node}
    (pad,) = (node for node in model.graph.node if node.op_type == "Pad")
    assert pad.input[0] == "bytes"
    assert not {"Sub", "Pow"} & {by_output[name].op_type for name in ("mean", "deviation")}
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == 1  # of the convolution's result
    assert "Pow" not in kinds


def test_the_bias_is_rounded_in_the_scale_of_the_sums():
    model = make_graph()
    before = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    simplify_int8_encoder(model)
    after = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    np.testing.assert_allclose(after["scale_bias"], SCALE * SCALE_WEIGHT, rtol=1e-6)
    values = (named["bias"] * named["scale_bias"] for named in (before, after))
    np.testing.assert_allclose(*values, atol=SCALE * SCALE_WEIGHT)


def test_bytes_whose_zero_is_not_0_are_refused():
    with pytest.raises(ValueError, match="not 0"):
        simplify_int8_encoder(make_graph(zero=7))
