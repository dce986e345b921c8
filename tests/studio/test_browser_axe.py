"""Every page by axe-core, and all of Create by the keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from stylize.recipe import read_recipe
from stylize.studio import StudioSettings
from tests.studio.conftest import new_context, serve
from tests.studio.test_browser_create import NEW_RESULT, open_page, result
from tests.studio.test_browser_kids import draw, paint

# A development dependency of web/: there once `npm ci --prefix web` has run, as .ci/setup does.
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => impact !== "minor")
    .map(({ id, help, nodes }) => `${id}: ${help} ${nodes.map(({ html }) => html).join(" ")}`);
}"""


@pytest.fixture(scope="module")
def everything(engine):
    """One server with all pages; returns its address and the teacher's code."""
    settings = StudioSettings(class_wall=True)
    page, address = serve(engine, settings)
    yield address, settings.teacher_code
    page.close()


@pytest.fixture(scope="module")
def desktop(browser):
    context = new_context(browser, reduced_motion="reduce")  # nothing is seen half faded in
    yield context
    context.close()


@pytest.fixture
def check(tab):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix web")
    script = AXE.read_text("utf-8")

    def check(tab):
        tab.evaluate(script)
        found = tab.evaluate(RUN)
        assert not found, "\n".join(found)

    return check


def test_axe_finds_a_nameless_button(tab, check):
    tab.set_content("<html lang=en><title>a</title><main><h1>a</h1><button></button></main></html>")
    with pytest.raises(AssertionError, match="button-name"):
        check(tab)


def test_the_studio(tab, everything, check):
    open_page(tab, everything[0])
    tab.locator("#controls summary").click()
    check(tab)
    for name in ("Save picture", "Crop and turn"):
        tab.get_by_role("button", name=name).click()
        expect(tab.locator(".st-dialog[open]")).to_be_visible()
        check(tab)
        tab.keyboard.press("Escape")
    for name in ("Draw", "Regions"):
        tab.get_by_role("tab", name=name).click()
        check(tab)
    tab.get_by_role("button", name="Style of colour 1").click()
    expect(tab.locator(".st-style-dialog .st-tile").first).to_be_visible()
    check(tab)
    tab.keyboard.press("Escape")
    tabs = {"Batch": "#batch-start", "Film": "#film-status", "Styles": "#library .st-tile >> nth=0"}
    for name, part in tabs.items():
        tab.get_by_role("tab", name=name).first.click()
        expect(tab.locator(part)).to_be_visible()
        if name == "Styles":
            tab.locator("#library .st-pick").first.click()
            expect(tab.get_by_label("Title")).not_to_have_value("")
        check(tab)
    tab.get_by_role("tab", name="Map").click()
    expect(tab.locator(".st-map button").first).to_be_visible()
    check(tab)


def test_pages_of_children_and_teachers(tab, everything, check):
    address, code = everything
    tab.goto(address + "/kids")
    draw(tab)
    check(tab)
    tab.get_by_role("button", name="Next").click()
    check(tab)
    tab.get_by_role("button", name="Back").click()
    paint(tab)
    tab.get_by_role("button", name="Show my teacher").click()
    expect(tab.get_by_text("Your teacher has it.")).to_be_visible()
    check(tab)
    tab.goto(address + "/teacher")
    expect(tab.get_by_label("Teacher's code")).to_be_visible()
    check(tab)
    tab.get_by_label("Teacher's code").fill(code)
    tab.keyboard.press("Enter")
    expect(tab.locator(".st-wall-card")).to_have_count(1)
    check(tab)


FOCUSED = "(goal) => document.activeElement === goal"


def go_to(tab, goal, *, key="Tab", most=60):
    """Press a key until something has the focus, as a visitor without a pointer does."""
    expect(goal).to_be_visible()  # what is not there yet, the focus passes by
    expect(goal).to_be_enabled()
    for _ in range(most):
        if goal.evaluate(FOCUSED):
            return
        tab.keyboard.press(key)
    raise AssertionError(f"{goal} is not reached by {most} times {key}")


def test_all_of_create_by_the_keyboard_alone(tab, everything):
    open_page(tab, everything[0])
    picker = tab.locator("#picker")

    def press(name, key="Tab"):
        go_to(tab, tab.get_by_role("button", name=name).first, key=key)
        tab.keyboard.press("Enter")

    def changes(action, *values):
        old = result(tab)
        action(*values)
        tab.wait_for_function(NEW_RESULT, arg=old)

    # A picture, a part of it, and how it is painted.
    changes(press, "Coffee")
    press("Crop and turn")
    frame = tab.locator(".st-crop-box")
    go_to(tab, frame)
    for _ in range(5):
        tab.keyboard.press("Shift+ArrowLeft")
    changes(press, "Use this part")
    changes(press, "Broad brush")
    slider = tab.locator("#control-strength input[type=range]")
    go_to(tab, slider)
    changes(tab.keyboard.press, "ArrowLeft")
    press("Reset Strength", "Shift+Tab")
    expect(slider).to_be_focused()  # the button is gone, the focus is not

    # A style by arrow keys, a second one, and its weight; the gallery is one stop.
    go_to(tab, picker.locator(".st-pick[tabindex='0']"))
    tab.keyboard.press("Home")
    changes(tab.keyboard.press, "Enter")
    tab.keyboard.press("ArrowRight")
    changes(tab.keyboard.press, "+")
    expect(picker.locator(".st-chip")).to_have_count(2)
    tab.keyboard.press("Tab")
    assert not tab.evaluate("document.activeElement.closest('.st-grid')")
    go_to(tab, picker.locator(".st-weight input").first, key="Shift+Tab")
    changes(tab.keyboard.press, "ArrowLeft")
    go_to(tab, picker.locator(".st-search"))
    tab.keyboard.type("scream")
    expect(picker.locator(".st-tile")).to_have_count(1)

    # Back and forth, compare, zoom.
    go_to(tab, tab.locator("#viewer .st-frame"), key="Shift+Tab", most=120)
    changes(tab.keyboard.press, "Control+z")
    changes(tab.keyboard.press, "Control+y")
    tab.keyboard.press("+")
    expect(tab.locator(".st-frame")).to_have_attribute("data-zoomed", "true")
    tab.keyboard.press("0")
    go_to(tab, tab.locator(".st-handle"))
    tab.keyboard.press("End")
    expect(tab.locator(".st-handle")).to_have_value("100")

    # The background as a region, from the tabs by an arrow key.
    go_to(tab, tab.get_by_role("tab", name="Result"), key="Shift+Tab")
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#regions .st-canvas")).to_be_visible()
    press("Style of colour 1")
    dialogue = tab.locator(".st-style-dialog")
    go_to(tab, dialogue.locator(".st-search"))
    tab.keyboard.type("senecio")
    expect(dialogue.locator(".st-tile")).to_have_count(1)
    go_to(tab, dialogue.locator(".st-pick"))
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Style of colour 1: Senecio")).to_be_visible()
    changes(press, "Subject")

    # Save it.
    go_to(tab, tab.get_by_role("tab", name="Regions"), key="Shift+Tab")
    tab.keyboard.press("Home")
    press("Save picture")
    with tab.expect_download() as download:
        tab.keyboard.press("Enter")
    recipe = read_recipe(download.value.path())
    assert len(recipe.styles) == 2
    assert recipe.masks == 1
