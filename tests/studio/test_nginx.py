"""The example of docs/nginx.conf, tried with a real nginx in front of two studios."""

import os
import shutil
import socket
import subprocess
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests import fakes
from tests.studio.conftest import serve

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
EXAMPLE = Path(__file__).parents[2] / "docs" / "nginx.conf"

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


@pytest.fixture(scope="module")
def studios():
    """Two studios that can be told from each other by their encoders."""
    found = [serve(fakes.FakeEngine(seed)) for seed in (1, 2)]
    yield [page for page, _ in found]
    for page, _ in found:
        page.close()


@pytest.fixture(scope="module")
def proxy(studios, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    example = EXAMPLE.read_text("utf-8").replace("listen 80;", f"listen 127.0.0.1:{port};")
    for number, page in zip((7861, 7862), studios, strict=True):
        example = example.replace(f"127.0.0.1:{number}", f"127.0.0.1:{page.server_port}")
    paths = "\n".join(
        f"{name}_temp_path {folder / name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = f"user {os.environ.get('USER', 'root')};" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder / 'pid'}; error_log {folder / 'error.log'};\n"
        f"events {{}}\nhttp {{ access_log off;\n{paths}\n{example} }}\n"
    )
    server = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    address = f"http://127.0.0.1:{port}"
    while server.poll() is None:
        try:
            httpx.get(f"{address}/healthz")
            break
        except httpx.HTTPError:
            threading.Event().wait(0.02)
    assert server.poll() is None, (folder / "error.log").read_text()
    yield address
    server.terminate()
    server.wait()


def studio_of(visitor: httpx.Client) -> str:
    return visitor.get("/healthz").json()["encoder_sha256"]


def test_a_browser_stays_with_one_studio_and_all_are_used(proxy):
    found = Counter()
    for _ in range(24):
        with httpx.Client(base_url=proxy) as browser:
            first = browser.get("/")
            assert first.headers["set-cookie"].count("studio_visit=") == 1
            assert "set-cookie" not in browser.get("/").headers
            (studio,) = {studio_of(browser) for _ in range(3)}
            found[studio] += 1
    assert len(found) == 2


def test_a_program_without_cookies_paints(proxy, picture_file):
    client = Client(proxy, verbose=False)
    for _ in range(2):
        path = client.predict(handle_file(picture_file), "senecio", api_name="/stylize")
        with Image.open(path) as image:
            assert image.size == (120, 80)


def test_metrics_are_not_for_visitors(proxy):
    assert httpx.get(f"{proxy}/metrics").status_code == 404


def test_visitors_of_a_studio_that_is_gone_go_on_at_another(proxy, studios):
    browsers = [httpx.Client(base_url=proxy) for _ in range(8)]
    for browser in browsers:
        browser.get("/")
    studios[0].close()
    assert {studio_of(browser) for browser in browsers} == {f"{2:064x}"}
    for browser in browsers:
        browser.close()
