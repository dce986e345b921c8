"""The Styles and Batch tabs in a real browser."""

import threading
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

from stylize.library import StyleLibrary
from stylize.studio import StudioSettings
from tests import fakes
from tests.studio.conftest import new_context, serve


@pytest.fixture(scope="module")
def public_url(engine):
    page, address = serve(engine, StudioSettings.for_space())
    yield address
    page.close()


def open_sheet(tab, url, name):
    tab.goto(url)
    expect(tab.locator(".st-stage")).to_be_visible()
    tab.get_by_role("tab", name=name).first.click()


def add_style(tab, path):
    with tab.expect_file_chooser() as chooser:
        tab.locator("#add-styles").click()
    chooser.value.set_files(path)


def test_a_style_is_added_described_shared_and_removed(tab, public_url, tmp_path, monkeypatch):
    gate = threading.Event()
    update = StyleLibrary.update

    def wait_and_update(*args, **values):
        assert gate.wait(60)
        return update(*args, **values)

    monkeypatch.setattr(StyleLibrary, "update", wait_and_update)
    path = tmp_path / "Pond.png"
    fakes.picture(12, (80, 80)).save(path)
    open_sheet(tab, public_url, "Styles")
    add_style(tab, path)
    title = tab.locator("#style-title textarea, #style-title input")
    expect(title).to_have_value("Pond")
    title.fill("The pond")
    tab.locator("#style-source textarea, #style-source input").fill("Museum of Ponds")
    tab.locator("#style-tags textarea, #style-tags input").fill("water, green")
    tab.keyboard.press("Tab")
    gate.set()  # until here the server is busy with the first field
    expect(tab.locator("#library .st-tile", has_text="The pond")).to_have_count(1)
    expect(tab.locator("#library .st-tag", has_text="water")).to_have_count(1)

    with tab.expect_download() as download:
        tab.locator("#export-styles").click()
    exported = tmp_path / "mine.zip"
    download.value.save_as(exported)
    assert zipfile.is_zipfile(exported)

    tab.locator("#remove-style").click()
    expect(tab.locator("#library .st-tile", has_text="The pond")).to_have_count(0)
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Import").click()
    chooser.value.set_files(exported)
    expect(tab.locator("#library .st-tile", has_text="The pond")).to_have_count(1)
    tab.locator("#library .st-pick", has_text="The pond").click()
    credit = tab.locator("#style-source textarea, #style-source input")
    expect(credit).to_have_value("Museum of Ponds")

    # A style that was removed is no longer chosen, nor the style of a region.
    tab.get_by_role("tab", name="Create").first.click()
    tab.locator("#picker").scroll_into_view_if_needed()  # styles are asked for as they are seen
    tab.locator("#picker .st-pick", has_text="The pond").click()
    tab.locator("#picker").get_by_role("button", name="More like this").click()
    tab.get_by_role("tab", name="Regions").click()
    second = tab.get_by_role("button", name="Style of colour 2")
    second.click()
    tab.locator(".st-style-dialog .st-pick", has_text="The pond").click()
    expect(second).to_contain_text("The pond")
    tab.get_by_role("tab", name="Styles").first.click()
    tab.locator("#remove-style").click()
    expect(tab.locator("#library .st-tile", has_text="The pond")).to_have_count(0)
    tab.get_by_role("tab", name="Create").first.click()
    expect(tab.locator("#picker .st-chip")).to_have_count(0)
    expect(second).to_contain_text("Keep my picture")
    tab.get_by_role("tab", name="Result").click()
    expect(tab.locator(".st-empty")).to_be_visible()
    tab.locator("#picker .st-pick", has_text="Senecio").click()
    expect(tab.locator(".st-stage")).to_be_visible()


def test_a_strangers_style_is_seen_by_nobody_else(browser, tab, public_url, tmp_path):
    path = tmp_path / "Secret.png"
    fakes.picture(13, (80, 80)).save(path)
    open_sheet(tab, public_url, "Styles")
    add_style(tab, path)
    expect(tab.locator("#library .st-tile", has_text="Secret")).to_have_count(1)
    context = new_context(browser)
    other = context.new_page()
    open_sheet(other, public_url, "Styles")
    expect(other.locator("#library .st-tile")).not_to_have_count(0)
    expect(other.locator("#library .st-tile", has_text="Secret")).to_have_count(0)
    context.close()


def test_the_map_chooses_a_style(each_tab, url):
    open_sheet(each_tab, url, "Styles")
    each_tab.get_by_role("tab", name="Map").click()
    expect(each_tab.locator(".st-map button")).not_to_have_count(0)
    each_tab.locator(".st-map button[data-name=senecio]").click()
    expect(each_tab.locator("#style-title textarea, #style-title input")).to_have_value("Senecio")
    old = each_tab.locator(".st-after").get_attribute("src")
    each_tab.get_by_role("button", name="Use in Create").click()
    expect(each_tab.locator("#picker .st-chip")).to_contain_text("Senecio")
    expect(each_tab.locator(".st-after")).not_to_have_attribute("src", old)


def test_many_pictures_by_one_look(tab, url, tmp_path):
    paths = []
    for seed in range(2):
        paths.append(tmp_path / f"p{seed}.png")
        fakes.picture(seed, (60, 40)).save(paths[-1])
    open_sheet(tab, url, "Batch")
    (tmp_path / "notes.txt").write_text("no picture")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#batch-folder").click()
    chooser.value.set_files(tmp_path)
    expect(tab.locator("#batch-files")).to_contain_text("p1")
    expect(tab.locator("#batch-look")).to_contain_text("Starry Night")
    tab.locator("#batch-start").click()
    expect(tab.locator(".st-picture")).to_have_count(2)
    expect(tab.locator("#batch-file")).to_be_enabled()
    tab.locator(".st-picture").first.click()
    large = tab.locator("#batch-pictures .st-large img")
    expect(large).to_be_visible()
    first = large.get_attribute("src")
    tab.keyboard.press("ArrowRight")
    expect(large).not_to_have_attribute("src", first)
    tab.get_by_role("button", name="Close").click()
    with tab.expect_download() as download:
        tab.locator("#batch-file").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["p0.png", "p1.png"]


def test_one_picture_by_many_styles(tab, url, tmp_path):
    open_sheet(tab, url, "Batch")
    tab.locator("#batch-sheet").click()
    expect(tab.locator(".st-picture").nth(5)).to_be_attached()
    link = tab.locator("#batch-file")
    with tab.expect_download() as download:
        link.click()
    path = tmp_path / "sheet.png"
    download.value.save_as(path)
    with Image.open(path) as sheet:
        assert sheet.width > 700


def test_batch_offers_the_styles_added_during_the_visit(tab, public_url, tmp_path):
    path = tmp_path / "Meadow.png"
    fakes.picture(14, (80, 80)).save(path)
    open_sheet(tab, public_url, "Styles")
    add_style(tab, path)
    expect(tab.locator("#library .st-tile", has_text="Meadow")).to_have_count(1)
    tab.get_by_role("tab", name="Batch").first.click()
    which = tab.locator("#batch-which")
    option = which.get_by_role("option", name="Meadow")
    which.locator("input").click()
    expect(option).to_be_visible()
    option.click()
    tab.keyboard.press("Escape")
    tab.locator("#batch-sheet").click()
    expect(tab.locator(".st-picture")).to_have_count(1)
