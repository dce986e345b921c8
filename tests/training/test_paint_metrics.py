import numpy as np
import pytest
import torch
from PIL import Image

from stylize.training import paint_metrics
from stylize.training.metrics import style_losses
from stylize.training.paint_metrics import PaintMeter, diagonal_windows, windows
from stylize.training.vgg import style_vector
from tests.conftest import make_picture


def corners(pictures: list[Image.Image]) -> list[tuple[int, ...]]:
    """Where the windows of a picture of places were cut, and how large they are."""
    return [(*picture.getpixel((0, 0))[:2], *picture.size) for picture in pictures]


def places(width: int, height: int) -> Image.Image:
    """A picture whose red and green say x and y in units of 8 px."""
    y, x = np.mgrid[0:height, 0:width] // 8
    return Image.fromarray(np.stack([x, y, 0 * x], axis=2).astype(np.uint8))


def test_windows_are_spread_evenly():
    assert corners(windows(places(2048, 1024))) == [
        (x, y, 512, 512) for y in (0, 64) for x in (10, 96, 181)
    ]
    assert corners(windows(places(600, 300))) == [(5, 0, 512, 300)]
    assert corners(diagonal_windows(places(2048, 1024))) == [(32, 0, 512, 512), (160, 64, 512, 512)]
    assert corners(diagonal_windows(places(2048, 512))) == [(32, 0, 512, 512), (160, 0, 512, 512)]
    assert len(diagonal_windows(places(700, 500))) == 1


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(paint_metrics, "WINDOW_PX", 32)


def test_windows_together_are_measured_like_one_picture(loss_network, small_windows, monkeypatch):
    painting, result = make_picture(32, 32), make_picture(32, 32, seed=1)
    meter = PaintMeter(loss_network, [painting], size_px=32)
    vectors = [
        style_vector(
            loss_network(torch.from_numpy(np.asarray(p) / np.float32(255)).permute(2, 0, 1)[None])
        )
        for p in (result, painting)
    ]
    assert meter.measure(result, 0) == pytest.approx(float(style_losses(*vectors)), rel=1e-4)
    # Two equal windows have the statistics of one.
    twice = Image.new("RGB", (64, 32))
    for left in (0, 32):
        twice.paste(painting, (left, 0))
    assert PaintMeter(loss_network, [twice], size_px=64).measure(twice, 0) == pytest.approx(
        0, abs=1e-9
    )
    assert PaintMeter(loss_network, [twice], size_px=64).measure(painting, 0) == pytest.approx(
        0, abs=1e-9
    )


def test_a_painting_is_compared_at_the_size_of_the_result(loss_network, small_windows):
    painting = make_picture(128, 128)
    meter = PaintMeter(loss_network, [painting], size_px=64)
    scaled, cut = painting.resize((64, 64), Image.Resampling.LANCZOS), painting.crop((0, 0, 64, 64))
    assert meter.measure(scaled, 0) < 0.3 * meter.measure(cut, 0)


def test_a_small_painting_has_no_paint_to_compare_with(loss_network):
    meter = PaintMeter(loss_network, [make_picture(42, 40)], size_px=64)
    assert meter.measure(make_picture(64, 64), 0) is None
