"""The Create tab in a real browser, desktop and phone."""

import contextlib
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from stylize.recipe import read_recipe
from stylize.studio.environment import run_folder
from tests import fakes
from tests.studio.conftest import new_context, open_page

EXAMPLE_SIZE = "512 \N{MULTIPLICATION SIGN} 512"
SIZE = "120 \N{MULTIPLICATION SIGN} 80"
NEW_RESULT = "(old) => document.querySelector('.st-after').src !== old"


def result(tab):
    return tab.locator(".st-after").get_attribute("src")


def upload(tab, path):
    tab.locator("#content-picture input[type=file]").set_input_files(path)
    expect(tab.locator(".st-note")).to_contain_text(SIZE)


def pick(tab, title):
    tab.locator("#picker .st-pick", has_text=title).click()


def add(tab, title):
    tile = tab.locator("#picker .st-tile", has_text=title)
    tile.hover()
    tile.locator(".st-mix").click()


def save(tab, kind="PNG"):
    """Save the result by the dialogue; returns the download."""
    tab.get_by_role("button", name="Save picture").click()
    dialogue = tab.locator(".st-dialog[open]")
    dialogue.locator(f"label:has-text('{kind}')").click()
    with tab.expect_download() as download:
        dialogue.get_by_role("button", name="Save").click()
    expect(dialogue).to_be_hidden()
    return download.value


def settled(tab, count):
    """Wait until the history of the visit holds so many results."""
    expect(tab.locator(".st-past")).to_have_count(count)


@contextlib.contextmanager
def settles(tab):
    """What is done within gives one more result, which is waited for."""
    before = tab.locator(".st-past").count()
    yield
    settled(tab, before + 1)


def choose(tab, title):
    """Choose a style and no other, and wait for its result."""
    chosen = tab.locator("#picker .st-chip strong")
    if chosen.all_inner_texts() != [title]:
        with settles(tab):
            pick(tab, title)
    expect(chosen).to_have_text([title])


def test_picture_style_and_slider_give_a_result_to_compare(each_visit, picture_file):
    choose(each_visit, "Starry Night")
    old = result(each_visit)
    with settles(each_visit):
        upload(each_visit, picture_file)
        each_visit.wait_for_function(NEW_RESULT, arg=old)
    old = result(each_visit)
    with settles(each_visit):
        pick(each_visit, "Great Wave")
        each_visit.wait_for_function(NEW_RESULT, arg=old)
        expect(each_visit.locator("#picker .st-chip")).to_contain_text("Great Wave")

    # The slider changes the picture at once, and then for good.
    old = result(each_visit)
    slider = each_visit.locator("#control-strength input[type=range]")
    with settles(each_visit):
        slider.focus()
        slider.press("ArrowLeft")
        each_visit.wait_for_function(NEW_RESULT, arg=old)

    # Before and after by keyboard and pointer.
    handle = each_visit.get_by_label("Compare before and after")
    handle.focus()
    handle.press("End")
    stage = each_visit.locator(".st-stage")
    expect(stage).to_have_attribute("style", re.compile("--cut: 100%"))
    box = stage.bounding_box()
    each_visit.mouse.move(box["x"] + box["width"] * 0.99, box["y"] + box["height"] / 2)
    each_visit.mouse.down()
    each_visit.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    each_visit.mouse.up()
    expect(stage).to_have_attribute("style", re.compile("--cut: (49|50|51)"))


def test_styles_are_blended_with_a_weight_each(visit):
    choose(visit, "Starry Night")
    with settles(visit):
        add(visit, "Great Wave")
    expect(visit.locator("#picker .st-share")).to_have_text(["67 %", "33 %"])
    old = result(visit)
    with settles(visit):
        visit.get_by_label("Weight of Great Wave").fill("1")
        visit.wait_for_function(NEW_RESULT, arg=old)
    expect(visit.locator("#picker .st-share")).to_have_text(["50 %", "50 %"])
    with settles(visit):
        visit.get_by_role("button", name="Remove from the blend", exact=True).first.click()
    expect(visit.locator("#picker .st-chip")).to_have_count(1)


def test_search_tags_and_more_like_this(visit):
    choose(visit, "Starry Night")
    tiles = visit.locator("#picker .st-tile")
    expect(tiles.nth(5)).to_be_visible()
    everything = tiles.count()  # other tests may have added styles of their own
    visit.locator("#picker .st-search").fill("wáve")
    expect(tiles).to_have_count(1)
    visit.locator("#picker .st-search").fill("“Senecio”, Nobody")
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("Senecio")
    visit.locator("#picker .st-search").fill("zzz")
    expect(visit.locator("#picker .st-found")).to_contain_text("No style fits")
    visit.locator("#picker .st-search").fill("")
    visit.locator("#picker .st-tag", has_text="calm").click()
    expect(tiles).to_have_count(3)
    visit.get_by_role("button", name="More like this").first.click()
    expect(visit.locator("#picker .st-found")).to_contain_text("Most like “Starry Night”")
    expect(tiles.first).to_contain_text("Starry Night")
    visit.get_by_role("button", name="Show all").click()
    expect(tiles).to_have_count(everything)


def test_favourites_and_those_used_last_are_kept_on_the_device(visit):
    tiles = visit.locator("#picker .st-tile")
    plus = tiles.filter(has_text="Great Wave").locator(".st-mix")
    expect(plus).to_have_css("opacity", "1")  # without a pointer over it
    choose(visit, "Senecio")
    visit.get_by_role("button", name="Favourite", exact=True).click()
    choose(visit, "Red Horse")
    visit.reload()
    expect(visit.locator(".st-stage")).to_be_visible()
    visit.get_by_role("button", name="Favourites").click()
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("Senecio")
    visit.get_by_role("button", name="Recently used").click()
    expect(tiles.nth(0)).to_contain_text("Red Horse")
    expect(tiles.nth(1)).to_contain_text("Senecio")
    choose(visit, "Senecio")
    visit.get_by_role("button", name="Favourites").click()
    visit.get_by_role("button", name="Favourite", exact=True).click()  # no star any more
    expect(visit.get_by_role("button", name="Favourites")).to_have_count(0)


def test_language_and_light_are_choices(browser, url):
    context = new_context(browser, color_scheme="light")
    tab = context.new_page()
    open_page(tab, url)
    tab.get_by_label("Language").select_option(label="Deutsch")
    expect(tab.get_by_role("tab", name="Gestalten")).to_be_visible()  # a word of Gradio's own parts
    expect(tab.locator("#control-strength")).to_contain_text("Stärke")
    tab.get_by_role("button", name="Dunkel").click()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    tab.reload()
    expect(tab.locator("#control-strength")).to_contain_text("Stärke")
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    tab.get_by_role("link", name="Für Kinder").click()
    expect(tab.locator(".st-kids")).to_contain_text("Weiter")
    context.close()


def test_undo_and_the_row_of_results_bring_picture_and_settings_back(visit):
    chip = visit.locator("#picker .st-chip")
    choose(visit, "Starry Night")
    first = result(visit)
    choose(visit, "Senecio")
    visit.locator("#viewer").get_by_role("button", name="Undo").click()
    assert result(visit) == first
    expect(chip).to_contain_text("Starry Night")
    visit.locator("#viewer").get_by_role("button", name="Redo").click()
    expect(chip).to_contain_text("Senecio")
    last = visit.locator(".st-past").count()
    for number, title in ((last - 1, "Starry Night"), (last, "Senecio")):
        visit.get_by_role("button", name=f"Result {number}", exact=True).click()
        expect(chip).to_contain_text(title)


def paint_region(tab):
    tab.get_by_role("tab", name="Regions").click()
    old = result(tab)
    stroke(tab, "#regions .st-canvas")
    tab.wait_for_function(NEW_RESULT, arg=old)
    return old


def test_undo_brings_content_and_regions_back(tab, url, picture_file):
    open_page(tab, url)
    old = paint_region(tab)
    painted = result(tab)
    tab.get_by_role("tab", name="Result").click()
    upload(tab, picture_file)
    image = tab.locator("#content-picture .st-content-image")
    expect(image).to_have_attribute("src", re.compile("^data:"))
    uploaded = image.get_attribute("src")
    tab.keyboard.press("Control+z")
    expect(tab.locator(".st-note")).to_contain_text(EXAMPLE_SIZE)
    expect(image).not_to_have_attribute("src", uploaded)
    # What is shown is what is saved and what goes on being painted.
    assert read_recipe(save(tab).path()).masks == 1
    tab.get_by_role("tab", name="Regions").click()
    undo = tab.locator("#regions").get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    assert result(tab) == painted
    undo.click()
    tab.wait_for_function(NEW_RESULT, arg=painted)
    assert result(tab) == old


LATE_RESULT = """() => {
  const element = document.createElement("div");
  element.className = "block";
  document.body.append(element);
  const size = { width: 1, height: 1 };
  const result = (scene) => ({ scene, look: {}, before: "", after: `data:,${scene}`, ...size });
  const props = { value: result(1) };
  let show;
  Studio.viewer({ element, props, trigger: () => {}, watch: (_, told) => { show = told; } });
  const shown = () => element.querySelector(".st-after").src;
  const arrive = (scene) => { props.value = result(scene); show(); return shown(); };
  const seen = [arrive(2)];
  element.querySelector(".st-past").click();
  seen.push(shown(), arrive(2), arrive(3));
  element.remove();
  return seen;
}"""


def test_a_result_that_comes_after_its_scene_was_left_stays_away(tab, url):
    open_page(tab, url)
    assert tab.evaluate(LATE_RESULT) == ["data:,2", "data:,1", "data:,1", "data:,3"]


def test_a_link_carries_the_settings(tab, url):
    open_page(tab, url, "?style=senecio:1&style=red-horse:1&strength=0.5")
    expect(tab.locator("#picker .st-chip strong")).to_have_text(["Senecio", "Red Horse"])
    expect(tab.locator("#control-strength input[type=number]")).to_have_value("0.5")
    tab.get_by_role("button", name="Copy a link").click()
    assert "style=senecio:1&style=red-horse:1&strength=0.5" in tab.url


def test_a_wrong_link_opens_the_page_all_the_same(tab, url):
    open_page(tab, url, "?style=senecio&strength=7")
    expect(tab.locator(".toast-body")).to_contain_text("The settings in this link")
    expect(tab.locator("#picker .st-chip")).to_contain_text("Starry Night")


def test_the_download_brings_its_settings_back(visit, picture_file, tmp_path):
    choose(visit, "Senecio")
    strength = visit.locator("#control-strength input[type=number]")
    with settles(visit):
        strength.fill("0.5")
        strength.press("Enter")
    with settles(visit):
        upload(visit, picture_file)
    download = save(visit)
    assert download.suggested_filename == "boat-senecio.png"
    path = tmp_path / "result.png"
    download.save_as(path)
    assert read_recipe(path).controls.strength == 0.5

    choose(visit, "Red Horse")
    with settles(visit):
        visit.get_by_role("button", name="Reset all").click()
        expect(strength).to_have_value("1")
    with settles(visit):
        visit.evaluate(HAND_OVER, ["drop", list(path.read_bytes())])
    with settles(visit):
        visit.locator("#use-recipe").click()
        expect(visit.locator("#picker .st-chip")).to_contain_text("Senecio")
        expect(strength).to_have_value("0.5")


def test_the_format_is_a_choice(visit):
    for kind, start in (("JPEG", b"\xff\xd8\xff"), ("WebP", b"RIFF")):
        assert save(visit, kind).path().read_bytes().startswith(start)


def test_a_print_is_as_large_as_asked_for(visit, picture_file):
    with settles(visit):
        upload(visit, picture_file)
    visit.get_by_role("button", name="Save picture").click()
    dialogue = visit.locator(".st-dialog[open]")
    dialogue.get_by_label("Size", exact=True).select_option("print")
    dialogue.get_by_label("Longer side in cm").fill("2.54")
    dialogue.get_by_label("Dots per inch").fill("300")
    expect(dialogue).to_contain_text("300 \N{MULTIPLICATION SIGN} 200 px")
    with visit.expect_download() as download:
        dialogue.get_by_role("button", name="Save").click()
    with Image.open(download.value.path()) as image:
        assert image.size == (300, 200)
    expect(dialogue).to_be_hidden()


def test_zoomed_in_the_picture_shows_all_its_pixels(visit, tmp_path):
    down = Image.linear_gradient("L")
    across = down.transpose(Image.Transpose.ROTATE_90)
    picture = Image.merge("RGB", (down, across, down))  # no part of it is like another
    picture.resize((1600, 1200)).save(tmp_path / "secret.png")
    with settles(visit):
        visit.locator("#content-picture input[type=file]").set_input_files(tmp_path / "secret.png")
        expect(visit.locator(".st-note")).to_contain_text("1600")
    assert list(run_folder().rglob("*secret*")) == []  # what it is called, the server need not know
    detail = visit.locator(".st-detail")
    expect(detail).to_be_hidden()
    frame = visit.locator(".st-frame")
    frame.focus()
    frame.press("1")
    expect(visit.locator(".st-percent")).to_have_text("100 %")
    expect(detail).to_be_visible()
    seen = detail.evaluate("(image) => [image.naturalWidth, image.getBoundingClientRect().width]")
    assert seen[0] == pytest.approx(seen[1], abs=2)  # one of the picture is one of the screen
    old = detail.get_attribute("src")
    frame.press("ArrowLeft")
    expect(detail).not_to_have_attribute("src", old)
    frame.press("0")
    expect(frame).to_have_attribute("data-zoomed", "false")


def test_the_result_becomes_the_content(visit, picture_file):
    with settles(visit):
        upload(visit, picture_file)
    old = visit.locator(".st-before").get_attribute("src")
    with settles(visit):
        visit.get_by_role("button", name="Use as picture").click()
        new_content = "(old) => document.querySelector('.st-before').src !== old"
        visit.wait_for_function(new_content, arg=old)


def test_a_picture_of_mine_as_style(visit, tmp_path):
    path = tmp_path / "Ma plage.png"
    fakes.picture(11, (80, 80)).save(path)
    old = result(visit)
    with settles(visit):
        with visit.expect_file_chooser() as chooser:
            visit.locator("#upload-style").click()
        chooser.value.set_files(path)
        expect(visit.locator("#picker .st-chip")).to_contain_text("Ma plage")
        visit.wait_for_function(NEW_RESULT, arg=old)


def stroke(tab, selector):
    tab.locator(selector).scroll_into_view_if_needed()
    box = tab.locator(selector).bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
    tab.mouse.up()


def test_a_drawing_becomes_the_content(each_visit):
    each_visit.get_by_role("tab", name="Draw").click()
    stroke(each_visit, "#drawing .st-canvas")
    with settles(each_visit):
        each_visit.get_by_role("button", name="Use this drawing").click()
        expect(each_visit.locator(".st-note")).to_contain_text("960 \N{MULTIPLICATION SIGN} 720")


def test_a_region_is_painted(each_visit):
    with settles(each_visit):
        paint_region(each_visit)
    old = result(each_visit)
    with settles(each_visit):
        each_visit.locator("#regions").get_by_role("button", name="Clear all").click()
        each_visit.wait_for_function(NEW_RESULT, arg=old)
    each_visit.get_by_role("tab", name="Result").click()


HAND_OVER = """([kind, bytes]) => {
  const transfer = new DataTransfer();
  if (bytes) transfer.items.add(new File([new Uint8Array(bytes)], "a.png", { type: "image/png" }));
  else transfer.setData("text/plain", "only words");
  const options = { bubbles: true, cancelable: true };
  const event = kind === "drop"
    ? new DragEvent("drop", { dataTransfer: transfer, ...options })
    : new ClipboardEvent("paste", { clipboardData: transfer, ...options });
  return document.querySelector("#viewer, #kids").dispatchEvent(event);
}"""


def test_a_picture_dropped_pasted_or_of_the_examples_becomes_the_content(visit, picture_file):
    note = expect(visit.locator(".st-note"))
    picture = list(picture_file.read_bytes())
    with settles(visit):
        visit.evaluate(HAND_OVER, ["drop", picture])  # anywhere
        note.to_contain_text(SIZE)
    with settles(visit):
        visit.get_by_role("button", name="Coffee").click()
        note.not_to_contain_text(SIZE)
        note.not_to_contain_text(EXAMPLE_SIZE)
    assert visit.evaluate(HAND_OVER, ["paste", None])  # words go where they always go
    visit.get_by_role("tab", name="Styles").first.click()
    with settles(visit):
        visit.evaluate(HAND_OVER, ["paste", picture])
        note.to_contain_text(SIZE)
    visit.get_by_role("tab", name="Create").first.click()


def test_a_shot_of_the_camera_becomes_the_content(visit):
    old = result(visit)
    with settles(visit):
        visit.get_by_role("button", name="Camera").click()
        visit.get_by_role("button", name="Take it").click()
        visit.wait_for_function(NEW_RESULT, arg=old)
    image = visit.locator("#content-picture .st-content-image")
    expect(image).to_have_attribute("src", re.compile("^data:"))
    size = image.evaluate(
        "(image) => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    )
    expect(visit.locator(".st-note")).to_contain_text(
        " \N{MULTIPLICATION SIGN} ".join(map(str, size))
    )


NAMELESS = """() => [...document.querySelectorAll("button, input, select, img")]
  .filter((e) => e.offsetParent !== null)
  .filter((e) => e.tagName === "IMG" ? !e.hasAttribute("alt") :
    !(e.ariaLabel || e.innerText || e.title || e.labels?.length
      || e.querySelector?.("img[alt]")))
  .map((e) => e.outerHTML.slice(0, 120))"""


def test_everything_has_a_name_and_nothing_scrolls_sideways(each_visit):
    for name, part in (("Styles", "#library"), ("Batch", "#batch-start"), ("Create", ".st-stage")):
        each_visit.get_by_role("tab", name=name).first.click()
        expect(each_visit.locator(part)).to_be_visible()
        assert each_visit.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert each_visit.evaluate(NAMELESS) == []


@pytest.mark.parametrize(
    ("locale", "word", "error"),
    [
        ("de-DE", "Stärke", "Dieser Link verlangt Stile, die es hier nicht gibt: no-such."),
        ("zh-CN", "强度", "此链接要求的风格这里没有"),
        ("es-ES", "Intensidad", "Este enlace pide estilos que no están aquí: no-such."),
    ],
)
def test_the_page_speaks_the_visitors_language(browser, url, locale, word, error):
    context = new_context(browser, locale=locale)
    tab = context.new_page()
    tab.goto(f"{url}/?style=no-such")
    expect(tab.locator(".toast-body")).to_contain_text(error)
    expect(tab.locator("#control-strength")).to_contain_text(word)
    expect(tab.locator("html")).to_have_attribute("lang", re.compile(f"^{locale[:2]}"))
    context.close()


def test_a_control_is_reset_by_itself_or_with_all_others(tab, url):
    open_page(tab, url, "?strength=0.5&style_weight=2")
    strength = tab.locator("#control-strength")
    expect(strength.locator("input[type=number]")).to_have_value("0.5")
    strength.get_by_role("button", name="Reset Strength").click()
    expect(strength.locator("input[type=number]")).to_have_value("1")
    expect(strength.get_by_role("button")).to_be_hidden()
    weight = tab.locator("#control-style_weight input[type=number]")
    expect(weight).to_have_value("2")
    tab.get_by_role("button", name="Reset all").click()
    expect(weight).to_have_value("1")
    expect(tab.get_by_role("button", name="Painting")).to_have_attribute("aria-pressed", "true")


def test_presets_dice_and_numbers_beyond_the_limits(visit):
    number = visit.locator("#control-stroke_size input[type=number]")
    with settles(visit):
        visit.get_by_role("button", name="Faithful").click()
        expect(number).to_have_value("0.7")
    with settles(visit):
        visit.locator("#dice").click()
    for typed, nearest in (("90", "4"), ("", "1")):
        with settles(visit):
            number.fill(typed)
            number.press("Enter")
            expect(number).to_have_value(nearest)


def test_a_preset_of_mine_stays_on_the_device(tab, url):
    open_page(tab, url, "?strength=0.6")
    tab.get_by_role("button", name="Keep these settings as a preset").click()
    tab.get_by_label("Name of the preset").fill("My <ink>")
    tab.get_by_role("button", name="Keep", exact=True).click()
    open_page(tab, url)
    mine = tab.get_by_role("button", name="My <ink>", exact=True)
    expect(mine).to_have_attribute("aria-pressed", "false")
    mine.click()
    expect(tab.locator("#control-strength input[type=number]")).to_have_value("0.6")
    expect(mine).to_have_attribute("aria-pressed", "true")
    tab.get_by_role("button", name="Remove the preset: My <ink>").click()
    expect(mine).to_have_count(0)
