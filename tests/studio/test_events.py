"""How events of the page wait for those before them."""

import inspect
import typing

import gradio as gr
import pytest

from stylize.studio import StudioSettings, build_page
from tests import fakes


@pytest.fixture(scope="module")
def functions(engine):
    library = fakes.small_library(engine)
    page = build_page(engine, library, settings=StudioSettings(class_wall=True))
    return [function for function in page.fns.values() if function.fn is not None]


def takes_data(function):
    hints = typing.get_type_hints(inspect.unwrap(function.fn)).values()
    return gr.EventData in hints


def test_no_event_with_data_waits_to_come_without_them(functions):
    with_data = [function for function in functions if takes_data(function)]
    assert {"past", "detail", "find_subject"} <= {function.fn.__name__ for function in with_data}
    assert {function.trigger_mode for function in with_data} <= {"multiple", "once"}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("past", "multiple"),
        ("detail", "multiple"),
        ("find_subject", "multiple"),
        ("use_regions", "always_last"),
        ("paint_live", "always_last"),
        ("from_map", "always_last"),
    ],
)
def test_what_follows_quickly_is_not_dropped(functions, name, mode):
    first = next(function for function in functions if function.fn.__name__ == name)
    assert first.trigger_mode == mode
