"""The site as a static Space, against a small server with the face of the Hub."""

import threading

import pytest
import yaml

from stylize import site
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from tests.conftest import TINY_MODEL, make_picture
from tests.fake_hub import SPACE, Hub

pytest.importorskip("huggingface_hub")
from huggingface_hub import HfApi

from stylize.static_space import README, deploy_site


@pytest.fixture
def hub():
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    yield hub
    hub.shutdown()
    hub.server_close()
    thread.join()


def test_the_space_gets_the_site(hub, tiny_engine, tmp_path, monkeypatch):
    (tmp_path / "index.html").write_text("<!doctype html>")
    monkeypatch.setattr(site, "built_site", lambda: tmp_path)
    api = HfApi(endpoint=hub.url, token="hf_test")
    said = []
    with StyleLibrary.open(":memory:", encoder=tiny_engine, bundled=False) as library:
        library.add("waves", make_picture(64, 48))
        model = ModelFiles.open(TINY_MODEL)
        url = deploy_site(SPACE, model, library, api=api, report=said.append)
    assert url.endswith(SPACE)
    assert hub.created["sdk"] == "static"
    assert {"index.html", "site.json", "README.md", "model/model.json"} <= hub.files.keys()
    assert len(said) == 3


def test_the_front_matter_isolates_the_page():
    head = yaml.safe_load(README.split("---")[1])
    assert head["sdk"] == "static"
    assert head["custom_headers"]["cross-origin-embedder-policy"] == "require-corp"
    assert len(head["short_description"]) <= 60
