"""What galleries and map are fed with, over HTTP."""

import gc
import hashlib
import io

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from stylize.errors import LibraryError
from stylize.studio.gallery import PAGE, PREFIX, SHARED, SMALL_PX, Gallery
from tests import fakes


@pytest.fixture
def gallery(library):
    return Gallery(library)


def ask(url, where=SHARED, **query):
    return httpx.get(f"{url}{PREFIX}/{where}", params=query, timeout=60)


def names(answer):
    return [item["name"] for item in answer["items"]]


def add(library, count):
    vectors = np.random.default_rng(0).random((count, fakes.DIMENSION), np.float32)
    like = library.get("senecio").vector
    for i, values in enumerate(vectors):
        library.add_vector(f"style-{i:04}", type(like)(values, like.encoder_sha256), tags=["many"])


def test_pages_follow_one_another(gallery, library):
    add(library, 2 * PAGE)
    first = gallery.page(library)
    second = gallery.page(library, after=first["items"][-1]["name"])
    third = gallery.page(library, after=second["items"][-1]["name"])
    assert [len(page["items"]) for page in (first, second, third)] == [PAGE, PAGE, 6]
    assert [page["more"] for page in (first, second, third)] == [True, True, False]
    assert [*names(first), *names(second), *names(third)] == library.names()
    assert first["tags"] == ["many", "calm", "wild"]
    assert "tags" not in second


def test_search_likeness_and_names(gallery, library):
    assert names(gallery.page(library, text="WAVE")) == ["great-wave"]
    assert names(gallery.page(library, tag="calm")) == ["great-wave", "red-horse", "senecio"]
    like = names(gallery.page(library, like="senecio"))
    assert like[0] == "senecio"
    assert sorted(like) == library.names()
    assert names(gallery.page(library, names="senecio,gone,great-wave")) == [
        "senecio", "great-wave",
    ]  # fmt: skip


def test_the_map_has_every_style_at_some_level(gallery, library):
    assert names(gallery.map(library)) == library.names()
    add(library, 100)
    spots = gallery.map(library)["items"]
    assert sum(spot["count"] for spot in spots) == 106
    step = next(i for i, spot in enumerate(spots) if spot["count"] > 1)
    group = gallery.map(library, f"{step}")["items"]
    assert len(group) == spots[step]["count"]
    assert spots[step]["name"] in [item["name"] for item in group]


def test_the_page_holds_no_pictures_of_styles(url):
    assert "data:image/webp" not in httpx.get(url, timeout=60).text


def test_thumbnails_are_kept_as_long_as_they_are_the_same(url, library):
    (item,) = ask(url, names="senecio").json()["items"]
    answer = httpx.get(f"{url}{PREFIX}/{item['thumb']}")
    data = library.get("senecio").thumbnail
    assert answer.content == data
    assert item["thumb"].endswith(f"?v={hashlib.sha256(data).hexdigest()[:12]}")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    other = ask(url, f"{SHARED}/thumb/senecio", v="another")
    assert (other.content, other.headers["cache-control"]) == (data, "no-store")


def test_a_small_thumbnail_for_small_tiles(url):
    (item,) = ask(url, names="senecio").json()["items"]
    answer = httpx.get(f"{url}{PREFIX}/{item['thumb']}&small")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert max(image.size) <= SMALL_PX
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("elsewhere", {}, 404),
        ("elsewhere/thumb/senecio", {}, 404),
        (f"{SHARED}/thumb/gone", {}, 404),
        (f"{SHARED}/thumb/..%2F..%2Fetc", {}, 404),
        (SHARED, {"like": "gone"}, 404),
        (SHARED, {"unknown": "x"}, 400),
        (SHARED, {"library": "x"}, 400),
        (SHARED, {"text": "x" * 3000}, 414),
        (f"{SHARED}/map", {"path": "x"}, 400),
        (f"{SHARED}/map", {"path": "7.7"}, 400),
    ],
)
def test_what_is_not_there(url, path, query, code):
    assert ask(url, path, **query).status_code == code


@pytest.mark.parametrize("path", ["", "/map", "/thumb/senecio", "/vector/senecio"])
def test_a_store_that_is_away_is_no_fault_of_the_server(gallery, library, monkeypatch, path):
    def away(*_, **__):
        raise LibraryError("The store cannot be reached.")

    for name in ("get", "list", "points"):
        monkeypatch.setattr(library, name, away)
    answer = TestClient(Starlette(routes=gallery.routes())).get(f"{PREFIX}/{SHARED}{path}")
    assert (answer.status_code, answer.text) == (503, "The store cannot be reached.")


def test_a_visits_own_library_is_found_by_its_key_alone_and_forgotten_with_it(gallery, engine):
    own = fakes.small_library(engine)
    key = gallery.key(own)
    assert gallery.key(own) == key != SHARED
    assert len(key) >= 20
    assert gallery.item(own, own.get("senecio"))["thumb"].startswith(f"{key}/thumb/senecio?v=")
    assert key in gallery._by_key
    del own
    gc.collect()
    assert key not in gallery._by_key


def test_a_source_told_anew_differs(gallery, library):
    first, second = gallery.source(library), gallery.source(library)
    assert first["library"] == second["library"] == SHARED
    assert first["version"] != second["version"]


def test_a_class_is_not_told_what_styles_there_are(gallery):
    paths = [route.path for route in gallery.routes(listing=False)]
    assert paths == [f"{PREFIX}/{{library}}/thumb/{{name}}"]
