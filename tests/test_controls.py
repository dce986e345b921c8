from dataclasses import fields, replace

import numpy as np
import pytest

from stylize.controls import Controls
from stylize.errors import ControlError

NAMES = [item.name for item in fields(Controls)]


@pytest.mark.parametrize("item", fields(Controls), ids=NAMES)
def test_every_control_has_range_default_and_help(item):
    low, high = item.metadata["low"], item.metadata["high"]
    assert low <= item.default <= high
    assert item.metadata["help"].endswith(".")
    for value in (low, high):
        assert getattr(Controls(**{item.name: value}), item.name) == value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 99, 10**400, np.float32(-1)])
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(ControlError, match=rf"{name} must be a number from .* to .*; got"):
        Controls(**{name: value})


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), np.int64(1), 1])
def test_numbers_may_come_from_arrays(value):
    assert type(Controls(strength=value).strength) is float
    assert Controls(strength=value).strength == value


@pytest.mark.parametrize("value", ["1", None, True, np.True_, [1.0]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ControlError, match="strength must be a number; got"):
        Controls(strength=value)


def test_controls_are_values():
    assert Controls(strength=1) == Controls()
    assert hash(Controls(strength=1)) == hash(Controls())
    assert isinstance(Controls(strength=1).strength, float)
    with pytest.raises(ControlError):
        replace(Controls(), color=2)
