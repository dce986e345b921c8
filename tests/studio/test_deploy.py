"""Deploying, against a small server with the face of the Hub."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from stylize.studio import deploy

ROOT = Path(__file__).parents[2]
SPACE = "someone/studio"


class Hub(ThreadingHTTPServer):
    """Answers as the Hub does to what a deployment asks; remembers what it was sent."""

    def __init__(self, *, refuse=None, stage="RUNNING"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse, self.stage = refuse, stage
        self.created, self.files = None, {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, data, status=200, kind="application/json"):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status >= 400:
            self.send_header("X-Error-Message", data.get("error", ""))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_POST(self):
        hub, body = self.server, self.body()
        if self.path == "/api/repos/create":
            if hub.refuse:
                return self.answer({"error": "refused by the test"}, hub.refuse)
            hub.created = json.loads(body)
            return self.answer({"url": f"{hub.url}/spaces/{SPACE}", "name": SPACE})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            wanted = json.loads(body)["files"]
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for f in wanted]  # fmt: skip
            return self.answer({"files": files})
        if "/commit/" in self.path:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    hub.files[entry["value"]["path"]] = entry["value"]["content"]
            return self.answer(
                {"commitOid": "a" * 40, "commitUrl": f"{hub.url}/spaces/{SPACE}/commit/abc"}
            )
        return self.answer({"error": f"unknown {self.path}"}, 404)

    def do_GET(self):
        hub = self.server
        if self.path.endswith("/runtime"):
            runtime = {"stage": hub.stage, "hardware": {"current": "cpu-basic"}}
            return self.answer(runtime)
        if "/logs/" in self.path:
            line = json.dumps(
                {"data": "no matching distribution\n", "timestamp": "2026-01-01T00:00:00.000Z"}
            )
            return self.answer(f"data: {line}\n\n".encode(), kind="text/event-stream")
        if (
            "/tree/" in self.path
            or "/revision/" in self.path
            or self.path.startswith("/api/spaces")
        ):
            info = {"id": SPACE, "_id": "1", "sha": "b" * 40, "siblings": [], "private": False}
            return self.answer([] if "/tree/" in self.path else info)
        return self.answer({"error": f"unknown {self.path}"}, 404)


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
