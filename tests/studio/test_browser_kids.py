"""The children's page in a real browser, with touch."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import new_context, open_tab, serve
from tests.studio.test_browser_create import HAND_OVER


@pytest.fixture(scope="module")
def classroom(engine):
    settings = StudioSettings.for_classroom(class_wall=True)
    page, address = serve(engine, settings)
    yield address, settings
    page.close()


def draw(tab):
    canvas = tab.locator(".st-kids .st-canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + 40, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 140, box["y"] + 100, steps=4)
    tab.mouse.up()


def paint(tab):
    tab.get_by_role("button", name="Next").click()
    tab.locator(".st-kid-tile").first.click()
    expect(tab.locator(".st-kid-result")).to_be_visible()


def open_kids(context):
    tab = open_tab(context)
    tab.on("dialog", lambda question: question.accept())
    return tab


@pytest.fixture(scope="module")
def kids(desktop):
    return open_kids(desktop)


@pytest.fixture(scope="module")
def each_kids(request, device, desktop):
    return request.getfixturevalue("kids") if device is desktop else open_kids(device)


@pytest.fixture
def child(request, kids, url):
    """The page of one child after the other, as `visit`; they leave an empty sheet or a result."""
    yield from next_child(request, kids, url)


@pytest.fixture
def each_child(request, each_kids, url):
    """The same on a desktop, then on a phone."""
    yield from next_child(request, each_kids, url)


def next_child(request, tab, url):
    if tab.url == "about:blank":
        tab.goto(url + "/kids")
    if tab.get_by_role("button", name="New picture").is_visible():
        tab.get_by_role("button", name="New picture").click()
    failed = request.session.testsfailed
    yield tab
    if request.session.testsfailed > failed:
        tab.evaluate("sessionStorage.clear()")  # else what was drawn would come back
        tab.goto("about:blank")


def test_draw_pick_done_again_delete(each_child):
    expect(each_child.get_by_role("button", name="Next")).to_be_disabled()
    draw(each_child)
    paint(each_child)
    first = each_child.locator(".st-kid-result").get_attribute("src")
    each_child.get_by_role("button", name="Another one").click()
    wild = each_child.get_by_role("button", name="Wild")
    wild.click()
    expect(wild).to_have_attribute("aria-pressed", "true")
    each_child.locator(".st-kid-tile").nth(1).click()
    expect(each_child.locator(".st-kid-result")).not_to_have_attribute("src", first)
    expect(each_child.locator(".st-kid-result")).to_be_visible()
    each_child.get_by_role("button", name="Delete now").click()
    expect(each_child.locator(".st-kids .st-canvas")).to_be_visible()
    assert each_child.locator(".st-kid-result").get_attribute("src") is None


def test_undo_takes_the_last_stroke_back(each_child):
    for undo in (
        lambda: each_child.get_by_role("button", name="Undo").click(),
        lambda: each_child.locator(".st-kids .st-canvas").press("Control+z"),
    ):
        draw(each_child)
        expect(each_child.get_by_role("button", name="Next")).to_be_enabled()
        undo()
        expect(each_child.get_by_role("button", name="Next")).to_be_disabled()


def test_a_shot_of_the_camera(child):
    for name in ("Back", "Take it"):  # back: nothing was taken
        expect(child.get_by_role("button", name="Next")).to_be_disabled()
        child.get_by_role("button", name="Photo").click()
        expect(child.get_by_role("button", name="Take it")).to_be_enabled()
        expect(child.locator(".st-kids .st-canvas")).to_be_hidden()
        stream = child.locator("video").evaluate_handle("(video) => video.srcObject")
        child.get_by_role("button", name=name).click()
        expect(child.locator(".st-kids .st-canvas")).to_be_visible()
        ended = "(stream) => stream.getTracks().every((track) => track.readyState === 'ended')"
        assert stream.evaluate(ended)
    paint(child)


def test_without_a_live_camera_a_photo_comes_from_the_tablets_own(child, tmp_path):
    path = tmp_path / "photo.jpg"
    # As on a page without https, or where the camera is denied.
    child.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(); }")
    for picture in (b"not a picture", None):
        path.write_bytes(picture) if picture else fakes.picture(5, (1600, 1200)).save(path)
        with child.expect_file_chooser() as chooser:
            child.get_by_role("button", name="Photo").click()
        chooser.value.set_files(path)
        sorry = expect(child.locator(".st-kid-sorry:visible"))
        sorry.to_contain_text("cannot be opened") if picture else sorry.to_be_hidden()
    expect(child.get_by_role("button", name="Next")).to_be_enabled()
    paint(child)
    child.evaluate("delete navigator.mediaDevices.getUserMedia")


def test_a_pasted_picture(child, picture_file):
    expect(child.locator(".st-kids .st-canvas")).to_be_visible()
    child.evaluate(HAND_OVER, ["paste", list(picture_file.read_bytes())])
    expect(child.get_by_role("button", name="Next")).to_be_enabled()
    child.get_by_role("button", name="Undo").click()
    expect(child.get_by_role("button", name="Next")).to_be_disabled()


VISIBLE_IN_PRINT = """() => [...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility() && !e.querySelector(".st-kid-result"))
  .map((e) => e.className)"""


@pytest.mark.parametrize("size", [(1600, 1200), (300, 900)], ids=["broad", "tall"])
def test_the_print_is_the_picture_on_one_sheet(tab, url, tmp_path, size):
    path = tmp_path / "photo.png"
    fakes.picture(5, size).save(path)
    tab.goto(url + "/kids")
    tab.locator(".st-kids input[type=file]").set_input_files(path)
    expect(tab.get_by_role("button", name="Next")).to_be_enabled()
    paint(tab)
    printed = re.findall(rb"/Type\s*/Page\b", tab.pdf(prefer_css_page_size=True))
    assert len(printed) == 1
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 680, "height": 1009})  # 180 by 267 mm: A4 within its margins
    assert tab.evaluate(VISIBLE_IN_PRINT) == ["st-kid-result"]
    box = tab.locator(".st-kid-result").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 680
    assert box["y"] + box["height"] <= 1009
    assert max(box["width"] / 680, box["height"] / 1009) > 0.85
    tab.emulate_media(media="screen")
    tab.get_by_role("button", name="Another one").click()
    tab.emulate_media(media="print")  # no result on screen: the page is printed as it is
    expect(tab.locator(".st-kid-tile").first).to_be_visible()


def test_every_target_is_large_and_nothing_is_typed(each_child, url):
    draw(each_child)
    for go in (None, lambda: each_child.get_by_role("button", name="Next").click(),
               lambda: each_child.locator(".st-kid-tile").first.click()):  # fmt: skip
        if go:
            go()
            expect(each_child.locator(".st-kid-tile, .st-kid-result").locator("visible=true").first
                   ).to_be_visible()  # fmt: skip
        small = each_child.evaluate(
            """() => [...document.querySelectorAll(".st-kids button")]
              .filter((b) => b.offsetParent && Math.min(b.offsetWidth, b.offsetHeight) < 44)
              .map((b) => b.outerHTML)"""
        )
        assert small == []
    assert each_child.locator(".st-kid-tile").count() <= 12
    assert each_child.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert each_child.locator("input[type=text], textarea").count() == 0
    links = each_child.eval_on_selector_all("a[href]", "(all) => all.map((a) => a.href)")
    assert all(link.startswith(url) for link in links)


@pytest.fixture
def teacher(browser, classroom):
    """The teacher's page, with the wall open; questions are answered with yes."""
    address, settings = classroom
    context = new_context(browser)
    teacher = context.new_page()
    teacher.on("dialog", lambda question: question.accept())
    teacher.goto(address + "/teacher")
    code = teacher.get_by_label("Teacher's code")
    code.fill("wrong")
    code.press("Enter")
    expect(teacher.get_by_role("alert")).to_contain_text("not the teacher's code")
    code.fill(settings.teacher_code.upper())
    code.press("Enter")
    expect(teacher.locator(".st-wall-count")).to_have_text("Pictures: 0")
    yield teacher
    context.close()


def hand_in(tab, address, times=1):
    tab.goto(address)
    draw(tab)
    paint(tab)
    for number in range(times):
        if number:
            tab.get_by_role("button", name="Another one").click()
            tab.locator(".st-kid-tile").nth(number).click()
        give = tab.get_by_role("button", name="Show my teacher")
        give.click()
        expect(give).to_be_disabled()
        expect(tab.get_by_text("Your teacher has it.")).to_be_visible()


def test_what_a_class_hands_in_appears_on_the_wall_and_can_be_taken_away(tab, classroom, teacher):
    hand_in(tab, classroom[0], 3)
    cards = teacher.locator(".st-wall-card")
    expect(cards).to_have_count(3)  # without anything being pressed
    expect(teacher.locator(".st-wall-count")).to_have_text("Pictures: 3")
    image = cards.first.locator("img")
    expect(image).to_have_attribute("src", re.compile("^blob:"))
    seen = image.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
    assert seen > 100
    with teacher.expect_download() as download:
        teacher.get_by_role("button", name="All as a zip").click()
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 3
    cards.first.get_by_role("button", name="Remove").click()
    expect(cards).to_have_count(2)

    teacher.evaluate("() => { window.print = () => { window.printed = true; }; }")
    for each, sheets in ((1, 2), (2, 1), (4, 1), (9, 1)):
        teacher.get_by_label("Pictures on a sheet").select_option(str(each))
        teacher.get_by_role("button", name="Print").click()
        teacher.wait_for_function("() => window.printed")
        printed = re.findall(rb"/Type\s*/Page\b", teacher.pdf(prefer_css_page_size=True))
        assert len(printed) == sheets
        teacher.evaluate("() => { window.printed = false; }")

    tab.get_by_role("button", name="Delete now").click()  # of this child: all that it gave
    expect(cards).to_have_count(0)


def test_delete_all_asks_first(tab, classroom, teacher):
    hand_in(tab, classroom[0])
    expect(teacher.locator(".st-wall-card")).to_have_count(1)
    teacher.evaluate(
        "() => { window.confirm = (words) => { window.asked = words; return false; }; }"
    )
    teacher.get_by_role("button", name="Delete all").click()
    assert "all 1 pictures" in teacher.evaluate("() => window.asked")
    expect(teacher.locator(".st-wall-card")).to_have_count(1)
    teacher.evaluate("() => { window.confirm = () => true; }")
    teacher.get_by_role("button", name="Delete all").click()
    expect(teacher.locator(".st-wall-card")).to_have_count(0)


def test_before_and_after_of_a_child(child):
    draw(child)
    paint(child)
    shown = child.locator(".st-kid-result")
    painted = shown.get_attribute("src")
    before = child.get_by_role("button", name="My picture")
    before.click()
    expect(before).to_have_attribute("aria-pressed", "true")
    expect(shown).not_to_have_attribute("src", painted)
    before.click()
    expect(shown).to_have_attribute("src", painted)


def test_sheet_bin_and_way_on_are_in_sight_at_once(browser, url):
    context = new_context(browser, has_touch=True)
    tab = context.new_page()
    for width, height in ((844, 390), (390, 844), (1180, 820)):
        tab.set_viewport_size({"width": width, "height": height})
        tab.goto(url + "/kids")
        expect(tab.locator(".st-kids .st-canvas")).to_be_visible()
        for one in (".st-kids .st-sheet", ".st-kids .st-tools", ".st-kid-actions .st-go >> nth=0"):
            expect(tab.locator(one)).to_be_in_viewport(ratio=0.999)
        rows = {
            round(tab.get_by_role("button", name=name).bounding_box()["y"] / 12)
            for name in ("Undo", "Redo", "Clear all")
        }
        assert len(rows) == 1
    context.close()


def test_a_class_sees_the_childrens_page_only(tab, classroom):
    address, _ = classroom
    tab.goto(address)
    expect(tab.locator(".st-kids")).to_be_visible()
    assert tab.get_by_role("tab").count() == 0
