"""No request reads a file of the server, whatever endpoint, mode and form it takes."""

import asyncio
import contextlib
import inspect
import itertools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.state_holder import SessionState
from gradio.utils import get_upload_folder

from stylize.offers import EXAMPLES_DIR
from stylize.studio import StudioSettings, build_page
from stylize.studio.api import Api
from stylize.studio.door import may_be_read
from tests import fakes

MODES = {
    "home": StudioSettings(),
    "public": StudioSettings.for_space(),
    "classroom": StudioSettings.for_classroom(class_wall=True),
}
META = {"meta": {"_type": "gradio.FileData"}}

opened: list[str] = []


def _watch(event: str, arguments: tuple) -> None:
    """Note every file that this process opens: a hook cannot be taken away again."""
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        name = os.fsdecode(arguments[0])
        if name.endswith(SECRET):
            opened.append(name)


SECRET = "secret-of-the-server.png"
sys.addaudithook(_watch)


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / SECRET
    fakes.picture(3, (64, 48)).save(path)
    opened.clear()
    return path


def forms(path):
    """Everything that could be taken for a file."""
    uploads = Path(get_upload_folder())
    hops = Path("/".join([".."] * (len(uploads.resolve().parts) - 1)))
    around = f"{uploads}/{hops}{path}"
    plain = {"path": str(path)}
    yield from (
        str(path),
        plain,
        plain | META,
        plain | {"url": f"/gradio_api/file={path}"},
        plain | {"url": f"/gradio_api/file={path}", "is_stream": True} | META,
        {"path": around},
        {"path": f"file://{path}"},
        {"path": os.path.relpath(path)},
        {"path": str(EXAMPLES_DIR / ".." / os.path.relpath(path, EXAMPLES_DIR.parent))},
        [plain],
        [plain | META],
        [[plain, None]],
        {"value": plain},
        {"image": plain, "caption": None},
    )


def calls(page, form):
    """Each function of the page with a form in each place that may take more than text."""
    plain = {"slider", "textbox", "dropdown", "state"}
    seen = set()
    for function in page.fns.values():
        if function.fn is None or function.fn in seen:
            continue
        seen.add(function.fn)
        inputs = [getattr(part, "value", None) for part in function.inputs]
        for at, part in enumerate(function.inputs):
            if part.get_block_name() not in plain:
                yield function, [*inputs[:at], form, *inputs[at + 1 :]]
        if isinstance(form, dict):
            yield function, [form] * len(inputs)


def call_all(page, forms):
    """Call each function of the page, not through a server, whose own checks would help."""
    with ThreadPoolExecutor(1) as thread:  # Gradio has a loop in this one
        return thread.submit(asyncio.run, _call_all(page, forms)).result()


async def _call_all(page, forms):
    request = gr.Request(session_hash="a", username=None, query_params="")
    state = SessionState(page)
    number = 0
    for form in forms:
        for function, inputs in calls(page, form):
            number += 1
            with contextlib.suppress(Exception):
                await page.process_api(function, inputs, state, request)
    return number


@pytest.mark.parametrize("mode", MODES)
def test_no_function_of_the_page_reads_a_file_of_the_server(mode, secret, engine, library):
    page = build_page(engine, library, settings=MODES[mode], new_library=lambda: library)
    assert secret.read_bytes()  # the hook sees who opens it
    assert opened
    opened.clear()
    number = call_all(page, forms(secret))
    assert number > (40 if mode == "classroom" else 300)
    assert opened == []


def test_the_walk_over_all_functions_finds_an_open_door(monkeypatch, secret, engine, library):
    monkeypatch.setattr("stylize.studio.door.check_files", lambda data: None)
    page = build_page(engine, library, settings=MODES["home"])
    call_all(page, [{"path": str(secret)}])
    assert opened


NAMED = {
    "stylize": {"style": "senecio", "strength": 0},
    "blend": {"styles": {"senecio": 1}, "controls": {"strength": 0}},
    "stylize_with_picture": {"style_picture": None, "strength": 0},
    "stylize_with_vector": {"vector": [0.5] * fakes.DIMENSION, "strength": 0},
    "encode_style": {},
}


@pytest.mark.parametrize("route", ["call", "call/v2"])
def test_named_endpoints_say_the_same_of_every_foreign_file(url, secret, picture_file, route):
    base = f"{url}/gradio_api"
    missing = secret.with_name("missing.png")
    said = set()
    with httpx.Client(timeout=60) as client:
        for name, others in NAMED.items():
            file = "picture" if name == "encode_style" else "content"
            tried = itertools.chain(forms(secret), [{"path": str(missing)}, None, 7, "https://a.b"])
            if name != "stylize":
                tried = [str(secret), {"path": str(secret)}, {"path": str(missing)}]
            for form in tried:
                values = {file: form, **others}
                if "style_picture" in values:
                    values["style_picture"] = form
                places = list(inspect.signature(getattr(Api, name)).parameters.values())[1:]
                data = [values.get(place.name, place.default) for place in places]
                body = values if route == "call/v2" else {"data": data}
                event = client.post(f"{base}/{route}/{name}", json=body).json()["event_id"]
                answer = client.get(f"{base}/call/{name}/{event}")
                said.add(json.loads(answer.text.split("data: ")[-1])["error"])
    assert opened == []
    assert len(said) == 1
    assert "handle_file" in said.pop()


def test_links_out_of_the_uploads_are_not_followed(secret):
    link = Path(get_upload_folder()) / "link.png"
    link.symlink_to(secret)
    try:
        assert not may_be_read(str(link))
    finally:
        link.unlink()


def test_folders_pipes_and_odd_names_are_no_uploads():
    uploads = Path(get_upload_folder())
    pipe = uploads / "pipe"
    os.mkfifo(pipe)
    try:
        for path in ("", ".", str(uploads), str(pipe), "a\0b", "x" * 5000, f"{uploads}/none.png"):
            assert not may_be_read(path)
    finally:
        pipe.unlink()


def test_uploads_and_examples_may_be_read():
    own = Path(get_upload_folder()) / "own.png"
    fakes.picture(1).save(own)
    assert may_be_read(str(own))
    assert may_be_read(str(EXAMPLES_DIR / "coffee.jpg"))
    assert not may_be_read(str(EXAMPLES_DIR / ".." / "api.py"))
    own.unlink()


def test_no_request_passes_the_queue(url):
    body = {"data": [None] * 12}
    assert httpx.post(f"{url}/gradio_api/run/stylize", json=body).status_code == 404
