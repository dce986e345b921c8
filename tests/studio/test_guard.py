"""Foreign hosts and foreign websites get nothing; what is answered is safe to show."""

import asyncio
import socket

import httpx
import pytest

from stylize.studio import StudioSettings
from stylize.studio.guard import Callers, Guard, is_loopback
from stylize.studio.serving import check_address
from tests.studio.conftest import serve

FOREIGN = "https://evil.example"


def callers(host="127.0.0.1", **settings):
    return Callers.of(StudioSettings(**settings), host)


@pytest.mark.parametrize(
    ("host", "welcome"),
    [
        ("127.0.0.1:7860", True),
        ("localhost:7860", True),
        ("[::1]:7860", True),
        ("192.168.1.5:7860", True),  # digits: no website can be called so
        (f"{socket.gethostname()}:7860", True),
        ("evil.example:7860", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_hosts(host, welcome):
    assert callers().may_name(host) is welcome


def test_more_hosts_can_be_allowed():
    assert callers(allowed_hosts=("art.example",)).may_name("art.example")
    assert callers(allowed_hosts=("*",)).may_name("anything.example")


def test_a_space_has_a_name_of_its_own(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "me/studio")
    monkeypatch.setenv("SPACE_HOST", "me-studio.hf.space")
    assert callers("0.0.0.0").may_name("me-studio.hf.space")
    assert not callers("0.0.0.0").may_name("you-other.hf.space")
    assert "frame-ancestors 'self' https://huggingface.co" in callers("0.0.0.0").policy


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://127.0.0.1:7860", True),
        ("https://127.0.0.1:7860", True),  # a proxy speaks https for us
        ("http://127.0.0.1:3000", False),
        (FOREIGN, False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin, welcome):
    assert callers().may_come_from(origin, "127.0.0.1:7860") is welcome


def test_origins_can_be_allowed():
    some = callers(allowed_origins=("https://school.example",))
    assert some.may_come_from("https://school.example", "127.0.0.1:7860")
    assert not some.may_come_from(FOREIGN, "127.0.0.1:7860")
    assert "frame-ancestors 'self' https://school.example" in some.policy


PATHS = ["/", "/config", "/gradio_api/info", "/gradio_api/upload", "/gradio_api/queue/join"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": FOREIGN},
                                     {"Origin": "null"}])  # fmt: skip
def test_strangers_are_refused_everywhere(url, path, headers):
    for method in ("GET", "POST", "OPTIONS"):
        asked = headers | {"Access-Control-Request-Method": "POST"}
        answer = httpx.request(method, url + path, headers=asked)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers


def test_the_page_and_an_allowed_website_are_served(engine):
    page, address = serve(engine, StudioSettings(allowed_origins=("https://school.example",)))
    assert httpx.get(address).status_code == 200
    assert httpx.get(address, headers={"Origin": address}).status_code == 200
    answer = httpx.get(f"{address}/gradio_api/info", headers={"Origin": "https://school.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://school.example"
    assert "access-control-allow-credentials" not in answer.headers
    page.close()


def test_security_headers(url):
    for path in ("/", "/kids", "/gradio_api/file=/etc/passwd"):
        headers = httpx.get(url + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "object-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["gradio_api/process_recording", "gradio_api/component_server", "gradio_api/runs",
     "gradio_api/proxy=https://evil.example", "gradio_api/file=https://evil.example",
     "gradio_api/deep_link", "monitoring", "login", "gradio_api/token"],
)  # fmt: skip
def test_what_the_page_does_not_use_is_closed(url, path):
    for method in ("GET", "POST"):
        assert httpx.request(method, f"{url}/{path}").status_code == 404


def test_a_request_without_a_length_is_cut_off():
    got = []

    async def app(scope, receive, send):
        while (message := await receive())["type"] == "http.request":
            got.append(len(message["body"]))

    async def receive():
        return {"type": "http.request", "body": b"x" * 600, "more_body": True}

    guard = Guard(app, callers(), max_json_bytes=1000, max_form_bytes=5000)
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join",
             "headers": [(b"host", b"127.0.0.1")]}  # fmt: skip
    asyncio.run(guard(scope, receive, None))
    assert got == [600]


def test_a_large_request_is_refused_before_it_is_read(engine):
    page, address = serve(engine, StudioSettings(max_upload_mb=1))
    join = f"{address}/gradio_api/queue/join"
    answer = httpx.post(join, content=b"[" * 2_100_000, headers={"Content-Type": "text/json"})
    page.close()
    assert answer.status_code == 413


def test_which_addresses_only_this_computer_reaches():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "my-computer", "")))


def test_a_port_in_use_and_foreign_addresses_are_explained():
    from stylize.errors import StylizeError

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StylizeError, match=f"Port {port} is in use"):
            check_address("127.0.0.1", port)
    with pytest.raises(StylizeError, match="no address of this computer"):
        check_address("192.0.2.1", None)
    with pytest.raises(StylizeError, match="There is no address"):
        check_address("no such name", None)
