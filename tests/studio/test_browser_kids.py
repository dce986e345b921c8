"""The children's page in a real browser, with touch."""

import io
import zipfile

import fakes
import pytest
from conftest import new_context, serve
from playwright.sync_api import expect

from stylize.studio import StudioSettings


@pytest.fixture(params=["desktop", "phone"])
def tab(request, browser):
    context = new_context(browser, phone=request.param == "phone")
    yield context.new_page()
    context.close()


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


def test_draw_pick_done_again_delete(tab, url):
    tab.goto(url + "/kids")
    expect(tab.get_by_role("button", name="Next")).to_be_disabled()
    draw(tab)
    paint(tab)
    first = tab.locator(".st-kid-result").get_attribute("src")
    tab.get_by_role("button", name="Another one").click()
    tab.locator(".st-kid-tile").nth(1).click()
    expect(tab.locator(".st-kid-result")).not_to_have_attribute("src", first)
    expect(tab.locator(".st-kid-result")).to_be_visible()
    tab.get_by_role("button", name="Delete now").click()
    expect(tab.locator(".st-kids .st-canvas")).to_be_visible()
    assert tab.locator(".st-kid-result").get_attribute("src") is None


def test_undo_takes_the_last_stroke_back(tab, url):
    tab.goto(url + "/kids")
    draw(tab)
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("button", name="Next")).to_be_disabled()


def test_a_photo_from_the_camera(tab, url, tmp_path):
    path = tmp_path / "photo.jpg"
    fakes.picture(5, (1600, 1200)).save(path)
    tab.goto(url + "/kids")
    tab.locator(".st-kids input[type=file]").set_input_files(path)
    expect(tab.get_by_role("button", name="Next")).to_be_enabled()
    paint(tab)


def test_every_target_is_large_and_nothing_is_typed(tab, url):
    tab.goto(url + "/kids")
    draw(tab)
    for go in (None, lambda: tab.get_by_role("button", name="Next").click(),
               lambda: tab.locator(".st-kid-tile").first.click()):  # fmt: skip
        if go:
            go()
            expect(tab.locator(".st-kid-tile, .st-kid-result").locator("visible=true").first
                   ).to_be_visible()  # fmt: skip
        small = tab.evaluate(
            """() => [...document.querySelectorAll(".st-kids button")]
              .filter((b) => b.offsetParent && Math.min(b.offsetWidth, b.offsetHeight) < 44)
              .map((b) => b.outerHTML)"""
        )
        assert small == []
    assert tab.locator(".st-kid-tile").count() <= 12
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.locator("input[type=text], textarea").count() == 0
    links = tab.eval_on_selector_all("a[href]", "(all) => all.map((a) => a.href)")
    assert all(link.startswith(url) for link in links)


def test_a_class_hands_its_results_to_the_teacher(browser, classroom):
    address, settings = classroom
    context = new_context(browser)
    tab = context.new_page()
    tab.goto(address)
    draw(tab)
    paint(tab)
    tab.get_by_role("button", name="Show my teacher").click()
    expect(tab.get_by_role("button", name="Show my teacher")).to_be_disabled()

    teacher = context.new_page()
    teacher.goto(address + "/teacher")
    code = teacher.locator("#teacher-code input")
    code.fill("wrong")
    teacher.locator("#teacher-zip").click()
    expect(teacher.locator(".toast-body").first).to_contain_text("not the teacher's code")
    code.fill(settings.teacher_code)
    teacher.locator("#teacher-zip").click()
    link = teacher.locator("a[download]").first
    expect(link).to_be_attached()
    data = context.request.get(link.get_attribute("href")).body()
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["picture-01.png"]
    context.close()


def test_a_class_sees_the_childrens_page_only(browser, classroom):
    address, _ = classroom
    context = new_context(browser)
    tab = context.new_page()
    tab.goto(address)
    expect(tab.locator(".st-kids")).to_be_visible()
    assert tab.get_by_role("tab").count() == 0
    context.close()
