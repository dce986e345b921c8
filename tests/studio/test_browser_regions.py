"""Regions of a picture and its crop, in a real browser: one page for all that the canvas can do."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.studio.conftest import open_page, open_tab
from tests.studio.test_browser_create import NEW_RESULT, result, settled, stroke
from tests.test_subject import disc

CANVAS = "#regions .st-canvas"
SHARES = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counted = {};
  for (let at = 0; at < data.length; at += 4) {
    const hex = (value) => value.toString(16).padStart(2, "0");
    const key = data[at + 3] < 128 ? "none" : [...data.slice(at, at + 3)].map(hex).join("");
    counted[key] = (counted[key] || 0) + 4 / data.length;
  }
  return counted;
}"""
RED, TEAL = "e4572e", "17a398"


def shares(tab):
    """How much of the canvas has each colour."""
    return tab.locator(CANVAS).evaluate(SHARES)


@pytest.fixture(scope="module")
def page(desktop, url, tmp_path_factory):
    """The regions of a picture of a disc."""
    path = tmp_path_factory.mktemp("regions") / "disc.png"
    disc().save(path)
    tab = open_tab(desktop)
    open_page(tab, url)
    tab.locator("#content-picture input[type=file]").set_input_files(path)
    expect(tab.locator(".st-note")).to_contain_text("400 \N{MULTIPLICATION SIGN} 300")
    tab.get_by_role("tab", name="Regions").click()
    expect(tab.locator(CANVAS)).to_be_visible()
    return tab


@pytest.fixture
def regions(page):
    """The same with nothing painted."""
    page.locator("#regions").get_by_role("button", name="Clear all").click()
    page.locator("#regions .st-swatch").first.click()
    page.get_by_role("button", name="Brush", exact=True).click()
    assert list(shares(page)) == ["none"]
    return page


def found(tab):
    """Wait until what was looked for is on the canvas."""
    expect(tab.locator("#regions .st-sheet")).not_to_have_attribute("aria-busy", "true")


def test_subject_and_background_with_one_click(regions):
    old = result(regions)
    regions.get_by_role("button", name="Subject", exact=True).click()
    found(regions)
    regions.wait_for_function(NEW_RESULT, arg=old)
    inside = shares(regions)[RED]
    assert inside == pytest.approx(3.1416 * 70**2 / (400 * 300), abs=0.01)
    regions.locator("#regions").get_by_role("button", name="Undo").click()
    regions.get_by_role("button", name="Background", exact=True).click()
    found(regions)
    assert shares(regions)[RED] == pytest.approx(1 - inside, abs=0.01)


def test_a_box_finds_what_is_inside(regions):
    regions.get_by_role("button", name="Box").click()
    old = result(regions)
    drag(regions, (0.25, 0.2), (0.75, 0.85))
    found(regions)
    regions.wait_for_function(NEW_RESULT, arg=old)
    assert shares(regions)[RED] == pytest.approx(0.128, abs=0.01)


def drag(tab, *points):
    box = tab.locator(CANVAS).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    for place in places[1:]:
        tab.mouse.move(*place, steps=4)
    tab.mouse.up()


def test_lasso_fill_and_invert(regions):
    regions.get_by_role("button", name="Lasso").click()
    drag(regions, (0.1, 0.1), (0.5, 0.1), (0.5, 0.6), (0.1, 0.6))
    assert shares(regions)[RED] == pytest.approx(0.2, abs=0.01)
    regions.locator("#regions .st-swatch").nth(1).click()
    regions.get_by_role("button", name="Fill an area").click()
    drag(regions, (0.8, 0.8))
    painted = shares(regions)
    assert painted[TEAL] == pytest.approx(0.8, abs=0.01)
    assert "none" not in painted
    regions.locator("#regions").get_by_role("button", name="Undo").click()
    regions.locator("#regions .st-swatch").first.click()
    regions.get_by_role("button", name="Invert").click()
    painted = shares(regions)
    assert painted[RED] == pytest.approx(0.8, abs=0.01)
    assert painted["none"] == pytest.approx(0.2, abs=0.01)


def test_six_regions_each_with_a_style_chosen_by_its_picture(regions):
    swatches = regions.locator("#regions .st-swatch")
    expect(swatches).to_have_count(6)
    regions.get_by_role("button", name="Style of colour 6").click()
    dialogue = regions.locator(".st-style-dialog")
    dialogue.locator(".st-search").fill("senecio")
    expect(dialogue.locator(".st-tile")).to_have_count(1)
    dialogue.locator(".st-pick").click()
    expect(dialogue).to_be_hidden()
    sixth = regions.get_by_role("button", name="Style of colour 6: Senecio")
    expect(sixth.locator("img")).to_have_attribute("src", re.compile("thumb/senecio"))
    old = result(regions)
    regions.get_by_role("button", name="Lasso").click()
    drag(regions, (0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
    regions.wait_for_function(NEW_RESULT, arg=old)
    assert "ec4899" in shares(regions)


def test_the_focus_stays_where_it_is_while_styles_are_drawn_anew(regions):
    """In a gallery, and behind a dialogue for when that is closed."""
    regions.get_by_role("button", name="Style of colour 5").press("Enter")
    dialogue = regions.locator(".st-style-dialog")
    tiles = dialogue.locator(".st-tile")
    tiles.filter(has_text="Senecio").locator(".st-pick").focus()
    tiles.evaluate_all("(old) => old.forEach((tile) => { tile.dataset.old = true; })")
    regions.evaluate("document.dispatchEvent(new Event('studio-back'))")
    expect(dialogue.locator(".st-tile[data-old]")).to_have_count(0)
    expect(tiles.filter(has_text="Senecio").locator(".st-pick")).to_be_focused()
    regions.keyboard.press("Enter")
    expect(regions.get_by_role("button", name="Style of colour 5: Senecio")).to_be_focused()


def test_styles_can_be_chosen_after_the_picture_was_changed(tab, url):
    open_page(tab, url)
    tab.get_by_role("button", name="Coffee").click()
    settled(tab, 2)
    tab.get_by_role("tab", name="Regions").click()
    tab.get_by_role("button", name="Style of colour 1").click()
    tab.locator(".st-style-dialog .st-pick", has_text="Senecio").click()
    expect(tab.get_by_role("button", name="Style of colour 1: Senecio")).to_be_visible()


def test_what_is_painted_before_the_styles_are_known_gets_its_style(tab, url):
    lists, late = re.compile(r"/studio/styles/shared\?"), []
    tab.route(lists, lambda route: late.append(route))
    open_page(tab, url)
    tab.get_by_role("tab", name="Regions").click()
    tab.locator("#regions .st-swatch").nth(1).click()
    old = result(tab)
    stroke(tab, CANVAS)
    tab.wait_for_function(NEW_RESULT, arg=old)  # by now the picture as it is
    expect(tab.get_by_role("button", name="Style of colour 2: Keep my picture")).to_be_visible()
    old = result(tab)
    tab.route(lists, lambda route: route.continue_())
    for route in late:
        route.continue_()
    tab.wait_for_function(NEW_RESULT, arg=old)


BELOW_IS_RESULT = """(expected) => {
  const [below, result] = ["#regions .st-backdrop", ".st-after"];
  const src = (one) => document.querySelector(one).src;
  return (src(below) === src(result)) === expected;
}"""


def test_the_result_is_seen_while_regions_are_painted(regions):
    regions.wait_for_function(BELOW_IS_RESULT, arg=True)
    old = result(regions)
    stroke(regions, CANVAS)
    regions.wait_for_function(NEW_RESULT, arg=old)
    regions.wait_for_function(BELOW_IS_RESULT, arg=True)
    regions.locator("#regions .st-below label", has_text="Picture").click()
    regions.wait_for_function(BELOW_IS_RESULT, arg=False)
    regions.locator("#regions .st-below label", has_text="Result").click()


def test_a_soft_edge_is_seen_and_painted(regions):
    old = result(regions)
    stroke(regions, CANVAS)
    regions.wait_for_function(NEW_RESULT, arg=old)
    old = result(regions)
    hard = regions.locator(CANVAS).evaluate("(canvas) => canvas.style.filter")
    regions.get_by_label("Soft edge").fill("1")
    regions.wait_for_function(NEW_RESULT, arg=old)
    assert regions.locator(CANVAS).evaluate("(canvas) => canvas.style.filter") != hard


def test_a_ring_shows_how_large_the_brush_is(regions):
    cursor = regions.locator("#regions .st-cursor")
    widths = []
    for size in (1, 4):
        regions.locator("#regions").get_by_role("button", name=f"Brush {size}").click()
        regions.locator(CANVAS).hover()
        expect(cursor).to_be_visible()
        widths.append(cursor.bounding_box()["width"])
    assert widths[1] == pytest.approx(10 * widths[0], rel=0.05)
    regions.locator("#regions .st-hint").hover()
    expect(cursor).to_be_hidden()


def test_the_content_is_cropped_and_turned_and_that_can_be_taken_back(tab, url, tmp_path):
    Image.new("RGB", (300, 200), "#2b6cb0").save(tmp_path / "blue.png")
    open_page(tab, url)
    tab.locator("#content-picture input[type=file]").set_input_files(tmp_path / "blue.png")
    expect(tab.locator(".st-note")).to_contain_text("300 \N{MULTIPLICATION SIGN} 200")
    crop = tab.get_by_role("button", name="Crop and turn")
    use = tab.get_by_role("button", name="Use this part")
    crop.click()
    tab.get_by_role("button", name="Turn right").click()
    frame = tab.locator(".st-crop-box")
    for _ in range(5):
        frame.press("Shift+ArrowUp")  # a tenth less of its height
    use.click()
    expect(tab.locator(".st-note")).to_contain_text("200 \N{MULTIPLICATION SIGN} 270")
    tab.reload()
    expect(tab.locator(".st-note")).to_contain_text("200 \N{MULTIPLICATION SIGN} 270")
    crop.click()  # it goes on from all of the picture
    tab.locator(".st-crop label", has_text="1:1").click()
    use.click()
    expect(tab.locator(".st-note")).to_contain_text("200 \N{MULTIPLICATION SIGN} 200")
    settled(tab, 2)
    tab.locator("#viewer").get_by_role("button", name="Undo").click()
    expect(tab.locator(".st-note")).to_contain_text("200 \N{MULTIPLICATION SIGN} 270")
