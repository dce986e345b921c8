import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.cli import image
from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.images import save_image
from stylize.recipe import MAX_SIDE_PX, Recipe, RecipeStyle, read_recipe
from stylize.styles import StyleVector
from tests.fakes import DIMENSION, ENCODER, MODEL

Picture = Callable[..., Path]


def color(path: Path) -> tuple[int, ...]:
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((0, 0))


def test_paints_one_picture_with_a_named_style(tool, picture: Picture, tmp_path: Path) -> None:
    result = tool("image", picture("a.png"), "--style", "red", "-o", tmp_path / "out.png")
    assert result == (0, "", "")
    assert color(tmp_path / "out.png") == (255, 0, 0)
    assert tool.libraries[0].closed


def test_style_of_a_picture_does_not_open_the_library(
    tool, picture: Picture, tmp_path: Path
) -> None:
    style = picture("s.png", "blue")
    assert tool("image", picture("a.png"), "-s", style, "-o", tmp_path / "out.png").code == 0
    assert color(tmp_path / "out.png") == (0, 0, 255)
    assert tool.libraries == []
    assert read_recipe(tmp_path / "out.png").styles[0].name is None
    assert b"s.png" not in (tmp_path / "out.png").read_bytes()


def test_blend_of_names_and_pictures(tool, picture: Picture, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    result = tool(
        "image", picture("a.png"), "-s", "red", "-s", picture("s.png", "blue"),
        "--blend", "0.6,0.2", "-o", out,
    )  # fmt: skip
    assert result.code == 0
    assert color(out) == (191, 0, 64)
    assert [(style.name, style.weight) for style in read_recipe(out).styles] == [
        ("red", 0.6),
        (None, 0.2),
    ]


def test_every_control_is_an_option(tool, picture: Picture, tmp_path: Path) -> None:
    wanted = {
        item.name: (item.metadata["low"] + 3 * item.metadata["high"]) / 4
        for item in fields(Controls)
    }
    options = [
        text
        for name, value in wanted.items()
        for text in (f"--{name.replace('_', '-')}", str(value))
    ]
    out = tmp_path / "out.png"
    assert tool("image", picture("a.png"), "-s", "red", *options, "-o", out).code == 0
    assert tool.engines[0].calls[0].controls == Controls(**wanted)
    assert read_recipe(out).controls == Controls(**wanted)


def test_help_shows_every_control_with_its_range(tool) -> None:
    words = tool("image", "--help").out.split()
    for item in fields(Controls):
        option = words.index(f"--{item.name.replace('_', '-')}")
        low, high = item.metadata["low"], item.metadata["high"]
        assert words[option + 1] == f"{low:g}..{high:g}"


def test_max_side_precision_and_threads(tool, picture: Picture, tmp_path: Path) -> None:
    out = tmp_path / "out.webp"
    tool(
        "image", picture("a.png", size=(200, 100)), "-s", "red", "--max-side", "50",
        "--precision", "fp32", "--threads", "1", "-o", out,
    )  # fmt: skip
    with Image.open(out) as image:
        assert image.size == (50, 25)
    assert (tool.engines[0].precision, tool.engines[0].threads) == ("fp32", 1)
    assert (read_recipe(out).max_side_px, read_recipe(out).precision) == (50, "fp32")


def test_another_provider(tool, picture: Picture, tmp_path: Path) -> None:
    tool("image", picture("a.png"), "-s", "red", "--provider", "auto", "-o", tmp_path / "out.png")
    assert tool.engines[0].provider == "auto"


def test_unknown_providers_are_refused() -> None:
    from stylize.cli.common import open_engine

    with pytest.raises(ControlError, match=r"--provider must be one of auto, cpu, .*; got gpu"):
        open_engine(provider="gpu")


def test_another_model(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, out = picture("a.png"), tmp_path / "out.png"
    assert tool("image", content, "-s", "red", "-o", out).code == 0
    assert tool("image", content, "-s", "red", "--model", tmp_path, "-o", out).code == 0
    monkeypatch.setenv("STYLIZE_MODEL", "from/the/environment")
    assert tool("image", content, "-s", "red", "-o", out).code == 0
    assert [engine.model for engine in tool.engines] == [
        None, str(tmp_path), "from/the/environment",
    ]  # fmt: skip


def test_side_limit_is_what_a_recipe_can_say() -> None:
    assert image.MAX_SIDE_PX == MAX_SIDE_PX


def test_folder_is_painted_into_a_folder(tool, picture: Picture, tmp_path: Path) -> None:
    for name in ("in/a.png", "in/a.jpg", "in/b.gif"):
        picture(name)
    (tmp_path / "in" / "notes.txt").write_text("x")
    result = tool("image", tmp_path / "in", "-s", "red", "-o", tmp_path / "out", "--json")
    assert result.code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.jpg",
        "a.png",
        "b.png",
    ]
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [Path(record["content"]).name for record in records] == ["a.jpg", "a.png", "b.gif"]
    assert records[0] | {"elapsed_ms": 0} == {
        "content": str(tmp_path / "in" / "a.jpg"),
        "out": str(tmp_path / "out" / "a.jpg"),
        "width": 32,
        "height": 24,
        "elapsed_ms": 0,
    }


def test_same_names_from_two_folders_do_not_collide(tool, picture: Picture, tmp_path: Path) -> None:
    contents = [picture("one/a.png"), picture("two/A.png")]
    assert tool("image", *contents, "-s", "red", "-o", tmp_path / "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["A-2.png", "a.png"]


def test_one_picture_into_an_existing_folder(tool, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert tool("image", picture("a.png"), "-s", "red", "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "a.png").is_file()


def test_broken_picture_of_several_is_left_out(tool, picture: Picture, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_text("x")
    contents = [picture("a.png"), broken, picture("b.png")]
    result = tool("image", *contents, "-s", "red", "-o", tmp_path / "out", "--json")
    assert result.code == 2
    assert "broken.png is not a picture" in result.err
    assert "broken.png is not a picture" in json.loads(result.out.splitlines()[1])["error"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]


def test_bar_is_for_people_who_wait(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["image", picture("in/a.png"), picture("in/b.png"), "-s", "red"]
    assert tool(*arguments, "-o", tmp_path / "one").err == ""
    monkeypatch.setattr("stylize.cli.jobs.Bar._PATIENCE_S", 0)
    assert tool(*arguments, "-o", tmp_path / "two").err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "2/2" in tool(*arguments, "-o", tmp_path / "three").err


def test_masks(tool, picture: Picture, tmp_path: Path) -> None:
    mask = picture("m=1.png", "white", (8, 8))
    painted = Image.new("RGB", (64, 32), "black")
    painted.paste((255, 128, 0), (0, 0, 20, 32))
    painted.save(tmp_path / "painted.png")
    out = tmp_path / "out.png"
    result = tool(
        "image", picture("a.png"), "-s", "red", "--mask", f"{mask}=blue",
        "--mask", f"{tmp_path / 'painted.png'}#ff8000=content", "--inside", mask,
        "--outside", mask, "--feather", "3", "-o", out,
    )  # fmt: skip
    assert result.code == 0, result.err
    regions = tool.engines[0].calls[0].regions
    assert [region.style is None for region in regions] == [False, True, True, True]
    assert [region.feather_px for region in regions] == [3] * 4
    assert np.asarray(regions[1].mask).sum() == 20 * 32 * 255
    assert [regions[2].mask.getextrema(), regions[3].mask.getextrema()] == [(0, 0), (255, 255)]
    assert read_recipe(out).masks == 4


def test_of_near_colors_the_nearest_is_taken(tool, picture: Picture, tmp_path: Path) -> None:
    painted = Image.new("RGB", (60, 30), (240, 0, 0))
    painted.paste((224, 0, 0), (0, 0, 20, 30))
    painted.save(tmp_path / "map.png")
    mask = f"{tmp_path / 'map.png'}#e10000=blue"
    assert tool("image", picture("a.png"), "-s", "red", "--mask", mask, "-o", tmp_path / "o.png")
    (region,) = tool.engines[0].calls[0].regions
    assert np.asarray(region.mask).sum() == 20 * 30 * 255


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("m.png", "lacks one of them"),
        ("m.png=", "lacks one of them"),
        ("=red", "lacks one of them"),
        ("nothing.png=red", "nothing.png does not exist"),
        ("m.png=green", 'no style called "green"'),
        ("m.png#00ff00=red", "no region of the colour #00ff00; it has #ffffff"),
    ],
)
def test_unusable_mask(
    tool, picture: Picture, tmp_path: Path, mask: str, message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    picture("m.png", "white")
    result = tool("image", picture("a.png"), "-s", "red", "--mask", mask, "-o", "out.png")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "out.png").exists()


def test_too_many_masks(tool, picture: Picture, tmp_path: Path) -> None:
    masks = ["--mask", f"{picture('m.png')}=red"] * 7
    result = tool("image", picture("a.png"), "-s", "red", *masks, "-o", tmp_path / "out.png")
    assert result.code == 2
    assert "up to 6 masks; got 7" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "out.png"], "at least one --style, or a --recipe"),
        (["-s", "rde", "-o", "out.png"], 'no style called "rde". Did you mean red?'),
        (["-s", "no.jpg", "-o", "out.png"], "no.jpg does not exist"),
        (["-s", "red", "-o", "out.gif"], 'cannot be saved as ".gif"'),
        (["-s", "red", "-o", "no/out.png"], "folder no does not exist"),
        (["-s", "red", "-o", "a.png"], "would replace the content a.png"),
        (["-s", "red", "--blend", "1,1", "-o", "out.png"], "2 weights for 1 styles"),
        (["-s", "red", "--blend", "a", "-o", "out.png"], "numbers with commas"),
        (["-s", "red", "--blend", "-1", "-o", "out.png"], "not negative"),
        (["-s", "red", "--blend", "0", "-o", "out.png"], "sum to 0"),
        (["-s", "red", "--strength", "1.5", "-o", "out.png"], "strength must be a number from 0"),
        (["-s", "red", "--stroke-size", "nan", "-o", "out.png"], "from 0.5 to 4; got nan"),
        (["-s", "red", "--inside", "a.png", "--feather", "-1", "-o", "out.png"], "from 0 to 1000"),
        (["--recipe", "a.png", "-o", "out.png"], "holds no recipe"),
        (["-s", "r" * 300, "-o", "out.png"], "no style called"),
        (["-s", "red", "-o", "o" * 300 + ".png"], "cannot be saved"),
        (["-s", "red", "--blend", "2e6", "-o", "out.png"], "go up to 1e+06; got 2e+06"),
        (["-s", "red"] * 17 + ["-o", "out.png"], "up to 16 styles; got 17"),
        (["b.png", "c.png", "-s", "red", "-o", "a.png/out"], "does not exist"),
    ],
)
def test_errors_go_to_stderr_and_nothing_is_written(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    picture("a.png")
    result = tool("image", "a.png", *options)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert message in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_several_contents_need_a_folder(tool, picture: Picture, tmp_path: Path) -> None:
    contents = [picture("a.png"), picture("b.png")]
    result = tool("image", *contents, "-s", "red", "-o", tmp_path / "out.png")
    assert result.code == 2
    assert "2 pictures do not fit into the one file" in result.err
    result = tool("image", *contents, "-s", "red", "-o", tmp_path)
    assert "would replace the content" in result.err


def test_folder_with_one_picture_makes_its_folder(tool, picture: Picture, tmp_path: Path) -> None:
    picture("in/a.png")
    (tmp_path / "in" / "._a.png").write_text("notes of the system")
    assert tool("image", tmp_path / "in", "-s", "red", "-o", tmp_path / "out").code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_folder_of_results_that_cannot_be_made(tool, picture: Picture, tmp_path: Path) -> None:
    contents = [picture("a.png"), picture("b.png")]
    (tmp_path / "file").write_text("x")
    result = tool("image", *contents, "-s", "red", "-o", tmp_path / "file")
    assert (result.code, "do not fit into the one file" in result.err) == (2, True)
    result = tool("image", *contents, "-s", "red", "-o", tmp_path / "file" / "out")
    assert (result.code, "cannot be made" in result.err) == (2, True)


def test_bad_pictures_alone_leave_no_folder(tool, tmp_path: Path) -> None:
    missing = [tmp_path / "a.png", tmp_path / "b.png"]
    assert tool("image", *missing, "-s", "red", "-o", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()


def test_folder_without_pictures(tool, tmp_path: Path) -> None:
    result = tool("image", tmp_path, "-s", "red", "-o", tmp_path / "out")
    assert (result.code, "no pictures in" in result.err) == (2, True)


def test_programming_faults_keep_their_traceback(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("stylize.cli.image.open_engine", fail)
    monkeypatch.setattr(
        "sys.argv", ["stylize", "image", str(picture("a.png")), "-s", "red", "-o", "b.png"]
    )
    from stylize.cli import main

    with pytest.raises(RuntimeError, match="a bug"):
        main()


# ---------------------------------------------------------------------------------------- recipes


def test_recipe_repeats_a_picture_without_its_style(tool, picture: Picture, tmp_path: Path) -> None:
    style = picture("s.png", "blue")
    first, second, third = (tmp_path / f"{name}.png" for name in ("first", "second", "third"))
    tool("image", picture("a.png"), "-s", style, "--strength", "0.5", "--max-side", "20",
         "--stroke-size", "2", "-o", first)  # fmt: skip
    style.unlink()
    assert tool("image", picture("b.png"), "--recipe", first, "-o", second).code == 0
    assert read_recipe(second) == read_recipe(first)
    tool("image", picture("b.png"), "--recipe", first, "--strength", "0.25", "-s", "red",
         "-o", third)  # fmt: skip
    changed = read_recipe(third)
    assert changed.controls == Controls(strength=0.25, stroke_size=2)
    assert [style.name for style in changed.styles] == ["red"]
    assert changed.max_side_px == 20


def test_blend_goes_before_the_weights_of_a_recipe(tool, picture: Picture, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    tool("image", picture("a.png"), "-s", "red", "-s", "blue", "-o", first)
    arguments = ["image", picture("a.png"), "--recipe", first, "-o", second]
    assert tool(*arguments, "--blend", "3,1").code == 0
    assert color(second) == (191, 0, 64)
    assert "1 weights for 2 styles" in tool(*arguments, "--blend", "3").err


def test_styles_that_a_jpeg_has_no_room_for_are_repeated_exactly(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylize.recipe._JPEG_XMP_BYTES", 0)
    vectors = 200 * np.random.default_rng(0).random((16, DIMENSION), np.float32)
    many = Recipe(
        styles=tuple(RecipeStyle.of(StyleVector(values, ENCODER)) for values in vectors),
        precision="int8",
        model_sha256=MODEL,
        encoder_sha256=ENCODER,
    )
    save_image(Image.new("RGB", (20, 20)), tmp_path / "many.jpg", recipe=many)
    out = tmp_path / "out.jpg"
    arguments = ["image", picture("a.png"), "--recipe", tmp_path / "many.jpg", "-o", out]
    assert tool(*arguments).code == 0
    assert tool.engines[-1].calls[0].style == many.style()
    assert read_recipe(out).style() == many.style()
    other_weights = tool(*arguments, "--blend", ",".join("1" * 16))
    assert "does not hold it" in other_weights.err


def test_no_recipe_if_not_wanted(tool, picture: Picture, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    tool("image", picture("a.png"), "-s", "red", "--no-embed-recipe", "-o", out)
    assert "holds no recipe" in tool("recipe", "show", out).err


def made_by_another(encoder: str, model: str, path: Path, masks: int = 0) -> Path:
    vector = StyleVector(np.ones(DIMENSION, np.float32), encoder)
    recipe = Recipe(
        styles=(RecipeStyle.of(vector, name="other"),),
        precision="fp32",
        model_sha256=model,
        encoder_sha256=encoder,
        masks=masks,
    )
    save_image(Image.new("RGB", (20, 20)), path, recipe=recipe)
    return path


def test_recipe_of_another_model(tool, picture: Picture, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    other = made_by_another("a" * 64, MODEL, tmp_path / "other.png")
    result = tool("image", picture("a.png"), "--recipe", other, "-o", out)
    assert result.code == 2
    assert "another style encoder" in result.err
    assert not out.exists()
    newer = made_by_another(ENCODER, "a" * 64, tmp_path / "newer.png", masks=2)
    result = tool("image", picture("a.png"), "--recipe", newer, "-o", out)
    assert result.code == 0
    assert "another version of the model" in result.err
    assert "painted with masks" in result.err
    assert tool.engines[-1].precision == "fp32"
