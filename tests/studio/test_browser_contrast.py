"""Every text of the page can be read: WCAG AA by computed colours, in light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.studio.conftest import new_context
from tests.studio.test_browser_kids import draw

CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")


@pytest.fixture(params=["light", "dark"])
def look(request):
    return request.param


@pytest.fixture(scope="module")
def desktop(browser):
    context = new_context(browser, reduced_motion="reduce")  # colours do not fade in
    yield context
    context.close()


def assert_readable(tab, at_least):
    """Check what is on screen, once so many texts are there."""
    tab.wait_for_function(f"(least) => ({CONTRAST})('texts').count >= least", arg=at_least)
    for found in (tab.evaluate(CONTRAST, "texts"), hovered(tab)):
        assert not found["faint"], "\n".join(found["faint"])
        assert found["count"] >= at_least
    rings = tab.evaluate(CONTRAST, "rings")
    assert not rings["faint"], "\n".join(rings["faint"])
    assert rings["count"] >= 2


# Beside each rule for what the pointer is over, one for what is marked: it weighs the same. Forcing
# the state by the browser's tools takes a hundred times as long.
HOVER = """() => {
  const marked = (text) => // parts of a control, as its thumb, cannot be marked nor measured
    text.replaceAll(/(::[\\w-]+)?:hover/g, (all, part) => (part ? all : "[data-hovered]"));
  const copy = (owner) => {
    for (let at = owner.cssRules.length - 1; at >= 0; at -= 1) {
      const rule = owner.cssRules[at];
      const selector = rule.selectorText ?? "";
      if (selector.includes("[data-hovered]")) at -= 1; // and the rule that it is a copy of
      else if (marked(selector) !== selector) owner.insertRule(marked(rule.cssText), at + 1);
      else if (rule.cssRules) copy(rule);
    }
  };
  [...document.styleSheets, ...document.adoptedStyleSheets].forEach(copy);
  for (const one of document.querySelectorAll("button, a[href], select, input, .st-tile, label"))
    one.dataset.hovered = "";
}"""
UNHOVER = """() => {
  for (const one of document.querySelectorAll("[data-hovered]")) delete one.dataset.hovered;
}"""


def hovered(tab):
    """Measure with the pointer over everything that can be pressed, at once."""
    tab.evaluate(HOVER)
    found = tab.evaluate(CONTRAST, "texts")
    tab.evaluate(UNHOVER)
    return found


def test_the_measure_finds_a_faint_text(tab):
    page = "<p style='color:#777;background:#fff'>{}</p><p style='color:#767676'>enough</p>"
    tab.set_content(page.format("faint"))
    found = tab.evaluate(CONTRAST)
    assert [line.split(":")[0] for line in found["faint"]] == ["4.48 < 4.5"]
    assert found["count"] == 2
    tab.set_content("<div style='opacity:.5'><p style='color:#000'>pale</p></div>")
    assert len(tab.evaluate(CONTRAST)["faint"]) == 1
    tab.set_content("<style>button:hover { color: #777 }</style><button>faint</button>")
    assert not tab.evaluate(CONTRAST)["faint"]
    assert len(hovered(tab)["faint"]) == 1


def test_the_measure_finds_a_faint_ring(tab):
    page = "<style>button:focus-visible {{ outline: {} }}</style><button>a</button>"
    for outline, faint in (("2px solid #999", 1), ("1px solid #000", 1), ("2px solid #888", 0)):
        tab.set_content(page.format(outline))
        found = tab.evaluate(CONTRAST, "rings")
        assert (found["count"], len(found["faint"])) == (1, faint)


SHEETS = {
    "Create": ("Result", "Draw", "Regions"),
    "Styles": ("Gallery", "Map"),
    "Batch": ("Batch",),
    "Film": ("Film",),
}


def test_every_tab_can_be_read(tab, url, look):
    tab.goto(f"{url}/?__theme={look}")
    expect(tab.locator(".st-stage")).to_be_visible()
    assert tab.evaluate("document.body.classList.contains('dark')") == (look == "dark")
    for name, sheets in SHEETS.items():
        tab.get_by_role("tab", name=name).first.click()
        if name == "Create":
            tab.locator("#controls summary").click()
            tab.locator("#picker .st-tag").first.click()
        if name == "Styles":
            tab.locator("#library .st-pick").first.click()
            title = tab.locator("#style-title textarea, #style-title input")
            expect(title).not_to_have_value("")
        for sheet in sheets:
            chosen = tab.get_by_role("tab", name=sheet).first
            chosen.click()
            expect(chosen).to_have_attribute("aria-selected", "true")
            assert_readable(tab, 15)


OPAQUE = """() => {
  let one = document.querySelector(".toast-close");
  while (one && getComputedStyle(one).opacity === "1") one = one.parentElement;
  return !one;
}"""


def test_a_message_can_be_read(tab, url, look):
    tab.goto(f"{url}/?__theme={look}&strength=7")
    expect(tab.locator(".toast-body")).to_contain_text("The settings in this link")
    tab.wait_for_function(OPAQUE)  # it fades in
    assert_readable(tab, 15)


def test_the_childrens_page_can_be_read(tab, url, look):
    tab.goto(f"{url}/kids?__theme={look}")
    draw(tab)
    assert_readable(tab, 5)
    tab.get_by_role("button", name="Next").click()
    assert_readable(tab, 2)
    tab.locator(".st-kid-tile").first.click()
    expect(tab.locator(".st-kid-result")).to_be_visible()
    assert_readable(tab, 5)
