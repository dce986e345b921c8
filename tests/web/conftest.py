"""The built engine and site in a real browser, served from two origins."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.studio.conftest import CHROMIUM, CHROMIUM_ARGS, PATIENCE_MS

ROOT = Path(__file__).parents[2]
DIST = ROOT / "web" / "dist"


class Handler(SimpleHTTPRequestHandler):
    """Static files, open to other origins; isolated from them if the server says so."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        if self.server.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, *, isolated: bool = False):
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
        self.isolated = isolated
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.fixture(scope="session")
def dist() -> Path:
    if not (DIST / "engine.js").is_file():
        pytest.skip("web/ is not built: npm --prefix web ci && npm --prefix web run build")
    return DIST


@pytest.fixture(scope="module")
def playwright_driver():
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright_driver):
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
    yield browser
    browser.close()


def draw_as_a_child(tab):
    """Draw something and choose a style."""
    box = tab.locator(".st-canvas").bounding_box()
    tab.mouse.move(box["x"] + 40, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 140, box["y"] + 110, steps=5)
    tab.mouse.up()
    tab.get_by_role("button", name="Next").click()
    tab.locator(".st-kid-tile").nth(1).click()
