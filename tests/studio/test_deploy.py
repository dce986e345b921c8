"""Deploying, against a small server with the face of the Hub."""

import threading
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from stylize.studio import deploy
from tests.fake_hub import SPACE, Hub

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hub(request):
    hub = Hub(**getattr(request, "param", {}))
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    yield hub
    hub.shutdown()
    hub.server_close()
    thread.join()


@pytest.fixture
def api(hub):
    return HfApi(endpoint=hub.url, token="hf_test")


def run(api, **options):
    return deploy.deploy(SPACE, api=api, smoke=lambda space, token: None, **options)


def test_the_space_gets_all_it_needs(hub, api):
    said = []
    url = run(api, hardware="cpu-basic", report=said.append)
    assert url.endswith(SPACE)
    assert hub.created["sdk"] == "gradio"
    assert hub.created["hardware"] == "cpu-basic"
    assert {"app.py", "README.md", "requirements.txt", "stylize/engine.py"} <= hub.files.keys()
    assert "stylize/studio/static/style.css" in hub.files
    assert "styles_library/starry-night.jpg" in hub.files
    assert not any("__pycache__" in path or "/training/" in path for path in hub.files)
    assert len(said) == 4


@pytest.mark.parametrize(
    ("hub", "message"),
    [
        ({"refuse": 401}, "hf auth login"),
        ({"refuse": 402}, "no plan"),
        ({"refuse": 403}, "may not write to someone"),
        ({"refuse": 409}, "already"),
        ({"refuse": 429}, "slow down"),
        ({"stage": "BUILD_ERROR"}, "no matching distribution"),
    ],
    indirect=["hub"],
)
def test_refusals_are_explained(hub, api, message):
    with pytest.raises(deploy.DeployError, match=message):
        run(api)


@pytest.mark.parametrize("hub", [{"stage": "BUILDING"}], indirect=True)
def test_waiting_has_an_end(hub, api):
    with pytest.raises(deploy.DeployError, match="BUILDING"):
        run(api, timeout_s=0)


@pytest.mark.parametrize("hub", [{"refuse": 401}], indirect=True)
def test_without_a_token_it_says_so(hub):
    with pytest.raises(deploy.DeployError, match="HF_TOKEN"):
        run(HfApi(endpoint=hub.url, token=False))


@pytest.mark.parametrize("name", ["studio", "a/b/c", "../x", "me/", "a b/c"])
def test_a_space_needs_a_proper_name(name):
    with pytest.raises(deploy.DeployError, match="USER/NAME"):
        deploy.deploy(name)


def test_a_space_that_does_not_answer_is_an_error(hub, api):
    def fails(space, token):
        raise deploy.DeployError("silent")

    with pytest.raises(deploy.DeployError, match="silent"):
        deploy.deploy(SPACE, api=api, smoke=fails)


def test_the_front_matter_is_complete():
    import gradio

    head = yaml.safe_load(deploy.front_matter().strip("-"))
    assert head["sdk"] == "gradio"
    assert head["sdk_version"] == gradio.__version__
    assert head["app_file"] == "app.py"
    assert head["license"] == "apache-2.0"
    assert len(head["short_description"]) <= 60


def test_requirements_are_those_of_pyproject():
    text = (ROOT / "requirements.txt").read_text("utf-8")
    assert text == deploy.requirements(ROOT / "pyproject.toml")
    assert "onnxruntime" in text
    assert not any(line.startswith("gradio") for line in text.splitlines())


def test_app_py_is_what_the_space_gets():
    assert (ROOT / "app.py").read_text("utf-8") == deploy.APP
