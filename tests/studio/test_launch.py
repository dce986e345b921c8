"""Starting the server: what may be missing is said before anything is served."""

import importlib.util
import sys

import httpx
import pytest

from stylize.errors import StylizeError
from stylize.studio import StudioSettings, launch
from tests.studio.conftest import serve


def test_the_protocol_for_tools_names_what_to_install(monkeypatch, engine):
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(StylizeError, match=r'pip install "stylize-studio\[mcp\]"') as caught:
        serve(engine, mcp=True)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason="needs the extra mcp")
def test_the_endpoints_are_tools(engine):
    page, address = serve(engine, mcp=True)
    tools = httpx.get(f"{address}/gradio_api/mcp/schema").json()
    page.close()
    names = {tool["name"] for tool in tools}
    assert {"stylize", "list_styles"} <= {name.removeprefix("main_") for name in names}


def test_a_page_that_is_slow_at_first_is_served_all_the_same(engine, monkeypatch):
    monkeypatch.setattr("gradio.networking.url_ok", lambda _: False)  # nothing came within 3 s
    page, address = serve(engine)
    assert httpx.get(address, timeout=60).status_code == 200
    page.close()


def test_the_engine_is_ready_before_the_first_visitor(url, engine):
    assert engine.warm


def test_nobody_is_offered_to_share_the_page_with_everyone(engine, library, monkeypatch):
    options = {}
    monkeypatch.setattr("stylize.studio.start", lambda *_, **given: options.update(given))
    for name in ("wait", "forget_visits"):
        monkeypatch.setattr(f"stylize.studio.{name}", lambda *_, **__: None)
    monkeypatch.setattr("gradio.Blocks.mcp_error", None, raising=False)
    launch(engine, library, settings=StudioSettings())
    assert options["quiet"]  # Gradio says so otherwise


def test_the_teachers_code_is_told_on_one_computer_too(engine):
    told = []
    settings = StudioSettings.for_classroom(class_wall=True)
    page, address = serve(engine, settings, announce=told.append)
    page.close()
    assert told == [
        f"Open {address}/",
        f"Teacher's view: {address}/teacher with the code {settings.teacher_code}",
    ]
