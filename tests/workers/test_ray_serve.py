"""A painting service: what a replica answers, and one on a real Ray of this computer."""

import asyncio
import json
import signal
import socket
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.errors import StylizeError, WorkerError
from stylize.regions import Region
from stylize.studio.remote_engine import RemoteEngine
from stylize.workers import ray_serve
from stylize.workers.ray_serve import PaintService, serving
from tests import fakes
from tests.workers import tasks

pytest.importorskip("starlette")


@pytest.fixture
def remote(monkeypatch):
    """A remote engine in front of a replica in this process."""
    service = PaintService(fakes.FakeEngine)

    def answer(request: httpx.Request) -> httpx.Response:
        async def body():
            return request.content

        asked = SimpleNamespace(
            url=SimpleNamespace(path=request.url.path),
            method=request.method,
            headers=request.headers,
            body=body,
        )
        found = asyncio.run(service(asked))
        return httpx.Response(found.status_code, content=found.body, headers=dict(found.headers))

    monkeypatch.setattr(
        httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(answer))
    )
    remote = RemoteEngine("http://painter:7860")
    yield remote
    remote.close()


def check_painting(remote, engine):
    picture = fakes.picture(3)
    style = remote.encode_style(picture)
    assert style == engine.encode_style(picture)
    content = fakes.picture(4, (60, 40)).convert("RGBA")
    content.putalpha(Image.linear_gradient("L").resize((60, 40)))
    options = {
        "controls": Controls(strength=0.7, color=0.5),
        "max_side_px": 50,
        "regions": [
            Region(Image.radial_gradient("L"), engine.encode_style(fakes.picture(5)), 3.0),
            Region(Image.linear_gradient("L"), None),
        ],
    }
    painted = remote.stylize(content, style, **options)
    assert painted.tobytes() == engine.stylize(content, style, **options).tobytes()


def test_a_replica_paints_what_an_engine_paints(remote):
    engine = fakes.FakeEngine()
    assert remote.encoder_sha256 == engine.encoder_sha256
    check_painting(remote, engine)


def test_a_replica_says_what_is_wrong(remote):
    style = fakes.FakeEngine().encode_style(fakes.picture(3))
    regions = [Region(Image.new("L", (16, 16)), None)] * 7
    with pytest.raises(StylizeError, match="up to 6 regions; got 7"):
        remote.stylize(fakes.picture(1), style, regions=regions)
    for question in (b"no json", b"[]", b"{}", json.dumps({"picture": 7}).encode()):
        answer = remote._client.post("/encode_style", content=question)
        assert answer.status_code == 422
        assert "cannot be read" in answer.json()["error"]


def test_what_a_replica_does_not_take(remote, monkeypatch):
    for path, code in (("/", 404), ("/encode_style", 404), ("/no", 404)):
        assert remote._client.get(path).status_code == code
    monkeypatch.setattr(ray_serve, "_MOST_BYTES", 10)
    with pytest.raises(WorkerError, match="are the most"):
        remote.encode_style(fakes.picture(3))


def test_replicas_on_ray():
    pytest.importorskip("ray.serve")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    before = signal.getsignal(signal.SIGTERM)
    with serving(tasks.start, "auto", replicas=2, port=port) as count:
        assert count == 2
        assert signal.getsignal(signal.SIGTERM) is before
        remote = RemoteEngine(f"http://127.0.0.1:{port}")
        check_painting(remote, fakes.FakeEngine())
        remote.close()
    with pytest.raises(WorkerError, match="No studio answers"):
        RemoteEngine(f"http://127.0.0.1:{port}")
    with (
        pytest.raises(WorkerError, match="too few for 999 replicas"),
        serving(tasks.start, "auto", replicas=999),
    ):
        pass
