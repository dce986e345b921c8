import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.studio.look import Look

LOOK = Look({"great-wave": 0.7, "senecio": 0.3}, Controls(strength=0.8, color=0.5))


def test_the_query_round_trips():
    assert LOOK.to_query() == "style=great-wave:0.7&style=senecio:0.3&strength=0.8&color=0.5"
    assert Look.from_query(LOOK.to_query()) == LOOK


def test_the_dict_round_trips():
    assert Look.from_dict(LOOK.to_dict()) == LOOK


def test_a_style_without_weight_counts_fully():
    assert Look.from_query("style=senecio").styles == {"senecio": 1.0}


def test_styles_of_weight_zero_are_left_out():
    assert Look.from_dict({"styles": {"a": 1, "b": 0}}).styles == {"a": 1.0}


def test_unknown_keys_of_links_are_ignored():
    assert Look.from_query("utm=x&__theme=dark") == Look()


@pytest.mark.parametrize(
    "query", ["strength=2", "strength=nan", "strength=loud", "style=a:-1", "style=a:b"]
)
def test_wrong_numbers_are_refused(query):
    with pytest.raises(ControlError):
        Look.from_query(query)


def test_too_many_styles_are_refused():
    with pytest.raises(ControlError, match="at most 2"):
        Look.from_query("style=a&style=b&style=c", max_styles=2)


@given(st.text())
def test_no_query_does_more_than_be_refused(query):
    with contextlib.suppress(ControlError):
        Look.from_query(query)


def test_only_keeps_known_styles():
    assert LOOK.only(["senecio"]).styles == {"senecio": 0.3}
