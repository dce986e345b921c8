"""Browsers that paint themselves: the tablets of a class, and what follows a slider for others."""

import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from stylize.images import load_image
from stylize.model_files import ModelFiles
from stylize.offers import EXAMPLES, EXAMPLES_DIR
from stylize.studio import StudioSettings
from stylize.studio.pictures import fit
from stylize.training.picture_metrics import psnr_db
from tests import fakes
from tests.conftest import TINY_MODEL
from tests.studio.conftest import new_context, open_tab, serve
from tests.web.conftest import draw_as_a_child


@pytest.fixture(scope="module")
def classroom(dist, tiny_engine):
    settings = StudioSettings.for_classroom(class_wall=True)
    page, address = serve(tiny_engine, settings, on_device=ModelFiles.open(TINY_MODEL))
    yield address, settings.teacher_code
    page.close()


@pytest.fixture
def tablet(browser):
    """A tablet that keeps no model."""
    context = new_context(browser, phone=True)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def kids(browser, classroom):
    tablet = new_context(browser, phone=True).new_page()
    tablet.on("dialog", lambda dialog: dialog.accept())
    tablet.goto(classroom[0])
    tablet.wait_for_url("**/device/kids.html")
    yield tablet
    tablet.context.close()


@pytest.fixture
def child(request, kids, classroom):
    """A tablet that paints itself, before a new picture, with nothing on the wall.

    It goes on from test to test, since the engine takes a while to start.
    """
    failed = request.session.testsfailed
    yield kids
    kids.unroute_all()
    if request.session.testsfailed > failed:
        kids.reload()
    if kids.get_by_role("button", name="New picture").is_visible():
        kids.get_by_role("button", name="New picture").click()
    delete_all(classroom)


def ask_the_wall(classroom, method):
    address, code = classroom
    wall = f"{address}/gradio_api/studio/class"
    headers = {"X-Studio-Pass": httpx.post(wall, json={"code": code}).json()["pass"]}
    return httpx.request(method, wall, headers=headers).json()


def shown_to_the_teacher(classroom):
    return [one["number"] for one in ask_the_wall(classroom, "GET")]


def delete_all(classroom):
    ask_the_wall(classroom, "DELETE")


def picture_of(url):
    data = base64.b64decode(url.partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


def draw_and_paint(tab):
    draw_as_a_child(tab)
    tab.locator(".st-kid-result[src^='data:image/']").wait_for()


def test_a_tablet_paints_itself_and_sends_what_it_shows_to_the_teacher(classroom, child):
    sent = []

    def note(request):
        if request.method != "GET":
            sent.append(request)

    child.on("request", note)
    assert "unless you show it to your teacher" in child.locator(".st-kid-notice").inner_text()
    draw_and_paint(child)
    child.remove_listener("request", note)
    assert sent == []

    with child.expect_response("**/device/wall") as answer:
        child.get_by_role("button", name="Show my teacher").click()
    assert answer.value.ok
    assert len(shown_to_the_teacher(classroom)) == 1
    with child.expect_response("**/device/wall/*") as answer:
        child.get_by_role("button", name="Delete now").click()
    assert answer.value.status == 204
    assert shown_to_the_teacher(classroom) == []


def hold_hand_in(child):
    """Hand a picture in that stays on its way; returns what lets it arrive."""
    held = []
    child.route("**/device/wall", lambda route: held.append(route))
    with child.expect_request("**/device/wall"):
        child.get_by_role("button", name="Show my teacher").click()
    child.wait_for_timeout(0)  # hands the request to the route
    return held[0]


def test_what_is_on_its_way_to_the_teacher_is_deleted_too(classroom, child):
    draw_and_paint(child)
    on_its_way = hold_hand_in(child)
    child.get_by_role("button", name="Delete now").click()
    with child.expect_response("**/device/wall/*") as answer:
        on_its_way.continue_()
    assert answer.value.status == 204
    assert shown_to_the_teacher(classroom) == []


def test_the_next_child_does_not_delete_what_arrives_late(classroom, child):
    draw_and_paint(child)
    on_its_way = hold_hand_in(child)
    child.get_by_role("button", name="New picture").click()
    with child.expect_response("**/device/wall"):
        on_its_way.continue_()
    draw_and_paint(child)
    child.unroute("**/device/wall")
    with child.expect_response("**/device/wall"):
        child.get_by_role("button", name="Show my teacher").click()
    assert len(shown_to_the_teacher(classroom)) == 2
    with child.expect_response("**/device/wall/*"):
        child.get_by_role("button", name="Delete now").click()
    assert len(shown_to_the_teacher(classroom)) == 1


def test_what_could_not_be_deleted_is_told(child):
    draw_and_paint(child)
    with child.expect_response("**/device/wall"):
        child.get_by_role("button", name="Show my teacher").click()
    child.route("**/device/wall/*", lambda route: route.abort())
    child.get_by_role("button", name="Delete now").click()
    child.get_by_text("Ask your teacher to delete it").wait_for()


def test_a_picture_that_was_refused_can_be_shown_again(child):
    draw_and_paint(child)
    child.route("**/device/wall", lambda route: route.abort())
    child.get_by_role("button", name="Show my teacher").click()
    child.get_by_text("The connection is lost").wait_for()
    assert child.get_by_role("button", name="Show my teacher").is_enabled()


def test_a_tablet_that_cannot_paint_has_the_server_paint(classroom, tablet):
    tablet.add_init_script("WebAssembly.validate = () => false")
    tablet.goto(classroom[0])
    draw_and_paint(tablet)
    assert "/device/" not in tablet.url


def test_a_tablet_whose_model_does_not_arrive_goes_back_to_the_server(classroom, tablet):
    tablet.route("**/device/model/*", lambda route: route.abort())
    tablet.goto(f"{classroom[0]}/device/kids.html")
    tablet.wait_for_url("**/?server")
    tablet.locator(".st-canvas").wait_for()


def test_what_is_no_picture_is_refused_in_the_childs_language(classroom):
    answer = httpx.post(
        f"{classroom[0]}/device/wall",
        content=b"no picture",
        headers={"X-Studio-Language": "de"},
    )
    assert answer.status_code == 400
    assert "Bild" in answer.text
    assert shown_to_the_teacher(classroom) == []


def test_pages_and_packed_files_are_handed_out_as_they_are(classroom, dist):
    page = httpx.get(f"{classroom[0]}/device/kids.html")
    assert page.content == (dist / "kids.html").read_bytes()
    packed = next(dist.rglob("*.gz")).relative_to(dist).as_posix()
    answer = httpx.get(f"{classroom[0]}/device/{packed}")
    assert "content-encoding" not in answer.headers


def test_files_of_the_run_are_all_that_is_handed_out(classroom):
    for path in ("/device/../lock", "/device/%2e%2e/lock", "/device/none.html", "/device/wall"):
        assert httpx.get(classroom[0] + path).status_code in (404, 405)


@pytest.fixture(scope="module")
def without_wall(dist, tiny_engine):
    settings = StudioSettings.for_classroom()
    page, address = serve(tiny_engine, settings, on_device=ModelFiles.open(TINY_MODEL))
    yield address
    page.close()


def test_the_server_paints_for_tablets_that_cannot_without_a_class_wall(without_wall, tablet):
    tablet.route("**/device/model/*", lambda route: route.abort())
    tablet.goto(f"{without_wall}/device/kids.html")
    tablet.wait_for_url("**/?server")


def test_a_tablet_with_too_little_memory_goes_back_to_the_server(without_wall, tablet):
    tablet.add_init_script(
        "const send = Worker.prototype.postMessage;"
        "Worker.prototype.postMessage = function (asked, ...more) {"
        "  if (asked.job?.kind !== 'stylize') { send.call(this, asked, ...more); return; }"
        "  const failed = { name: 'StylizeError', message: 'full', code: 'memory', values: {} };"
        "  const data = { id: asked.id, failed };"
        "  setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data })));"
        "};"
    )
    tablet.goto(f"{without_wall}/device/kids.html")
    draw_as_a_child(tablet)
    tablet.wait_for_url("**/?server")


# ------------------------------------------------------------------- previews on the page for all


@pytest.fixture(scope="module")
def home(dist, tiny_engine):
    page, address = serve(tiny_engine, on_device=ModelFiles.open(TINY_MODEL))
    yield address
    page.close()


MOVED_UNTIL_PAINTED_HERE = (  # the first moves are the server's, until the engine is there
    "() => { const slider = document.querySelector('#control-strength input[type=range]');"
    " slider.value = slider.value === '0.8' ? 0.75 : 0.8;"
    " slider.dispatchEvent(new Event('input'));"
    " return document.querySelector('.st-note').textContent.includes('this device'); }"
)


@pytest.fixture(scope="module")
def desktop(browser):
    context = new_context(browser)
    yield context
    context.close()


def open_studio(desktop, home, way, *, pace=1):
    """Open the page; for its scripts time passes so many times as fast."""
    tab = open_tab(desktop)
    tab.add_init_script(f"localStorage.setItem('studio-preview', '{way}')")
    tab.add_init_script(
        f"const now = performance.now.bind(performance); performance.now = () => {pace} * now();"
    )
    tab.requests = []
    tab.on("request", lambda request: tab.requests.append(request.url))
    tab.goto(home)
    tab.locator(".st-note:has-text('512')").wait_for()
    return tab


@pytest.fixture(scope="module")
def visit(desktop, home):
    """A visit whose device paints what follows a slider, as soon as the engine has started."""
    return open_studio(desktop, home, "device")


@pytest.fixture
def held(visit):
    """The same while the pointer is held: what the server would put in its place does not come."""
    visit.mouse.move(5, 5)
    visit.mouse.down()
    move(visit, 0.9)
    visit.wait_for_function(MOVED_UNTIL_PAINTED_HERE, polling=300)
    yield visit
    visit.mouse.up()
    visit.locator(".st-note:has-text('512')").wait_for()  # what stays is the server's


def move(tab, strength):
    tab.locator("#control-strength input[type=range]").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
        strength,
    )


def test_the_device_paints_what_follows_a_slider_as_the_server_does(held, tiny_engine):
    strength = float(held.locator("#control-strength input[type=number]").input_value())
    found = picture_of(held.locator(".st-after").get_attribute("src"))
    library = fakes.small_library(tiny_engine)
    name = held.evaluate("Object.keys(Studio.shownResult.look.styles)[0]")
    content = fit(load_image(EXAMPLES_DIR / f"{next(iter(EXAMPLES))}.jpg"), 512)
    expected = tiny_engine.stylize(content, library.get(name).vector, strength=strength, fast=True)
    assert psnr_db(np.asarray(expected), np.asarray(found)) > 30


def test_the_server_paints_as_long_as_the_content_is_not_here(held):
    here = held.evaluate("Studio.shownResult.content")
    for strength in (0.5, 0.6):  # the second one would find the device busy for ever
        with held.expect_request("**/queue/join*"):  # at once: an answer would bring the content
            held.evaluate(
                "(value) => {"
                " Studio.shownResult = { ...Studio.shownResult, content: 'on its way' };"
                " const slider = document.querySelector('#control-strength input[type=range]');"
                " slider.value = value; slider.dispatchEvent(new Event('input')); }",
                strength,
            )
    held.evaluate(
        "(here) => { Studio.shownResult = { ...Studio.shownResult, content: here }; }", here
    )
    held.wait_for_function(MOVED_UNTIL_PAINTED_HERE, polling=300)  # the device goes on


def test_no_engine_is_fetched_while_the_server_is_quick_or_wanted(desktop, home):
    tab = open_studio(desktop, home, "server")
    with tab.expect_request("**/queue/join*"):
        move(tab, 0.6)
    assert not [url for url in tab.requests if "/device/" in url]
    tab.close()


@pytest.mark.parametrize(("pace", "is_fetched"), [(100, True), (0.001, False)])
def test_the_engine_is_fetched_once_the_server_seems_slow(desktop, home, pace, is_fetched):
    tab = open_studio(desktop, home, "auto", pace=pace)
    for strength in (0.6, 0.7, 0.8):
        with tab.expect_response("**/queue/join*"):
            move(tab, strength)
        # Until the rested picture is there: its address has the strength.
        tab.wait_for_function(f"new URLSearchParams(location.search).get('strength') == {strength}")
    assert any("/device/engine.js" in url for url in tab.requests) == is_fetched
    tab.close()


def test_the_server_goes_on_where_the_engine_does_not_come(desktop, home):
    tab = open_studio(desktop, home, "device")
    tab.route("**/device/engine.js", lambda route: route.abort())
    with tab.expect_request("**/queue/join*"):
        move(tab, 0.6)
    with tab.expect_request("**/queue/join*"):
        move(tab, 0.7)
    tab.close()


def test_a_vector_is_handed_out_to_who_sees_the_style(home, tiny_engine):
    style = fakes.small_library(tiny_engine).list(limit=1)[0]
    path = f"{home}/gradio_api/studio/styles/shared/vector"
    found = np.frombuffer(httpx.get(f"{path}/{style.name}").content, "<f4")
    np.testing.assert_array_equal(found, style.vector.values)
    assert httpx.get(f"{path}/unknown").status_code == 404
    assert (
        httpx.get(f"{home}/gradio_api/studio/styles/other/vector/{style.name}").status_code == 404
    )
