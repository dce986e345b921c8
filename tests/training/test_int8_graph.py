import numpy as np
import onnxruntime
import pytest
import torch

from stylize.training.int8_graph import (
    PICTURE,
    Range,
    measure_ranges,
    quantize_weight,
    write_int8_graph,
)
from tests.make_tiny_model import make_networks


def feeds(network, count: int, *, height: int = 48, width: int = 40):
    rng = np.random.default_rng(count)
    for _ in range(count):
        picture = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        image = torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255
        vector = torch.from_numpy(rng.normal(0.15, 0.1, (1, network.size.vector)).astype("f"))
        one = torch.ones(1, 1)
        with torch.no_grad():
            affines = network.modulate(image, vector, torch.zeros(1, 4), one, one)
        yield {
            "image": image.numpy(),
            "affine_quarter": affines.quarter.numpy(),
            "affine_eighth": affines.eighth.numpy(),
        }


@pytest.fixture(scope="module")
def network():
    return make_networks()[0]


@pytest.fixture(scope="module")
def session(network):
    ranges = measure_ranges(network, feeds(network, 6), percentile=99.99)
    return onnxruntime.InferenceSession(write_int8_graph(network, ranges).SerializeToString())


def run(session, feed) -> np.ndarray:
    picture = np.rint(feed["image"].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    affines = {name: feed[name] for name in ("affine_quarter", "affine_eighth")}
    return session.run(None, {"bytes": picture} | affines)[0]


def expected(network, feed) -> np.ndarray:
    from stylize.training.network import Affines

    tensors = {name: torch.from_numpy(value) for name, value in feed.items()}
    affines = Affines(tensors["affine_quarter"], tensors["affine_eighth"])
    with torch.no_grad():
        picture = network.paint(tensors["image"], affines)
    return picture.clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255


@pytest.mark.parametrize(("height", "width"), [(48, 40), (16, 16), (72, 104)])
def test_the_int8_graph_paints_what_the_network_paints(network, session, height, width):
    for feed in feeds(network, 3, height=height, width=width):
        error = run(session, feed).astype(float) - expected(network, feed)
        assert 10 * np.log10(255**2 / (error**2).mean()) > 32


@pytest.mark.parametrize("scale", [0.0, 1e-6, -1.0, 2.5])
def test_small_and_negative_scales_work(network, session, scale):
    feed = next(feeds(network, 1))
    sites = network.size.sites_quarter[0]
    feed["affine_quarter"][:, :sites] = scale
    error = run(session, feed).astype(float) - expected(network, feed)
    assert 10 * np.log10(255**2 / (error**2).mean()) > 28


def test_ranges_hold_zero_exactly():
    assert Range.of(0.5, 2.0) == Range(2.0 / 255, 0)
    middle = Range.of(-1.0, 1.0)
    assert (0 - middle.zero) * middle.scale == pytest.approx(-1, abs=middle.scale)
    assert 0 < middle.zero < 255
    assert PICTURE.scale * 255 == pytest.approx(1)


def test_measured_ranges_cover_the_activations(network):
    narrow = measure_ranges(network, feeds(network, 4), percentile=90)
    wide = measure_ranges(network, feeds(network, 4), percentile=100)
    assert set(narrow) == set(wide)
    assert all(narrow[name].scale <= wide[name].scale * 1.01 for name in wide)
    assert wide["stem"].zero == 0


def test_weights_have_seven_bits_and_a_scale_per_channel():
    weight = np.zeros((3, 2, 1, 1), np.float32)
    weight[0], weight[1] = 0.63, [[[-6.3]], [[1.0]]]
    quantized, scale = quantize_weight(weight)
    assert quantized.dtype == np.int8
    assert np.abs(quantized).max() == 63
    np.testing.assert_allclose(scale[:2], [0.01, 0.1], rtol=1e-5)
    assert (quantized[2] == 0).all()
    np.testing.assert_allclose(quantized * scale[:, None, None, None], weight, atol=0.05)


def test_a_shift_beyond_32_bits_saturates(network, session):
    feed = next(feeds(network, 1))
    quarter = feed["affine_quarter"].copy()
    half = quarter.shape[1] // 2
    quarter[:, :half] = 1e-4
    quarter[:, half:] = 30
    huge = run(session, feed | {"affine_quarter": quarter})
    quarter[:, half:] = 1e6
    np.testing.assert_array_equal(run(session, feed | {"affine_quarter": quarter}), huge)
