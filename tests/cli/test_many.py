"""``stylize image`` in many processes."""

import json
from pathlib import Path

import pytest

from tests.conftest import TINY_MODEL, make_picture

REAL = ("--model", TINY_MODEL, "--threads", "1")


@pytest.fixture
def real_tool(tool, monkeypatch):
    """The command line with the real engine."""
    from stylize.cli import common

    monkeypatch.setattr("stylize.cli.image.open_engine", common.open_engine)
    return tool


def test_workers_paint_what_one_process_paints_and_go_on(real_tool, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "b.jpg", "deep/c.png")):
        make_picture(40, 30, seed=seed).save(tmp_path / "in" / name)
    (tmp_path / "in" / "d.png").write_bytes(b"no picture")
    make_picture(40, 40).save(tmp_path / "style.png")
    common = (tmp_path / "in", "-r", "-s", tmp_path / "style.png", *REAL, "--json")

    one = real_tool("image", *common, "-o", tmp_path / "one")
    many = real_tool("image", *common, "-o", tmp_path / "many", "--workers", "2")
    assert one.code == many.code == 2
    for results in (one, many):
        assert f"Error: {tmp_path / 'in' / 'd.png'}" in results.err
    for name in ("a.png", "b.jpg", "deep/c.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()

    def lines(text: str) -> list[dict]:
        found = [json.loads(line) for line in text.splitlines()]
        return [{**line, "elapsed_ms": 0} for line in found]

    assert lines(many.out) == [
        {**line, **({"out": line["out"].replace("/one/", "/many/")} if "out" in line else {})}
        for line in lines(one.out)
    ]

    again = real_tool("image", *common, "-o", tmp_path / "many", "--workers", "1")
    assert [line.get("known") for line in lines(again.out)] == [True, True, None, True]
    assert "Note: 3 of 4 were there already" in again.err


def test_contents_of_a_url(tool, picture, tmp_path: Path) -> None:
    files = pytest.importorskip("fsspec").filesystem("memory")
    files.pipe("/contents/a.png", picture("a.png").read_bytes())
    files.pipe("/contents/notes.txt", b"")
    out = tmp_path / "out"
    result = tool("image", "memory://contents", "-s", "red", "-o", out)
    assert [path.name for path in out.iterdir()] == ["a.png"]
    assert (result.code, result.out) == (0, "")
    assert "left out: memory:///contents/notes.txt" in result.err
    assert tool("image", "memory://contents/b.png", "-s", "red", "-o", out).code == 2
