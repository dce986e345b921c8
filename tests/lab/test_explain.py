"""Explaining a style: parts of a vector, what they move, who is near."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from stylize.errors import ControlError
from stylize.lab.explain import OWN, _shares, _spread, explain, vector_parts
from stylize.lab.explain_page import page
from stylize.styles import StyleVector
from stylize.training.layers import Layers, make_rows
from stylize.training.network_size import NetworkSize
from tests.conftest import make_picture

TINY = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=16, seen=52)
TINY_LAYERS = {"grain": 2, "strokes": 4, "patterns": 8, "shapes": 12}


def test_the_parts_are_means_and_deviations_of_each_layer() -> None:
    parts = vector_parts(30 + 4, {"a": 5, "b": 10})
    assert parts["a"].tolist() == [*range(5), *range(15, 20)]
    assert parts["b"].tolist() == [*range(5, 15), *range(20, 30)]
    assert parts[OWN].tolist() == [30, 31, 32, 33]
    bundled = vector_parts(2144)
    assert sum(map(len, bundled.values())) == 2144
    assert len(bundled[OWN]) == 224
    with pytest.raises(ControlError, match="30 values, which is too few"):
        vector_parts(30, {"a": 15})


@pytest.fixture(scope="module")
def found(tiny_engine):
    styles = {
        f"style-{seed}": tiny_engine.encode_style(make_picture(64, 48, seed=seed))
        for seed in range(6)
    }
    style = styles["style-5"]
    parts = vector_parts(style.values.size, TINY_LAYERS)
    # A twin in all parts but one.
    values = styles["style-0"].values.copy()
    values[parts["strokes"]] = style.values[parts["strokes"]]
    styles["twin-in-strokes"] = StyleVector(values, style.encoder_sha256)
    return explain(
        tiny_engine, style, styles, make_picture(64, 64, seed=8), picture=make_picture(40, 40),
        max_side_px=64, network=TINY, vgg_layers=TINY_LAYERS,
    )  # fmt: skip


def test_every_layer_and_part_is_told(found) -> None:
    assert [move.name for move in found.layers] == [
        site.name for site in Layers(make_rows(TINY)).sites
    ]
    assert [part.name for part in found.parts] == [*TINY_LAYERS, OWN]
    largest = [abs(move.deviations) for move in found.channels]
    assert largest == sorted(largest, reverse=True)
    most = {move.layer for move in found.channels}
    assert most <= {move.name for move in found.layers}
    # Together the parts go about the whole way.
    assert 0.3 < sum(part.alone for part in found.parts) < 3


def test_a_value_that_hardly_varies_is_not_looked_for() -> None:
    table = np.array([[0, 1.0], [1e-7, 3.0]], np.float32)
    spread = _spread(table, {"both": np.arange(2)})
    assert spread[1] == 1
    assert spread[0] == pytest.approx(0.1, abs=1e-4)


def test_shares_of_a_way_by_hand() -> None:
    way = np.array([2.0, 0.0])
    assert _shares(way, [way, np.array([1.0, 5.0]), np.array([-1.0, 0.0])]) == [1, 0.5, -0.5]


def test_a_neighbour_is_told_by_the_part_that_is_near(found) -> None:
    assert "style-5" not in {near.name for near in found.neighbours}
    twin = next(near for near in found.neighbours if near.name == "twin-in-strokes")
    assert twin.because == "strokes"
    assert twin.parts["strokes"] < 0.1
    distances = [near.distance for near in found.neighbours]
    assert distances == sorted(distances)


def test_it_is_written_as_json_and_as_a_page(found) -> None:
    record = json.loads(json.dumps(found.as_dict()))
    assert set(record) == {"layers", "channels", "parts", "neighbours"}
    text = page(found, "mine", "sheet.png")
    assert "# What makes mine" in text
    assert "(sheet.png)" in text
    assert "| twin-in-strokes |" in text
    assert found.sheet.width == 5 * (256 + 8) + 8


def test_too_few_styles_and_other_models_are_refused(tiny_engine, style) -> None:
    content = make_picture(32, 32)
    with pytest.raises(ControlError, match="3 or more others; there are 1"):
        explain(tiny_engine, style, {"a": style, "b": other(style, 1)}, content)
    others = {str(i): other(style, i) for i in range(1, 5)}
    with pytest.raises(ControlError, match="this is another"):
        explain(tiny_engine, style, others, content, vgg_layers=TINY_LAYERS)


def other(style: StyleVector, seed: int) -> StyleVector:
    noise = np.random.default_rng(seed).normal(size=style.values.shape).astype(np.float32)
    return StyleVector(style.values + 0.1 * noise, style.encoder_sha256)
