"""The Create tab in a real browser, desktop and phone."""

import re

from playwright.sync_api import expect

SIZE = "120 \N{MULTIPLICATION SIGN} 80"
NEW_RESULT = "(old) => document.querySelector('.st-after').src !== old"


def open_page(tab, url, query=""):
    tab.goto(url + query)
    expect(tab.locator(".st-after")).to_have_attribute("src", re.compile("^data:image/"))
    expect(tab.locator(".st-stage")).to_be_visible()


def result(tab):
    return tab.locator(".st-after").get_attribute("src")


def test_the_page_opens_with_a_picture(tab, url):
    open_page(tab, url)
    expect(tab.locator(".st-chip")).to_contain_text("Starry Night")


def test_a_picture_and_a_style_give_a_result(tab, url, picture_file):
    open_page(tab, url)
    old = result(tab)
    tab.locator("#content-picture input[type=file]").set_input_files(picture_file)
    expect(tab.locator(".st-note")).to_contain_text(SIZE)
    tab.wait_for_function(NEW_RESULT, arg=old)
    old = result(tab)
    tab.get_by_role("button", name="Great Wave", exact=False).first.click()
    tab.wait_for_function(NEW_RESULT, arg=old)
    expect(tab.locator(".st-chip")).to_contain_text("Great Wave")


def test_the_slider_changes_the_picture(tab, url):
    open_page(tab, url)
    old = result(tab)
    slider = tab.locator("#control-strength input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    tab.wait_for_function(NEW_RESULT, arg=old)


def test_the_png_is_downloaded(tab, url, picture_file):
    open_page(tab, url)
    tab.locator("#content-picture input[type=file]").set_input_files(picture_file)
    expect(tab.locator(".st-note")).to_contain_text(SIZE)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "starry-night.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
