import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.errors import ControlError, StyleVectorError
from stylize.styles import StyleVector, blend, normalize_blend


def vector(*values: float, encoder: str = "e") -> StyleVector:
    return StyleVector(np.array(values, np.float32), encoder)


def test_a_vector_is_a_read_only_copy():
    values = np.ones(3, np.float32)
    style = StyleVector(values, "e")
    values[0] = 7
    assert style.values[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        style.values[0] = 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_vector_must_be_finite(bad):
    with pytest.raises(StyleVectorError, match="NaN or infinite"):
        vector(1, bad)


@pytest.mark.parametrize("shape", [(0,), (2, 2), ()])
def test_a_vector_has_one_dimension(shape):
    with pytest.raises(StyleVectorError, match="one dimension"):
        StyleVector(np.zeros(shape), "e")


def test_equality_and_identity_follow_the_values():
    assert vector(1, 2) == vector(1, 2)
    assert vector(1, 2) != vector(1, 3)
    assert vector(1, 2) != vector(1, 2, encoder="f")
    assert len({vector(1, 2), vector(1, 2), vector(2, 1)}) == 2
    assert vector(1, 2).sha256 == vector(1, 2, encoder="f").sha256 != vector(2, 1).sha256


def test_blend_is_the_weighted_mean():
    mixed = blend([vector(0, 4), vector(8, 0)], [3, 1])
    np.testing.assert_array_equal(mixed.values, [2, 3])
    np.testing.assert_array_equal(blend([vector(0, 4), vector(8, 0)]).values, [4, 2])


def test_a_blend_of_one_style_is_that_style():
    style = vector(0.1, 0.2)
    assert blend([style], [0.3]) is style
    assert blend([vector(5, 5), style], [0, 2]) is style


@given(
    st.lists(
        st.tuples(
            st.floats(-1e3, 1e3, width=32), st.floats(-1e3, 1e3, width=32), st.floats(0.01, 1e6)
        ),
        min_size=2,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_a_blend_does_not_matter(rows, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    first, second = (
        blend([vector(a, b) for a, b, _ in order], [w for *_, w in order])
        for order in (rows, shuffled)
    )
    assert first == second
    values = np.array([[a, b] for a, b, _ in rows])
    assert (first.values >= values.min(axis=0) - 1e-3).all()
    assert (first.values <= values.max(axis=0) + 1e-3).all()


@given(st.lists(st.floats(0, allow_nan=False, allow_infinity=False), min_size=1))
def test_normalized_weights_sum_to_one(weights):
    if not any(weights):
        with pytest.raises(ControlError, match="sum to 0"):
            normalize_blend(weights)
        return
    assert normalize_blend(weights).sum() == pytest.approx(1)


@pytest.mark.parametrize("weights", [[1, -1], [np.nan, 1], [np.inf, 1]])
def test_unusable_weights_are_refused(weights):
    with pytest.raises(ControlError, match="finite and not negative"):
        blend([vector(1), vector(2)], weights)


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(ControlError, match="sum to 0"):
        blend([vector(1), vector(2)], [0, 0])


def test_a_blend_of_nothing_is_refused():
    with pytest.raises(ControlError, match="at least one style"):
        blend([])


def test_each_style_needs_a_weight():
    with pytest.raises(ControlError, match="2 styles needs 2 weights; got 1"):
        blend([vector(1), vector(2)], [1])


def test_styles_of_different_encoders_do_not_blend():
    with pytest.raises(StyleVectorError, match="different style encoders"):
        blend([vector(1), vector(1, encoder="f")])
    with pytest.raises(StyleVectorError, match="different lengths"):
        blend([vector(1), vector(1, 2)])


def test_a_tuning_is_the_last_part_of_a_vector():
    plain = StyleVector(np.arange(5), "e" * 64)
    tuned = plain.tuned([7, 8])
    assert tuned.values.tolist() == [0, 1, 2, 7, 8]
    assert tuned.encoder_sha256 == plain.encoder_sha256
    assert plain.values.tolist() == [0, 1, 2, 3, 4]
    for wrong in (np.zeros(6), np.zeros((1, 2))):
        with pytest.raises(ValueError, match="does not fit"):
            plain.tuned(wrong)
