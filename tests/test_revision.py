import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylize.revision import Enlarged, _enlarged_bands, enlarge, keep_coarse, lay_over
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
    assert np.abs(keep_coarse(brighter, under, under).astype(int) - under)[inner].max() <= 2
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 20 - 10)[..., None]
    checked = np.clip(under.astype(int) + checks, 0, 255).astype(np.uint8)
    kept = keep_coarse(checked, under, under).astype(int) - under
    assert np.abs(kept - checks)[inner].mean() < 1


def test_a_revised_painting_scaled_down_is_the_one_below():
    below = make_picture(40, 32)
    under = rgbx(below.resize((80, 64), Image.Resampling.BICUBIC)) // 2 + 64
    painted = rgbx(make_picture(80, 64, seed=3)) // 2 + 64
    kept, wanted, before = (
        np.asarray(Image.fromarray(pixels[..., :3]).reduce(2)).astype(int)
        for pixels in (keep_coarse(painted, under, under), under, painted)
    )
    assert np.abs(kept - wanted).mean() < 0.1 * np.abs(before - wanted).mean()


def test_a_share_of_nothing_is_what_was_painted_over():
    under, painted, seen = (rgbx(make_picture(16, 16, seed=seed)) for seed in (1, 2, 3))
    np.testing.assert_array_equal(keep_coarse(painted, seen, under, 0.0), seen)


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


@given(st.integers(1, 40), st.integers(1, 90), st.integers(0, 2**32))
@settings(max_examples=30)
def test_enlarging_in_bands_is_pillows_bilinear(width, height, seed):
    small = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    large = np.empty((2 * height, 2 * width, 4), int)
    for rows, part in _enlarged_bands(small.astype(np.int16)):
        large[rows] = part
    picture = Image.frombuffer("RGBX", (width, height), small, "raw", "RGBX", 0, 1)
    expected = picture.resize((2 * width, 2 * height), Image.Resampling.BILINEAR)
    assert np.abs(large - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("detail", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_black_on_white_and_white_on_black_do_not_overflow(detail, share):
    black = np.zeros((32, 32, 4), np.uint8)
    checked = np.where(np.indices((32, 32)).sum(axis=0)[..., None] % 2, 255, black).astype(np.uint8)
    white = np.full_like(black, 255)
    darkest = 255 - 128 * round(64 * detail) / 64
    assert lay_over(white, checked, detail).min() == pytest.approx(max(0, darkest), abs=1)
    assert lay_over(black, checked, detail).max() <= 255
    assert keep_coarse(white, black, black, share).max() == 0
    assert keep_coarse(black, white, white, share).min() == 255
