"""A class whose tablets paint themselves: the server gets what is handed in, and nothing else."""

import httpx
import pytest

from stylize.model_files import ModelFiles
from stylize.studio import StudioSettings
from tests.conftest import TINY_MODEL
from tests.studio.conftest import new_context, serve


@pytest.fixture(scope="module")
def classroom(dist, tiny_engine):
    settings = StudioSettings.for_classroom(class_wall=True)
    page, address = serve(tiny_engine, settings, tablets=ModelFiles.open(TINY_MODEL))
    yield address, settings.teacher_code
    page.close()


@pytest.fixture
def tablet(browser):
    context = new_context(browser, phone=True)
    yield context.new_page()
    context.close()


def shown_to_the_teacher(classroom):
    address, code = classroom
    door = f"{address}/gradio_api/studio/class"
    ticket = httpx.post(door, json={"code": code}).json()["pass"]
    return [one["number"] for one in httpx.get(f"{door}/{ticket}").json()]


def draw_and_paint(tab):
    box = tab.locator(".st-canvas").bounding_box()
    tab.mouse.move(box["x"] + 40, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 140, box["y"] + 110, steps=5)
    tab.mouse.up()
    tab.get_by_role("button", name="Next").click()
    tab.locator(".st-kid-tile").nth(1).click()
    tab.locator(".st-kid-result[src^='data:image/']").wait_for()


def test_a_tablet_paints_itself_and_sends_what_it_shows_to_the_teacher(classroom, tablet):
    sent = []
    tablet.on("request", lambda request: sent.append(request) if request.method != "GET" else None)
    tablet.on("dialog", lambda dialog: dialog.accept())
    tablet.goto(classroom[0])
    tablet.wait_for_url("**/tablet/kids.html")
    sent.clear()  # what the page before that said
    assert "unless you show it to your teacher" in tablet.locator(".st-kid-notice").inner_text()
    draw_and_paint(tablet)
    assert sent == []

    before = shown_to_the_teacher(classroom)
    with tablet.expect_response("**/tablet/wall") as answer:
        tablet.get_by_role("button", name="Show my teacher").click()
    assert answer.value.ok
    assert len(shown_to_the_teacher(classroom)) == len(before) + 1
    with tablet.expect_response("**/tablet/wall/*") as answer:
        tablet.get_by_role("button", name="Delete now").click()
    assert answer.value.status == 204
    assert shown_to_the_teacher(classroom) == before


def test_a_tablet_that_cannot_paint_has_the_server_paint(classroom, tablet):
    tablet.add_init_script("WebAssembly.validate = () => false")
    tablet.goto(classroom[0])
    draw_and_paint(tablet)
    assert "/tablet/" not in tablet.url


def test_a_tablet_whose_model_does_not_arrive_goes_back_to_the_server(classroom, tablet):
    tablet.route("**/tablet/model/*", lambda route: route.abort())
    tablet.goto(f"{classroom[0]}/tablet/kids.html")
    tablet.wait_for_url("**/?server")
    tablet.locator(".st-canvas").wait_for()


def test_what_is_no_picture_is_refused_in_the_childs_language(classroom):
    answer = httpx.post(
        f"{classroom[0]}/tablet/wall",
        content=b"no picture",
        headers={"X-Studio-Language": "de"},
    )
    assert answer.status_code == 400
    assert "Bild" in answer.text
    assert shown_to_the_teacher(classroom) == []


def test_files_of_the_run_are_all_that_is_handed_out(classroom):
    for path in ("/tablet/../lock", "/tablet/%2e%2e/lock", "/tablet/none.html", "/tablet/wall"):
        assert httpx.get(classroom[0] + path).status_code in (404, 405)


def test_a_picture_that_was_refused_can_be_shown_again(classroom, tablet):
    tablet.goto(f"{classroom[0]}/tablet/kids.html")
    draw_and_paint(tablet)
    tablet.route("**/tablet/wall", lambda route: route.abort())
    tablet.get_by_role("button", name="Show my teacher").click()
    tablet.get_by_text("The connection is lost").wait_for()
    assert tablet.get_by_role("button", name="Show my teacher").is_enabled()
