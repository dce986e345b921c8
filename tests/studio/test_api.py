"""The named endpoints, called over HTTP as other programs call them."""

import pytest
from gradio_client import Client, handle_file
from PIL import Image


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
