"""``stylize video``, with the tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.cli import main
from stylize.errors import StylizeError
from stylize.video.film_recipe import read_film_recipe
from tests.conftest import TINY_MODEL, make_picture
from tests.video.conftest import make_film, moving_square  # noqa: F401  a fixture


@pytest.fixture
def film(make_film) -> Path:  # noqa: F811
    return make_film("a.mp4", moving_square(6))


@pytest.fixture
def style(tmp_path) -> Path:
    make_picture(64, 64, seed=5).save(tmp_path / "style.png")
    return tmp_path / "style.png"


@pytest.fixture
def run(capsys, monkeypatch):
    def run(*arguments):
        command = ["stylize", "video", *map(str, arguments), "--model", str(TINY_MODEL)]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as exit_info:
            main()
        captured = capsys.readouterr()
        return exit_info.value.code or 0, captured.out, captured.err

    return run


def test_a_film_with_its_recipe(run, film, style, tmp_path):
    out = tmp_path / "out.mp4"
    code, said, warned = run(
        film, "-o", out, "-s", style, "--strength", 0.7, "--start", "0.05s", "--json"
    )
    assert (code, warned) == (0, "")
    told = json.loads(said)
    assert (told["width"], told["height"], told["frames"], told["stopped"]) == (96, 64, 4, False)
    inside = read_film_recipe(out)
    assert inside == read_film_recipe(tmp_path / "out.mp4.recipe.json")
    assert inside.recipe.controls.strength == 0.7
    assert inside.wanted.start_s == 0.05
    # By its recipe the same comes out. Compared as frames: x264 itself is not always the same.
    assert run(film, "-o", tmp_path / "by recipe", "--recipe", out)[0] == 0
    options = ("--strength", 0.7, "--start", "0.05s")
    assert run(film, "-o", tmp_path / "by options", "-s", style, *options)[0] == 0
    for number in range(1, 5):
        one, other = (
            np.asarray(Image.open(tmp_path / folder / f"frame-{number:06}.png"))
            for folder in ("by recipe", "by options")
        )
        assert (one == other).all()


def test_several_processes_paint_what_one_paints(run, make_film, style, tmp_path):  # noqa: F811
    cut = [np.asarray(make_picture(96, 64, seed=9))] * 3
    film = make_film("a.mp4", moving_square(17) + cut)
    for name, options in (("one.gif", ()), ("two.gif", ("--workers", 2))):
        assert run(film, "-o", tmp_path / name, "-s", style, "--no-embed-recipe", *options)[0] == 0
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    code, _, warned = run("0", "--camera", "-s", style, "--workers", 2)
    assert code == 2
    assert "leave --workers and --cluster out" in warned


def test_the_recipe_of_a_film_is_shown(run, film, style, tmp_path, monkeypatch, capsys):
    run(film, "-o", tmp_path / "out.webm", "-s", style, "--strength", 0.7)
    monkeypatch.setattr("sys.argv", ["stylize", "recipe", "show", str(tmp_path / "out.webm")])
    with pytest.raises(SystemExit):
        main()
    assert "strength        0.7" in capsys.readouterr().out


def test_ctrl_c(run, film, style, tmp_path, monkeypatch):
    def interrupt(bar, state):
        if state.done == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("stylize.cli.video._Bar.show", interrupt)
    code, _, warned = run(film, "-o", tmp_path / "out.mp4", "-s", style)
    assert code == 130
    assert "stopped after one frame; what is done is kept" in warned
    assert read_film_recipe(tmp_path / "out.mp4").recipe.styles


def test_key_points(run, film, style, tmp_path):
    out = tmp_path / "out.gif"
    code, _, _ = run(
        film, "-o", out, "--at", f"0s:strength=0,style={style}", "--at", "0.2s:strength=1"
    )
    assert code == 0
    recipe = read_film_recipe(tmp_path / "out.gif.recipe.json")
    assert [point.time_s for point in recipe.points] == [0, 0.2]
    look = recipe.timeline().look(0.1)
    assert look.controls.strength == pytest.approx(0.5)
    assert look.style == recipe.recipe.styles[0].vector


def test_a_recipe_of_a_picture(run, film, style, tmp_path, monkeypatch, capsys):
    picture = tmp_path / "picture.png"
    make_picture(64, 64).save(tmp_path / "content.png")
    command = ["stylize", "image", tmp_path / "content.png", "-o", picture, "-s", style]
    monkeypatch.setattr("sys.argv", [*map(str, command), "--model", str(TINY_MODEL)])
    with pytest.raises(SystemExit):
        main()
    assert run(film, "-o", tmp_path / "out.mp4", "--recipe", picture)[0] == 0


def test_frames_into_a_folder(run, film, style, tmp_path):
    assert run(film, "-o", tmp_path / "frames", "-s", style)[0] == 0
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [*(f"frame-{number:06}.png" for number in range(1, 7)), "recipe.json"]
    # The frames are a film again.
    assert run(tmp_path / "frames", "-o", tmp_path / "out.mp4", "-s", style)[0] == 0


def test_a_damaged_film(run, make_film, style, tmp_path):  # noqa: F811
    film = make_film("a.mkv", moving_square(48))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    code, _, warned = run(film, "-o", tmp_path / "out.mp4", "-s", style)
    assert code == 2
    assert "is damaged: it ends at" in warned
    assert (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "out.avi", "-s", "STYLE"], 'cannot be saved as ".avi"'),
        (["-o", "out.mp4"], "Name at least one --style"),
        (["-o", "out.mp4", "-s", "STYLE", "--at", "now"], "written as 4s:strength=1"),
        (["-o", "out.mp4", "-s", "STYLE", "--start", "late"], "A time is written as"),
        (["-o", "FILM", "-s", "STYLE"], "would replace the film"),
        (["-o", "out.mp4", "-s", "STYLE", "--stability", 3], "stability must be from 0 to 1"),
        (["-o", "out.mp4", "--recipe", "FILM"], "holds no recipe"),
    ],
)
def test_what_is_wrong_is_said(run, film, style, arguments, message, tmp_path):
    names = {"STYLE": style, "FILM": film, "out.mp4": tmp_path / "out.mp4"}
    code, _, warned = run(film, *(names.get(item, item) for item in arguments))
    assert code == 2
    assert message in warned
    assert not (tmp_path / "out.mp4").exists()


def test_a_damaged_recipe(tmp_path):
    (tmp_path / "a.json").write_text('{"format": 2}')
    with pytest.raises(StylizeError, match="damaged"):
        read_film_recipe(tmp_path / "a.json")


def test_no_film_in_a_picture_of_one_frame_is_refused(run, style, tmp_path):
    Image.new("RGB", (32, 24), "red").save(tmp_path / "one.webp")
    assert run(tmp_path / "one.webp", "-o", tmp_path / "out.mp4", "-s", style)[0] == 0


def test_what_a_camera_sees(run, style, monkeypatch):
    from stylize.video import camera

    asked = []

    def read(number, *, max_side_px):
        asked.append((number, max_side_px))
        return iter(moving_square(3))

    monkeypatch.setattr(camera, "read_camera", read)
    code, said, warned = run("--camera", "-s", style)
    assert (code, said, asked) == (0, "", [(0, 640)])
    assert "Open http://127.0.0.1:" in warned
    assert "within" in warned
    code, said, _ = run("--camera", 2, "-s", style, "--max-side", 96, "--json")
    told = json.loads(said)
    assert (code, told["camera"], asked[-1]) == (0, 2, (2, 96))
    assert 1 <= told["frames"] <= 3
    assert told["latency_ms"] <= told["latency_95_ms"]


def test_no_camera_and_no_film(run, style, tmp_path):
    code, _, said = run("--camera", 42, "-s", style)
    assert code == 2
    assert "no camera 42" in said
    code, _, said = run("--camera", "front", "-s", style)
    assert "number of a camera" in said
    code, _, said = run("--camera", "-s", style, "-o", tmp_path / "a.mp4")
    assert "--out" in said
    for missing in ((), (tmp_path / "a.mp4",)):
        code, _, said = run(*missing, "-s", style)
        assert code == 2
        assert "name" in said
