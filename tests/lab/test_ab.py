"""Blind comparisons: figures by hand, hidden sides, answers kept, a page for one computer."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from stylize.errors import ControlError, ImageError, StylizeError
from stylize.lab.ab import Comparison, Tally, sign_test, wilson
from stylize.lab.ab_page import Server
from stylize.lab.ab_pictures import (
    Shown,
    draw_pairs,
    fingerprints,
    finished_pairs,
    paint_pairs,
)
from tests.conftest import make_picture
from tests.fakes import FakeEngine

ABOUT = {"a": "old", "b": "new"}
NAMES = [f"pair-{index}" for index in range(20)]


def test_wilsons_interval_by_hand() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


def test_the_sign_test_by_hand() -> None:
    assert sign_test(5, 0) == sign_test(0, 5) == 2 / 32
    assert sign_test(9, 1) == pytest.approx(22 / 1024)
    assert sign_test(3, 3) == sign_test(0, 0) == 1


def test_equal_pairs_count_for_nobody() -> None:
    tally = Tally.of(["a", "a", "equal", "b", "equal", "a"])
    assert (tally.a, tally.b, tally.equal, tally.share) == (3, 1, 2, 0.75)
    assert Tally.of(["equal"]).share is None


def test_sides_and_order_come_from_the_seed_alone(tmp_path: Path) -> None:
    made = Comparison.open(tmp_path / "a.json", ABOUT, NAMES, 1)
    again = Comparison.open(tmp_path / "a.json", ABOUT, NAMES[::-1], 1)
    other = Comparison.open(tmp_path / "b.json", ABOUT, NAMES, 2)
    assert made.pairs == again.pairs != other.pairs
    sides = [made.on_the_left(index) for index in range(20)]
    assert sides == [again.on_the_left(index) for index in range(20)]
    assert {"a", "b"} == set(sides)
    assert all(made.behind(i, "left") != made.behind(i, "right") for i in range(20))


def test_answers_are_kept_at_once_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    made = Comparison.open(path, ABOUT, NAMES, 1)
    made.answer(0, "left")
    made.answer(1, "equal")
    assert json.loads(path.read_text())["result"]["equal"] == 1
    again = Comparison.open(path, ABOUT, NAMES, 1)
    assert again.next == 2
    assert again.answers == {made.pairs[0]: made.on_the_left(0), made.pairs[1]: "equal"}
    for changed in (({"a": "x", "b": "new"}, NAMES, 1), (ABOUT, NAMES[1:], 1), (ABOUT, NAMES, 2)):
        with pytest.raises(StylizeError, match="Choose another --out"):
            Comparison.open(path, *changed)
    path.write_text("[]")
    with pytest.raises(StylizeError, match="is no comparison"):
        Comparison.open(path, ABOUT, NAMES, 1)
    with pytest.raises(ValueError, match="no choice"):
        made.answer(20, "left")


def test_a_comparison_is_kept_before_the_first_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    assert Comparison.open(path, ABOUT, NAMES, 1).next == 0
    assert Comparison.open(path, ABOUT, NAMES, 1).answers == {}
    with pytest.raises(StylizeError, match="Choose another --out"):
        Comparison.open(path, ABOUT | {"b": "newer"}, NAMES, 1)


def test_an_answer_that_cannot_be_written_does_not_count(tmp_path: Path) -> None:
    made = Comparison.open(tmp_path / "answers.json", ABOUT, NAMES, 1)
    made.path = tmp_path / "none" / "answers.json"
    with pytest.raises(StylizeError, match="none"):
        made.answer(0, "left")
    assert (made.answers, made.next) == ({}, 0)


def test_fingerprints_tell_whether_a_picture_has_changed(tmp_path: Path) -> None:
    content, style = tmp_path / "c.png", tmp_path / "s.png"
    content.write_bytes(b"abc")
    style.write_bytes(b"")
    found = fingerprints({"c--s": (content, style)})
    assert [digest[:8] for digest in found["c--s"]] == ["ba7816bf", "e3b0c442"]
    style.unlink()
    with pytest.raises(ImageError, match=r"s\.png cannot be read"):
        fingerprints({"c--s": (content, style)})


@pytest.mark.parametrize(
    ("contents", "styles"),
    [
        (["photo.jpg", "photo.png"], ["s.png"]),
        (["c.png"], ["Wave.png", "wave.png"]),
        (["a--b.png", "a.png"], ["c.png", "b--c.png"]),
    ],
)
def test_pairs_of_one_name_are_refused(contents: list[str], styles: list[str]) -> None:
    with pytest.raises(ControlError, match=r"\+ .* and .* \+ .* would both be called"):
        draw_pairs([*map(Path, contents)], [*map(Path, styles)], 1, 1)


def test_finished_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("x.jpg", "x.png"):
        make_picture(32, 24).save(tmp_path / name)
    with pytest.raises(ControlError, match=r"x\.jpg and .*x\.png would both be called x"):
        finished_pairs(tmp_path, tmp_path)


def test_folders_are_paired_by_name(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, names in ((a, ("x.png", "y.png")), (b, ("x.jpg", "z.png"))):
        folder.mkdir()
        for name in names:
            make_picture(32, 24).save(folder / name)
    assert finished_pairs(a, b) == {"x": {"a": a / "x.png", "b": b / "x.jpg"}}
    (b / "x.jpg").unlink()
    with pytest.raises(ControlError, match="no pictures of the same name"):
        finished_pairs(a, b)
    with pytest.raises(ControlError, match="There is no folder"):
        finished_pairs(a, tmp_path / "none")


def test_two_models_paint_what_is_missing(tmp_path: Path) -> None:
    for name in ("c.png", "s.png"):
        make_picture(40, 32, seed=len(name)).save(tmp_path / name)
    drawn = draw_pairs([tmp_path / "c.png"], [tmp_path / "s.png"], 1, 1)
    engines = {"a": FakeEngine(), "b": FakeEngine(1)}
    shares: list[float] = []
    for _ in range(2):
        painted = paint_pairs(engines, drawn, tmp_path, max_side_px=32, progress=shares.append)
    assert shares == [0.5, 1, 0.5, 1]
    assert [len(engine.calls) for engine in engines.values()] == [1, 1]
    with Image.open(painted["c--s"]["b"]) as image:
        assert image.size == (32, 26)
    with pytest.raises(ControlError, match="make 1 pairs; 2 were asked for"):
        draw_pairs([tmp_path / "c.png"], [tmp_path / "s.png"], 2, 1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    files: dict[str, dict[str, Path]] = {}
    for index, name in enumerate(NAMES[:2]):
        files[name] = {}
        for who, seed in (("a", 2 * index), ("b", 2 * index + 1)):
            files[name][who] = tmp_path / f"{name}-{who}.png"
            make_picture(40, 32, seed=seed).save(files[name][who])
    comparison = Comparison.open(tmp_path / "answers.json", ABOUT, list(files), 1)
    with Server(comparison, Shown(files)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Server, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    data = None if body is None else json.dumps(body)
    given = {"Content-Type": "application/json"} if body is not None else {}
    connection.request("POST" if data else "GET", path, data, given | headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_the_page_shows_pairs_and_takes_answers(server: Server, tmp_path: Path) -> None:
    home = f"/{server.token}/"
    assert b"Which is better?" in ask(server, home)[1]
    assert json.loads(ask(server, home + "state")[1]) == {"next": 0, "answered": 0, "count": 2}
    for side in ("left", "right"):
        data = ask(server, f"{home}picture/0/{side}")[1]
        who = server.comparison.behind(0, side)
        with Image.open(tmp_path / f"{server.comparison.pairs[0]}-{who}.png") as image:
            assert Image.open(io.BytesIO(data)) == image
    first = ask(server, home + "answer", {"index": 0, "choice": "right"})
    assert json.loads(first[1]) == {"next": 1, "answered": 1, "count": 2}
    # A second answer to the same pair, as of a key that was pressed twice, is not one.
    ask(server, home + "answer", {"index": 0, "choice": "left"})
    assert server.comparison.answers[server.comparison.pairs[0]] == server.comparison.behind(
        0, "right"
    )
    last = ask(server, home + "answer", {"index": 1, "choice": "equal"})
    assert json.loads(last[1])["next"] is None


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/wrong/state", {}),
        ("/state", {}),
        ("/TOKEN/state", {"Host": "evil.example"}),
        ("/TOKEN/state", {"Origin": "http://evil.example"}),
        ("/TOKEN/picture/9/left", {}),
        ("/TOKEN/picture/0/middle", {}),
        ("/TOKEN/../answers.json", {}),
    ],
)
def test_nobody_else_is_let_in(server: Server, path: str, headers: dict[str, str]) -> None:
    assert ask(server, path.replace("TOKEN", server.token), **headers)[0] == 404


@pytest.mark.parametrize(
    "body", [[], {"index": 0}, {"index": "0", "choice": "left"}, {"index": 0, "choice": "a"},
             {"index": 0, "choice": "left", "more": "x" * 300}],
)  # fmt: skip
def test_answers_that_are_none_are_refused(server: Server, body: object) -> None:
    assert ask(server, f"/{server.token}/answer", body)[0] == 400
    assert server.comparison.answers == {}
    form = ask(server, f"/{server.token}/answer", {}, **{"Content-Type": "text/plain"})
    assert form[0] == 404


def test_what_goes_wrong_is_told_to_the_page(server: Server, tmp_path: Path) -> None:
    home = f"/{server.token}/"
    shown = f"{server.comparison.pairs[0]}-{server.comparison.behind(0, 'left')}.png"
    (tmp_path / shown).unlink()
    status, text = ask(server, home + "picture/0/left")
    assert (status, shown in text.decode()) == (500, True)
    server.comparison.path = tmp_path / "none" / "answers.json"
    status, text = ask(server, home + "answer", {"index": 0, "choice": "left"})
    assert (status, "none" in text.decode()) == (500, True)
    assert json.loads(ask(server, home + "state")[1]) == {"next": 0, "answered": 0, "count": 2}


def test_a_port_that_is_in_use_is_named(server: Server) -> None:
    with pytest.raises(ControlError, match=f"Port {server.server_port} cannot be used"):
        Server(server.comparison, server.pictures, port=server.server_port)
