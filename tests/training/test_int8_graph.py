import numpy as np
import onnxruntime
import pytest
import torch

from stylize.training.int8_graph import (
    measure_headroom,
    write_int8_graph,
)
from stylize.training.quantize import MINIMUM_PSNR_DB
from stylize.training.rounding import input_moments
from tests.make_tiny_model import make_networks


def feeds(network, count: int, *, height: int = 48, width: int = 40):
    rng = np.random.default_rng(count)
    for _ in range(count):
        picture = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        image = torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255
        vector = torch.from_numpy(rng.normal(0.15, 0.1, (1, network.size.vector)).astype("f"))
        one = torch.ones(1, 1)
        with torch.no_grad():
            modulation = network.modulation(image, vector, torch.zeros(1, 5))
            measurement = network.measure(image, modulation, one)
            affines, peaks = measurement.affines(), measurement.peaks()
        yield {
            "image": np.pad(image.numpy(), ((0, 0), (0, 1), (0, 0), (0, 0))),
            "affine_quarter": affines.quarter.numpy(),
            "affine_eighth": affines.eighth.numpy(),
            "peaks": peaks.numpy(),
        }


@pytest.fixture(scope="module")
def network():
    return make_networks()[0]


@pytest.fixture(scope="module")
def session(network):
    pictures = [*feeds(network, 24), *feeds(network, 8, height=24, width=32)]
    headroom = measure_headroom(network, pictures, percentile=99.99)
    return onnxruntime.InferenceSession(
        write_int8_graph(network, headroom, input_moments(network, pictures)).SerializeToString()
    )


def run(session, feed) -> np.ndarray:
    picture = np.rint(feed["image"].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    affines = {name: feed[name] for name in ("affine_quarter", "affine_eighth", "peaks")}
    return session.run(None, {"bytes": picture} | affines)[0][..., :3]


def expected(network, feed) -> np.ndarray:
    from stylize.training.network import Affines

    tensors = {name: torch.from_numpy(value) for name, value in feed.items()}
    affines = Affines(tensors["affine_quarter"], tensors["affine_eighth"])
    with torch.no_grad():
        picture = network.paint(tensors["image"][:, :3], affines)
    return picture.clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255


@pytest.mark.parametrize(("height", "width"), [(48, 40), (24, 32), (72, 104)])
def test_the_int8_graph_paints_what_the_network_paints(network, session, height, width):
    for feed in feeds(network, 3, height=height, width=width):
        error = run(session, feed).astype(float) - expected(network, feed)
        assert 10 * np.log10(255**2 / (error**2).mean()) > MINIMUM_PSNR_DB


@pytest.mark.parametrize("scale", [0.0, 1e-6, -1.0, 2.5])
def test_small_and_negative_scales_work(network, session, scale):
    feed = next(feeds(network, 1))
    sites = network.layers.sites[0].outputs
    feed["affine_quarter"][:, :sites] = scale
    feed["peaks"] = 3 * feed["peaks"]  # they were measured with other scales
    error = run(session, feed).astype(float) - expected(network, feed)
    assert 10 * np.log10(255**2 / (error**2).mean()) > 22


def test_headroom_covers_the_activations(network):
    narrow = measure_headroom(network, feeds(network, 4), percentile=90)
    wide = measure_headroom(network, feeds(network, 4), percentile=100)
    assert [*wide] == [*network.layers.activations, "reduce_quarter", "mix_half"]
    assert all(narrow[name] <= wide[name] * 1.01 for name in wide)
    # The pictures are their own thumbnails here.
    assert all(wide[name] == pytest.approx(1, abs=0.01) for name in network.layers.activations)


@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_steps_follow_the_peaks(network, session, factor):
    """Coarser steps paint the same picture, coarsely; finer ones clip what is high."""
    feed = next(feeds(network, 1))

    def error(feed) -> float:
        return float(np.abs(run(session, feed).astype(float) - expected(network, feed)).mean())

    assert error(feed | {"peaks": feed["peaks"] * factor}) > 1.2 * error(feed)


def test_peaks_of_zero_paint_a_picture(session, network):
    feed = next(feeds(network, 1))
    assert run(session, feed | {"peaks": 0 * feed["peaks"]}).shape == (1, 48, 40, 3)


def test_a_shift_beyond_32_bits_saturates(network, session):
    feed = next(feeds(network, 1))
    quarter = feed["affine_quarter"].copy()
    half = quarter.shape[1] // 2
    quarter[:, :half] = 1e-4
    quarter[:, half:] = 30
    huge = run(session, feed | {"affine_quarter": quarter})
    quarter[:, half:] = 1e6
    np.testing.assert_array_equal(run(session, feed | {"affine_quarter": quarter}), huge)
