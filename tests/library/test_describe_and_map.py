"""The readable account of a style, and the map of all."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from stylize.errors import LibraryError
from stylize.library import Entry, StyleLibrary, StyleRecord
from stylize.library.describe import describe_style, layer_energies
from stylize.library.map import (
    MAX_SPOTS,
    draw_map,
    grid_side,
    html_map,
    lay_out,
    overview,
    svg_map,
)
from stylize.styles import StyleVector
from tests.fakes import FakeEngine

from .helpers import picture


@pytest.fixture
def shown(encoder, bundle):
    library = StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    for i in range(9):
        library.add(f"style-{i}", picture(i), title=f"<b>Title & {i}</b>")
    return library


def test_account(shown):
    account = describe_style(shown, "style-1", neighbors=3)
    assert account.palette == shown.get("style-1").palette
    assert [m.record.name for m in account.neighbors] == [
        m.record.name for m in shown.search("style-1", 3)
    ]
    assert set(account.texture) == {"grain", "strokes", "patterns", "shapes"}
    assert all(value > 0 for value in account.texture.values())
    assert "contrast" in account.words
    assert "texture" in account.words


def test_account_tells_pictures_apart(shown):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    shown.add("loud", Image.fromarray(noise))
    shown.add("flat", Image.new("RGB", (96, 80), (120, 120, 120)))
    loud, flat = describe_style(shown, "loud"), describe_style(shown, "flat")
    assert flat.contrast == 0
    assert loud.contrast > 10
    assert loud.texture["grain"] > 1 > flat.texture["grain"]
    assert flat.words.startswith("Low contrast, muted colours, little fine texture")


def test_account_of_little(shown, encoder):
    shown.add_vector("bare", encoder.encode_style(picture(3)))
    account = describe_style(shown, "bare")
    assert account.contrast is None
    assert account.palette == ()
    assert account.neighbors
    foreign = FakeEngine(8).encode_style(picture(0))
    shown.put([Entry(StyleRecord("old", foreign))])
    stale = describe_style(shown, "old")
    assert (stale.texture, stale.neighbors, stale.words) == ({}, (), "")


def test_layers_need_the_layout_of_the_encoder():
    assert layer_energies(StyleVector(np.ones(14, np.float32), "")) is None
    values = np.concatenate([np.zeros(15), [1], [2] * 2, [3] * 4, [4] * 8])
    energies = layer_energies(StyleVector(values.astype(np.float32), ""))
    assert list(energies.values()) == [1, 2, 3, 4]


def test_projection_keeps_neighbours_together(shown, encoder):
    shown.add_vector("twin", shown.get("style-1").vector)
    names, points = shown.points()
    places = lay_out(points)
    assert places.shape == (13, 2)
    assert places.min() >= 0
    assert places.max() < grid_side(13)
    np.testing.assert_array_equal(places, lay_out(points))
    gap = places[names.index("style-1")] - places[names.index("twin")]
    assert np.linalg.norm(gap) < 2
    spots = overview(names, points)
    assert [(spot.name, spot.size) for spot in spots] == [(name, 1) for name in names]
    unit = np.array([(spot.x, spot.y) for spot in spots])
    np.testing.assert_allclose(unit * (grid_side(13) - 1), places)


def test_overview_of_many_styles_by_levels():
    count = MAX_SPOTS**2 + 10
    points = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    names = [f"style-{i}" for i in range(count)]
    spots = overview(names, points)
    assert spots == overview(names, points)
    assert len(spots) == MAX_SPOTS
    assert sum(spot.size for spot in spots) == count
    assert len({(spot.x, spot.y) for spot in spots}) == MAX_SPOTS
    assert all(0 <= value <= 1 for spot in spots for value in (spot.x, spot.y))
    seen = set()
    for step, spot in enumerate(spots):
        group = overview(names, points, [step])
        assert sum(inner.size for inner in group) == spot.size
        deep = [
            overview(names, points, [step, inner]) if one.size > 1 else [one]
            for inner, one in enumerate(group)
        ]
        alone = {one.name for part in deep for one in part}
        assert spot.name in alone
        seen |= alone
    assert seen == set(names)  # every style can be reached


def test_overview_of_nothing():
    assert overview([], np.zeros((0, 8), np.float32)) == []


@pytest.mark.parametrize("path", [[0], [-1], [MAX_SPOTS], [0, 0, 0]])
def test_overview_of_a_group_that_there_is_not(path):
    points = np.eye(12, dtype=np.float32)
    with pytest.raises(LookupError):
        overview([f"style-{i}" for i in range(12)], points, path)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_small_maps(shown, count):
    records = shown.list(limit=count)
    assert draw_map(shown.measure, records, 400).size == (400, 400)
    assert svg_map(shown.measure, records).count("<image") == count


def test_same_styles_do_not_hide_each_other(shown):
    points = shown.measure.points_of([shown.get("style-1").vector] * 5)
    places = lay_out(points)
    assert len(np.unique(places, axis=0)) == 5


def test_picture_of_the_map(shown, encoder):
    shown.add_vector("bare", encoder.encode_style(picture(3)))
    image = draw_map(shown.measure, shown.list(), 600)
    assert (image.mode, image.size) == ("RGB", (600, 600))
    assert len(set(image.get_flattened_data())) > 500


def test_page_of_the_map(shown):
    page = html_map(shown.measure, shown.list(), "Mine & yours")
    assert "<h1>Mine &amp; yours</h1>" in page
    assert "&lt;b&gt;Title &amp; 3&lt;/b&gt;" in page
    assert "<b>" not in page
    assert page.count("data:image/webp;base64,") == 12
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)", page)


def test_maps_have_limits(shown, encoder, monkeypatch):
    with pytest.raises(LibraryError, match="no styles"):
        draw_map(shown.measure, [])
    foreign = StyleRecord("old", FakeEngine(8).encode_style(picture(0)), stale=True)
    with pytest.raises(LibraryError, match="no styles"):
        draw_map(shown.measure, [foreign])
    with pytest.raises(LibraryError, match="up to 400 styles"):
        html_map(shown.measure, shown.list(limit=1) * 401)


def test_thumbnail_of_the_map_is_webp(shown):
    data = shown.get("style-0").thumbnail
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
