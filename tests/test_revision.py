import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylize.revision import Enlarged, enlarge, keep_coarse, lay_over
from tests.conftest import make_picture


def rgbx(image: Image.Image) -> np.ndarray:
    rgb = np.asarray(image.convert("RGB"))
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def test_calm_content_lays_nothing_over():
    under = rgbx(make_picture(32, 24))
    flat = np.full_like(under, 90)
    np.testing.assert_array_equal(lay_over(under, flat, 1.0)[..., :3], under[..., :3])


def test_what_is_laid_over_grows_with_detail():
    under, content = rgbx(Image.new("RGB", (32, 24), "grey")), rgbx(make_picture(32, 24))
    changes = [
        np.abs(lay_over(under, content, detail).astype(int) - under)[..., :3].mean()
        for detail in (0, 0.5, 1, 2)
    ]
    assert changes[0] == 0
    assert changes[1] == pytest.approx(changes[2] / 2, rel=0.05)
    assert changes[3] == pytest.approx(changes[2] * 2, rel=0.05)


def test_coarse_changes_of_a_revision_are_undone_and_fine_ones_stay():
    under = rgbx(make_picture(64, 64).resize((8, 8)).resize((64, 64), Image.Resampling.BICUBIC))
    brighter = np.clip(under.astype(int) + 20, 0, 255).astype(np.uint8)
    inner = np.s_[:, :, :3]
    assert np.abs(keep_coarse(brighter, under).astype(int) - under)[inner].max() <= 2
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 20 - 10)[..., None]
    checked = np.clip(under.astype(int) + checks, 0, 255).astype(np.uint8)
    kept = keep_coarse(checked, under).astype(int) - under
    assert np.abs(kept - checks)[inner].mean() < 1


def test_a_share_of_nothing_is_the_painting_below():
    under, painted = rgbx(make_picture(16, 16)), rgbx(make_picture(16, 16, seed=3))
    np.testing.assert_array_equal(keep_coarse(painted, under, 0.0), under)


@given(st.integers(16, 60), st.integers(16, 60), st.data())
@settings(max_examples=40)
def test_parts_of_an_enlarged_painting_are_those_of_the_whole(width, height, data):
    small = make_picture(-(-width // 2), -(-height // 2))
    enlarged = Enlarged(small, (width, height))
    whole = np.asarray(enlarged.crop((0, 0, width, height)))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right = data.draw(st.integers(left + 1, width))
    bottom = data.draw(st.integers(top + 1, height))
    part = np.asarray(enlarged.crop((left, top, right, bottom)))
    np.testing.assert_array_equal(part, whole[top:bottom, left:right])


def test_other_steps_than_doublings_are_enlarged_at_once():
    assert enlarge(make_picture(20, 20), (30, 33)).size == (30, 33)
    assert isinstance(enlarge(make_picture(20, 20), (40, 39)), Enlarged)
    with pytest.raises(ValueError, match="is not twice"):
        Enlarged(make_picture(20, 20), (30, 40))
