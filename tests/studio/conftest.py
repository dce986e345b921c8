"""A page with the tiny engine, served once per module, and a real browser where there is one."""

from __future__ import annotations

import re
import shutil

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG

from stylize.studio import StudioSettings, launch
from tests import fakes


def pytest_configure(config):
    """What Gradio and Playwright warn of; sockets that they leave: see pyproject.toml."""
    for line in (
        # Gradio's statistics with the newest pandas
        "ignore:.*no_silent_downcasting",
        "ignore:The copy keyword is deprecated",
        "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning",
    ):
        config.addinivalue_line("filterwarnings", line)


# The headless shell draws no window around the page, which takes half of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # A visit is too short for WebAssembly to be compiled a second time, now for speed.
    "--js-flags=--liftoff-only",
]


PATIENCE_MS = 90_000  # a busy machine is not a broken page
for step in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, step, PATIENCE_MS / 1000)  # also of Gradio's client; 5 s else


@pytest.fixture(scope="session", autouse=True)
def gradio_files(tmp_path_factory):
    """A folder for each worker: a server that ends deletes copies that another would share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture(scope="session")
def engine():
    return fakes.FakeEngine()


@pytest.fixture
def library(engine):
    return fakes.small_library(engine)


def serve(engine, settings=None, **options):
    """Serve a page on a free port; returns (page, address)."""
    page = launch(
        engine,
        fakes.small_library(engine),
        settings=settings or StudioSettings(),
        block=False,
        new_library=lambda: fakes.small_library(engine),
        **options,
    )
    return page, page.local_url.rstrip("/")


@pytest.fixture(scope="module")
def url(engine):
    page, address = serve(engine)
    yield address
    page.close()


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desktop(browser):
    """A desktop; shared, because it keeps the scripts of the page."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture(scope="module", params=["desktop", "phone"])
def device(request, browser):
    """A desktop, then a phone with touch."""
    if request.param == "desktop":
        yield request.getfixturevalue("desktop")
        return
    context = new_context(browser, phone=True)
    yield context
    context.close()


@pytest.fixture
def tab(desktop):
    """An empty tab of a desktop: opening the page in it is a new visit."""
    yield from _open_tab(desktop)


@pytest.fixture
def each_tab(device):
    """The same of a desktop, then of a phone: for what fingers and small screens may change."""
    yield from _open_tab(device)


def _open_tab(context):
    tab = open_tab(context)
    tab.on("dialog", lambda question: question.accept())
    yield tab
    tab.close()


def open_tab(context):
    """An empty tab in the process of the context's first one, which knows the page's scripts."""
    if not context.pages:
        first = context.new_page()
        first.route("**", lambda route: route.fulfill(body="", content_type="text/html"))
        first.goto("http://127.0.0.1/")  # a process serves one site, whatever the port
    with context.expect_page() as opened:
        context.pages[0].evaluate("void open('about:blank')")
    return opened.value


def open_page(tab, url, query=""):
    """Open the studio; returns once its first picture is painted."""
    from playwright.sync_api import expect

    tab.goto(url + query)
    expect(tab.locator(".st-after")).to_have_attribute("src", re.compile("^data:image/"))
    expect(tab.locator(".st-stage")).to_be_visible()


@pytest.fixture(scope="module")
def studio(desktop):
    yield from _open_tab(desktop)


@pytest.fixture(scope="module")
def each_studio(request, device, desktop):
    if device is desktop:
        yield request.getfixturevalue("studio")
    else:
        yield from _open_tab(device)


@pytest.fixture
def visit(request, studio, url):
    """A visit that goes on from test to test: opening the page costs more than most of them do.

    What others have chosen is still chosen. They end at rest, with the result in sight; after one
    that fails, and when much has been painted, the next one begins anew.
    """
    yield from go_on(request, studio, url)


@pytest.fixture
def each_visit(request, each_studio, url):
    """The same on a desktop, then on a phone."""
    yield from go_on(request, each_studio, url)


def go_on(request, tab, url):
    results = tab.locator(".st-past").count()
    if not 0 < results < 18:  # the page keeps 24
        open_page(tab, url)
    failed = request.session.testsfailed
    yield tab
    if request.session.testsfailed > failed:
        tab.goto("about:blank")


def forget(context, *origins):
    """Close all tabs but the first and forget what pages have kept."""
    first, *others = context.pages
    for tab in others:
        tab.close()
    devtools = context.new_cdp_session(first)
    for origin in origins:
        kinds = {"origin": origin, "storageTypes": "cookies,local_storage,indexeddb"}
        devtools.send("Storage.clearDataForOrigin", kinds)
    devtools.detach()


def new_context(browser, *, phone=False, **options):
    if phone:
        options |= {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
    else:
        options |= {"viewport": {"width": 1440, "height": 900}}
    context = browser.new_context(**({"locale": "en-US"} | options))
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def picture_file(tmp_path):
    path = tmp_path / "boat.png"
    fakes.picture(7, (120, 80)).save(path)
    return path
