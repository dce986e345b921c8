"""Patches: what is torn is found, and painted as the whole picture would be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stylize
from stylize.controls import Controls
from stylize.engine import Engine
from stylize.library import StyleLibrary
from stylize.video.film import FilmPainter
from stylize.video.memory import Painted
from stylize.video.patches import Torn, mend, patches_of
from stylize.video.timeline import Look
from tests.conftest import make_picture

EXAMPLES = Path(stylize.__file__).parent / "studio" / "examples"


def torn(*boxes, shape=(180, 320)):
    trust = np.ones(shape, np.float32)
    for left, top, right, bottom in boxes:
        trust[top:bottom, left:right] = 0
    return Torn.of(trust)


def test_where_all_is_trusted_nothing_is_torn():
    found = Torn.of(np.ones((90, 160), np.float32))
    assert found.share == 0
    assert not found.cover.any()


def test_single_pixels_and_edges_are_not_torn():
    trust = np.ones((90, 160), np.float32)
    trust[:, 80] = 0
    trust[10, 10] = 0
    assert Torn.of(trust).share == 0


def test_a_torn_place_is_covered_softly():
    found = torn((100, 60, 140, 100))
    assert 0 < found.share <= 40 * 40 / (180 * 320)
    assert found.cover[80, 120] == pytest.approx(1)
    assert found.cover[80, 160] == 0
    ((left, top, right, bottom),) = found.boxes
    assert left < 100 / 320 < 140 / 320 < right < 0.5
    assert top < 60 / 180 < 100 / 180 < bottom < 0.65


def test_a_patch_lies_around_what_is_torn():
    ((left, top, right, bottom),) = patches_of(
        torn((100, 60, 140, 100)), (640, 360), Controls(stroke_size=0.75)
    )
    assert 160 < left < 200 < 280 < right < 320
    assert 80 < top < 120 < 200 < bottom < 240


def test_what_is_far_apart_is_painted_apart():
    near = torn((20, 20, 40, 40), (76, 30, 96, 50))
    assert len(near.boxes) == 2
    assert len(patches_of(near, (640, 360), Controls())) == 1
    far = torn((10, 10, 30, 30), (290, 150, 310, 170))
    first, second = sorted(patches_of(far, (640, 360), Controls()))
    assert max(first[2:]) < 120
    assert second[0] > 520
    assert second[1] > 240


def test_a_patch_is_large_enough_for_strokes():
    for stroke_size, least in ((1, 64), (2, 128)):
        (box,) = patches_of(torn((100, 60, 110, 70)), (640, 360), Controls(stroke_size=stroke_size))
        assert (box[2] - box[0], box[3] - box[1]) == pytest.approx((least, least), abs=16)


@pytest.mark.parametrize(
    ("box", "controls"),
    [
        ((10, 10, 300, 170), Controls()),  # nearly all
        ((100, 60, 140, 100), Controls(texture=0.5)),  # a palette of the whole
    ],
)
def test_what_takes_the_whole_picture(box, controls):
    assert patches_of(torn(box), (640, 360), controls) is None


@pytest.mark.parametrize("corner", [(0, 0, 30, 30), (290, 150, 320, 180)])
def test_patches_at_borders_stay_inside(corner):
    ((left, top, right, bottom),) = patches_of(torn(corner), (640, 360), Controls())
    assert left >= 0
    assert top >= 0
    assert right <= 640
    assert bottom <= 360
    assert min(right - left, bottom - top) >= 64


def painted_whole(engine, pixels, look):
    """Return a painted frame, and what is remembered of it."""
    painter = FilmPainter(engine, lambda time: look)
    (whole,) = painter.paint([(pixels, 0.0)])
    return whole.pixels, painter._left_at.painted


def test_only_what_is_torn_is_painted(tiny_engine, style, monkeypatch):
    # Drafts of about the frame's size, as they are: of a patch of 16 px nobody expects anything.
    contract = replace(tiny_engine.contract, draft_side_px=256)
    monkeypatch.setattr(tiny_engine, "contract", contract)
    pixels = np.asarray(make_picture(320, 180))
    look = Look(style, Controls())
    whole, known = painted_whole(tiny_engine, pixels, look)
    found = torn((100, 50, 180, 130))
    wrong = whole.copy()
    wrong[50:130, 100:180] = 0
    mended = mend(tiny_engine, pixels, wrong, found, look, known)
    away = found.cover == 0
    assert (mended[away] == wrong[away]).all()
    there = (slice(54, 126), slice(104, 176))
    black, painted = (
        np.abs(picture[there].astype(int) - whole[there]).mean() for picture in (wrong, mended)
    )
    assert painted < black / 3


@pytest.mark.parametrize("name", ["great-wave", "the-scream"])
def test_a_patch_of_the_bundled_model_is_like_the_whole(name):
    engine = Engine(threads=1)
    with Image.open(EXAMPLES / "astronaut.jpg") as photo:
        pixels = np.asarray(photo.convert("RGB").resize((640, 360)))
    look = Look(StyleLibrary.in_memory(encoder=engine).get(name).vector, Controls())
    whole, known = painted_whole(engine, pixels, look)
    mended = mend(engine, pixels, np.zeros_like(whole), torn((140, 70, 170, 100)), look, known)
    there = (slice(148, 192), slice(288, 332))
    difference = mended[there].astype(int) - whole[there]
    assert np.abs(difference).mean() < 20  # strokes lie elsewhere
    assert np.abs(difference.mean(axis=(0, 1))).max() < 3  # their colours do not


def test_a_patch_gets_the_colours_of_the_whole(tiny_engine, style):
    pixels = np.asarray(make_picture(320, 180))
    look = Look(style, Controls())
    whole, known = painted_whole(tiny_engine, pixels, look)
    assert {name: len(numbers) for name, numbers in known.colors.items()} == {
        "content": 22,
        "painting": 9,
    }
    found = torn((100, 50, 180, 130))
    mended = mend(tiny_engine, pixels, whole, found, look, known)
    dark = Painted(known.levels, {"painting": known.colors["painting"] + 200})
    darker = mend(tiny_engine, pixels, whole, found, look, dark)
    assert darker[60:120, 110:170].mean() < mended[60:120, 110:170].mean() - 10
