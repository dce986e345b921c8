import base64
import io
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image, ImageDraw

from stylize.controls import Controls
from stylize.errors import ImageError, StyleNotFoundError
from stylize.recipe import Recipe, RecipeStyle, read_recipe
from stylize.studio import StudioSettings
from stylize.studio.actions import Actions
from stylize.studio.batch import BatchActions
from stylize.studio.framing import Framing
from stylize.studio.full_size import Export
from stylize.studio.gallery import Gallery
from stylize.studio.look import Look
from stylize.studio.painter import Painter, safe_name
from stylize.studio.settings import LimitError
from stylize.studio.styles_tab import StyleActions
from stylize.studio.visit import Content, Visit
from stylize.styles import StyleVector
from tests import fakes

LOOK = Look({"great-wave": 0.5, "senecio": 0.5}, Controls(strength=0.7))


def make_painter(engine, **settings):
    library = fakes.small_library(engine)
    return Painter(
        engine,
        library,
        StudioSettings(**settings),
        lambda: fakes.small_library(engine),
        Gallery(library),
    )


@pytest.fixture
def painter(engine):
    return make_painter(engine)


@pytest.fixture
def visit(painter):
    content = Content.from_image(fakes.picture(3, (900, 600)), painter.settings)
    return Visit(content=content)


def test_the_live_picture_is_smaller_than_the_one_that_stays(engine, painter, visit):
    painter.on_screen(visit, LOOK, live=True)
    painter.on_screen(visit, LOOK, live=False)
    live, rest = engine.calls[-2:]
    assert max(live[0]) == 512
    assert rest[0] == (900, 600)


def test_nothing_is_shown_without_content_or_style(painter, visit):
    assert painter.on_screen(Visit(), LOOK, live=False) == {"forgotten": True}
    assert painter.on_screen(Visit().with_content(None), LOOK, live=False) is None
    assert painter.on_screen(visit, Look(), live=False) is None


def test_what_is_shown_carries_its_look(painter, visit):
    value = painter.on_screen(visit, LOOK, live=False)
    assert Look.from_dict(value["look"]) == LOOK
    assert Look.from_query(value["query"]) == LOOK
    assert (value["width"], value["height"]) == (900, 600)


def test_full_size_needs_a_content_and_a_style(painter, visit):
    with pytest.raises(ImageError):
        painter.at_full_size(Visit(), LOOK)
    with pytest.raises(StyleNotFoundError):
        painter.at_full_size(visit, Look())


def test_a_saved_result_brings_its_settings_back(painter, visit):
    image = painter.at_full_size(visit, LOOK)
    path = painter.save(image, ".png", "a", painter.recipe(visit, LOOK))
    recipe = painter.read_recipe(path)
    _, look = painter.use_recipe(visit, recipe, b"")
    assert look == LOOK


def test_a_recipe_brings_unknown_styles_along(engine, painter, visit):
    painter.library.add("mine", fakes.picture(9, (64, 64)))
    look = Look({"mine": 1.0})
    path = painter.save(visit.content.screen, ".png", "a", painter.recipe(visit, look))
    stranger = make_painter(engine, public=True)
    visit, found = stranger.use_recipe(Visit(), read_recipe(path), b"")
    assert found == look
    assert stranger.style_of(visit, found) == painter.library.get("mine").vector
    assert "mine" not in stranger.library


def recipe_of(painter, *styles):
    return Recipe(
        styles=styles,
        precision=painter.engine.precision,
        model_sha256=painter.engine.model_sha256,
        encoder_sha256=painter.engine.encoder_sha256,
    )


def test_a_recipe_does_not_take_another_style_of_the_same_name(painter, visit):
    mine = painter.engine.encode_style(fakes.picture(9, (64, 64)))
    other = painter.engine.encode_style(fakes.picture(10, (64, 64)))
    painter.library.add_vector("mine", mine)
    recipe = recipe_of(
        painter, RecipeStyle.of(other, name="mine"), RecipeStyle.of(mine, name="mine")
    )
    for _ in range(2):  # the second time both are known
        visit, look = painter.use_recipe(visit, recipe, b"")
        assert look.styles == {"mine-2": 1.0, "mine": 1.0}
        assert painter.style_of(visit, look) == recipe.style()


def test_a_recipe_of_another_model_brings_its_styles_by_name(painter, visit):
    foreign = StyleVector(painter.library.get("senecio").vector.values, fakes.ENCODER)
    recipe = recipe_of(painter, RecipeStyle.of(foreign, name="senecio"))
    assert painter.use_recipe(visit, recipe, b"")[1].styles == {"senecio": 1.0}


def test_styles_of_a_recipe_without_names_stay_apart(painter, visit):
    vectors = [painter.engine.encode_style(fakes.picture(n, (64, 64))) for n in (9, 10)]
    recipe = recipe_of(
        painter, *(RecipeStyle.of(v, weight=w) for v, w in zip(vectors, (3, 1), strict=True))
    )
    visit, look = painter.use_recipe(visit, recipe, b"")
    assert list(look.styles.values()) == [3, 1]
    assert painter.style_of(visit, look) == recipe.style()
    doubled = recipe_of(painter, *(RecipeStyle.of(vectors[0], weight=w) for w in (1, 2)))
    assert painter.use_recipe(visit, doubled, b"")[1].styles == {"from-a-recipe": 3.0}


def test_a_link_to_an_unknown_style_is_explained(painter):
    request = SimpleNamespace(query_params="style=nobodys&style=senecio")
    with pytest.raises(gr.Error, match="not here: nobodys"):
        Actions(painter).check_link(request)
    assert Actions(painter).arrive(request)[0] == {"senecio": 1.0}


@pytest.mark.parametrize("box", [None, 1, "abcd", [0, 0, 1], [0, "x", 1, 1], [[]] * 4, {}])
def test_what_is_no_box_is_explained(painter, visit, box):
    request = SimpleNamespace(session_hash="visit")
    with pytest.raises(gr.Error, match="crop it again"):
        Actions(painter).detail(request, SimpleNamespace(box=box, side=9), visit, {}, {})
    if box:  # without one the subject is guessed
        with pytest.raises(gr.Error, match="crop it again"):
            Actions(painter).find_subject(request, SimpleNamespace(box=box, behind=False), visit)


@pytest.mark.parametrize("side", [None, "x", float("inf"), float("nan"), []])
def test_what_is_no_side_is_explained(painter, visit, side):
    event = SimpleNamespace(box=[0, 0, 1, 1], side=side)
    with pytest.raises(gr.Error, match="side must be a number"):
        Actions(painter).detail(SimpleNamespace(session_hash="visit"), event, visit, {}, {})


@pytest.mark.parametrize("sent", [{}, {"width": "x"}, {"width": 9, "height": []}])
def test_what_is_no_size_to_save_is_explained(painter, sent):
    with pytest.raises(ImageError, match="must be a number"):
        Export.read(SimpleNamespace(**sent), (900, 600), painter.settings)


def test_a_picture_without_recipe_has_none(painter, picture_file):
    assert painter.read_recipe(str(picture_file)) is None


def test_strangers_styles_stay_in_their_visit(engine):
    painter = make_painter(engine, public=True, max_own_styles=7)
    before = painter.library.names()
    visit, name = painter.add_style(Visit(), fakes.picture(31, (64, 64)), "Ma plage")
    assert name == "ma-plage"
    assert painter.library.names() == before
    assert name in painter.library_of(visit)
    with pytest.raises(LimitError):
        painter.add_style(visit, fakes.picture(32, (64, 64)), "Zwei")


def test_at_home_styles_are_kept(painter):
    visit, name = painter.add_style(Visit(), fakes.picture(31, (64, 64)), "Mine")
    assert visit.library is None
    assert name in painter.library
    _, second = painter.add_style(visit, fakes.picture(32, (64, 64)), "Mine")
    assert second == "mine-2"


def test_a_picture_that_is_there_is_not_added_again(painter):
    _, name = painter.add_style(Visit(), fakes.picture(31, (64, 64)), "Mine")
    assert painter.add_style(Visit(), fakes.picture(31, (64, 64)), "Again")[1] == name
    assert painter.add_style(Visit(), fakes.picture(0, (64, 64)), "Again")[1] == "starry-night"


def painted(color):
    image = Image.new("RGBA", (90, 60), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 44, 59), color)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def test_a_region_keeps_the_content_or_has_its_own_style(painter, visit):
    keep = {"painted": painted("#e4572e"), "styles": {"#e4572e": ""}}
    (region,) = painter.regions_of(visit, keep)
    assert region.style is None
    own = {"painted": painted("#e4572e"), "styles": {"#e4572e": "senecio", "#17a398": ""}}
    (region,) = painter.regions_of(visit, own)
    assert region.style == painter.library.get("senecio").vector
    assert painter.regions_of(visit, None) == []


def test_the_kept_region_is_the_content(painter, visit):
    keep = {"painted": painted("#e4572e"), "styles": {"#e4572e": ""}}
    visit = visit.with_regions(painter.regions_of(visit, keep))
    result = painter.at_full_size(visit, Look({"great-wave": 1.0}))
    content = visit.content.screen
    assert result.getpixel((100, 300)) == content.getpixel((100, 300))
    assert result.getpixel((800, 300)) != content.getpixel((800, 300))


def test_regions_are_seen_on_screen_too(engine, painter, visit):
    own = {"painted": painted("#e4572e"), "styles": {"#e4572e": "senecio"}}
    visit = visit.with_regions(painter.regions_of(visit, own))
    for live in (True, False):
        painter.on_screen(visit, LOOK, live=live)
        assert len(engine.calls[-1].regions) == 1


def test_edges_of_regions_have_the_same_share_of_the_picture_at_every_size(engine, painter, visit):
    own = {"painted": painted("#e4572e"), "styles": {"#e4572e": "senecio"}, "soft": 0.05}
    visit = visit.with_regions(painter.regions_of(visit, own))
    painter.on_screen(visit, LOOK, live=True)
    painter.on_screen(visit, LOOK, live=False)
    painter.at_full_size(visit, LOOK, size=(1800, 1200))
    for call in engine.calls[-3:]:
        (region,) = call.regions
        assert region.feather_px == pytest.approx(0.05 * max(call.size))


@pytest.mark.parametrize("soft", [None, "wide", -1, 1e9])
def test_edges_are_within_bounds_whatever_is_asked_for(painter, visit, soft):
    (region,) = painter.regions_of(
        visit, {"painted": painted("#e4572e"), "styles": {"#e4572e": ""}, "soft": soft}
    )
    assert 0 <= region.feather_px <= 0.2 * max(visit.content.screen.size)


def test_a_framed_content_is_that_part_at_every_size(painter, tmp_path):
    path = tmp_path / "wide.png"
    fakes.picture(3, (1600, 800)).save(path)
    framing = Framing(1, (0.0, 0.25, 0.5, 0.75))
    content = Content.load(str(path), painter.settings, framing=framing)
    assert content.full_size == (400, 800)
    with content.full(painter.settings) as image, Image.open(path) as whole:
        assert image.size == content.full_size
        corner = whole.transpose(Image.Transpose.ROTATE_270).getpixel((0, 400))
        assert image.getpixel((0, 0)) == corner
    visit = Visit().with_content(content).with_content(None)
    again = painter.back_to(visit, min(visit.scenes))
    assert again.content.full_size == (400, 800)


def test_a_deleted_file_falls_back_to_the_screen(painter, picture_file):
    content = Content.load(str(picture_file), painter.settings)
    picture_file.unlink()
    with content.full(painter.settings) as image:
        assert image.size == (120, 80)


def test_scenes_of_two_visits_are_not_mistaken_for_each_other(visit):
    """The page's history may outlive the visit that its scenes are of."""
    first, second = (visit.with_content(visit.content) for _ in range(2))
    assert first.scene not in second.scenes
    assert visit.with_content(None).with_regions(()).scene not in first.scenes


def test_an_entry_whose_scene_is_gone_brings_its_look_back_and_nothing_else(painter, visit):
    """The page ignores results of scenes it has left, so the present one needs another number."""
    visit = visit.with_content(visit.content)
    event = SimpleNamespace(look=LOOK.to_dict(), scene=visit.scene - 1)
    after, path, regions, chosen, *_ = Actions(painter).past(visit, event)
    assert after.scene == visit.scene + 1
    assert after.content is visit.content
    assert after.scenes[after.scene] is visit.scenes[visit.scene]
    assert path == regions == gr.skip()
    assert chosen == LOOK.styles


@pytest.mark.parametrize("text", ["../../etc/passwd", "a/b", "", "x" * 500, "…"])
def test_file_names_are_safe(text):
    name = safe_name(text)
    assert "/" not in name
    assert "." not in name
    assert 0 < len(name) <= 60


def test_imported_styles_count_for_the_limit_of_a_visit(engine, tmp_path):
    """The library of the test has six styles of its own."""
    other = fakes.small_library(engine)
    for seed in range(3):
        other.add(f"new-{seed}", fakes.picture(20 + seed, (64, 64)))
    path = tmp_path / "styles.zip"
    other.export(path)

    painter = make_painter(engine, public=True, max_own_styles=8)
    visit = painter.with_own_library(Visit())
    with pytest.raises(LimitError, match="you have 6, and this would add 3"):
        painter.import_styles(visit, str(path))
    assert len(visit.library.names()) == 6

    painter = make_painter(engine, public=True, max_own_styles=9)
    visit = painter.import_styles(Visit(), str(path))
    assert len(visit.library.names()) == 9
    painter.import_styles(visit, str(path))  # nothing new in it
    assert len(visit.library.names()) == 9
    assert len(painter.library.names()) == 6


def test_at_home_any_number_of_styles_is_imported(engine, tmp_path):
    other = fakes.small_library(engine)
    other.add("new", fakes.picture(20, (64, 64)))
    other.export(tmp_path / "styles.zip")
    painter = make_painter(engine, max_own_styles=1)
    painter.import_styles(Visit(), str(tmp_path / "styles.zip"))
    assert "new" in painter.library


def test_styles_of_a_recipe_count_for_the_limit_of_a_visit(engine, painter, visit):
    painter.library.add("mine", fakes.picture(9, (64, 64)))
    recipe = painter.recipe(visit, Look({"mine": 1.0, "senecio": 1.0}))
    full = make_painter(engine, public=True, max_own_styles=6)
    with pytest.raises(LimitError, match="at most 6"):
        full.use_recipe(Visit(), recipe, b"")


@pytest.fixture
def cut_off(tmp_path):
    """A JPEG without its end marker: it can be read, and the visitor should know."""
    path = tmp_path / "boat.jpg"
    fakes.picture(7, (120, 80)).save(path)
    path.write_bytes(path.read_bytes()[:-2])
    return str(path)


@pytest.mark.parametrize("way", ["batch", "styles tab", "create"])
def test_what_is_odd_about_a_picture_is_said_wherever_one_is_read(
    painter, visit, cut_off, way, monkeypatch
):
    told = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: told.append(text))
    if way == "batch":
        request = SimpleNamespace(session_hash="v")
        chosen = {"great-wave": 1.0}
        values = Look({}).control_values()
        steps = BatchActions(painter).many_contents(request, [cut_off], visit, chosen, values)
        assert len(list(steps)[-1][0]) == 1
    elif way == "styles tab":
        StyleActions(painter).add([cut_off], visit)
    else:
        Actions(painter).add_style(cut_off, visit)
    assert told == ["boat.jpg lacks its end marker; nothing else of it is missing."]
