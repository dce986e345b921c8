import numpy as np
import pytest
from PIL import Image

from stylize.contrast import NUMBERS, contrast_of, raise_contrast
from tests.conftest import make_picture


def raised(painted, content=None, wanted=None, amount=1.0, **options):
    result = painted.copy()
    wanted = np.full(NUMBERS, 255.0) if wanted is None else wanted
    raise_contrast(result, content or painted, wanted, amount, **options)
    return result


def stripes(period_px, low, high, size=(64, 64)):
    """A picture of upright stripes."""
    row = np.where(np.arange(size[0]) // (period_px // 2) % 2, high, low).astype(np.uint8)
    return Image.fromarray(np.repeat(np.tile(row, (size[1], 1))[..., None], 3, 2))


def test_an_even_picture_has_no_contrast_and_gets_none():
    even = Image.new("RGB", (50, 40), (90, 140, 30))
    assert contrast_of(even) == pytest.approx(np.zeros(NUMBERS), abs=1e-4)
    assert raised(even).tobytes() == even.tobytes()


def test_fine_stripes_are_in_the_finest_octave_and_grey_has_no_colour():
    luma, colors = np.split(contrast_of(stripes(2, 100, 140)), [4])
    assert luma == pytest.approx([20, 0, 0, 0], abs=0.5)
    assert np.max(colors) < 1e-3
    assert contrast_of(stripes(16, 100, 140)).argmax() == 3


def test_colours_begin_at_half_the_size():
    fine, broad = np.zeros((2, 64, 64, 3), np.uint8) + np.uint8(100)
    fine[:, ::2, 0] = broad[:, ::4, 0] = broad[:, 1::4, 0] = 140
    redder = [contrast_of(Image.fromarray(pixels))[4] for pixels in (fine, broad)]
    assert redder == pytest.approx([0, 10], abs=0.5)


def test_a_painting_gets_the_contrast_of_its_style():
    painted = make_picture(160, 120, seed=2)
    faint = Image.blend(painted, Image.new("RGB", painted.size, (128, 128, 128)), 0.4)
    wanted = contrast_of(painted)
    busy = make_picture(160, 120, seed=8)
    before, after = contrast_of(faint), contrast_of(raised(faint, busy, wanted))
    # In tenths: of luma and two colours in all octaves; clipped levels and calm areas cost some.
    assert np.abs(after / wanted - 1).mean() < 0.33 * np.abs(before / wanted - 1).mean()


def test_a_painting_with_more_contrast_stays_as_it_is():
    painted = make_picture(90, 70, seed=3)
    assert raised(painted, wanted=0.5 * contrast_of(painted)).tobytes() == painted.tobytes()
    assert raised(painted, amount=0.0).tobytes() == painted.tobytes()


def test_gains_are_limited():
    painted = stripes(2, 126, 130)
    assert np.ptp(np.asarray(raised(painted, make_picture(64, 64)))) <= 3 * 4 + 1


def test_nothing_gets_lighter_than_all_around():
    painted = Image.new("RGB", (64, 64), (120, 120, 120))
    painted.paste((40, 40, 40), (16, 16, 48, 48))  # a dark shape without a bright fringe
    result = np.asarray(raised(painted, make_picture(64, 64)), int)
    assert result.max() <= 121
    assert result.min() < 30


def test_calm_areas_get_little():
    painted = stripes(2, 120, 136, size=(128, 128))
    content = make_picture(128, 128, seed=4)
    content.paste((200, 220, 240), (0, 0, 128, 64))  # a sky
    change = np.abs(np.asarray(raised(painted, content), float) - np.asarray(painted))
    assert change[:32].mean() < 0.3 * change[96:].mean()


def test_half_the_amount_adds_half():
    painted, content = stripes(2, 120, 136), make_picture(64, 64)
    levels = [np.ptp(np.asarray(raised(painted, content, amount=a)).astype(int)) for a in (0.5, 1)]
    assert levels[0] - 16 == pytest.approx((levels[1] - 16) / 2, abs=1.5)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 3), (33, 31)])
def test_any_size(size):
    painted = make_picture(40, 40).resize(size)
    assert raised(painted).size == size


def test_gains_are_told_and_what_is_answered_counts():
    painted, told = make_picture(64, 48), {}

    def steadied(name, numbers):
        told[name] = numbers
        return np.ones_like(numbers)

    assert raised(painted, steadied=steadied).tobytes() == painted.tobytes()
    assert {name: len(numbers) for name, numbers in told.items()} == {"contrast": NUMBERS}
    assert told["contrast"].min() >= 1
