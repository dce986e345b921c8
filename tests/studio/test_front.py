"""What a browser gets first: little, packed, kept, and something to see."""

import gzip
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from stylize.offers import EXAMPLES
from stylize.studio.front import Front, dress

PACKED = {"Accept-Encoding": "gzip"}


def sent(url, **headers):
    """The answer as it went over the network."""
    with httpx.stream("GET", url, headers=headers or PACKED, timeout=60) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["/", "/kids"])
def test_a_page_is_small_and_packed(url, path):
    answer, body = sent(url + path)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(body) < 60_000
    assert len(gzip.decompress(body)) < 300_000
    plain, whole = sent(url + path, **{"Accept-Encoding": "identity"})
    assert int(plain.headers["content-length"]) == len(whole)


def test_the_scripts_are_a_file_that_is_kept_as_long_as_it_is_the_same(url):
    page = httpx.get(url, timeout=60).text
    (address,) = re.findall(r'<script defer src="([^"]+)"', page)
    answer, body = sent(f"{url}/{address}")
    assert "immutable" in answer.headers["cache-control"]
    assert len(body) < 70_000
    assert b"Studio.Pad = class" in gzip.decompress(body)
    assert "Studio.Pad" not in page
    other, _ = sent(f"{url}/{address[:-3]}xyz")
    assert other.headers["cache-control"] == "no-cache"
    _, whole = sent(f"{url}/{address}", **{"Accept-Encoding": "identity"})
    assert whole == gzip.decompress(body)


def test_what_gradio_names_by_its_contents_is_kept(url):
    page = httpx.get(url, timeout=60).text
    (asset,) = set(re.findall(r'src="\./(assets/index-[^"]+\.js)"', page))
    assert "immutable" in httpx.get(f"{url}/{asset}").headers["cache-control"]
    assert "cache-control" not in httpx.get(f"{url}/config", timeout=60).headers


@pytest.mark.parametrize("kind", ["js", "png", "webp", "jpg"])
def test_a_file_named_by_its_contents_is_kept_whatever_its_kind(kind):
    async def asset(request):
        return PlainTextResponse("x" * 5000)

    path = f"/assets/tile-a1b2c3d4.{kind}"
    answer = TestClient(Front(Starlette(routes=[Route(path, asset)]))).get(path)
    assert "immutable" in answer.headers["cache-control"]
    assert ("content-encoding" in answer.headers) == (kind == "js")


def test_there_is_something_to_see_and_nothing_of_others(url):
    page = httpx.get(url, timeout=60).text
    assert page.index('id="st-opening"') < page.index("<gradio-app")
    assert page.count("<title>") <= 1
    for word in ("og:image", "twitter:", "raw.githubusercontent.com"):
        assert word not in page


def test_another_page_stays_as_it_is():
    assert dress(b"<p>no head</p>") == b"<p>no head</p>"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_files_of_their_own(url, name):
    small, large = (
        httpx.get(f"{url}/gradio_api/studio/examples/{name}{end}") for end in ("?small", "")
    )
    assert small.headers["content-type"] == "image/webp"
    assert large.headers["content-type"] == "image/jpeg"
    assert len(small.content) < 12_000 < len(large.content)
    assert "max-age" in small.headers["cache-control"]


@pytest.mark.parametrize("name", ["gone", "..%2Fpage.py", "astronaut.jpg"])
def test_no_other_file_is_an_example(url, name):
    assert httpx.get(f"{url}/gradio_api/studio/examples/{name}").status_code == 404
