"""The class wall: nobody's pictures are pushed out by another, and nothing lies on the disk."""

import io
import json
import zipfile
from functools import partial

import httpx
import pytest
from PIL import Image

from stylize.studio import StudioSettings
from stylize.studio.environment import run_folder
from stylize.studio.lock import CodeLock
from stylize.studio.settings import LimitError
from stylize.studio.wall import ClassWall
from stylize.studio.wall_routes import PASS, PREFIX, Passes
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
    assert names(wall.zip()) == ["picture-02.png"]


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


def test_numbers_are_never_given_twice():
    wall = ClassWall()
    first, second = put(wall, "ab")
    wall.forget([first])
    (third,) = put(wall, "c")
    assert wall.numbers() == {second: 2, third: 3}
    assert names(wall.zip()) == ["picture-02.png", "picture-03.png"]


def test_passes_end():
    now = [0.0]
    passes = Passes(clock=lambda: now[0])
    first = passes.issue()
    assert len(first) >= 32
    assert [passes.holds(one) for one in (first, "guess", "")] == [True, False, False]
    now[0] = 3000
    assert passes.holds(first)  # used, so it goes on
    now[0] = 6000
    assert passes.holds(first)
    now[0] = 9601
    assert not passes.holds(first)
    assert not passes.holds(first)


def test_of_too_many_passes_the_one_unused_for_longest_ends():
    now = [0.0]
    passes = Passes(clock=lambda: now[0])
    issued = [passes.issue() for _ in range(16)]
    now[0] = 1
    assert all(passes.holds(one) for one in issued[1:])
    issued.append(passes.issue())
    assert [passes.holds(one) for one in issued] == [False] + [True] * 16


@pytest.fixture(scope="module")
def classroom(engine):
    settings = StudioSettings.for_classroom(class_wall=True)
    wall = ClassWall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stylize.studio.ClassWall", lambda: wall)
        patch.setattr("stylize.studio.CodeLock", partial(CodeLock, clock=lambda: 0.0))
        page, address = serve(engine, settings)
    yield address + PREFIX, settings.teacher_code, wall
    page.close()


def test_the_teacher_sees_the_wall_and_takes_from_it(classroom):
    url, code, wall = classroom
    before = set(run_folder().rglob("*"))
    assert httpx.post(url, json={"code": "wrong"}).status_code == 403
    answer = httpx.post(url, json={"code": code.upper().replace("-", " ")}).json()
    shown = {PASS: answer["pass"]}
    first, second = put(wall, "ab")
    listed = httpx.get(url, headers=shown)
    assert listed.json() == [{"key": first, "number": 1}, {"key": second, "number": 2}]
    assert listed.headers["cache-control"] == "no-store"
    for query, kind, size in (("", "png", (32, 24)), ("?small", "webp", (32, 24))):
        picture = httpx.get(f"{url}/{first}{query}", headers=shown)
        assert picture.headers["content-type"] == f"image/{kind}"
        assert Image.open(io.BytesIO(picture.content)).size == size
    archive = httpx.get(f"{url}/class.zip", headers=shown)
    assert names(archive.content) == ["picture-01.png", "picture-02.png"]
    assert httpx.delete(f"{url}/{first}", headers=shown).status_code == 204
    assert httpx.get(f"{url}/{first}", headers=shown).status_code == 404
    assert list(wall.numbers()) == [second]
    assert httpx.delete(url, headers=shown).json() == []
    assert len(wall) == 0
    after = {path for path in run_folder().rglob("*") if path.suffix in (".zip", ".png")}
    assert after <= before  # nothing of it was on the disk


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("GET", "/class.zip"), ("GET", "/{key}"), ("DELETE", "/{key}")],
)
def test_without_a_pass_there_is_nothing(classroom, method, path):
    url, _, wall = classroom
    (key,) = put(wall, "a")
    for headers in ({}, {PASS: "guess"}):
        answer = httpx.request(method, url + path.format(key=key), headers=headers)
        assert answer.status_code == 403
    assert len(wall) == 1
    wall.clear()


def test_other_websites_cannot_delete(classroom):
    url, code, wall = classroom
    shown = {PASS: httpx.post(url, json={"code": code}).json()["pass"]}
    put(wall, "a")
    headers = shown | {"Origin": "https://evil.example"}
    assert httpx.delete(url, headers=headers).status_code == 403
    assert len(wall) == 1
    wall.clear()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"no": 1}', b"\xff", b'{"code": {}}', b"[" * 3000, b"[" * 1_000_000],
    ids=lambda body: body[:12],
)
def test_what_is_no_code_is_refused(classroom, body):
    assert httpx.post(classroom[0], content=body).status_code in (400, 403)


def test_a_long_request_holds_no_code_though_it_does_not_tell_its_length(classroom):
    url, code, _ = classroom
    body = json.dumps({"code": code, "more": "x" * 5000}).encode()
    assert httpx.post(url, content=iter([body])).status_code == 400
    assert httpx.post(url, content=body).status_code == 400


def test_guessing_the_code_is_slowed_down_at_the_server(classroom):
    url, code, _ = classroom
    said = [
        httpx.post(url, json={"code": one}, headers={"X-Studio-Language": "de"}).json()["error"]
        for one in [*("guess",) * 8, code]
    ]
    assert "nicht der Code der Lehrkraft" in said[0]
    assert "zu viele falsche Codes" in said[-1]
