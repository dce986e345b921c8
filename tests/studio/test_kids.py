"""The children's page without a browser: its tiles"""

import json

import pytest

from stylize.errors import ImageError
from stylize.library.bundled import bundled_folder
from stylize.offers import KIDS_STYLES
from stylize.studio.kids import MAX_TILES, paint_for_a_child


def test_every_tile_is_a_bundled_style():
    assert len(set(KIDS_STYLES)) == MAX_TILES
    bundled = json.loads((bundled_folder() / "styles.json").read_text("utf-8"))
    assert set(KIDS_STYLES) <= {style["name"] for style in bundled}


@pytest.mark.parametrize("value", [None, {}, True, 1e308, "a", [[]], [{"drawing": "data:,"}]])
def test_what_is_no_drawing_is_explained(value):
    with pytest.raises(ImageError, match="Draw something"):
        paint_for_a_child(None, value)
