import pytest

from stylize.training.intervals import Interval, bootstrap_mean, spearman


def crossed(contents: int, styles: int) -> tuple[list[int], list[int]]:
    pairs = [(c, s) for c in range(contents) for s in range(styles)]
    return [c for c, _ in pairs], [s for _, s in pairs]


def test_a_constant_has_no_uncertainty():
    assert bootstrap_mean([2.0] * 12, *crossed(3, 4)) == Interval(2.0, 2.0, 2.0)


def test_values_that_are_missing_are_left_out():
    found = bootstrap_mean([1.0, None, 3.0, None], *crossed(2, 2))
    assert found is not None
    assert found.mean == 2
    assert bootstrap_mean([None] * 4, *crossed(2, 2)) is None


def test_the_interval_knows_that_few_styles_are_little_evidence():
    # The same values, once due to the style alone, once to nothing in common.
    contents, styles = crossed(20, 4)
    by_style = bootstrap_mean([float(style) for style in styles], contents, styles)
    mixed = [float((content + style) % 4) for content, style in zip(contents, styles, strict=True)]
    by_none = bootstrap_mean(mixed, contents, styles)
    assert by_style is not None
    assert by_none is not None
    assert by_style.mean == by_none.mean == 1.5
    # The mean of 4 draws of {0, 1, 2, 3} has a standard deviation of 0.56.
    assert by_style.high - by_style.low == pytest.approx(2 * 1.96 * 0.56, rel=0.15)
    assert by_none.high - by_none.low < 0.5 * (by_style.high - by_style.low)


def test_the_same_seed_gives_the_same_interval():
    values = [float(index**2 % 7) for index in range(12)]
    first, second, other = (bootstrap_mean(values, *crossed(3, 4), seed=s) for s in (1, 1, 2))
    assert first == second != other


@pytest.mark.parametrize(
    ("interval", "real"),
    [
        (Interval(0.3, 0.1, 0.5), True),
        (Interval(-0.3, -0.5, -0.1), True),
        (Interval(0.1, -0.1, 0.3), False),
        (Interval(0.0, 0.0, 0.0), False),
    ],
)
def test_a_difference_is_real_if_the_interval_leaves_out_zero(interval, real):
    assert interval.real is real


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3, 4, 5], [10, 20, 30, 40, 1000], 1),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], -1),
        ([1, 2, 3, 4, 5], [1, 2, 3, 5, 4], 0.9),  # 1 - 6 * 2 / (5 * 24)
        ([1, 2, 3, 4, 5], [7, 7, 7, 7, 7], 0),  # a slider without any effect
        ([1, 2, 3], [1, 1, 2], 0.75**0.5),  # equal values share the mean of their ranks
    ],
)
def test_spearman_of_hand_computed_cases(a, b, expected):
    assert spearman(a, b) == pytest.approx(expected)
