"""The Film tab: by its callbacks, and in a real browser."""

import itertools
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from stylize.errors import StyleNotFoundError, VideoError
from stylize.studio import StudioSettings, launch
from stylize.studio.api import Api
from stylize.studio.film import FilmActions, films_are_possible
from stylize.studio.gallery import Gallery
from stylize.studio.look import Look
from stylize.studio.painter import Painter
from stylize.studio.settings import LimitError
from stylize.studio.visit import Visit
from tests import fakes

pytest.importorskip("av")
pytest.importorskip("cv2")

from stylize.video.film_recipe import read_film_recipe
from tests.video.conftest import RATE, make_film, moving_square

__all__ = ["make_film"]  # a fixture

FROM_NOTHING = {"points": {"strength": [[0, 0.0]]}}
REQUEST = SimpleNamespace(session_hash="visit", headers={})
LOOK = (Visit(), {"senecio": 1.0}, Look({}).control_values())


def make_act(engine, **settings):
    library = fakes.small_library(engine)
    return FilmActions(
        Painter(engine, library, StudioSettings(**settings), lambda: library, Gallery(library))
    )


@pytest.fixture
def act(tiny_engine):
    return make_act(tiny_engine)


@pytest.fixture
def film(make_film):
    return str(make_film("boat.mp4", moving_square(12)))


def frames_of(path):
    from stylize.video.reading import open_film

    with open_film(path) as opened:
        return [frame.pixels for frame in opened]


def test_five_frames_show_what_the_film_will_look_like(act, film):
    painted = act.frames(REQUEST, film, None, *LOOK)
    assert len(painted) == 5
    assert {Image.open(item["file"]["path"]).size for item in painted} == {(96, 64)}


def test_the_film_is_painted_with_the_look_and_can_be_had(act, film):
    steps = list(act.paint_film(REQUEST, film, None, 0.8, 64, *LOOK))
    told = [state["at"] for _, state, *_ in steps]
    assert told == [*range(12), None]
    shown, state, start, stop = steps[-1]
    assert state == {
        "name": "boat.mp4", "at": None, "done": 12, "total": 12, "stopped": False, "failed": []
    }  # fmt: skip
    assert start.interactive
    assert not stop.interactive
    assert shown["before"]["path"] == film
    assert shown["after"]["orig_name"] == "boat-senecio.mp4"
    painted = frames_of(shown["after"]["path"])
    assert len(painted) == 12
    assert painted[0].shape == (42, 64, 3)


def test_a_film_that_is_stopped_keeps_what_is_done(act, make_film, monkeypatch):
    film = str(make_film("long.mp4", moving_square(60)))
    painted, is_stopped = itertools.count(1), threading.Event()
    paint = act.painter.engine.stylize

    def wait_and_paint(*arguments, **options):
        assert next(painted) < 10 or is_stopped.wait(60)  # else all might be done before
        return paint(*arguments, **options)

    monkeypatch.setattr(act.painter.engine, "stylize", wait_and_paint)
    steps = act.paint_film(REQUEST, film, None, 0.0, 360, *LOOK)
    next(steps)
    act.stop(REQUEST)
    is_stopped.set()
    shown, state, *_ = list(steps)[-1]
    assert state["stopped"]
    assert 0 < state["done"] < 60
    assert len(frames_of(shown["after"]["path"])) == state["done"]
    assert list(act.paint_film(REQUEST, film, None, 0.0, 360, *LOOK))[-1][1]["done"] == 60


def test_a_visit_has_one_film_at_a_time(act, film):
    steps = act.paint_film(REQUEST, film, None, 0.8, 640, *LOOK)
    next(steps)
    with pytest.raises(gr.Error, match="being painted already") as error:
        next(act.paint_film(REQUEST, film, None, 0.8, 640, *LOOK))
    assert isinstance(error.value.__cause__, LimitError)
    steps.close()


def test_strangers_get_the_beginning_of_a_long_film(tiny_engine, film, monkeypatch):
    told = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: told.append(text))
    act = make_act(tiny_engine, max_film_s=4 / RATE, max_film_px=48)
    shown, state, *_ = list(act.paint_film(REQUEST, film, None, 0.8, 1920, *LOOK))[-1]
    assert state["done"] == 4
    assert frames_of(shown["after"]["path"])[0].shape[1] == 48
    assert told == ["Only the first 0.166667 s are painted here. The whole film: `stylize video` on the command line."]  # fmt: skip # noqa: E501


def test_a_film_that_hides_its_length_is_cut_too(tiny_engine, film, monkeypatch):
    monkeypatch.setattr("stylize.studio.film_job.length_s", lambda _: 0.0)
    act = make_act(tiny_engine, max_film_s=4 / RATE)
    _, state, *_ = list(act.paint_film(REQUEST, film, None, 0.8, 640, *LOOK))[-1]
    assert state["done"] == 4


@pytest.mark.parametrize(
    ("name", "content", "message", "kind"),
    [
        (None, None, "Choose a film first", VideoError),
        ("gone.mp4", None, "has deleted it", VideoError),
        ("large.mp4", b"x" * 2_000_000, "2 MB; 1 MB are the limit", VideoError),
        ("text.mp4", b"no film", "cannot be read", VideoError),
    ],
)
def test_what_is_no_film_is_explained(tiny_engine, tmp_path, name, content, message, kind):
    act = make_act(tiny_engine, max_film_mb=1)
    path = tmp_path / name if name else None
    if content is not None:
        path.write_bytes(content)
    for begin in (
        lambda: act.frames(REQUEST, path and str(path), None, *LOOK),
        lambda: next(act.paint_film(REQUEST, path and str(path), None, 0.8, 640, *LOOK)),
    ):
        with pytest.raises(gr.Error, match=message) as error:
            begin()
        assert isinstance(error.value.__cause__, kind)


def test_a_film_that_was_chosen_gets_a_curve_of_its_length(act, film):
    assert act.begin(film) == {"length_s": 12 / RATE, "points": {}}
    assert act.begin(None) is None


def test_five_frames_are_of_what_is_painted(tiny_engine, film):
    act = make_act(tiny_engine, max_film_s=5 / RATE)
    for item, frame in zip(
        act.frames(REQUEST, film, FROM_NOTHING, *LOOK), frames_of(film), strict=False
    ):
        assert np.array_equal(np.asarray(Image.open(item["file"]["path"])), frame)


def test_a_curve_changes_the_frames_and_is_in_the_recipe(act, film):
    curve = {"length_s": 0.5, "points": {"strength": [[0.4, 1.0], [0.1, 0.0]]}}
    plain, changed = (
        [
            np.asarray(Image.open(item["file"]["path"]))
            for item in act.frames(REQUEST, film, drawn, *LOOK)
        ]
        for drawn in (None, curve)
    )
    assert np.array_equal(changed[0], frames_of(film)[0])  # strength 0 until 0.1 s
    assert np.array_equal(changed[-1], plain[-1])
    assert not np.array_equal(changed[2], plain[2])
    shown, *_ = list(act.paint_film(REQUEST, film, curve, 0.0, 64, *LOOK))[-1]
    points = read_film_recipe(Path(shown["after"]["path"])).points
    assert [(point.time_s, dict(point.controls)) for point in points] == [
        (0.4, {"strength": 1.0}),
        (0.1, {"strength": 0.0}),
    ]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([1], "cannot be read"),
        ({"strength": 1}, "cannot be read"),
        ({"strength": [[1]]}, "cannot be read"),
        ({"strength": [["soon", 1]]}, "cannot be read"),
        ({"strength": [[0, 7]]}, "strength must be"),
        ({"strength": [[0, 1]] * 21}, "cannot be read"),
        ({"courage": [[0, 1]]}, "cannot be read"),
        ({"style": [[0, "senecio"]]}, "cannot be read"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(act, film, points, message):
    with pytest.raises(gr.Error, match=message):
        act.frames(REQUEST, film, {"points": points}, *LOOK)


def test_a_film_needs_a_style(act, film):
    with pytest.raises(gr.Error) as error:
        act.frames(REQUEST, film, None, Visit(), {}, LOOK[2])
    assert isinstance(error.value.__cause__, StyleNotFoundError)


def test_without_its_extra_there_is_no_tab(monkeypatch):
    assert films_are_possible(fakes.FakeEngine())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "av" else object())
    assert not films_are_possible(fakes.FakeEngine())


def test_a_program_gets_a_painted_film(act, film):
    made = Api(act.painter).stylize_film({"path": film}, "senecio", 0.7, 0.5, 48)
    assert made.orig_name == "boat-senecio.mp4"
    painted = frames_of(made.path)
    assert len(painted) == 12
    assert painted[0].shape[1] == 48


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"film": None}, "no such upload"),
        ({"style": "unheard-of"}, "unheard-of"),
        ({"stability": 2}, "stability must be from 0 to 1"),
        ({"stability": "calm"}, "stability must be a number"),
        ({"stability": float("nan")}, "stability must be from 0 to 1"),
        ({"max_side_px": "large"}, "max_side_px must be a number"),
        ({"strength": 3}, "strength"),
    ],
)
def test_what_a_program_cannot_ask_for_is_explained(act, film, changed, message):
    with pytest.raises(gr.Error, match=message):
        Api(act.painter).stylize_film(**({"film": {"path": film}, "style": "senecio"} | changed))


def draw_curve(tab, expect):
    """Set two points of the strength, by a click and by the keyboard, and take a third away."""
    tab.get_by_text("Change over time").click()
    field = tab.locator(".st-curve-field")
    box = field.bounding_box()
    for x, y in ((0.1, 0.5), (0.6, 0.5), (0.9, 0.02)):
        field.click(position={"x": x * box["width"], "y": y * box["height"]})
    points = field.locator("button")
    expect(points).to_have_count(3)
    points.nth(1).press("Delete")
    expect(points).to_have_count(2)
    for _ in range(30):
        points.nth(0).press("ArrowDown")
    expect(points.nth(0)).to_have_attribute("aria-label", re.compile(r"^Strength at .* s: 0$"))


def test_a_film_in_the_browser(tiny_engine, browser, make_film):
    from playwright.sync_api import expect

    film = make_film("boat.webm", moving_square(8), codec="libvpx-vp9")
    library = fakes.small_library(tiny_engine)
    page = launch(tiny_engine, library, settings=StudioSettings(), block=False)
    tab = browser.new_page(locale="en-US")
    try:
        tab.goto(page.local_url)
        expect(tab.locator(".st-after")).to_have_attribute("src", re.compile("^data:image/"))
        tab.get_by_role("tab", name="Film").click()
        tab.locator("#film-file input[type=file]").set_input_files(film)
        draw_curve(tab, expect)
        tab.get_by_role("button", name="Try five frames").click()
        expect(tab.locator("#film-pictures .st-picture")).to_have_count(5)
        tab.get_by_role("button", name="Paint the film").click()
        expect(tab.locator("#film-status")).to_contain_text("Frames painted: 8.")
        tab.wait_for_function("document.querySelector('.st-film-after').readyState >= 2")
        with tab.expect_download() as download:
            tab.locator("#film-shown").get_by_role("button", name="Save").click()
        assert re.fullmatch(r"boat-.*\.webm", download.value.suggested_filename)
    finally:
        tab.close()
        page.close()
