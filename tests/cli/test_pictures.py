import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Picture = Callable[..., Path]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    (folder / "trip" / "day.1").mkdir(parents=True)
    for name in ("a.jpe", "a.jfif", "b.ico", "c.jpf", "trip/a.png", "trip/day.1/d.j2k"):
        kind = {".ico": "ICO", ".jpf": "JPEG2000", ".j2k": "JPEG2000", ".png": "PNG"}
        format_name = kind.get(Path(name).suffix, "JPEG")
        Image.new("RGB", (32, 32), "green").save(folder / name, format_name)
    for name in ("notes.txt", "photo.HEIC", "raw.nef", ".hidden.png", "trip/film.mp4"):
        (folder / name).write_bytes(b"x")
    return folder


def test_what_is_left_out_is_told(tool, album: Path, tmp_path: Path) -> None:
    result = tool("image", album, "-s", "red", "-o", tmp_path / "out")
    assert result.code == 0
    assert names(tmp_path / "out") == ["a-2.png", "a.png", "b.png", "c.png"]
    assert result.err.splitlines() == [
        f"Note: left out: {album}/trip. --recursive looks into folders.",
        f"Note: left out: {album}/notes.txt. By their names they are no pictures.",
        f"Note: left out: {album}/photo.HEIC. HEIC photos of phones must be exported or shared as "
        "JPEG first.",
        f"Note: left out: {album}/raw.nef. Develop it, or export it as JPEG, in the camera or in a "
        "program for photos.",
    ]


def test_folders_of_folders_keep_their_shape(tool, album: Path) -> None:
    out = album / "painted"  # in the folder itself: results are not painted again
    for _ in range(2):
        result = tool("image", album, "-s", "red", "-r", "-o", out)
        assert result.code == 0
        assert "film.mp4" in result.err
        assert names(out) == [
            "a-2.png", "a.png", "b.png", "c.png", "trip/a.png", "trip/day.1/d.png",
        ]  # fmt: skip


def test_links_in_a_circle_end(tool, album: Path, tmp_path: Path) -> None:
    os.symlink(album, album / "trip" / "again")
    assert tool("image", album, "-s", "red", "-r", "-o", tmp_path / "out").code == 0
    assert len(names(tmp_path / "out")) == 6


def test_empty_path_is_not_this_folder(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    picture("a.png")
    for arguments in (
        ["image", "", "-s", "red", "-o", "out"],
        ["image", "a.png", "-s", "red", "-o", ""],
        ["image", "a.png", "-s", "red", "-o", "out.png", "--data", ""],
        ["library", "add", ""],
    ):
        result = tool(*arguments)
        assert (result.code, "An empty path was given" in result.err) == (2, True), arguments
    assert names(tmp_path) == ["a.png"]
    assert tool("image", ".", "-s", "red", "-o", "out").code == 0


@pytest.mark.parametrize("out", ["strength0.5", "painted.v2", "painted.v2/", "new.png/"])
def test_folders_of_results_may_have_dots(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = [picture("in/a.png"), picture("in/b.png")]
    assert tool("image", *contents, "-s", "red", "-o", out).code == 0
    assert names(tmp_path / out) == ["a.png", "b.png"]


def test_one_picture_goes_into_a_folder_that_ends_in_a_slash(
    tool, picture: Picture, tmp_path: Path
) -> None:
    out = f"{tmp_path}/painted.v2/"
    assert tool("image", picture("a.png"), "-s", "red", "-o", out).code == 0
    assert names(tmp_path / "painted.v2") == ["a.png"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["-s", "out.png"], "style"),
        (["-s", "red", "-s", "link.png"], "style"),
        (["-s", "red", "--mask", "out.png=content"], "mask"),
        (["-s", "red", "--mask", "out.png#ff0000=content"], "mask"),
        (["-s", "red", "--inside", "out.png"], "mask"),
        (["-s", "red", "--outside", "out.png"], "mask"),
        (["--recipe", "out.png"], "recipe"),
    ],
)
def test_what_is_read_is_not_replaced(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: list[str], what: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    picture("a.png")
    before = picture("out.png", "red").read_bytes()
    (tmp_path / "link.png").symlink_to("out.png")
    result = tool("image", "a.png", *options, "-o", "out.png")
    assert result.code == 2
    assert f"would replace the {what} out.png" in result.err
    assert (tmp_path / "out.png").read_bytes() == before


def test_too_little_memory_ends_one_picture_not_the_folder(
    tool, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes import FakeEngine

    stylize = FakeEngine.stylize

    def scarce(self: FakeEngine, content: Image.Image, *args: object, **options: object) -> object:
        if content.size == (64, 64):
            raise MemoryError
        return stylize(self, content, *args, **options)

    monkeypatch.setattr(FakeEngine, "stylize", scarce)
    large, small = picture("in/a.png", size=(64, 64)), picture("in/b.png")
    result = tool("image", large, small, "-s", "red", "-o", tmp_path / "out")
    assert result.code == 2
    assert result.err == (
        f"Error: {large} was not painted. There is not enough memory for this. Take a smaller "
        "picture, or close other programs.\n"
    )
    assert names(tmp_path / "out") == ["b.png"]
    alone = tool("image", large, "-s", "red", "-o", tmp_path / "out.png")
    assert (alone.code, alone.err.count("\n")) == (2, 1)
    assert "not enough memory" in alone.err
