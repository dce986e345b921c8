"""Who has to wait sees the place in the queue; a full queue is explained."""

import threading

import pytest
from playwright.sync_api import expect

from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import new_context, open_tab, serve
from tests.studio.test_browser_kids import draw

PLACES = ("Painting", "number 1 in line", "number 2 in line")


@pytest.fixture(scope="module")
def engine():
    engine = fakes.GatedEngine()
    yield engine
    engine.gate.set()


@pytest.fixture(scope="module")
def address(engine):
    """A page that paints one picture at a time, for which two may wait from one address."""
    page, address = serve(engine, StudioSettings(engine_jobs=1, queue_size=4))
    yield address
    page.close()


@pytest.fixture(scope="module")
def studio(desktop, address):
    tab = open_tab(desktop)
    tab.goto(address)
    expect(tab.locator(".st-stage")).to_be_visible()
    return tab


def open_kids(browser, address, **options):
    """Draw something on a tablet of its own: tabs of one browser share its few connections."""
    child = new_context(browser, **options).new_page()
    child.goto(f"{address}/kids")
    draw(child)
    return child


@pytest.fixture(scope="module")
def children(browser, address):
    children = [open_kids(browser, address) for _ in PLACES]
    yield children
    for child in children:
        child.context.close()


def ask(child):
    """Ask for a painting, or for another one, without waiting for it."""
    child.locator(".st-go:visible").click()
    child.locator(".st-kid-tile").first.click()


def ask_first(engine, child):
    """The same, and be the first of all: "Painting" is said before the server knows of it."""
    before = engine.entered
    ask(child)
    while engine.entered == before:
        threading.Event().wait(0.02)
    expect(child.locator(".st-kid-wait")).to_contain_text(PLACES[0])


@pytest.fixture
def crowd(engine, studio, children):
    """Children who all have asked; nobody is painted for until the gate is opened."""
    engine.gate.clear()
    ask_first(engine, children[0])
    for child, words in zip(children[1:], PLACES[1:], strict=True):
        ask(child)
        expect(child.locator(".st-kid-wait")).to_contain_text(words)
    yield children
    engine.gate.set()
    for child in children:
        expect(child.locator(".st-kid-result")).to_be_visible()


def test_children_see_their_place_in_the_queue(engine, crowd):
    for child, words in zip(crowd, PLACES, strict=True):
        expect(child.locator(".st-kid-wait")).to_contain_text(words)
    expect(crowd[2].locator(".st-kid-wait")).to_have_css("opacity", "1")
    engine.gate.set()
    for child in crowd:
        expect(child.locator(".st-kid-result")).to_be_visible()


def test_create_shows_the_place_in_the_queue(engine, studio, children):
    waiting = studio.locator(".st-queue")
    expect(waiting).to_be_hidden()
    engine.gate.clear()
    ask_first(engine, children[0])
    studio.locator("#picker .st-pick", has_text="Senecio").click()
    expect(waiting).to_be_visible()
    expect(waiting).to_contain_text("in line")
    engine.gate.set()
    expect(waiting).to_be_hidden()
    expect(studio.locator(".st-past")).to_have_count(2)
    expect(children[0].locator(".st-kid-result")).to_be_visible()


def test_what_does_not_paint_does_not_wait_for_those_who_do(desktop, address, studio, crowd):
    # All that may wait from one address do: whatever passed the queue would be refused.
    studio.get_by_role("button", name="Faithful").click()
    expect(studio.locator("#control-stroke_size input[type=number]")).to_have_value("0.7")
    studio.locator("#dice").click()
    expect(studio.locator("#control-stroke_size input[type=number]")).not_to_have_value("0.7")
    second = open_tab(desktop)
    second.goto(f"{address}/?style=senecio:1&strength=0.5")
    expect(second.locator("#picker .st-chip")).to_contain_text("Senecio")
    expect(second.locator("#control-strength input[type=number]")).to_have_value("0.5")
    expect(second.locator("#content-picture .st-content-image")).to_be_visible()
    second.close()


def test_a_child_before_a_full_queue_is_told_and_may_try_again(engine, browser, address, crowd):
    child = open_kids(browser, address, locale="de-DE")
    ask(child)
    expect(child.locator(".toast-title")).to_contain_text("Fehler")
    expect(child.locator(".toast-body")).to_contain_text("Gerade malen sehr viele.")
    expect(child.locator(".st-kid-tile").first).to_be_visible()
    engine.gate.set()
    for other in crowd:
        expect(other.locator(".st-kid-result")).to_be_visible()
    child.locator(".st-kid-tile").first.click()
    expect(child.locator(".st-kid-result")).to_be_visible()
    child.context.close()
