"""Colours of a style, put where the content wants them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylize import recoloring
from stylize.recoloring import recolor
from stylize.style_colors import LUMA, NUMBERS, QUANTILES, StyleColors
from tests.conftest import make_picture

ROOT = np.array([[50.0, 5, 3], [5, 40, 8], [3, 8, 30]])


def colors(mean=(120, 110, 90), root=ROOT, tones=None):
    if tones is None:
        tones = 110 + 45 * np.array([-2.3, -1.6, -1.3, -0.7, 0, 0.7, 1.3, 1.6, 2.3])
    return StyleColors.of(np.concatenate([mean, root[np.triu_indices(3)], tones]))


def luma(picture):
    return np.asarray(picture, float) @ LUMA


def recolored(painted, content, style=None, share=0.75, amount=1.0):
    result = painted.copy()
    recolor(result, content, style or colors(), share, amount)
    return result


def test_nothing_changes_without_share_or_amount():
    painted, content = make_picture(40, 30, seed=1), make_picture(40, 30)
    for share, amount in ((0, 1), (0.75, 0)):
        assert recolored(painted, content, share=share, amount=amount) == painted


def test_broad_colours_go_where_the_content_has_them():
    """The content is blue on the left and brown on the right, the painting grey all over."""
    sides = np.zeros((64, 96, 3), np.uint8)
    sides[:, :48], sides[:, 48:] = (90, 110, 160), (150, 110, 70)
    painted = Image.new("RGB", (96, 64), (110, 110, 110))
    result = np.asarray(recolored(painted, Image.fromarray(sides), share=1.0), float)
    blueness = result[..., 2] - result[..., 0]
    assert blueness[:, 8:40].mean() > 30 + blueness[:, 56:88].mean()


def test_light_and_dark_follow_the_content():
    ramp = np.repeat(np.linspace(0, 255, 96)[None], 64, axis=0).astype(np.uint8)
    content = Image.fromarray(ramp).convert("RGB")
    painted = Image.fromarray(ramp[:, ::-1].copy()).convert("RGB")
    columns = luma(recolored(painted, content, share=1.0)).mean(axis=0)
    assert columns[:32].mean() + 40 < columns[-32:].mean()


def test_strokes_stay():
    """What differs from pixel to pixel is not broad."""
    content = Image.new("RGB", (96, 64), (120, 110, 90))
    strokes = np.full((64, 96, 3), 110, np.uint8)
    strokes[:, ::4] = 150
    result = luma(recolored(Image.fromarray(strokes), content))
    assert (result[:, ::4] - result[:, 2::4]).mean() > 20


def test_the_edges_of_the_content_are_kept():
    """Where two areas meet, neither bleeds into the other."""
    halves = np.full((64, 96, 3), 40, np.uint8)
    halves[:, 48:] = 215
    content, painted = Image.fromarray(halves), Image.new("RGB", (96, 64), (128, 128, 128))
    columns = luma(recolored(painted, content, share=1.0)).mean(axis=0)
    bleeding = max(abs(columns[46] - columns[30]), abs(columns[49] - columns[66]))
    assert bleeding < 0.12 * (columns[66] - columns[30])


def test_colours_that_the_style_does_not_have_are_pulled_to_its_own():
    """Green marks in a style of greys become grey ones."""
    grey = colors(mean=(110, 110, 110), root=np.full((3, 3), 15.0))
    content = make_picture(64, 64).convert("L").convert("RGB")
    marks = np.asarray(content).copy()
    marks[::8] = (20, 200, 60)
    result = np.asarray(recolored(Image.fromarray(marks), content, grey), float)
    assert np.ptp(result, axis=2).max() < 16


def test_light_green_is_none_of_the_colours_of_pink_ink_on_pink_paper():
    """Though it is opposite to pink, and thus on the line from the ink through the paper."""
    ink, paper = np.array([160.0, 20, 80]), np.array([200.0, 174, 186])
    low, high = LUMA @ ink, LUMA @ paper
    root = 0.5 * np.outer(paper - ink, paper - ink) / np.linalg.norm(paper - ink)
    tones = np.array([*[low] * 4, (low + high) / 2, *[high] * 3, high + 40])
    painted = Image.new("RGB", (96, 64), (213, 227, 223))  # the paper and 0.35 of all from the ink
    painted.paste((160, 20, 80), (0, 0, 48, 64))
    style = StyleColors((ink + paper) / 2, root, tones)
    red, green, _ = np.asarray(recolored(painted, painted.convert("L").convert("RGB"), style)).T
    assert (red[60:] > green[60:] + 10.0).all()


def test_half_the_amount_goes_half_the_way():
    painted, content = make_picture(64, 48, seed=1), make_picture(64, 48)
    far = np.asarray(recolored(painted, content), float)
    half = np.asarray(recolored(painted, content, amount=0.5), float)
    before = np.asarray(painted, float)
    assert np.abs(half - before).mean() < np.abs(far - before).mean()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_one_colour(level):
    flat = Image.new("RGB", (33, 17), (level,) * 3)
    values = np.asarray(recolored(flat, flat))
    assert np.ptp(values.reshape(-1, 3), axis=0).max() <= 1


def test_a_style_of_one_colour():
    one = colors(root=np.zeros((3, 3)), tones=[110.0] * 9)
    painted, content = make_picture(40, 30, seed=1), make_picture(40, 30)
    values = np.asarray(recolored(painted, content, one, share=1.0), float)
    assert np.abs(values.mean(axis=(0, 1)) - one.mean).max() < 20


def test_white_paper_does_not_become_a_middle_tone_with_noise():
    """Where nearly all is one level, ranks say nothing: tones are not torn apart."""
    paper = np.full((64, 64, 3), 255, np.uint8)
    paper[::2, ::2] = 253
    result = luma(recolored(Image.fromarray(paper), Image.fromarray(paper)))
    assert np.ptp(result) < 12


@settings(max_examples=20, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    numbers=st.lists(st.floats(-100, 400), min_size=NUMBERS, max_size=NUMBERS),
    seed=st.integers(0, 99),
)
def test_any_size_and_any_numbers(width, height, numbers, seed):
    rng = np.random.default_rng(seed)
    painted, content = (
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)) for _ in range(2)
    )
    result = recolored(painted, content, StyleColors.of(np.array(numbers)))
    assert result.size == (width, height)


def test_what_is_drawn_on_paper_keeps_its_lightness():
    """Of a drawing nearly all is paper, so that ranks would make all that is drawn the darkest."""
    drawing = Image.new("RGB", (96, 96), "white")
    drawing.paste((250, 210, 60), (10, 10, 40, 40))
    drawing.paste((20, 20, 30), (60, 60, 70, 90))
    result = luma(recolored(drawing, drawing, share=1.0))
    sun, ink = result[25, 25], result[75, 65]
    assert sun - ink > 0.6 * (colors().tones[-1] - colors().tones[0])


def test_paper_may_be_grainy():
    grain = np.random.default_rng(0).integers(246, 250, (64, 64), dtype=np.uint8)
    grain[:16] = 20
    assert recoloring._paper(Image.fromarray(grain)) == 0.75


def test_tones_are_quantiles_of_the_luma():
    picture = make_picture(50, 40)
    found = recoloring._tones(picture.convert("L"))
    wanted = np.quantile(np.asarray(picture.convert("L")), QUANTILES, method="inverted_cdf")
    assert found.tolist() == wanted.tolist()


def test_what_is_measured_may_be_steadied():
    content, painted = make_picture(64, 64, seed=1), make_picture(64, 64, seed=2)
    told = {}

    def tell(name, numbers):
        return told.setdefault(name, numbers)

    plain, told_first, other = painted.copy(), painted.copy(), painted.copy()
    recolor(plain, content, colors(), 1.0, 1.0)
    recolor(told_first, content, colors(), 1.0, 1.0, tell)
    assert told_first.tobytes() == plain.tobytes()
    assert [len(numbers) for numbers in told.values()] == [22, 9]
    told["painting"] = told["painting"] - 60
    recolor(other, content, colors(), 1.0, 1.0, tell)
    assert np.mean(other) > np.mean(plain) + 5
