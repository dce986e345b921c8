"""Nothing that a visitor has made is lost: by a reload, a refusal, a slip or another tab."""

import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stylize.library import StyleLibrary
from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import forget, new_context, open_page, open_tab, serve
from tests.studio.test_browser_create import (
    HAND_OVER,
    NEW_RESULT,
    SIZE,
    choose,
    paint_region,
    pick,
    result,
    settled,
    settles,
    stroke,
    upload,
)
from tests.studio.test_browser_kids import draw
from tests.studio.test_browser_kids import paint as paint_for_child
from tests.studio.test_browser_tabs import add_style


@pytest.fixture(scope="module")
def forgetful(browser):
    """A desktop that keeps nothing from one test to the next."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def tab(forgetful):
    tab = open_tab(forgetful)
    tab.on("dialog", lambda question: question.accept())
    yield tab
    forget(forgetful, tab.evaluate("origin"))


def content(tab):
    return tab.locator("#content-picture .st-content-image").get_attribute("src")


def reload(tab):
    """Load the page anew, once the device has written what it keeps: it may be slow to begin."""
    tab.evaluate("() => Studio.session.load().then(() => {})")  # after all that was to be written
    tab.reload()


def add_my_style(tab, path, title):
    fakes.picture(11, (80, 80)).save(path / f"{title}.png")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#upload-style").click()
    chooser.value.set_files(path / f"{title}.png")
    expect(tab.locator("#picker .st-chip")).to_contain_text(title)


# ------------------------------------------------------------------------------------- own styles


def test_own_styles_are_there_after_a_reload_and_in_another_tab(tab, url, tmp_path):
    other = open_tab(tab.context)
    open_page(other, url)
    open_page(tab, url)
    add_my_style(tab, tmp_path, "Meadow")
    mine = "#picker .st-tile:has-text('Meadow')"
    expect(other.locator(mine)).to_have_count(1)  # without a reload
    expect(tab.locator(".st-past")).to_have_count(2)

    reload(tab)
    expect(tab.locator(mine)).to_have_attribute("data-on", "true")
    stranger = new_context(tab.context.browser).new_page()
    open_page(stranger, url, "?style=meadow:1")
    expect(stranger.locator(mine)).to_have_attribute("data-on", "true")
    stranger.context.close()

    tab.get_by_role("tab", name="Styles").first.click()
    tab.locator("#library .st-pick", has_text="Meadow").click()  # it is there, too
    tab.locator("#remove-style").click()
    expect(tab.locator("#library .st-tile", has_text="Meadow")).to_have_count(0)
    tab.get_by_role("tab", name="Create").first.click()
    for one in (tab, other):
        expect(one.locator(mine)).to_have_count(0)
    other.reload()
    expect(other.locator("#picker .st-tile").first).to_be_attached()
    expect(other.locator(mine)).to_have_count(0)


# ------------------------------------------------------------------------------------- refusals


def test_what_is_refused_leaves_the_picture_alone(tab, engine, picture_file, tmp_path):
    page, address = serve(engine, StudioSettings(max_upload_mb=1, max_pixels=1_000_000))
    open_page(tab, address)
    upload(tab, picture_file)
    kept, painted = content(tab), result(tab)
    field = tab.locator("#content-picture input[type=file]")
    (tmp_path / "large.png").write_bytes(b"\0" * 1_500_000)
    (tmp_path / "words.png").write_bytes(b"not a picture")
    fakes.picture(1, (1500, 1500)).save(tmp_path / "wide.png")
    for name in ("large.png", "words.png", "wide.png"):
        field.set_input_files(tmp_path / name)
        said = tab.locator("#content-picture [role=alert]:visible, .toast-body:visible").first
        expect(said).to_be_visible()
        expect(tab.locator("#content-picture .st-content-image")).to_have_attribute("src", kept)
        assert result(tab) == painted
        expect(tab.locator(".st-stage")).to_be_visible()
    page.close()


def test_looking_at_another_source_leaves_the_picture_alone(visit, picture_file):
    with settles(visit):
        upload(visit, picture_file)
    kept = content(visit)
    with visit.expect_file_chooser():  # and nothing is chosen
        visit.get_by_role("button", name="Choose").click()
    visit.get_by_role("button", name="Camera").click()
    visit.get_by_role("button", name="Back").click()
    assert content(visit) == kept
    expect(visit.locator(".st-stage")).to_be_visible()


@pytest.fixture
def errors(visit):
    """What goes wrong in the page's scripts."""
    errors = []

    def note(error):
        errors.append(error)

    visit.on("pageerror", note)
    yield errors
    visit.remove_listener("pageerror", note)


NO_CAMERA = {
    "denied": """() => {
      const devices = navigator.mediaDevices;
      devices.getUserMedia = () => Promise.reject(new Error("denied"));
      window.repair = () => { delete devices.getUserMedia; };
    }""",
    "none": """() => {
      Object.defineProperty(navigator, "mediaDevices", { value: undefined, configurable: true });
      window.repair = () => { delete navigator.mediaDevices; };
    }""",
}


@pytest.mark.parametrize("spoil", NO_CAMERA.values(), ids=NO_CAMERA)
def test_without_a_camera_the_page_says_so_and_goes_on(visit, errors, spoil, picture_file):
    with settles(visit):
        upload(visit, picture_file)
    visit.evaluate(spoil)
    visit.get_by_role("button", name="Camera").click()
    expect(visit.locator("#content-picture [role=alert]")).to_contain_text("camera cannot be used")
    old = result(visit)
    with settles(visit):
        visit.get_by_role("button", name="Coffee").click()  # nothing lies over the page
        visit.wait_for_function(NEW_RESULT, arg=old)
    visit.evaluate("repair()")
    assert errors == []


def test_a_refused_clipboard_is_explained(visit):
    said = expect(visit.locator("#content-picture [role=alert]"))
    visit.evaluate("() => { navigator.clipboard.read = () => Promise.reject(new Error('no')); }")
    visit.get_by_role("button", name="Paste", exact=True).click()
    said.to_contain_text("Ctrl+V")
    visit.evaluate("() => { navigator.clipboard.read = () => Promise.resolve([]); }")
    visit.get_by_role("button", name="Paste", exact=True).click()
    said.to_contain_text("no picture")
    visit.evaluate("delete navigator.clipboard.read")


# ------------------------------------------------------------------------------------- the visit


def test_a_reload_brings_picture_look_and_drawing_back(tab, url, picture_file):
    open_page(tab, url)
    upload(tab, picture_file)
    pick(tab, "Senecio")
    expect(tab).to_have_url(re.compile("style=senecio"))
    slider = tab.locator("#control-strength input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    expect(tab).to_have_url(re.compile("strength=0.95"))
    tab.get_by_role("tab", name="Draw").click()
    stroke(tab, "#drawing .st-canvas")

    reload(tab)
    expect(tab.locator(".st-note")).to_contain_text(SIZE)
    expect(tab.locator("#picker .st-chip")).to_contain_text("Senecio")
    expect(tab.locator("#control-strength input[type=number]")).to_have_value("0.95")
    tab.get_by_role("tab", name="Draw").click()
    expect(tab.get_by_role("button", name="Use this drawing")).to_be_enabled()
    assert inked(tab, "#drawing .st-canvas")

    tab.goto("about:blank")
    tab.go_back()
    expect(tab.locator(".st-note")).to_contain_text(SIZE)

    other = open_tab(tab.context)  # another tab begins anew
    open_page(other, url)
    expect(other.locator(".st-note")).not_to_contain_text(SIZE)


def test_a_reload_brings_the_regions_back(tab, url):
    open_page(tab, url)
    paint_region(tab)
    tab.get_by_role("tab", name="Result").click()
    expect(tab.locator(".st-past")).to_have_count(2)
    painted = result(tab)
    reload(tab)
    expect(tab.locator(".st-stage")).to_be_visible()
    assert result(tab) == painted
    tab.get_by_role("tab", name="Regions").click()
    canvas = tab.locator("#regions .st-canvas")
    tab.wait_for_function(
        "(canvas) => canvas.getContext('2d').getImageData(0, 0, 640, 640).data.some(Boolean)",
        arg=canvas.element_handle(),
    )


@pytest.fixture
def mortal():
    """A server that may be killed; and its port."""
    command = [sys.executable, "-m", "tests.studio.server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        yield server, int(server.stdout.readline())
        server.kill()


def test_the_page_outlives_its_server(tab, mortal, engine, picture_file):
    server, port = mortal
    open_page(tab, f"http://127.0.0.1:{port}")
    upload(tab, picture_file)
    tab.evaluate("window.same = true")
    server.kill()
    server.wait()
    expect(tab.locator(".st-lost")).to_be_visible()
    pick(tab, "Great Wave")  # asked in vain
    page, _ = serve(engine, port=port)
    expect(tab.locator(".st-lost")).to_be_hidden()
    expect(tab.locator(".toast-body")).to_have_count(0)
    expect(tab.locator(".st-past").nth(2)).to_be_attached()  # and answered now
    pick(tab, "Senecio")
    expect(tab.locator(".st-past").nth(3)).to_be_attached()
    expect(tab.locator(".st-note")).to_contain_text(SIZE)
    expect(tab.locator(".st-lost")).to_be_hidden()
    assert tab.evaluate("window.same")
    page.close()


def test_a_childs_drawing_and_result_survive_a_reload(tab, url):
    tab.goto(url + "/kids")
    draw(tab)
    reload(tab)
    expect(tab.get_by_role("button", name="Next")).to_be_enabled()
    paint_for_child(tab)
    painted = tab.locator(".st-kid-result").get_attribute("src")
    reload(tab)
    expect(tab.locator(".st-kid-result")).to_have_attribute("src", painted)
    tab.get_by_role("button", name="Delete now").click()
    reload(tab)
    expect(tab.locator(".st-kids .st-canvas")).to_be_visible()
    expect(tab.get_by_role("button", name="Next")).to_be_disabled()


# ------------------------------------------------------------------------------------- undo


def test_undo_goes_to_what_a_result_was_made_from(tab, url):
    open_page(tab, url)
    for count, title in enumerate(("Senecio", "Great Wave"), 2):
        pick(tab, title)
        settled(tab, count)
    chip = expect(tab.locator("#picker .st-chip"))
    undo, redo = (
        tab.locator("#viewer").get_by_role("button", name=name) for name in ("Undo", "Redo")
    )
    undo.click()
    chip.to_contain_text("Senecio")
    undo.click()
    chip.to_contain_text("Starry Night")
    pick(tab, "Red Horse")
    settled(tab, 4)
    undo.click()
    chip.to_contain_text("Starry Night")  # and not the abandoned Great Wave
    expect(undo).to_be_disabled()
    redo.click()
    chip.to_contain_text("Red Horse")
    expect(redo).to_be_disabled()
    for keys, title in (("Control+z", "Starry"), ("Control+Shift+z", "Red Horse")):
        tab.keyboard.press(keys)
        chip.to_contain_text(title)
    tab.keyboard.press("Control+z")
    tab.keyboard.press("Control+y")
    chip.to_contain_text("Red Horse")


def test_undo_takes_back_what_does_not_rest_yet(visit):
    choose(visit, "Senecio")
    results = visit.locator(".st-past")
    count = results.count()
    slider = visit.locator("#control-strength input[type=range]")
    before, value = result(visit), slider.input_value()
    # As if something was held, so that the picture stays a live one; a slider that is held would be
    # drawn to the pointer again.
    slider.dispatch_event("pointerdown")
    slider.press("ArrowLeft")
    visit.wait_for_function(NEW_RESULT, arg=before)
    moved, live = slider.input_value(), result(visit)
    visit.keyboard.press("Control+z")
    expect(slider).to_have_value(value)
    assert result(visit) == before
    slider.dispatch_event("pointerup")
    settled(visit, count + 1)
    visit.keyboard.press("Control+y")
    expect(slider).to_have_value(moved)
    expect(results.last.locator("img")).not_to_have_attribute("src", live)  # finished now
    settled(visit, count + 1)
    expect(visit.locator("#picker .st-chip")).to_contain_text("Senecio")


def test_a_drag_is_one_step(visit):
    box = visit.locator("#control-strength input[type=range]").bounding_box()
    y = box["y"] + box["height"] / 2
    visit.mouse.move(box["x"] + box["width"] - 6, y)
    with settles(visit):
        count = visit.locator(".st-past").count()
        visit.mouse.down()
        for share in (0.8, 0.6, 0.4):
            old = result(visit)
            visit.mouse.move(box["x"] + box["width"] * share, y, steps=3)
            visit.wait_for_function(NEW_RESULT, arg=old)
            visit.evaluate("() => new Promise((done) => setTimeout(done, 700))")  # it rests, held
        assert visit.locator(".st-past").count() == count
        visit.mouse.up()


def inked(tab, selector):
    return tab.locator(selector).evaluate(
        "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
        ".data.some(Boolean)"
    )


def assert_everything_can_be_taken_back(tab, name):
    canvas = f"#{name} .st-canvas"
    expect(tab.locator(canvas)).to_be_visible()
    stroke(tab, canvas)
    tab.evaluate("document.activeElement.blur()")
    for keys, ink in (("z", False), ("Shift+z", True), ("z", False), ("y", True)):
        tab.keyboard.press(f"Control+{keys}")
        assert inked(tab, canvas) == ink
    tab.locator(f"#{name}").get_by_role("button", name="Clear all").click()
    assert not inked(tab, canvas)
    tab.locator(f"#{name}").get_by_role("button", name="Undo").click()
    assert inked(tab, canvas)


def test_on_a_canvas_everything_can_be_taken_back(tab, url):
    open_page(tab, url)
    for sheet, name in (("Draw", "drawing"), ("Regions", "regions")):
        tab.get_by_role("tab", name=sheet).click()
        assert_everything_can_be_taken_back(tab, name)


def test_a_childs_drawing_can_be_taken_back_and_a_photo_over_it(tab, url, picture_file):
    tab.goto(url + "/kids")
    assert_everything_can_be_taken_back(tab, "kids")
    tab.evaluate(HAND_OVER, ["paste", list(picture_file.read_bytes())])
    expect(tab.locator("#kids .st-backdrop")).to_be_visible()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.locator("#kids .st-backdrop")).to_be_hidden()
    assert inked(tab, "#kids .st-canvas")


# ------------------------------------------------------------------------------------- batch


def zip_of(tab):
    expect(tab.locator("#batch-file")).to_be_enabled()
    with tab.expect_download() as download:
        tab.locator("#batch-file").click()
    return zipfile.ZipFile(download.value.path())


def files(folder, sizes):
    for number, size in enumerate(sizes):
        fakes.picture(number, size).save(folder / f"p{number}.png")
    return [folder / f"p{number}.png" for number in range(len(sizes))]


def start_batch(tab, paths):
    tab.get_by_role("tab", name="Batch").first.click()
    tab.locator("#batch-files input[type=file]").set_input_files(paths)
    expect(tab.locator("#batch-files")).to_contain_text(paths[-1].stem)
    tab.locator("#batch-start").click()


def test_one_bad_picture_does_not_cost_the_others(visit, tmp_path):
    paths = files(tmp_path, [(60, 40)] * 3)
    paths[1].write_bytes(b"not a picture")
    start_batch(visit, paths)
    expect(visit.locator("#batch-status")).to_contain_text("2 of 3 painted")
    expect(visit.locator("#batch-status li")).to_contain_text("p1.png")
    with zip_of(visit) as archive:
        assert archive.namelist() == ["p0.png", "p2.png", "not-painted.txt"]
        assert b"p1.png" in archive.read("not-painted.txt")
    visit.get_by_role("tab", name="Create").first.click()


def test_what_was_finished_before_the_stop_is_kept_and_jobs_do_not_mix(tab, tmp_path):
    never = threading.Event()

    class Engine(fakes.FakeEngine):
        def stylize(self, content, style, **options):
            for _ in range(600 if content.size == (62, 40) else 0):
                options["progress"](0.5)  # ends the picture as soon as the stop is there
                never.wait(0.1)
            return super().stylize(content, style, **options)

    page, address = serve(Engine())
    open_page(tab, address)
    start_batch(tab, files(tmp_path, [(60, 40), (62, 40), (64, 40)]))
    expect(tab.locator("#batch-status")).to_contain_text("Painting 2 of 3: p1.png")
    expect(tab.locator("#batch-start")).to_be_disabled()
    expect(tab.locator("#batch-sheet")).to_be_disabled()
    tab.locator("#batch-stop").click()
    expect(tab.locator("#batch-status")).to_contain_text("Stopped: 1 of 3 painted")
    expect(tab.locator("#batch-sheet")).to_be_enabled()
    with zip_of(tab) as archive:
        assert archive.namelist() == ["p0.png"]
    page.close()


# ------------------------------------------------------------------------------------- styles tab


def field(tab, name):
    return tab.locator(f"#style-{name} textarea, #style-{name} input")


def test_what_is_typed_about_a_style_is_kept(visit, tmp_path, monkeypatch):
    update, gate = StyleLibrary.update, threading.Event()

    def wait_and_update(*args, **values):
        assert gate.wait(60)
        return update(*args, **values)

    monkeypatch.setattr(StyleLibrary, "update", wait_and_update)
    for seed, name in ((11, "Pond"), (12, "Lawn")):
        fakes.picture(seed, (80, 80)).save(tmp_path / f"{name}.png")
    visit.get_by_role("tab", name="Styles").first.click()
    for name in ("Pond", "Lawn"):
        add_style(visit, tmp_path / f"{name}.png")
        expect(field(visit, "title")).to_have_value(name)
    field(visit, "artist").fill("Berthe")
    visit.locator("#library .st-pick", has_text="Pond").click()  # without a word about saving
    visit.locator("#library .st-pick", has_text="Lawn").click()  # and back while that is done
    gate.set()
    expect(field(visit, "artist")).to_have_value("Berthe")
    visit.locator("#library .st-pick", has_text="Pond").click()
    expect(field(visit, "title")).to_have_value("Pond")
    visit.locator("#library .st-pick", has_text="Lawn").click()
    expect(field(visit, "artist")).to_have_value("Berthe")

    add_style(visit, tmp_path / "Pond.png")  # once more
    expect(field(visit, "title")).to_have_value("Pond")
    expect(visit.locator("#library .st-tile", has_text="Pond")).to_have_count(1)

    visit.locator("#library .st-pick", has_text="Lawn").click()
    expect(field(visit, "artist")).to_have_value("Berthe")
    visit.locator("#remove-style").click()
    expect(visit.locator("#library .st-tile", has_text="Lawn")).to_have_count(0)
    visit.locator("#undo-remove").click()
    expect(visit.locator("#library .st-tile", has_text="Lawn")).to_have_count(1)
    expect(field(visit, "artist")).to_have_value("Berthe")
    expect(visit.locator("#undo-remove")).to_be_hidden()
    visit.get_by_role("tab", name="Create").first.click()
