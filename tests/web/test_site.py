"""The static site in a real browser, with the tiny model: nothing but files is served."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.images import save_image
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from stylize.recipe import Recipe, RecipeStyle, read_recipe
from stylize.site import write_site
from tests.conftest import TINY_MODEL, make_picture
from tests.studio.conftest import new_context
from tests.web.conftest import Server, draw_as_a_child

CONTRAST = (Path(__file__).parents[1] / "studio" / "contrast.js").read_text("utf-8")
STYLES = {"starry-night": 5, "great-wave": 9, "the-scream": 12}


@pytest.fixture(scope="module")
def server(dist, tiny_engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    with StyleLibrary.open(":memory:", encoder=tiny_engine, bundled=False) as library:
        for name, seed in STYLES.items():
            tags = ["blue"] if name != "the-scream" else ["red"]
            library.add(name, make_picture(80, 64, seed=seed), title=name.title(), tags=tags)
        write_site(folder, ModelFiles.open(TINY_MODEL), library)
    with Server(folder) as server:
        yield server


def new_device(browser, *, phone=False):
    """A browser with a camera that notes what it asks for."""
    device = new_context(browser, phone=phone, permissions=["camera"])
    device.asked = []
    device.on("request", lambda request: device.asked.append(request.url))
    return device


@pytest.fixture(scope="module")
def desktop(browser):
    device = new_device(browser)
    yield device
    device.close()


@pytest.fixture(scope="module", params=["desktop", "phone"])
def device(request, browser):
    if request.param == "desktop":
        yield request.getfixturevalue("desktop")
        return
    device = new_device(browser, phone=True)
    yield device
    device.close()


@pytest.fixture(scope="module")
def each_studio(request, device, desktop, server):
    if device is desktop:
        return request.getfixturevalue("studio")
    return open_page(device, server)


@pytest.fixture
def each_tab(request, each_studio, server):
    """A page on a desktop, then on a phone, that goes on from test to test: see `tab`."""
    yield from _go_on(request, each_studio, server)


@pytest.fixture(scope="module")
def studio(desktop, server):
    return open_page(desktop, server)


@pytest.fixture
def tab(request, studio, server):
    """A page that goes on from test to test: opening one takes a while.

    They leave it as it was: with the first style, and none of their own. After one that fails, the
    next begins anew.
    """
    yield from _go_on(request, studio, server)


def _go_on(request, tab, server):
    tab.errors.clear()
    failed = request.session.testsfailed
    yield tab
    if request.session.testsfailed > failed:
        tab.goto(f"{server.url}/index.html")
        tab.wait_for_selector(".st-after[src]")


def remove(tab, name):
    """Remove an own style and choose the first one again."""
    tab.locator(f'.st-tile[data-name="{name}"] .st-pick').click()
    tab.locator("#remove-style").click()
    tab.wait_for_selector(f'.st-tile[data-name="{name}"]', state="detached")
    tab.locator('.st-tile[data-name="starry-night"] .st-pick').click()
    tab.wait_for_selector('.st-chip[data-name="starry-night"]')


def open_page(context, server, path="/index.html"):
    """Open a page; its errors are noted."""
    tab = context.new_page()
    tab.errors = []
    tab.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.goto(server.url + path)
    if "kids" not in path:
        tab.wait_for_selector(".st-after[src]")
    return tab


def wait(tab, condition):
    """Wait until something holds in the page, whose policy forbids to make code of strings."""
    loop = f"while (!(await ({condition}))) {{ await new Promise(requestAnimationFrame); late(); }}"
    late = "const end = Date.now() + 45000; "
    late += "const late = () => { if (Date.now() > end) throw Error('never'); };"
    tab.evaluate(f"async () => {{ {late} {loop} }}")


def choose(tab, picture: Image.Image, name="photo.png", **options):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    file = {"name": name, "mimeType": "image/png", "buffer": buffer.getvalue()}
    tab.locator("#content-picture input[type=file]").set_input_files(file)


def save(tab, tmp_path, name):
    """Save the picture in its full size; returns the file."""
    tab.locator(".st-bar .st-primary:visible").click()
    with tab.expect_download() as download:
        tab.locator(".st-dialog[open] .st-primary").click()
    path = tmp_path / name
    download.value.save_as(path)
    return path


def test_the_picture_is_in_sight_below_a_header_of_one_line(tab):
    assert tab.locator(".st-header svg").bounding_box()["height"] == 28
    assert tab.locator(".st-frame").first.bounding_box()["y"] < 220


def test_it_paints_at_once_and_asks_nobody_else(each_tab, server):
    promise = each_tab.locator("#promise").inner_text()
    assert promise.startswith("Your pictures stay on this device.")
    asked = each_tab.context.asked
    outside = [url for url in asked if not url.startswith((server.url, "blob:", "data:"))]
    assert asked
    assert (outside, each_tab.errors) == ([], [])
    assert each_tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_saved_here_can_be_painted_again_by_python(tab, tmp_path, tiny_engine):
    picture = make_picture(150, 90, seed=3)
    choose(tab, picture)
    wait(tab, "document.querySelector('.st-note').textContent.startsWith('150 ')")
    more = tab.locator('.st-tile[data-name="great-wave"] .st-mix')
    more.click()
    strength = tab.locator("#control-strength input[type=number]")
    strength.fill("0.8")
    tab.keyboard.press("Enter")
    path = save(tab, tmp_path, "saved.png")
    recipe = read_recipe(path)
    assert {one.name: one.weight for one in recipe.styles} == {"starry-night": 1, "great-wave": 0.5}
    assert recipe.controls.strength == 0.8
    assert recipe.model_sha256 == tiny_engine.model_sha256
    again = tiny_engine.stylize(picture, recipe.style(), controls=recipe.controls)
    off = np.asarray(again).astype(int) - np.asarray(Image.open(path))
    assert 10 * np.log10(255**2 / max(1e-9, np.square(off).mean())) > 40
    assert tab.errors == []
    more.click()
    strength.fill("1")
    tab.keyboard.press("Enter")


def test_what_python_saved_brings_its_settings_here(tab, tmp_path, tiny_engine):
    unknown = tiny_engine.encode_style(make_picture(70, 70, seed=21))
    style = RecipeStyle.of(unknown, name="mine", weight=2.0)
    path = tmp_path / "painted.png"
    save_image(make_picture(120, 80, seed=4), path, recipe=Recipe.of(tiny_engine, [style]))
    tab.locator("#content-picture input[type=file]").set_input_files(path)
    tab.locator(".st-found-recipe button").click()
    tab.wait_for_selector('.st-chip[data-name="mine"]')
    tab.wait_for_selector('.st-tile[data-name="mine"][data-on="true"]')
    remove(tab, "mine")
    assert tab.errors == []


def test_a_jpeg_and_a_webp_carry_their_recipe_too(tab, tmp_path):
    for place, name in ((1, "saved.jpg"), (2, "saved.webp")):
        tab.locator(".st-bar .st-primary:visible").click()
        tab.locator(".st-segments label").nth(place).click()
        with tab.expect_download() as download:
            tab.locator(".st-dialog[open] .st-primary").click()
        assert download.value.suggested_filename.endswith(name[-4:])
        download.value.save_as(tmp_path / name)
        assert read_recipe(tmp_path / name).styles[0].name == "starry-night"
        with Image.open(tmp_path / name) as saved:
            saved.load()


def test_own_styles_stay_and_travel(tab, tmp_path, tiny_engine):
    picture = make_picture(80, 80, seed=33)
    picture.save(tmp_path / "Blaue Blume.png")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#upload-style").click()
    chooser.value.set_files(tmp_path / "Blaue Blume.png")
    tab.wait_for_selector('.st-chip[data-name="blaue-blume"]')
    tab.reload()
    tab.wait_for_selector('.st-tile[data-name="blaue-blume"]')
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export mine").click()
    download.value.save_as(tmp_path / "styles.zip")
    with StyleLibrary.open(":memory:", encoder=tiny_engine, bundled=False) as library:
        assert library.import_(tmp_path / "styles.zip").added == ("blaue-blume",)
        assert library.get("blaue-blume").title == "Blaue Blume"
        found = library.get("blaue-blume").vector.values
        library.export(tmp_path / "of-python.zip")
    assert np.allclose(found, tiny_engine.encode_style(picture).values, atol=1e-3)
    remove(tab, "blaue-blume")
    tab.locator('input[accept*="zip"]').set_input_files(tmp_path / "of-python.zip")
    tab.wait_for_selector('.st-chip[data-name="blaue-blume"]')
    remove(tab, "blaue-blume")
    assert tab.errors == []


def test_two_tabs_have_the_same_own_styles(tab, server, tmp_path):
    make_picture(80, 80, seed=34).save(tmp_path / "red flower.png")
    other = open_page(tab.context, server)
    tab.locator("input[accept='image/*'][tabindex='-1']").last.set_input_files(
        tmp_path / "red flower.png"
    )
    tile = '.st-tile[data-name="red-flower"]'
    other.wait_for_selector(tile)
    remove(other, "red-flower")
    tab.wait_for_selector(tile, state="detached")
    assert tab.errors + other.errors == []
    other.close()
    tab.locator('.st-tile[data-name="starry-night"] .st-pick').click()


def test_after_the_first_visit_it_works_offline_and_with_threads(tab):
    wait(
        tab,
        "navigator.serviceWorker.controller && caches.open('stylize-site')"
        ".then((cache) => cache.keys()).then((kept) => kept.length > 15)",
    )
    tab.context.set_offline(True)
    tab.reload()
    tab.wait_for_selector(".st-after[src]")
    assert tab.evaluate("crossOriginIsolated")
    tab.context.set_offline(False)
    assert tab.errors == []


def test_search_and_likeness(tab):
    names = "[...document.querySelectorAll('.st-tile')].map((tile) => tile.dataset.name)"
    tab.locator(".st-search").fill("SCREAM")
    wait(tab, f"{names}.join() === 'the-scream'")
    tab.locator(".st-search").fill("")
    tab.get_by_role("button", name="blue").click()
    wait(tab, f"{names}.length === 2")
    tab.get_by_role("button", name="More like this").first.click()
    wait(tab, f"{names}.length === 3 && {names}[0] === 'starry-night'")
    tab.locator(".st-clear").click()


def test_a_link_carries_the_look(desktop, server):
    tab = open_page(desktop, server, "/index.html?style=great-wave:1&style=nobody:1&detail=0.5")
    tab.wait_for_selector('.st-chip[data-name="great-wave"]')
    assert tab.locator(".st-chip").count() == 1
    assert tab.locator("#control-detail input[type=number]").input_value() == "0.5"


def test_tabs_by_keyboard_and_the_camera_live(each_tab):
    each_tab.get_by_role("tab", name="Result").focus()
    each_tab.keyboard.press("ArrowLeft")
    live = each_tab.get_by_role("tab", name="Live")
    assert live.get_attribute("aria-selected") == "true"
    each_tab.evaluate(
        """() => {
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wish) => window.lent = await ask(wish);
        }"""
    )
    each_tab.get_by_role("button", name="Start the camera").click()
    wait(each_tab, "document.querySelector('.st-live-canvas').width > 100")
    with each_tab.expect_download() as download:
        each_tab.get_by_role("button", name="Snapshot").click()
    assert download.value.suggested_filename == "snapshot.jpg"
    each_tab.get_by_role("tab", name="Result").click()
    assert each_tab.evaluate("lent.getTracks().every((track) => track.readyState === 'ended')")
    each_tab.evaluate("delete navigator.mediaDevices.getUserMedia")
    assert each_tab.errors == []


def test_without_a_camera_it_says_so(tab):
    tab.evaluate(
        """() => {
          const error = new DOMException("", "NotFoundError");
          navigator.mediaDevices.getUserMedia = () => Promise.reject(error);
        }"""
    )
    tab.get_by_role("tab", name="Live").click()
    tab.get_by_role("button", name="Start the camera").click()
    tab.wait_for_selector("#toast:visible")
    assert "camera" in tab.locator("#toast").inner_text()


def test_what_is_no_picture_is_refused_and_nothing_lost(tab):
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    tab.locator("#content-picture input[type=file]").set_input_files(file)
    tab.wait_for_selector("#toast:visible")
    assert "not a picture" in tab.locator("#toast").inner_text()
    assert tab.locator(".st-after").get_attribute("src")


def test_a_painter_that_stops_is_replaced(tab):
    before = tab.locator(".st-after").get_attribute("src")
    tab.workers[0].evaluate("setTimeout(() => { throw new Error('killed by the test') })")
    tab.wait_for_selector("#toast:visible")
    tab.locator("#control-strength input[type=number]").fill("0.6")
    tab.keyboard.press("Enter")
    wait(tab, f"document.querySelector('.st-after').src !== {before!r}")
    tab.locator("#control-strength input[type=number]").fill("1")
    tab.keyboard.press("Enter")


def test_a_full_device_keeps_a_style_for_the_visit(tab):
    tab.evaluate(
        """() => {
          indexedDB.open = () => { throw new DOMException("", "QuotaExceededError"); };
        }"""
    )
    buffer = io.BytesIO()
    make_picture(64, 64, seed=8).save(buffer, "PNG")
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    tab.locator('.st-own input[accept="image/*"]').set_input_files(file)
    tab.wait_for_selector('.st-chip[data-name="mine"]')
    assert "QuotaExceededError" in tab.locator("#toast").inner_text()
    tab.evaluate("delete indexedDB.open")
    remove(tab, "mine")


def assert_readable(tab, scheme, at_least):
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = tab.evaluate(CONTRAST, "texts")
    tab.emulate_media(color_scheme="null", reduced_motion="null")
    assert not found["faint"], "\n".join(found["faint"])
    assert found["count"] >= at_least


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(tab, scheme):
    assert_readable(tab, scheme, 20)


def test_every_text_for_children_can_be_read(desktop, server):
    tab = open_page(desktop, server, "/kids.html")
    tab.wait_for_selector(".st-kid-notice")
    for scheme in ("light", "dark"):
        assert_readable(tab, scheme, 3)
    tab.close()


@pytest.mark.parametrize(
    ("locale", "words"),
    [("de-AT", "Deine Bilder bleiben"), ("zh-CN", "你的图片"), ("es", "Tus imágenes")],
)
def test_it_speaks_the_visitors_language(browser, server, locale, words):
    context = browser.new_context(locale=locale)
    tab = context.new_page()
    tab.goto(server.url + "/index.html")
    tab.locator("#promise", has_text=words).wait_for()  # before anything is painted
    context.close()


def test_a_child_draws_picks_and_is_done(device, server):
    tab = open_page(device, server, "/kids.html")
    draw_as_a_child(tab)
    wait(tab, "/^data:image.jpeg/.test(document.querySelector('.st-kid-result').src)")
    assert "stays here" in tab.locator(".st-kid-notice").inner_text()
    assert tab.errors == []
    tab.close()


def test_python_and_the_page_have_the_same_controls(tab):
    from dataclasses import fields

    from stylize.controls import Controls

    found = tab.evaluate("import('./engine.js').then(({ CONTROLS }) => CONTROLS)")
    assert found == {
        item.name: [getattr(Controls(), item.name), item.metadata["low"], item.metadata["high"]]
        for item in fields(Controls)
    }
