"""What tablets that paint themselves hand in: bounded, and never on the event loop."""

import asyncio
import io
import threading

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from stylize.studio import StudioSettings
from stylize.studio.device import _wall_routes, device_routes
from stylize.studio.environment import run_folder
from stylize.studio.wall import MAX_SIDE_PX, ClassWall
from tests import fakes


def png(size):
    buffer = io.BytesIO()
    fakes.picture(1, size).save(buffer, "PNG")
    return buffer.getvalue()


def tablet(wall, **settings):
    routes = _wall_routes(StudioSettings(**settings), wall)
    return TestClient(Starlette(routes=routes))


def test_a_larger_picture_is_kept_smaller():
    wall = ClassWall()
    key = tablet(wall).post("/device/wall", content=png((1500, 600))).json()["key"]
    with Image.open(io.BytesIO(wall.get(key).png)) as kept:
        assert kept.size == (MAX_SIDE_PX, round(600 * MAX_SIDE_PX / 1500))


def test_a_device_hands_in_so_many_a_minute():
    wall = ClassWall()
    device = tablet(wall, jobs_per_minute=2)
    codes = [device.post("/device/wall", content=png((32, 24))).status_code for _ in range(3)]
    assert codes == [200, 200, 400]
    assert len(wall) == 2


def test_nothing_is_written_before_it_is_asked_for(tmp_path, monkeypatch):
    asked = []

    def write(folder, *_, **__):
        asked.append(folder)
        (folder / "engine.js").write_text("engine")

    monkeypatch.setattr("stylize.studio.device.built_site", lambda: tmp_path)
    monkeypatch.setattr("stylize.studio.device.write_site", write)
    library = fakes.small_library(fakes.FakeEngine())
    first, second = (
        TestClient(Starlette(routes=device_routes(None, library, StudioSettings(), None)))
        for _ in range(2)
    )
    assert asked == []
    assert [first.get("/device/engine.js").text for _ in range(2)] == ["engine"] * 2
    assert len(asked) == 1
    assert second.get("/device/engine.js").text == "engine"
    assert len(set(asked)) == 2  # two studios of one program do not share a folder
    assert all(folder.is_relative_to(run_folder()) for folder in asked)


@pytest.fixture
def hand_in():
    wall = ClassWall()
    route = _wall_routes(StudioSettings(), wall)[0]

    def sent(message):
        async def receive():
            return message

        scope = {
            "type": "http", "method": "POST", "path": "/device/wall", "headers": [],
            "client": ("tablet", 1),
        }  # fmt: skip
        return asyncio.run(route.endpoint(Request(scope, receive)))

    sent.wall = wall
    return sent


def test_the_event_loop_is_left_alone(hand_in, monkeypatch):
    threads = []
    put = hand_in.wall.put
    monkeypatch.setattr(
        hand_in.wall, "put", lambda *given: threads.append(threading.get_ident()) or put(*given)
    )
    answer = hand_in({"type": "http.request", "body": png((32, 24))})
    assert answer.status_code == 200
    assert threads
    assert threading.get_ident() not in threads


def test_a_tablet_that_leaves_hands_in_nothing(hand_in):
    assert hand_in({"type": "http.disconnect"}).status_code == 413
    assert len(hand_in.wall) == 0
