"""Who has to wait sees the place in the queue; a full queue is explained."""

import pytest
from playwright.sync_api import expect

from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import new_context, serve
from tests.studio.test_browser_kids import draw


@pytest.fixture
def engine():
    engine = fakes.GatedEngine()
    yield engine
    engine.gate.set()


@pytest.fixture
def visitors(browser):
    """Opens tabs of different visitors."""
    contexts = []

    def visit(address, **options):
        contexts.append(new_context(browser, **options))
        tab = contexts[-1].new_page()
        tab.goto(address)
        return tab

    yield visit
    for context in contexts:
        context.close()


def ask(tab):
    """Draw, and ask for a painting, without waiting for it."""
    draw(tab)
    tab.locator(".st-go").first.click()
    tab.locator(".st-kid-tile").first.click()


def test_children_see_their_place_in_the_queue(engine, visitors):
    page, address = serve(engine, StudioSettings(engine_jobs=1))
    tabs = [visitors(f"{address}/kids") for _ in range(3)]
    engine.gate.clear()
    for tab, words in zip(tabs, ("Painting", "number 1 in line", "number 2 in line"), strict=True):
        ask(tab)
        expect(tab.locator(".st-kid-wait")).to_contain_text(words)
    expect(tabs[2].locator(".st-kid-wait")).to_have_css("opacity", "1")
    engine.gate.set()
    for tab in tabs:
        expect(tab.locator(".st-kid-result")).to_be_visible()
    page.close()


def test_create_shows_the_place_in_the_queue(engine, visitors):
    page, address = serve(engine, StudioSettings(engine_jobs=1))
    first, second = (visitors(address) for _ in range(2))
    for tab in (first, second):
        expect(tab.locator(".st-stage")).to_be_visible()
        expect(tab.locator(".st-queue")).to_be_hidden()
    engine.gate.clear()
    for tab in (first, second):
        tab.locator("#picker .st-pick", has_text="Senecio").click()
    waiting = second.locator(".st-queue")
    expect(waiting).to_be_visible()
    expect(waiting).to_contain_text("in line")
    engine.gate.set()
    expect(waiting).to_be_hidden()
    expect(second.locator(".st-past")).to_have_count(2)
    page.close()


def test_what_does_not_paint_does_not_wait_for_those_who_do(engine, visitors):
    page, address = serve(engine, StudioSettings(engine_jobs=1, queue_size=4))
    first = visitors(address)
    expect(first.locator(".st-stage")).to_be_visible()
    engine.gate.clear()
    children = [visitors(f"{address}/kids") for _ in range(3)]
    for child in children:
        ask(child)
    expect(children[2].locator(".st-kid-wait")).to_contain_text("number 2 in line")
    # All that may wait from one address do: whatever passed the queue would be refused.
    first.get_by_role("button", name="Faithful").click()
    expect(first.locator("#control-stroke_size input[type=number]")).to_have_value("0.7")
    first.locator("#dice").click()
    expect(first.locator("#control-stroke_size input[type=number]")).not_to_have_value("0.7")
    second = visitors(f"{address}/?style=senecio:1&strength=0.5")
    expect(second.locator("#picker .st-chip")).to_contain_text("Senecio")
    expect(second.locator("#control-strength input[type=number]")).to_have_value("0.5")
    expect(second.locator("#content-picture .st-content-image")).to_be_visible()
    page.close()


def test_a_child_before_a_full_queue_is_told_and_may_try_again(engine, visitors):
    page, address = serve(engine, StudioSettings(engine_jobs=1, queue_size=1))
    languages = ("en-US", "en-US", "de-DE")
    tabs = [visitors(f"{address}/kids", locale=language) for language in languages]
    engine.gate.clear()
    ask(tabs[0])
    expect(tabs[0].locator(".st-kid-wait")).to_be_visible()
    ask(tabs[1])
    expect(tabs[1].locator(".st-kid-wait")).to_contain_text("number 1 in line")
    ask(tabs[2])
    expect(tabs[2].locator(".toast-title")).to_contain_text("Fehler")
    expect(tabs[2].locator(".toast-body")).to_contain_text("Gerade malen sehr viele.")
    expect(tabs[2].locator(".st-kid-tile").first).to_be_visible()
    engine.gate.set()
    expect(tabs[1].locator(".st-kid-result")).to_be_visible()
    tabs[2].locator(".st-kid-tile").first.click()
    expect(tabs[2].locator(".st-kid-result")).to_be_visible()
    page.close()
