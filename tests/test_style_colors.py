"""Which colours a style has, and which it would have if they were two."""

import numpy as np
import pytest

from stylize.style_colors import LUMA, NUMBERS, QUANTILES, StyleColors

ROOT = np.array([[50.0, 5, 3], [5, 40, 8], [3, 8, 30]])
INK, PAPER = np.array([210.0, 60, 130]), np.array([240.0, 214, 226])  # both pink


def colors(tones=(10, 20, 30, 60, 110, 160, 190, 200, 210)):
    return StyleColors.of(np.array([120, 110, 90, *ROOT[np.triu_indices(3)], *tones]))


def pink_print():
    """Half ink, half paper: the root of their covariance is half the way between them."""
    way, low, high = PAPER - INK, LUMA @ INK, LUMA @ PAPER
    tones = np.array([*[low] * 4, (low + high) / 2, *[high] * 4])
    return StyleColors((INK + PAPER) / 2, 0.5 * np.outer(way, way) / np.linalg.norm(way), tones)


def test_numbers_are_a_mean_a_root_and_tones():
    style = colors()
    assert style.mean == pytest.approx([120, 110, 90])
    assert style.root == pytest.approx(ROOT)
    assert style.covariance == pytest.approx(ROOT @ ROOT + 4)
    assert len(style.tones) == len(QUANTILES) == NUMBERS - 9


def test_foretold_tones_ascend_and_are_levels():
    tones = [-8, 20, 10, 90, 80, 100, 200, 270, 260]
    assert colors(tones).tones.tolist() == [0, 20, 20, 90, 90, 100, 200, 255, 255]


def test_the_ends_of_a_print_are_ink_and_paper():
    assert pink_print().dark_share == pytest.approx(0.5, abs=0.01)
    assert pink_print().ends == pytest.approx((LUMA @ INK, LUMA @ PAPER), abs=1)


def test_the_mean_lies_between_the_ends_as_their_shares_say():
    style = colors()
    assert 0.1 < style.dark_share < 0.9
    shares = np.array([style.dark_share, 1 - style.dark_share])
    off = np.array(style.ends) - LUMA @ style.mean
    assert shares @ off == pytest.approx(0)
    assert shares @ off**2 == pytest.approx(LUMA @ style.covariance @ LUMA)


def test_between_ink_and_paper_colours_lie_on_the_line_of_the_covariance():
    style = pink_print()
    luma = np.linspace(LUMA @ INK + 1, LUMA @ PAPER - 1, 5)
    off_line = style.at(luma).T - np.outer(luma - LUMA @ style.mean, style.by_luma) - style.mean
    assert off_line == pytest.approx(np.zeros((5, 3)))
    assert style.at(np.array([LUMA @ style.mean]))[:, 0] == pytest.approx((INK + PAPER) / 2)


@pytest.mark.parametrize(("end", "further"), [(PAPER, 30), (INK, -30)])
def test_what_is_lighter_than_paper_or_darker_than_ink_keeps_its_hue(end, further):
    """Along the line light grey would be green, (248, 256, 254), and dark grey deeper pink."""
    found = pink_print().at(np.array([LUMA @ end + further]))[:, 0]
    assert found == pytest.approx(end + further, abs=1)


def test_a_style_of_one_colour_has_that_in_all_lights():
    one = StyleColors(np.array([200.0, 150, 100]), np.zeros((3, 3)), np.full(9, 160.0))
    off = np.array([-90.0, 0, 60])
    assert one.at(LUMA @ one.mean + off) == pytest.approx(np.add.outer(one.mean, off))
