"""The engine of the browser in a real one: the pictures of the contract, threads, other origins."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.make_contract import CONTRAST, FOLDER, INKS
from tests.studio.conftest import CHROMIUM
from tests.web.conftest import ROOT, Server

CASES = json.loads((FOLDER / "pictures.json").read_text())["cases"]
WEAKEST_INT8_DB = 30
LIVE = """document.querySelector('#live').getContext('2d')
  .getImageData(0, 0, 256, 192).data.some((value) => value > 0)"""
GPU_ARGS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]

HELPERS = (Path(__file__).parent / "helpers.js").read_text("utf-8")


def with_contract(folder: Path, numbers: dict[str, Any]) -> None:
    """Make a model of the tiny one with other numbers in its contract."""
    folder.mkdir()
    for file in (FOLDER / "tiny_model").iterdir():
        (folder / file.name).symlink_to(file)
    description = json.loads((folder / "model.json").read_text())
    description["contract"] |= numbers
    (folder / "model.json").unlink()
    (folder / "model.json").write_text(json.dumps(description))


@pytest.fixture(scope="module", params=["one thread", "isolated"])
def server(request, dist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "dist").symlink_to(dist)
    (folder / "contract").symlink_to(FOLDER)
    for numbers in (INKS, CONTRAST):  # helpers.js knows them by their first name
        with_contract(folder / next(iter(numbers)), numbers)
    (folder / "index.html").write_text("<!doctype html><title>Test</title>")
    with Server(folder, isolated=request.param == "isolated") as server:
        yield server


@pytest.fixture(scope="module")
def page(browser, server):
    page = browser.new_page()
    page.goto(server.url)
    page.add_script_tag(content=HELPERS)
    yield page
    page.close()


def pixels(painted) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(painted["data"]), np.uint8)
    return data.reshape(painted["height"], painted["width"], 4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"].split("/")[1])
def test_it_paints_the_pictures_of_the_contract(page, case):
    found = pixels(page.evaluate("(given) => paint(given)", case))
    golden = np.asarray(Image.open(FOLDER / case["file"]).convert("RGBA"))
    assert found.shape == golden.shape
    off = np.abs(found.astype(int) - golden)
    if case["precision"] == "int8":
        assert 10 * np.log10(255**2 / np.square(off[..., :3]).mean()) > WEAKEST_INT8_DB
    else:
        assert off.max() <= case["levels"]
        assert off[..., :3].mean() <= case["mean_levels"]


def test_a_graphics_processor_paints_the_same(dist, playwright_driver, server):
    """By SwiftShader, which imitates one: slow, so a single picture."""
    if server.isolated:
        pytest.skip("once is enough")
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=GPU_ARGS)
    page = browser.new_page()
    page.goto(server.url)
    page.add_script_tag(content=HELPERS)
    if page.evaluate("openOnGpu()") != "webgpu":
        pytest.skip("this Chromium has no WebGPU")
    found = pixels(page.evaluate("(given) => paint(given)", CASES[0]))
    browser.close()
    off = np.abs(
        found.astype(int) - np.asarray(Image.open(FOLDER / CASES[0]["file"]).convert("RGBA"))
    )
    assert off.max() <= CASES[0]["levels"]
    assert off[..., :3].mean() <= CASES[0]["mean_levels"]


def test_threads_are_those_of_an_isolated_page(page, server):
    threads = page.evaluate("threads()")
    assert (threads > 1) == (server.isolated and page.evaluate("navigator.hardwareConcurrency") > 1)


def test_a_photograph_is_painted_upright(page):
    assert page.evaluate("upright()") == [32, 64]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("no picture", "picture_unreadable"),
        ("1 px", "too_small"),
        ("a control", "out_of_range"),
        ("no model", "download_failed"),
        ("another file", "model_unusable"),
    ],
)
def test_bad_input_is_refused_with_a_message(page, kind, code):
    found = page.evaluate("(kind) => refused(kind)", kind)
    assert found["code"] == code
    assert found["message"].endswith(".")


def test_work_that_is_not_wanted_any_more_ends_and_the_next_is_painted(page):
    assert page.evaluate("unwanted()") == ["AbortError", 100]


def test_a_closed_engine_starts_again(page):
    assert page.evaluate("closed()") == ["engine_closed", 100]


def test_a_damaged_graph_is_refused_by_its_hash(dist, browser, tmp_path):
    (tmp_path / "dist").symlink_to(dist)
    shutil.copytree(FOLDER, tmp_path / "contract")
    graph = tmp_path / "contract" / "tiny_model" / "paint.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"!")
    (tmp_path / "index.html").write_text("<!doctype html>")
    with Server(tmp_path) as server:
        page = browser.new_page()
        page.goto(server.url)
        page.add_script_tag(content=HELPERS)
        message = page.evaluate("openEngine().catch((error) => error.message)")
        page.close()
    assert "paint.onnx is damaged" in message


EXAMPLES = re.findall(
    r"```html\n(.*?)```", (ROOT / "docs" / "browser.md").read_text("utf-8"), re.DOTALL
)
SHOWN = ["document.querySelector('#result').width === 100", LIVE]


@pytest.mark.parametrize(
    ("example", "shown"), list(zip(EXAMPLES, SHOWN, strict=True)), ids=["one", "live"]
)
def test_an_example_of_the_docs_works_on_a_page_of_another_origin(
    browser, server, tmp_path, example, shown
):
    if server.isolated:
        pytest.skip("an isolated page takes nothing from others")
    text = example.replace("https://example.org/stylize", f"{server.url}/dist")
    model = f"{server.url}/contract/tiny_model/model.json"
    text = text.replace("load()", f'load({{ model: "{model}" }})')
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Elsewhere</title>{text}")
    shutil.copy(FOLDER / "inputs" / "style.png", tmp_path / "painting.jpg")
    shutil.copy(FOLDER / "inputs" / "content.png", tmp_path / "photo.jpg")
    with Server(tmp_path) as elsewhere:
        page = browser.new_page(permissions=["camera"])
        page.goto(elsewhere.url)
        page.wait_for_function(shown)
        page.close()
