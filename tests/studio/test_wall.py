"""The class wall: nobody's pictures are pushed out by another, and nothing lies on the disk."""

import io
import json
import zipfile
from functools import partial

import httpx
import pytest

from stylize.studio import StudioSettings
from stylize.studio.environment import run_folder
from stylize.studio.lock import CodeLock
from stylize.studio.settings import LimitError
from stylize.studio.wall import ClassWall
from tests import fakes
from tests.studio.conftest import serve

PICTURE = fakes.picture(1, (32, 24))


def names(data):
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def put(wall, devices):
    """Hand in a picture of each device; returns the keys."""
    return [wall.put(PICTURE, device) for device in devices]


def kept(wall, keys):
    return [key in wall._pictures for key in keys]


def test_a_child_deletes_its_own():
    wall = ClassWall()
    first, second, third = put(wall, ["tablet"] * 3)
    wall.forget([first, third, "unknown"])
    assert kept(wall, [first, second, third]) == [False, True, False]
    assert names(wall.zip()) == ["picture-01.png"]


def test_one_device_cannot_push_the_others_out():
    wall = ClassWall(most=120, most_of_one=40)
    children = put(wall, [f"tablet-{number}" for number in range(30)])
    flood = put(wall, ["attacker"] * 128)
    assert all(kept(wall, children))
    assert kept(wall, flood) == [False] * 88 + [True] * 40


def test_a_full_wall_takes_from_whoever_has_the_most():
    wall = ClassWall(most=6, most_of_one=5)
    a, b, *many = put(wall, "123333")
    late = put(wall, "4")
    assert kept(wall, [a, b, *many, *late]) == [True, True, False, True, True, True, True]
    late += put(wall, "444")
    assert kept(wall, [a, b, *many, *late]) == [
        True, True, False, False, True, True, False, False, True, True,
    ]  # fmt: skip


def test_where_everyone_has_one_a_full_wall_takes_no_more():
    wall = ClassWall(most=3)
    first, second, third = put(wall, "abc")
    with pytest.raises(LimitError, match="3 pictures already"):
        put(wall, "d")
    (again,) = put(wall, "c")  # in the place of its own
    assert kept(wall, [first, second, third, again]) == [True, True, False, True]


def test_tickets_end():
    now = [0.0]
    wall = ClassWall(clock=lambda: now[0])
    wall.put(PICTURE, "tablet")
    ticket = wall.ticket().split("/")[-2]
    assert len(ticket) >= 32

    def status(ticket):
        return wall._fetch(_request(ticket)).status_code

    assert [status(ticket), status("guess"), status("")] == [200, 404, 404]
    now[0] = 121
    assert status(ticket) == 404
    first, second = (wall.ticket().split("/")[-2] for _ in range(2))
    assert [status(first), status(second)] == [404, 200]
    wall.clear()
    assert status(second) == 404


def _request(ticket):
    from starlette.requests import Request

    return Request({"type": "http", "path_params": {"ticket": ticket}})


def ask(address, function, code):
    """Send a code as the teacher's page does; returns the answer."""
    body = {"data": [code], "fn_index": function, "session_hash": "teacher"}
    base = f"{address}/gradio_api/queue"
    httpx.post(f"{base}/join", json=body, timeout=60).raise_for_status()
    stream = httpx.get(f"{base}/data", params={"session_hash": "teacher"}, timeout=60).text
    messages = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    return next(one["output"] for one in messages if one["msg"] == "process_completed")


def test_the_zip_is_nowhere_on_the_disk_and_gone_after_delete_all(engine):
    settings = StudioSettings.for_classroom(class_wall=True)
    wall = ClassWall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stylize.studio.ClassWall", lambda: wall)
        page, address = serve(engine, settings)
    wall.put(PICTURE, "tablet")
    before = set(run_folder().rglob("*"))
    collect, wipe = (one._id for one in page.fns.values() if one.name in ("collect", "wipe"))

    assert "not the teacher's code" in ask(address, collect, "wrong")["error"]
    link = ask(address, collect, settings.teacher_code.upper())["data"][0].split('"')[3]
    answer = httpx.get(f"{address}/{link}")
    assert names(answer.content) == ["picture-01.png"]
    assert answer.headers["cache-control"] == "no-store"
    assert {path for path in run_folder().rglob("*") if path.suffix == ".zip"} <= before
    ask(address, wipe, settings.teacher_code)
    assert len(wall) == 0
    assert httpx.get(f"{address}/{link}").status_code == 404
    page.close()


def test_guessing_the_code_is_slowed_down_at_the_server(monkeypatch, engine):
    monkeypatch.setattr("stylize.studio.teacher.CodeLock", partial(CodeLock, clock=lambda: 0.0))
    settings = StudioSettings.for_classroom(class_wall=True)
    page, address = serve(engine, settings)
    (collect,) = (one._id for one in page.fns.values() if one.name == "collect")
    said = []
    for code in [*("guess",) * 7, settings.teacher_code]:
        said.append(ask(address, collect, code)["error"])
    page.close()
    assert all("not the teacher's code" in one for one in said[:5])
    assert all("Too many wrong codes" in one for one in said[5:])
