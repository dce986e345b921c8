"""The children's page without a browser: its tiles"""

import json

from stylize.library.bundled import bundled_folder
from stylize.studio.kids import KIDS_STYLES, MAX_TILES


def test_every_tile_is_a_bundled_style():
    assert len(set(KIDS_STYLES)) == MAX_TILES
    bundled = json.loads((bundled_folder() / "styles.json").read_text("utf-8"))
    assert set(KIDS_STYLES) <= {style["name"] for style in bundled}
