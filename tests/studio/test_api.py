"""The named endpoints, called over HTTP as other programs call them."""

import inspect
import json
import re
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from stylize.recipe import read_recipe
from stylize.studio import StudioSettings, api
from stylize.studio.gallery import Gallery
from stylize.studio.painter import Painter
from tests import fakes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client(url):
    return Client(url, verbose=False)


def test_stylize_returns_a_png_of_the_contents_size(client, picture_file):
    result = client.predict(handle_file(picture_file), "great-wave", api_name="/stylize")
    with Image.open(result) as image:
        assert image.format == "PNG"
        assert image.size == (120, 80)


def test_strength_zero_returns_the_content(client, picture_file):
    result = client.predict(
        handle_file(picture_file), "great-wave", strength=0, api_name="/stylize"
    )
    with Image.open(result) as image, Image.open(picture_file) as content:
        assert image.convert("RGB").tobytes() == content.convert("RGB").tobytes()


def test_list_styles(client):
    styles = client.predict(api_name="/list_styles")
    assert [style["name"] for style in styles][:2] == ["great-wave", "red-horse"]


def test_an_unknown_style_is_explained(client, picture_file):
    with pytest.raises(Exception, match="great-wave"):
        client.predict(handle_file(picture_file), "great-wav", api_name="/stylize")


def test_a_list_with_too_few_values_is_explained(url):
    with httpx.Client(base_url=f"{url}/gradio_api/call", timeout=60) as http:
        event = http.post("/stylize", json={"data": ["a", "great-wave"]}).json()["event_id"]
        answer = http.get(f"/stylize/{event}").text
    said = json.loads(answer.split("data: ")[-1])["error"]
    assert said.startswith("stylize takes 13 values (content, style, strength")
    assert "not 2" in said


def test_blend_and_its_controls(client, picture_file):
    styles = {"great-wave": 0.5, "senecio": 0.5}
    result = client.predict(handle_file(picture_file), styles, {"strength": 0}, api_name="/blend")
    with Image.open(result) as image, Image.open(picture_file) as content:
        assert image.convert("RGB").tobytes() == content.convert("RGB").tobytes()
    recipe = read_recipe(result)
    assert {style.name: style.weight for style in recipe.styles} == styles


def test_the_recipe_holds_the_limit_of_the_side(client, picture_file):
    photo = handle_file(picture_file)
    for result in (
        client.predict(photo, "great-wave", max_side_px=60, api_name="/stylize"),
        client.predict(photo, {"great-wave": 1}, {}, 60, api_name="/blend"),
    ):
        recipe = read_recipe(result)
        assert recipe.max_side_px == 60
        with Image.open(result) as image:
            assert image.size == (60, 40)
    with pytest.raises(Exception, match="max_side_px must be a whole number from 16"):
        client.predict(photo, "great-wave", max_side_px=3_000_000, api_name="/stylize")


def test_a_style_is_encoded_once_and_used_again(client, picture_file):
    style = client.predict(handle_file(picture_file), api_name="/encode_style")
    photo = handle_file(picture_file)
    by_vector = client.predict(photo, style["values"], api_name="/stylize_with_vector")
    by_picture = client.predict(photo, photo, api_name="/stylize_with_picture")
    with Image.open(by_vector) as first, Image.open(by_picture) as second:
        assert first.tobytes() == second.tobytes()
    with pytest.raises(Exception, match="3 values"):
        client.predict(photo, [0.1, 0.2, 0.3], api_name="/stylize_with_vector")


def test_search_and_likeness(client):
    found = client.predict("wave", api_name="/search_styles")
    assert [style["name"] for style in found] == ["great-wave"]
    assert len(client.predict("", "calm", 2, api_name="/search_styles")) == 2
    near = client.predict("great-wave", 2, api_name="/similar_styles")
    assert len(near) == 2
    assert near[0]["similarity"] >= near[1]["similarity"]


def test_the_reference_names_what_the_app_serves(client):
    served = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert list(served) == [f"/{name}" for name, _ in api.ENDPOINTS]
    for name, info in served.items():
        parameters = list(inspect.signature(getattr(api.Api, name[1:])).parameters)[1:]
        assert [p["parameter_name"] for p in info["parameters"]] == parameters
    assert api.reference() in (ROOT / "docs/api.md").read_text("utf-8")


def test_plain_http_as_with_curl(url, picture_file):
    base = f"{url}/gradio_api"
    (path,) = httpx.post(f"{base}/upload", files={"files": picture_file.open("rb")}).json()
    content = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = {"content": content, "style": "great-wave", "strength": 0.5}
    event = httpx.post(f"{base}/call/v2/stylize", json=call).json()["event_id"]
    stream = httpx.get(f"{base}/call/stylize/{event}", timeout=60).text
    assert "event: complete" in stream
    (result,) = json.loads(stream.split("data: ")[-1])
    assert httpx.get(result["url"]).content.startswith(b"\x89PNG")


def test_javascript_calls_it(browser, url, picture_file):
    """The function of the example page, run in a page of the studio's own origin."""
    example = (ROOT / "docs/embed.html").read_text("utf-8")
    function = re.search(r"async function stylize.*?\n  }\n", example, re.DOTALL).group()
    tab = browser.new_page()
    tab.goto(f"{url}/gradio_api/info")
    found = tab.evaluate(
        f"""async (bytes) => {{
          const studio = {json.dumps(url + "/gradio_api")};
          {function}
          const file = new File([new Uint8Array(bytes)], "a.png", {{ type: "image/png" }});
          return stylize(file, "great-wave", 0.5);
        }}""",
        list(picture_file.read_bytes()),
    )
    tab.close()
    assert httpx.get(found).content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("blend", {"controls": {"colour": 1}}, "did you mean color"),
        ("blend", {"controls": {"Strength": 1}}, "did you mean strength"),
        ("blend", {"controls": {"styles": {"senecio": 1}}}, "no control 'styles'"),
        ("blend", {"controls": [1]}, "controls must be names with numbers"),
        ("blend", {"styles": "senecio"}, "styles must be names with numbers"),
        ("blend", {"styles": {"senecio": 1e7}}, "at most 1e"),
        ("blend", {"styles": {"senecio": "much"}}, "must be a number"),
        ("stylize", {"strength": "much"}, "must be a number"),
        ("stylize", {"style": ["senecio"]}, "given by its name"),
        ("stylize", {"max_side_px": "large"}, "must be a number of pixels"),
        ("stylize_with_vector", {"vector": [[1, 2]]}, "list of numbers"),
        ("stylize_with_vector", {"vector": "0.5"}, "list of numbers"),
        ("stylize_with_vector", {"encoder_sha256": "f" * 64}, "another style encoder"),
        ("stylize_with_vector", {"encoder_sha256": None}, "another style encoder"),
        ("search_styles", {"limit": "many"}, "limit must be a number"),
        ("stylize", {"content": "photo.jpg"}, "handle_file"),
        ("stylize", {"content": "https://a.example/b.png"}, "handle_file"),
        ("stylize", {"content": "data:image/png;base64,AAAA"}, "handle_file"),
        ("stylize", {"content": None}, "handle_file"),
        ("encode_style", {"picture": [1]}, "handle_file"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(painter_api, upload, name, change, match):
    values = {
        "blend": {"content": upload, "styles": {"senecio": 1}},
        "stylize": {"content": upload, "style": "senecio"},
        "stylize_with_vector": {"content": upload, "vector": [0.5] * fakes.DIMENSION},
        "search_styles": {},
        "encode_style": {"picture": upload},
    }
    with pytest.raises(gr.Error, match=match):
        getattr(painter_api, name)(**(values[name] | change))


@pytest.fixture
def upload(picture_file):
    return {"path": str(picture_file)}


@pytest.fixture
def painter_api(engine, library):
    return api.Api(Painter(engine, library, StudioSettings(), lambda: library, Gallery(library)))


def test_markup_in_messages_is_shown_and_not_rendered(painter_api, upload):
    with pytest.raises(gr.Error) as caught:
        painter_api.stylize(upload, "<img src=https://evil.example/a.png>")
    assert "<" not in caught.value.message
    assert "&lt;img" in caught.value.message
