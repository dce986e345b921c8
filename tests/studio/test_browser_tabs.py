"""The Styles and Batch tabs in a real browser."""

import threading
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

from stylize.library import StyleLibrary
from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import go_on, new_context, open_page, open_tab, serve
from tests.studio.test_browser_create import choose


@pytest.fixture(scope="module")
def public_url(engine):
    page, address = serve(engine, StudioSettings.for_space())
    yield address
    page.close()


@pytest.fixture(scope="module")
def strangers(desktop):
    return open_tab(desktop)


@pytest.fixture
def stranger(request, strangers, public_url):
    """A visit to the page for strangers, shared as `visit` is."""
    yield from go_on(request, strangers, public_url)


def show(tab, name):
    tab.get_by_role("tab", name=name).first.click()


def add_style(tab, path):
    with tab.expect_file_chooser() as chooser:
        tab.locator("#add-styles").click()
    chooser.value.set_files(path)


def test_a_style_is_added_described_shared_and_removed(stranger, tmp_path, monkeypatch):
    gate = threading.Event()
    update = StyleLibrary.update

    def wait_and_update(*args, **values):
        assert gate.wait(60)
        return update(*args, **values)

    monkeypatch.setattr(StyleLibrary, "update", wait_and_update)
    path = tmp_path / "Pond.png"
    fakes.picture(12, (80, 80)).save(path)
    show(stranger, "Styles")
    add_style(stranger, path)
    title = stranger.locator("#style-title textarea, #style-title input")
    expect(title).to_have_value("Pond")
    title.fill("The pond")
    stranger.locator("#style-source textarea, #style-source input").fill("Museum of Ponds")
    stranger.locator("#style-tags textarea, #style-tags input").fill("water, green")
    stranger.keyboard.press("Tab")
    gate.set()  # until here the server is busy with the first field
    expect(stranger.locator("#library .st-tile", has_text="The pond")).to_have_count(1)
    expect(stranger.locator("#library .st-tag", has_text="water")).to_have_count(1)

    with stranger.expect_download() as download:
        stranger.locator("#export-styles").click()
    exported = tmp_path / "mine.zip"
    download.value.save_as(exported)
    assert zipfile.is_zipfile(exported)

    stranger.locator("#remove-style").click()
    expect(stranger.locator("#library .st-tile", has_text="The pond")).to_have_count(0)
    with stranger.expect_file_chooser() as chooser:
        stranger.get_by_role("button", name="Import").click()
    chooser.value.set_files(exported)
    expect(stranger.locator("#library .st-tile", has_text="The pond")).to_have_count(1)
    stranger.locator("#library .st-pick", has_text="The pond").click()
    credit = stranger.locator("#style-source textarea, #style-source input")
    expect(credit).to_have_value("Museum of Ponds")

    # A style that was removed is no longer chosen, nor the style of a region.
    stranger.get_by_role("tab", name="Create").first.click()
    stranger.locator(
        "#picker"
    ).scroll_into_view_if_needed()  # styles are asked for as they are seen
    stranger.locator("#picker .st-pick", has_text="The pond").click()
    stranger.locator("#picker").get_by_role("button", name="More like this").click()
    stranger.get_by_role("tab", name="Regions").click()
    second = stranger.get_by_role("button", name="Style of colour 2")
    second.click()
    stranger.locator(".st-style-dialog .st-pick", has_text="The pond").click()
    expect(second).to_contain_text("The pond")
    stranger.get_by_role("tab", name="Styles").first.click()
    stranger.locator("#remove-style").click()
    expect(stranger.locator("#library .st-tile", has_text="The pond")).to_have_count(0)
    stranger.get_by_role("tab", name="Create").first.click()
    expect(stranger.locator("#picker .st-chip")).to_have_count(0)
    expect(second).to_contain_text("Keep my picture")
    stranger.get_by_role("tab", name="Result").click()
    expect(stranger.locator(".st-empty")).to_be_visible()
    stranger.locator("#picker .st-pick", has_text="Senecio").click()
    expect(stranger.locator(".st-stage")).to_be_visible()


def test_a_strangers_style_is_seen_by_nobody_else(browser, stranger, public_url, tmp_path):
    path = tmp_path / "Secret.png"
    fakes.picture(13, (80, 80)).save(path)
    show(stranger, "Styles")
    add_style(stranger, path)
    expect(stranger.locator("#library .st-tile", has_text="Secret")).to_have_count(1)
    context = new_context(browser)
    other = context.new_page()
    open_page(other, public_url)
    show(other, "Styles")
    expect(other.locator("#library .st-tile")).not_to_have_count(0)
    expect(other.locator("#library .st-tile", has_text="Secret")).to_have_count(0)
    context.close()


def test_the_map_chooses_a_style(each_visit):
    choose(each_visit, "Starry Night")
    show(each_visit, "Styles")
    each_visit.get_by_role("tab", name="Map").click()
    expect(each_visit.locator(".st-map button")).not_to_have_count(0)
    each_visit.locator(".st-map button[data-name=senecio]").click()
    expect(each_visit.locator("#style-title textarea, #style-title input")).to_have_value("Senecio")
    old = each_visit.locator(".st-after").get_attribute("src")
    each_visit.get_by_role("button", name="Use in Create").click()
    expect(each_visit.locator("#picker .st-chip")).to_contain_text("Senecio")
    expect(each_visit.locator(".st-after")).not_to_have_attribute("src", old)


def test_many_pictures_by_one_look(visit, tmp_path):
    paths = []
    for seed in range(2):
        paths.append(tmp_path / f"p{seed}.png")
        fakes.picture(seed, (60, 40)).save(paths[-1])
    choose(visit, "Great Wave")
    show(visit, "Batch")
    (tmp_path / "notes.txt").write_text("no picture")
    with visit.expect_file_chooser() as chooser:
        visit.locator("#batch-folder").click()
    chooser.value.set_files(tmp_path)
    expect(visit.locator("#batch-files")).to_contain_text("p1")
    expect(visit.locator("#batch-look")).to_contain_text("Great Wave")
    visit.locator("#batch-start").click()
    expect(visit.locator(".st-picture")).to_have_count(2)
    expect(visit.locator("#batch-file")).to_be_enabled()
    visit.locator(".st-picture").first.click()
    large = visit.locator("#batch-pictures .st-large img")
    expect(large).to_be_visible()
    first = large.get_attribute("src")
    visit.keyboard.press("ArrowRight")
    expect(large).not_to_have_attribute("src", first)
    visit.get_by_role("button", name="Close").click()
    with visit.expect_download() as download:
        visit.locator("#batch-file").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["p0.png", "p1.png"]
    show(visit, "Create")


def test_one_picture_by_many_styles(visit, tmp_path):
    show(visit, "Batch")
    visit.locator("#batch-sheet").click()
    expect(visit.locator(".st-picture").nth(5)).to_be_attached()
    link = visit.locator("#batch-file")
    with visit.expect_download() as download:
        link.click()
    path = tmp_path / "sheet.png"
    download.value.save_as(path)
    with Image.open(path) as sheet:
        assert sheet.width > 700
    show(visit, "Create")


def test_batch_offers_the_styles_added_during_the_visit(stranger, tmp_path):
    path = tmp_path / "Meadow.png"
    fakes.picture(14, (80, 80)).save(path)
    show(stranger, "Styles")
    add_style(stranger, path)
    expect(stranger.locator("#library .st-tile", has_text="Meadow")).to_have_count(1)
    stranger.get_by_role("tab", name="Batch").first.click()
    which = stranger.locator("#batch-which")
    option = which.get_by_role("option", name="Meadow")
    which.locator("input").click()
    expect(option).to_be_visible()
    option.click()
    stranger.keyboard.press("Escape")
    stranger.locator("#batch-sheet").click()
    expect(stranger.locator(".st-picture")).to_have_count(1)
