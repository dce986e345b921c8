"""Ink and paper, where a style has nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from stylize import posterizing
from stylize.color_table import looked_up
from stylize.posterizing import crisp, inks_of, posterize, printed_inks
from stylize.style_colors import LUMA, NUMBERS, QUANTILES, StyleColors
from tests.conftest import make_picture

DARK, LIGHT = np.array([30.0, 42, 90]), np.array([236.0, 222, 190])


def colors(dark=DARK, light=LIGHT, share=0.3):
    """A style of two inks and nothing else."""
    axis = np.subtract(light, dark)
    root = np.sqrt(share * (1 - share)) * np.outer(axis, axis) / np.linalg.norm(axis)
    tones = np.where(np.array(QUANTILES) < share, LUMA @ dark, LUMA @ light)
    return StyleColors(share * np.array(dark) + (1 - share) * np.array(light), root, tones)


def posterized(painted, content=None, style=None, amount=1.0, **more):
    result = painted.copy()
    posterize(result, content or painted, style or colors(), amount, **more)
    return result


def halves(dark=60, light=190, size=(96, 64)):
    """Dark on the left."""
    picture = Image.new("RGB", size, (light,) * 3)
    picture.paste((dark,) * 3, (0, 0, size[0] // 2, size[1]))
    return picture


# --------------------------------------------------------------------------------------- inks


def test_two_inks_are_found_again():
    low, high = LUMA @ DARK, LUMA @ LIGHT
    tones = np.array([*[low] * 4, (low + high) / 2, *[high] * 4])
    dark, light, share = inks_of(replace(colors(share=0.5), tones=tones))
    assert share == pytest.approx(0.5, abs=0.01)
    assert dark == pytest.approx(DARK, abs=2)
    assert light == pytest.approx(LIGHT, abs=2)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_the_mean_of_the_inks_is_that_of_the_style(share):
    dark, light, found = inks_of(colors(share=share))
    assert found == pytest.approx(share, abs=0.15)  # tones are known at nine quantiles alone
    assert found * dark + (1 - found) * light == pytest.approx(colors(share=share).mean)


def test_their_distance_is_the_spread_of_the_style():
    style = colors()
    dark, light, share = inks_of(style)
    variance = share * (1 - share) * np.outer(light - dark, light - dark)
    assert variance == pytest.approx(style.root @ style.root)


def test_neither_ink_is_left_out():
    tones = np.array([0.0] + [200.0] * 8)
    assert inks_of(replace(colors(), tones=tones))[2] == 0.1
    assert inks_of(replace(colors(), tones=255 - tones[::-1]))[2] == 0.9


def test_a_style_of_one_colour_has_one_ink():
    grey = StyleColors(np.full(3, 128.0), np.zeros((3, 3)), np.full(9, 128.0))
    dark, light, _ = inks_of(grey)
    assert (dark, light) == (pytest.approx(grey.mean), pytest.approx(grey.mean))
    found = np.asarray(posterized(make_picture(40, 30), style=grey), float)
    assert found == pytest.approx(np.full_like(found, 128), abs=4)


# ------------------------------------------------------------------------------------ parting


def test_prints_have_deeper_ink_than_their_statistics_say():
    style = colors((80, 70, 90), (200, 190, 180))
    (dark, light, share), (deeper, paper, same) = inks_of(style), printed_inks(style)
    assert (list(paper), same) == (list(light), share)
    assert deeper == pytest.approx(dark - 0.25 * (light - dark))


def test_no_amount_changes_nothing():
    painted = make_picture(40, 30)
    assert posterized(painted, amount=0.0) == painted


def test_a_picture_of_two_tones_gets_the_two_inks():
    style = colors((90, 100, 120), (200, 190, 170), share=0.5)
    dark, light, _ = printed_inks(style)
    result = np.asarray(posterized(halves(), make_picture(96, 64), style), float)
    near_dark, near_light = (np.abs(result - ink).max(axis=2) < 8 for ink in (dark, light))
    assert near_dark[:, :44].mean() > 0.9
    assert near_light[:, 52:].mean() > 0.9


def test_half_the_amount_goes_half_the_way():
    painted = halves()
    whole, half = (np.asarray(posterized(painted, amount=amount), float) for amount in (1, 0.5))
    assert half == pytest.approx((whole + np.asarray(painted)) / 2, abs=1)


def test_about_as_much_gets_ink_as_the_style_has():
    content = make_picture(128, 96)
    for share in (0.25, 0.75):
        luma = np.asarray(posterized(content, style=colors(share=share))) @ LUMA
        assert (luma < 128).mean() == pytest.approx(share, abs=0.2)


def test_lines_of_the_content_are_drawn():
    content = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(content).line((10, 32, 86, 32), fill="black", width=2)
    result = np.asarray(posterized(Image.new("RGB", (96, 64), (150,) * 3), content), float) @ LUMA
    line, paper = result[32, 48], result[10, 48]
    assert line < LUMA @ inks_of(colors())[0] + 40
    assert paper > line + 60


def test_colours_beside_the_two_stay_as_far_as_the_style_has_any():
    """A red spot keeps some of its red in a style of many colours."""
    painted = halves()
    painted.paste((230, 120, 120), (60, 20, 80, 40))
    few = colors((60, 60, 60), (160, 160, 160))
    many = replace(few, root=few.root + 30 * np.eye(3))
    reds = []
    for style in (few, many):
        result = np.asarray(posterized(painted, style=style), float)
        spot, paper = result[30, 70], result[30, 90]
        reds.append((spot - paper)[0] - (spot - paper)[2])
    assert reds[1] > reds[0] + 20


def test_the_threshold_falls_into_a_gap_of_the_tones():
    """Two fifths are wanted, and half of the pixels are dark: not the dark ones are torn apart."""
    rng = np.random.default_rng(0)
    parted = np.concatenate([rng.normal(60, 8, 5000), rng.normal(180, 8, 5000)])
    threshold, busy, calm, _ = posterizing._parting(parted.astype(np.float32)[None], 0.4)
    assert 85 < threshold < 155
    assert busy == pytest.approx(parted.std() / 2, rel=1e-3)
    assert calm == pytest.approx(1.5 * min(180 - threshold, threshold - 60), abs=1)


def test_borders_end_before_the_means_of_ink_and_paper():
    """A few lines on white paper: it is not grey where no line is near."""
    parted = np.full(10_000, 250, np.float32)
    parted[:500] = -100
    threshold, busy, calm, _ = posterizing._parting(parted[None], 0.1)
    assert calm > busy
    assert threshold + calm / 2 < 250
    assert threshold - calm / 2 > -100


def test_without_a_gap_the_threshold_is_the_quantile():
    even = np.linspace(-50, 150, 10_001, dtype=np.float32)[None]
    assert posterizing._parting(even, 0.3)[0] == pytest.approx(10, abs=1)


def test_skies_have_no_edges():
    """The same steps in a calm content become softer than in a busy one."""
    painted = Image.fromarray(np.tile(np.linspace(60, 190, 96, dtype=np.uint8), (64, 1)))
    painted = painted.convert("RGB")
    noise = np.random.default_rng(0).integers(0, 256, (64, 96), dtype=np.uint8)
    busy = Image.fromarray(noise).convert("RGB")
    steps = []
    for content in (Image.new("RGB", (96, 64), "white"), busy):
        luma = np.asarray(posterized(painted, content), float) @ LUMA
        steps.append(np.abs(np.diff(luma, axis=1)).max())
    assert steps[0] < 0.5 * steps[1]


# --------------------------------------------------------------------------------------- films


def test_what_is_measured_may_be_steadied():
    painted, told = make_picture(64, 48), {}

    def tell(name, numbers):
        return told.setdefault(name, numbers)

    plain = posterized(painted)
    assert posterized(painted, steadied=tell) == plain
    assert {name: len(numbers) for name, numbers in told.items()} == {"inks": 5}
    told["inks"] = told["inks"] + [60, 0, 0, 0, 0]
    assert np.mean(posterized(painted, steadied=tell)) < np.mean(plain) - 20


# --------------------------------------------------------------------------------- crisp edges


def crisped(levels, amount=1.0, style=None):
    """Colours from the dark ink, 0, to the light one, 1, after the table."""
    style = style or colors((80, 70, 90), (200, 190, 180))
    dark, light, _ = printed_inks(style)
    row = np.rint(dark + np.outer(levels, light - dark)).astype(np.uint8)
    pixels = np.dstack([row[None], np.full((1, len(row), 1), 7, np.uint8)])
    found = looked_up(pixels, crisp(style, amount))
    assert (found[..., 3] == 7).all()
    return (found[0, :, :3].astype(float) - dark) @ (light - dark) / np.square(light - dark).sum()


def test_ink_and_paper_stay_and_what_is_between_goes_to_one_of_them():
    levels = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    assert crisped(levels) == pytest.approx([0, 0.156, 0.5, 0.844, 1], abs=0.02)
    assert crisped(levels, 0.5) == pytest.approx([0, 0.203, 0.5, 0.797, 1], abs=0.02)


def test_other_colours_move_along_the_axis_alone():
    pixel = np.array([[[200, 60, 60, 255]]], np.uint8)
    moved = looked_up(pixel, crisp(colors(), 1.0))[0, 0, :3].astype(float) - pixel[0, 0, :3]
    dark, light, _ = inks_of(colors())
    along = (light - dark) / np.linalg.norm(light - dark)
    assert np.linalg.norm(moved) > 5
    assert np.abs(moved - along * (moved @ along)).max() <= 1


def test_edges_of_a_style_of_one_colour_stay():
    grey = StyleColors(np.full(3, 128.0), np.zeros((3, 3)), np.full(9, 128.0))
    picture = make_picture(40, 30)
    found = np.asarray(picture.filter(crisp(grey, 1.0)), int)
    assert np.abs(found - np.asarray(picture)).max() <= 1


# --------------------------------------------------------------------------------------- sizes


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
    style = StyleColors.of(np.array(numbers))
    assert posterized(painted, content, style).size == (width, height)
    painted.filter(crisp(style, 1.0))


@pytest.mark.parametrize("size", [(16, 17), (17, 16), (16, 200)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_one_colour_stay_as_they_are(size, level):
    flat = Image.new("RGB", size, (level,) * 3)
    assert posterized(flat) == flat


@pytest.mark.parametrize("deviation", [2, 4, 8])
def test_of_little_contrast_little_is_made(deviation):
    """The grain of a page is neither all ink nor a drawing."""
    noise = np.random.default_rng(0).normal(0, deviation, (1, 10_000)).astype(np.float32)
    threshold, busy, _, contrast = posterizing._parting(noise, 0.3)
    assert (noise < threshold).mean() == pytest.approx(0.3, abs=posterizing._GIVE + 0.1)
    assert contrast == pytest.approx(deviation / 25, rel=0.05)
    assert busy == 16


def test_a_dark_spot_on_a_light_page_stays_one():
    page = Image.new("RGB", (256, 192), (235,) * 3)
    page.paste((0, 0, 0), (120, 80, 140, 100))
    luma = np.asarray(posterized(page), float) @ LUMA
    assert luma[90, 130] < LUMA @ DARK + 40
    assert luma[5, 5] > LUMA @ LIGHT - 40
