"""``stylize image --finish``: what it needs, what it tells, what the recipe keeps."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from PIL import Image

from stylize.cli import finishing
from stylize.lab import features, finish
from stylize.lab.objective import Losses
from stylize.recipe import MAX_FINISH, Recipe, read_recipe
from tests.cli.conftest import FakeLibrary, Tool
from tests.conftest import make_picture
from tests.lab.conftest import tiny_features  # noqa: F401

Picture = Callable[..., Path]


@pytest.fixture
def content(tmp_path: Path, monkeypatch, tiny_features) -> Path:  # noqa: F811
    monkeypatch.setattr(features, "load_features", lambda name, path: tiny_features)
    make_picture(80, 64, seed=1).save(tmp_path / "content.png")
    make_picture(64, 64, seed=2).save(tmp_path / "style.png")
    return tmp_path / "content.png"


@pytest.fixture
def kept(monkeypatch) -> dict[str, Image.Image]:
    """Pictures that the fake library has kept, by name."""
    pictures = {"red": make_picture(64, 64, seed=3)}
    monkeypatch.setattr(
        FakeLibrary, "original", lambda self, name: pictures.get(name), raising=False
    )
    return pictures


def test_a_blend_is_polished_and_the_recipe_says_so(content: Path, kept, tool: Tool) -> None:
    plain, out = content.with_name("plain.png"), content.with_name("out.png")
    styles = ("-s", "red", "-s", content.with_name("style.png"), "--blend", "2,1")
    assert tool("image", content, *styles, "-o", plain).code == 0
    result = tool("image", content, *styles, "--finish", 2, "-o", out)
    assert result == (0, "", "")
    assert out.read_bytes() != plain.read_bytes()
    assert (read_recipe(plain).finish, read_recipe(out).finish) == (0, 2)
    assert '"format": 2' in read_recipe(plain).to_json()
    assert '"format": 3' in read_recipe(out).to_json()
    assert Recipe.from_json(read_recipe(out).to_json()) == read_recipe(out)
    assert "2 steps" in tool("recipe", "show", out).out


def test_a_finished_recipe_is_repeated(content: Path, kept, tool: Tool) -> None:
    first, again = content.with_name("first.png"), content.with_name("again.png")
    tool("image", content, "-s", "red", "--finish", 2, "-o", first)
    # The fake library makes its vectors of one colour, of which it keeps another picture.
    assert tool("image", content, "--recipe", first, "-o", again) == (0, "", "")
    assert again.read_bytes() == first.read_bytes()
    unfinished = content.with_name("unfinished.png")
    assert tool("image", content, "--recipe", first, "--finish", 0, "-o", unfinished).code == 0
    assert read_recipe(unfinished).finish == 0


def test_a_style_without_a_picture_is_refused(content: Path, kept, tool: Tool) -> None:
    kept.clear()
    out = content.with_name("out.png")
    result = tool("image", content, "-s", "red", "--finish", 2, "-o", out)
    assert result.code == 2
    assert "only the vector is kept" in result.err
    assert "--no-original" in result.err
    assert not out.exists()


def test_a_recipe_of_a_nameless_picture_asks_for_it(content: Path, tool: Tool) -> None:
    style, first = content.with_name("style.png"), content.with_name("first.png")
    assert tool("image", content, "-s", style, "--finish", 1, "-o", first).code == 0
    again = content.with_name("again.png")
    result = tool("image", content, "--recipe", first, "-o", again)
    assert result.code == 2
    assert "Name the picture by --style" in result.err
    assert tool("image", content, "--recipe", first, "-s", style, "-o", again).code == 0
    assert again.read_bytes() == first.read_bytes()


def test_without_torch_the_extra_is_named(content: Path, tool: Tool, monkeypatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("stylize.lab"):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "stylize.lab.features")
    style, out = content.with_name("style.png"), content.with_name("out.png")
    result = tool("image", content, "-s", style, "--finish", 2, "-o", out)
    assert result.code == 2
    assert "stylize-studio[train]" in result.err


def test_ctrl_c_keeps_a_picture_and_ends_the_rest(content: Path, tool: Tool, monkeypatch) -> None:
    done = (Losses(1.0, 1.0, 1.0),) * 3
    half = finish.Finished(Image.new("RGB", (80, 64)), done, "interrupted")
    monkeypatch.setattr(finish, "finish_picture", lambda *_, **__: half)
    out = content.with_name("out")
    style = content.with_name("style.png")
    result = tool("image", content, style, "-s", style, "--finish", 9, "-o", out)
    assert result.code == 130
    assert "holds what was polished so far. 1 picture was not painted." in result.err
    assert [path.name for path in out.iterdir()] == ["content.png"]
    assert read_recipe(out / "content.png").finish == 3


def test_ctrl_c_before_the_first_step_says_so(content: Path, tool: Tool, monkeypatch) -> None:
    begun = finish.Finished(Image.new("RGB", (80, 64)), (), "interrupted")
    monkeypatch.setattr(finish, "finish_picture", lambda *_, **__: begun)
    out = content.with_name("out.png")
    result = tool("image", content, "-s", content.with_name("style.png"), "--finish", 9, "-o", out)
    assert result.code == 0
    assert "holds what the engine painted, not polished." in result.err
    assert "not painted" not in result.err
    assert read_recipe(out).finish == 0


def test_as_many_steps_as_a_recipe_holds() -> None:
    assert finishing.MAX_FINISH == MAX_FINISH


def test_many_processes_do_not_finish(content: Path, kept, tool: Tool) -> None:
    style, out = content.with_name("style.png"), content.with_name("out.png")
    result = tool("image", content, "-s", style, "--finish", 2, "--workers", 2, "-o", out)
    assert result.code == 2
    assert "--finish polishes one picture after the other" in result.err
    first = content.with_name("first.png")
    tool("image", content, "-s", "red", "--finish", 2, "-o", first)
    result = tool("image", content, "--recipe", first, "--workers", 2, "-o", out)
    assert result.code == 2
    assert "or the finish by --finish 0" in result.err
