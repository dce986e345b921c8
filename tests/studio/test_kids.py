"""The children's page without a browser: its tiles and what is handed in."""

import json

from stylize.library.bundled import bundled_folder
from stylize.studio.kids import KIDS_STYLES, MAX_TILES, ClassWall
from tests.studio import fakes


def test_every_tile_is_a_bundled_style():
    assert len(set(KIDS_STYLES)) == MAX_TILES
    bundled = json.loads((bundled_folder() / "styles.json").read_text("utf-8"))
    assert set(KIDS_STYLES) <= {style["name"] for style in bundled}


def test_hand_ins_of_one_tablet_stay_apart():
    wall = ClassWall()
    first, second = (wall.put(fakes.picture(seed)) for seed in (1, 2))
    assert len(wall) == 2
    wall.forget([second])
    assert len(wall) == 1
    wall.forget([first, "unknown"])
    assert len(wall) == 0
