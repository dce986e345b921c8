import json
from collections.abc import Callable
from pathlib import Path

from stylize.recipe import Recipe, read_recipe


def test_show(tool, picture: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    tool("image", picture("a.png"), "-s", "red", "-s", picture("s.png"), "--blend", "3,1",
         "--strength", "0.5", "-o", out)  # fmt: skip
    result = tool("recipe", "show", out)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[:2] == [
        "style           red: 75%",
        "style           (a picture without a name): 25%",
    ]
    assert "strength        0.5" in lines
    assert "max_side_px     as the content" in lines


def test_json_can_be_painted_by(tool, picture: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    tool("image", picture("a.png"), "-s", "red", "-o", out)
    text = tool("recipe", "show", out, "--json").out
    assert Recipe.from_json(text) == read_recipe(out)
    assert json.loads(text)["styles"][0]["name"] == "red"
    (tmp_path / "recipe.json").write_text(text)
    again = tmp_path / "again.png"
    tool("image", picture("b.png"), "--recipe", tmp_path / "recipe.json", "-o", again)
    assert read_recipe(again) == read_recipe(out)


def test_picture_without_recipe(tool, picture: Callable[..., Path]) -> None:
    result = tool("recipe", "show", picture("a.png"))
    assert (result.code, result.out) == (2, "")
    assert "holds no recipe" in result.err
