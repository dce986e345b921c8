"""The studio inside of another page, as docs/embed.html shows it."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stylize.studio import StudioSettings
from tests.studio.conftest import new_context, serve

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "docs/embed.html").read_text("utf-8")


@pytest.fixture
def host(engine):
    """Serves the example, with the address of the studio in it, as another site: other port."""
    addresses = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            body = EXAMPLE.replace("http://127.0.0.1:7860", addresses[0]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{server.server_port}"
    page, studio = serve(engine, StudioSettings(allowed_origins=(host,)))
    addresses.append(studio)
    yield host, studio
    page.close()
    server.shutdown()
    server.server_close()


def test_the_element_is_of_the_version_that_a_space_runs():
    (version,) = re.findall(r"amazonaws\.com/([\d.]+)/gradio\.js", EXAMPLE)
    assert f"sdk_version: {version}\n" in (ROOT / "README.md").read_text("utf-8")


def test_in_a_frame_and_through_its_api(browser, host, picture_file):
    host, url = host
    context = new_context(browser)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    tab = context.new_page()
    tab.goto(host)
    frame = tab.frame_locator("iframe")
    expect(frame.locator("#picker .st-chip")).to_contain_text("Great Wave")
    expect(frame.locator(".st-after")).to_have_attribute("src", re.compile("^data:image/"))
    tab.locator("#file").set_input_files(picture_file)
    expect(tab.locator("#result")).to_have_js_property("naturalWidth", 120)
    outside = [one for one in asked if not one.startswith((url, host, "data:", "blob:"))]
    context.close()
    assert outside == []
