import copy

import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.training.metrics import Meter
from stylize.training.pairs import Pictures
from stylize.training.sliders import measure_sliders, slider_values
from stylize.training.systems import style_copied
from tests.conftest import make_picture

PICTURES = Pictures(
    content_names=("c0", "c1"),
    style_names=("s0", "s1"),
    contents=tuple(make_picture(64, 64, seed=seed) for seed in (1, 2)),
    styles=tuple(make_picture(64, 64, seed=seed) for seed in (3, 4)),
    pairs=((0, 0), (1, 1)),
)


@pytest.fixture(scope="module")
def meter(loss_network) -> Meter:
    return Meter(copy.deepcopy(loss_network), PICTURES.contents, PICTURES.styles)


def fading(content: Image.Image, style: Image.Image, controls: Controls) -> Image.Image:
    """An honest system: from the content to the style copied."""
    ratio = controls.style_weight / controls.content_weight
    share = controls.strength * ratio / (1 + ratio)
    return Image.blend(content, style_copied(content, style), share)


def deaf(content: Image.Image, style: Image.Image, controls: Controls) -> Image.Image:
    return fading(content, style, Controls())


def test_values_cover_the_range():
    assert slider_values("strength") == [0, 0.25, 0.5, 0.75, 1]
    weights = slider_values("content_weight")
    assert (len(weights), weights[0], weights[-1]) == (5, 0.25, 4)
    assert weights[2] == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(weights[4] / weights[3])
    for value in weights:
        Controls(content_weight=value)  # rounding does not leave the range


def test_honest_sliders_pass(meter):
    found = measure_sliders(fading, meter, PICTURES)
    assert list(found) == [
        "content_weight: content_loss",
        "style_weight: style_loss",
        "strength: content_loss",
        "strength: style_loss",
    ]
    for result in found.values():
        assert (result["spearman"], result["monotone"], result["pairs"]) == (1, 1, 2)
        assert result["honest"]
        assert len(result["mean_losses"]) == len(result["values"]) == 5
    assert found["strength: content_loss"]["psnr_db_at_0"] == 99
    assert found["strength: content_loss"]["mean_losses"][0] == 0


def test_sliders_without_effect_fail(meter):
    for result in measure_sliders(deaf, meter, PICTURES).values():
        assert result["spearman"] == 0
        assert not result["honest"]


def test_sliders_that_do_the_opposite_fail(meter):
    def swapped(content, style, controls):
        weights = {"content_weight": controls.style_weight, "style_weight": controls.content_weight}
        strength = min(1, 1.3 - controls.strength)
        return fading(content, style, Controls(**weights, strength=strength))

    for result in measure_sliders(swapped, meter, PICTURES).values():
        assert result["spearman"] < -0.9
        assert not result["honest"]
