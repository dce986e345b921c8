"""Health, metrics, a graceful end, and a studio that lets another one paint."""

import json
import threading
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from stylize.controls import Controls
from stylize.errors import StyleVectorError, StylizeError, WorkerError
from stylize.regions import Region
from stylize.studio import serving
from stylize.studio.full_size import Stopped
from stylize.studio.health import Health, Metrics
from stylize.studio.remote_engine import RemoteEngine
from stylize.styles import StyleVector
from tests import fakes
from tests.studio.conftest import serve


@pytest.fixture
def gated():
    engine = fakes.GatedEngine()
    page, address = serve(engine, metrics=True)
    yield engine, page, address
    engine.gate.set()
    page.close()


def test_health_names_versions_and_no_visitor(url, engine):
    answer = httpx.get(f"{url}/healthz")
    assert answer.status_code == 200
    about = answer.json()
    assert about["status"] == "ok"
    assert about["encoder_sha256"] == engine.encoder_sha256
    assert set(about) == {"status", "version", "precision", "model_sha256", "encoder_sha256"}
    health = Health(engine)
    health.end()
    ending = health._answer(None)
    assert (ending.status_code, json.loads(ending.body)["status"]) == (503, "ending")


def test_metrics_count_pictures_and_are_there_when_asked_for(url, gated, picture_file):
    assert httpx.get(f"{url}/metrics").status_code == 404
    pytest.importorskip("prometheus_client")
    engine, _, address = gated
    client = Client(address, verbose=False)
    client.predict(handle_file(picture_file), "senecio", api_name="/stylize")
    text = httpx.get(f"{address}/metrics").text
    assert 'stylize_paint_seconds_count{outcome="painted"} 1.0' in text
    assert "stylize_requests_waiting 0.0" in text
    assert "process_resident_memory_bytes" in text
    assert "senecio" not in text
    assert "boat" not in text
    assert engine.entered == 1


def test_metrics_tell_what_visitors_stop_from_what_fails():
    pytest.importorskip("prometheus_client")
    engine = fakes.FakeEngine()
    metrics = Metrics(engine)

    def stop(share):
        raise Stopped

    style = engine.encode_style(fakes.picture(3))
    with pytest.raises(Stopped):
        metrics.engine.stylize(fakes.picture(1), style, progress=stop)
    with pytest.raises(AttributeError):
        metrics.engine.stylize(None, style)
    text = metrics._answer(None).body.decode()
    assert 'stylize_paint_seconds_count{outcome="stopped"} 1.0' in text
    assert 'stylize_paint_seconds_count{outcome="failed"} 1.0' in text


def test_metrics_tell_only_what_a_pool_knows():
    pytest.importorskip("prometheus_client")
    engine = fakes.FakeEngine()
    engine.pool = SimpleNamespace(size=2, restarts=3)
    text = Metrics(engine)._answer(None).body.decode()
    assert "stylize_workers 2.0" in text
    assert "stylize_worker_restarts_total 3.0" in text
    engine.pool = SimpleNamespace(size=2)  # of Ray
    assert "stylize_worker_restarts" not in Metrics(engine)._answer(None).body.decode()


def test_the_end_waits_for_what_was_asked_for(gated, picture_file, monkeypatch):
    monkeypatch.setattr(serving, "_FETCH_S", 0.3)
    engine, page, address = gated
    engine.gate.clear()
    client = Client(address, verbose=False)
    jobs = [
        client.submit(handle_file(picture_file), "senecio", api_name="/stylize") for _ in range(3)
    ]
    while engine.entered < 2 or len(serving.waiting_events(page)) < 1:
        threading.Event().wait(0.02)
    ending = threading.Thread(target=serving.finish, args=(page, 60))
    ending.start()
    with pytest.raises(Exception, match="Queue is full"):
        Client(address, verbose=False).predict(
            handle_file(picture_file), "senecio", api_name="/stylize"
        )
    assert ending.is_alive()
    engine.gate.set()
    for job in jobs:
        with Image.open(job.result(60)) as image:
            assert image.size == (120, 80)
    ending.join(60)
    assert not ending.is_alive()


def test_the_end_does_not_wait_for_ever(gated, picture_file, caplog):
    engine, page, address = gated
    engine.gate.clear()
    client = Client(address, verbose=False)
    client.submit(handle_file(picture_file), "senecio", api_name="/stylize")
    while engine.entered < 1:
        threading.Event().wait(0.02)
    serving.finish(page, 0)
    assert "Not everything was finished within 0 s" in caplog.text


def test_another_studio_paints_the_same(url, engine):
    remote = RemoteEngine(url)
    picture = fakes.picture(3)
    style = remote.encode_style(picture)
    assert style == engine.encode_style(picture)
    assert remote.model_sha256 == engine.model_sha256
    content = fakes.picture(4, (60, 40)).convert("RGBA")
    content.putalpha(Image.linear_gradient("L").resize((60, 40)))
    other = engine.encode_style(fakes.picture(5))
    options = {
        "controls": Controls(strength=0.7, color=0.5),
        "max_side_px": 50,
        "regions": [
            Region(Image.radial_gradient("L"), other, 3.0),
            Region(Image.linear_gradient("L"), None),
        ],
    }
    shares = []
    painted = remote.stylize(content, style, progress=shares.append, **options)
    assert painted.tobytes() == engine.stylize(content, style, **options).tobytes()
    assert shares == [0.0, 1.0]
    call = engine.calls[-2]
    assert call.controls == options["controls"]
    assert [region.feather_px for region in call.regions] == [3.0, 8.0]
    remote.close()


def test_another_studio_says_what_is_wrong(url, engine):
    remote = RemoteEngine(url)
    style = engine.encode_style(fakes.picture(3))
    regions = [Region(Image.new("L", (16, 16)), None)] * 7
    with pytest.raises(StylizeError, match="up to 6 regions; got 7"):
        remote.stylize(fakes.picture(1), style, regions=regions)
    remote.close()


def test_vectors_of_another_encoder_are_refused(url, engine, monkeypatch):
    remote = RemoteEngine(url)
    style = engine.encode_style(fakes.picture(3))
    stale = StyleVector(style.values, "f" * 64)
    before = len(engine.calls)
    with pytest.raises(StyleVectorError, match="another style encoder"):
        remote.stylize(fakes.picture(1), stale)
    with pytest.raises(StyleVectorError, match="another style encoder"):
        remote.stylize(fakes.picture(1), style, regions=[Region(Image.new("L", (9, 9)), stale)])
    remote.encoder_sha256 = "f" * 64  # as if the other was started anew with another model
    with pytest.raises(StylizeError, match="another style encoder"):
        remote.stylize(fakes.picture(1), stale)
    with pytest.raises(WorkerError) as caught:
        remote.encode_style(fakes.picture(3))
    assert caught.value.message.code == "engine_changed"
    assert len(engine.calls) == before
    remote.close()


@pytest.mark.parametrize(
    ("status", "answer", "code", "told"),
    [
        (413, {"text": "9 bytes are the limit"}, "engine_too_large", "9 bytes are the limit"),
        (403, {"text": "stylize studio --allow-host"}, "engine_refuses", "--allow-host"),
        (503, {"json": {"detail": "Queue is full."}}, "engine_busy", "Queue is full"),
        (400, {"html": "<p>"}, "engine_refuses", "400 Bad Request"),
        (404, {"text": "gone"}, "engine_away", "cannot be reached"),
        (502, {"html": "<p>"}, "engine_away", "cannot be reached"),
    ],
)
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/call/encode_style/1"])
def test_refusals_are_told_and_not_repeated(url, path, status, answer, code, told):
    asked = []

    def handle(request):
        asked.append(request.url.path)
        if request.url.path == path:
            return httpx.Response(status, **answer)
        is_upload = request.url.path.endswith("upload")
        return httpx.Response(200, json=["a.png"] if is_upload else {"event_id": "1"})

    remote = RemoteEngine(url)
    remote._client.close()
    transport = httpx.MockTransport(handle)
    remote._client = httpx.Client(base_url="http://painter", transport=transport)
    with pytest.raises(WorkerError, match=told) as caught:
        remote.encode_style(fakes.picture(3))
    assert caught.value.message.code == code
    assert asked.count(path) == (2 if code == "engine_away" else 1)
    remote.close()


def test_a_studio_that_does_not_know_its_name_tells_the_remedy(monkeypatch):
    refuse = httpx.MockTransport(lambda _: httpx.Response(403, text="Not served as 'painter'."))
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=refuse))
    with pytest.raises(WorkerError, match=r"Not served as 'painter'.*--allow-host painter, or"):
        RemoteEngine("http://painter:7860")


def test_a_studio_that_is_gone_or_none(url, monkeypatch):
    with pytest.raises(WorkerError, match=r"No studio answers at http://127.0.0.1:1 within 10 s"):
        RemoteEngine("http://127.0.0.1:1")
    with pytest.raises(WorkerError, match="No studio answers at nowhere"):
        RemoteEngine("nowhere")
    remote = RemoteEngine(url)
    remote._client.base_url = "http://127.0.0.1:1"
    with pytest.raises(WorkerError, match="cannot be reached") as caught:
        remote.encode_style(fakes.picture(3))
    assert caught.value.message.code == "engine_away"
    remote.close()
