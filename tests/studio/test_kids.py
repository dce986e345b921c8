"""The children's page without a browser: its tiles"""

import json

import pytest

from stylize.errors import ImageError
from stylize.library.bundled import bundled_folder
from stylize.offers import FREEDOMS, KIDS_STYLES, KIDS_TILES, kids_records
from stylize.studio import StudioSettings
from stylize.studio.gallery import Gallery
from stylize.studio.kids import paint_for_a_child
from stylize.studio.painter import Painter
from stylize.studio.pictures import to_data_url
from tests import fakes


def test_every_tile_is_a_bundled_style():
    assert len(set(KIDS_STYLES)) == 12
    bundled = json.loads((bundled_folder() / "styles.json").read_text("utf-8"))
    assert set(KIDS_STYLES) <= {style["name"] for style in bundled}


def test_the_tiles_are_the_choice_and_without_it_the_first_few_styles(engine):
    library = fakes.small_library(engine)
    names = [record.name for record in kids_records(library)]
    assert names == [name for name in KIDS_STYLES if name in library]
    assert 0 < len(names) < len(library.names())

    for name in names:
        library.remove(name)
    for seed in range(20):
        library.add(f"own-{seed:02}", fakes.picture(seed + 50, (64, 64)))
    names = [record.name for record in kids_records(library)]
    assert names == library.names()[:KIDS_TILES]


@pytest.mark.parametrize("value", [None, {}, True, 1e308, "a", [[]], [{"drawing": "data:,"}]])
def test_what_is_no_drawing_is_explained(value):
    with pytest.raises(ImageError, match="Draw something"):
        paint_for_a_child(None, value)


@pytest.mark.parametrize(("sent", "used"), [(name, name) for name in FREEDOMS] + [
    (None, "painted"), ("none of them", "painted"), ({}, "painted"),
])  # fmt: skip
def test_how_free_the_paint_is_is_one_choice_of_three(engine, library, sent, used, monkeypatch):
    painter = Painter(engine, library, StudioSettings(), lambda: library, Gallery(library))
    seen = []
    stylize = engine.stylize
    monkeypatch.setattr(
        engine, "stylize", lambda *given, **named: seen.append(named) or stylize(*given, **named)
    )
    value = {"drawing": to_data_url(fakes.picture(1)), "style": "senecio", "freedom": sent}
    paint_for_a_child(painter, value)
    assert [named["controls"] for named in seen] == [FREEDOMS[used]]
