"""What the page promises: nothing leaves the machine, nothing is kept, nobody harms another."""

import json
import threading
import time
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import expect

from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import new_context, serve
from tests.studio.test_browser_kids import draw, paint

ROOT = Path(__file__).parents[2]


def until(condition, seconds=60):
    """Wait for a condition; returns whether it came true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.2)
    return False


@pytest.mark.parametrize("path", ["", "/kids"])
def test_no_request_leaves_the_machine(browser, url, path):
    context = new_context(browser)
    tab = context.new_page()
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    tab.goto(url + path)
    expect(tab.locator(".st-stage, .st-kids").first).to_be_visible()
    outside = [one for one in asked if not one.startswith((url, "data:", "blob:"))]
    context.close()
    assert asked
    assert outside == []


def test_no_history_of_runs_and_no_monitoring(url):
    assert httpx.get(f"{url}/gradio_api/runs").status_code == 404
    assert httpx.get(f"{url}/monitoring").status_code in (403, 404)
    assert httpx.get(f"{url}/gradio_api/monitoring/summary").status_code in (403, 404)


def test_files_are_gone_after_the_retention_time(engine, picture_file):
    """Both the upload and Gradio's own copy of a result: not served any more, not on the disk."""
    page, address = serve(engine, StudioSettings(retention_s=8))  # time enough to fetch them
    base = f"{address}/gradio_api"
    files = {"files": ("boat.png", picture_file.read_bytes(), "image/png")}
    uploaded = httpx.post(f"{base}/upload", files=files).json()[0]
    call = {"content": {"path": uploaded, "meta": {"_type": "gradio.FileData"}}, "style": "senecio"}
    event = httpx.post(f"{base}/call/v2/stylize", json=call).json()["event_id"]
    stream = httpx.get(f"{base}/call/stylize/{event}", timeout=60).text
    (made,) = json.loads(stream.split("data: ")[-1])
    assert httpx.get(made["url"]).content.startswith(b"\x89PNG")
    places = [Path(uploaded), Path(made["path"])]
    assert until(lambda: not any(place.exists() for place in places))
    for path in (uploaded, made["path"]):
        assert httpx.get(f"{base}/file={path}").status_code in (403, 404)
    page.close()


def held(page):
    """Everything that the server holds of visits in memory."""
    return [
        visit
        for visit in page.state_holder.session_data.values()
        if any(visit.state_data.values()) or "data:image/png" in str(visit.config_values)
    ]


def test_a_visit_is_forgotten_when_its_page_is_closed(browser):
    page, address = serve(fakes.FakeEngine(), StudioSettings(grace_s=0.5))
    context = new_context(browser)
    tab = context.new_page()
    tab.goto(f"{address}/kids")
    draw(tab)
    paint(tab)
    (visit,) = held(page)
    assert "data:image/png" not in str(visit.config_values)  # the drawing as it was sent
    tab.close()
    assert until(lambda: not held(page))
    context.close()
    page.close()


def test_a_picture_that_was_forgotten_comes_from_the_device_again(browser, picture_file):
    page, address = serve(fakes.FakeEngine())
    context = new_context(browser)
    tab = context.new_page()
    tab.goto(address)
    expect(tab.locator(".st-stage")).to_be_visible()
    tab.locator("#content-picture input[type=file]").set_input_files(picture_file)
    expect(tab.locator(".st-past")).to_have_count(2)
    for visit in page.state_holder.session_data.values():
        visit.state_data.clear()  # as Gradio does after the retention time
    tab.locator("#picker .st-pick", has_text="Senecio").click()
    expect(tab.locator(".st-past")).to_have_count(3)
    expect(tab.locator(".st-note")).to_contain_text("120")
    context.close()
    page.close()


def test_files_of_the_server_are_not_handed_out(url):
    for path in ("/etc/passwd", str(ROOT / "pyproject.toml"), "../../etc/passwd"):
        assert httpx.get(f"{url}/gradio_api/file={path}").status_code in (403, 404)


def test_an_upload_beyond_the_limit_is_refused(engine):
    page, address = serve(engine, StudioSettings(max_upload_mb=1, max_film_mb=1))
    files = {"files": ("big.png", b"\0" * 1_500_000, "image/png")}
    answer = httpx.post(f"{address}/gradio_api/upload", files=files)
    page.close()
    assert answer.status_code in (400, 413)


class FailingEngine(fakes.FakeEngine):
    """Breaks down over pictures of one size."""

    def stylize(self, content, style, **options):
        if content.size == (26, 34):
            raise RuntimeError("/secret/path of the server")
        return super().stylize(content, style, **options)


def test_a_crash_of_one_request_harms_no_other_and_tells_no_secrets(tmp_path, picture_file):
    page, address = serve(FailingEngine())
    bad = tmp_path / "bad.png"
    fakes.picture(1, (26, 34)).save(bad)
    client = Client(address, verbose=False)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the client makes of it
        client.predict(handle_file(bad), "senecio", api_name="/stylize")
    assert "/secret" not in str(caught.value)
    assert client.predict(handle_file(picture_file), "senecio", api_name="/stylize")
    page.close()


def test_a_full_queue_says_so(picture_file):
    gate = threading.Event()

    class SlowEngine(fakes.FakeEngine):
        def stylize(self, content, style, **options):
            gate.wait(60)
            return super().stylize(content, style, **options)

    page, address = serve(SlowEngine(), StudioSettings(queue_size=1, engine_jobs=1))
    client = Client(address, verbose=False)
    jobs = [
        client.submit(handle_file(picture_file), "senecio", api_name="/stylize") for _ in range(6)
    ]
    assert until(lambda: any(job.done() for job in jobs))
    refused = [job.exception() for job in jobs if job.done()]
    gate.set()
    assert any("full" in str(error).lower() for error in refused)
    page.close()
