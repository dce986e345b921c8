"""``stylize library`` from end to end, with an encoder that needs no model."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest
from PIL import Image
from rich.console import Console

from stylize.cli import common, library_output, library_sharing
from stylize.cli import library as library_commands
from stylize.errors import StylizeError
from stylize.library import ImportReport, StyleLibrary, bundled, hub
from stylize.library.measure import Measure
from tests.fakes import DIMENSION, ENCODER, FakeEngine

from .helpers import picture, write_bundle


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command on an own data folder; the result is (exit code, stdout, stderr)."""
    bundle = write_bundle(tmp_path / "bundle")
    monkeypatch.setenv("STYLIZE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STYLIZE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(common, "open_engine", lambda *_: FakeEngine())
    monkeypatch.setattr(
        common,
        "open_library",
        lambda engine, data=None: StyleLibrary.open(data, encoder=engine, bundled=bundle),
    )
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = 0
        try:
            library_commands.app([str(argument) for argument in arguments])
        except SystemExit as exited:
            code = exited.code or 0
        except StylizeError as error:  # as the command line's `main` does
            code = 2
            print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for i in range(3):
        picture(i).save(folder / f"My Style {i}.png")
    picture(3).save(folder / "deeper" / "Étude_no_3.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def as_json(result):
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def names(result):
    return [record["name"] for record in as_json(result)]


def test_list(run):
    code, out, _ = run("list")
    assert code == 0
    for text in ("bundled-0", "Bundled 1", "Ada Cézanne", "Testism", "c. 1882", "test"):
        assert text in out
    assert names(run("list", "--json")) == ["bundled-0", "bundled-1", "bundled-2"]
    assert names(run("list", "--text", "cezanne", "--from", "1881", "--json")) == [
        "bundled-1", "bundled-2",
    ]  # fmt: skip
    assert names(run("list", "--own", "--json")) == []
    assert "No styles" in run("list", "--tag", "none")[1]


def test_add_a_folder_and_again(run, pictures):
    report = as_json(run("add", "-r", pictures, "--tag", "new", "--artist", "Me", "--json"))
    assert report["added"] == ["my-style-0", "my-style-1", "my-style-2", "etude-no-3"]
    again = as_json(run("add", "-r", pictures, "--json"))
    assert again.pop("left_out") == [str(pictures / "notes.txt")]
    assert again == {"added": [], "renewed": [], "skipped": report["added"], "failed": []}
    records = as_json(run("list", "--own", "--tag", "new", "--json"))
    assert {r["artist"] for r in records} == {"Me"}
    assert records[0]["title"] == "Étude no 3"
    assert "4 there already" in run("add", "-r", pictures)[1]


def test_replacing_does_not_merge_files_of_one_name(run, pictures):
    picture(7).save(pictures / "deeper" / "My Style 0.png")
    for _ in range(2):
        report = as_json(run("add", "-r", pictures, "--replace", "--json"))
        assert sorted(report["added"]) == [
            "etude-no-3", "my-style-0", "my-style-0-2", "my-style-1", "my-style-2",
        ]  # fmt: skip
    assert len(names(run("list", "--own", "--json"))) == 5


def test_stale_styles_are_encoded_again_from_their_pictures(run, pictures, monkeypatch):
    run("add", "-r", pictures, "--no-original", "--artist", "Me")
    monkeypatch.setattr(common, "open_engine", lambda *_: FakeEngine(5))
    assert len(names(run("list", "--stale", "--json"))) == 4
    assert "stale" in run("list", "--own")[1]
    out = run("add", "-r", pictures / "deeper", pictures / "My Style 1.png")[1]
    assert out == "Added nothing, 2 encoded again.\n"
    assert names(run("list", "--stale", "--json")) == ["my-style-0", "my-style-2"]
    assert as_json(run("show", "etude-no-3", "--json"))["artist"] == "Me"


def test_add_goes_on_after_a_bad_file(run, pictures):
    (pictures / "My Style 1.png").write_bytes(b"broken")
    code, out, err = run("add", "-r", pictures)
    assert code == 2
    assert "Added my-style-0, my-style-2, etude-no-3" in out
    assert "My Style 1.png" in err


def test_add_one(run, pictures):
    file = pictures / "My Style 0.png"
    assert run("add", file, "--name", "mine", "--title", "Mine", "--no-original")[0] == 0
    shown = as_json(run("show", "mine", "--json"))
    assert (shown["title"], shown["has_original"], shown["length"]) == ("Mine", False, 60)
    assert run("add", "-r", pictures, "--name", "x")[2].startswith("Error: --name and --title")
    other = pictures / "My Style 1.png"
    code, _, err = run("add", other, "--name", "mine")
    assert code == 2
    assert "already" in err
    assert run("add", other, "--name", "mine", "--replace")[0] == 0
    assert names(run("list", "--own", "--json")) == ["mine"]


def test_show(run):
    code, out, _ = run("show", "bundled-0")
    assert code == 0
    for text in ("Bundled 0", "CC0 1.0", "palette", "contrast", "grain", "shapes", "bundled-1"):
        assert text in out
    code, _, err = run("show", "bundled-9")
    assert code == 2
    assert "Did you mean bundled-" in err


def test_search(run, pictures):
    run("add", "-r", pictures)
    assert names(run("search", pictures / "My Style 2.png", "-k", 1, "--json")) == ["my-style-2"]
    found = as_json(run("search", "my-style-0", "-k", 3, "--json"))
    assert len(found) == 3
    assert "my-style-0" not in [row["name"] for row in found]
    assert found[0]["similarity"] >= found[1]["similarity"]
    assert names(run("search", "etude", "--json")) == ["etude-no-3"]
    assert names(run("search", "my-style-0", "--own", "--text", "etude", "--json")) == [
        "etude-no-3"
    ]
    assert len(names(run("search", "--color", "#804020", "-k", 2, "--json"))) == 2
    assert "alike" in run("search", "my-style-0")[1]
    assert run("search")[0] == 2
    assert "is not a colour" in run("search", "--color", "reddish")[2]


def test_a_missing_picture_is_not_taken_for_words(run):
    code, _, err = run("search", "holiday.jpg")
    assert code == 2
    assert "holiday.jpg does not exist" in err


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (48, ["alike", "name", "title"]),
        (60, ["alike", "name", "title", "artist", "year"]),
        (70, ["alike", "name", "title", "artist", "year", "movement"]),
        (160, ["alike", "name", "title", "artist", "year", "movement", "tags"]),
    ],
)
def test_narrow_terminals_show_less_but_what_counts(run, monkeypatch, width, columns):
    monkeypatch.setattr(library_output, "_console", lambda: Console(width=width))
    out = run("search", "bundled-0")[1]
    heading, *rows = out.splitlines()
    assert heading.split() == columns
    assert max(map(len, out.splitlines())) <= width
    for row in rows:
        assert re.match(r"-?\d\.\d\d +bundled-[12] ", row)
        assert row.rstrip().endswith("bundled")


def test_nothing_is_cut_short_in_a_pipe(run, pictures):
    title = "A very long title " * 12
    run("add", "-r", pictures / "My Style 0.png", "--title", title.strip(), "--tag", "t" * 90)
    row = run("list", "--own")[1].splitlines()[1]
    assert title.strip() in row
    assert "t" * 90 in row


def test_edit_and_remove(run, pictures):
    run("add", "-r", pictures)
    record = as_json(
        run("edit", "my-style-0", "--name", "better", "--title", "New", "--tag", "b", "--tag", "a",
            "--json")
    )[0]  # fmt: skip
    assert (record["name"], record["title"], record["tags"]) == ("better", "New", ["a", "b"])
    assert run("remove", "better", "none", "--yes")[0] == 2
    assert run("remove", "better", "bundled-0", "--yes")[0] == 2
    assert run("remove", "better", "my-style-1", "better", "--yes")[0] == 0
    assert names(run("list", "--own", "--json")) == ["etude-no-3", "my-style-2"]
    assert "bundled style" in run("remove", "bundled-0", "--yes")[2]


def test_export_and_import(run, pictures, tmp_path):
    run("add", "-r", pictures)
    assert "Wrote 4 styles" in run("export", tmp_path / "all.zip", "--originals")[1]
    assert "Wrote 1 style " in run("export", tmp_path / "one.zip", "my-style-1")[1]
    run("remove", "my-style-1", "--yes")
    report = as_json(run("import", tmp_path / "all.zip", "--json"))
    assert report["added"] == ["my-style-1"]
    assert len(report["unchanged"]) == 3
    run("edit", "my-style-1", "--title", "Changed")
    assert "style-1" in run("import", tmp_path / "one.zip")[2]
    out = run("import", tmp_path / "one.zip", "--on-conflict", "rename")[1]
    assert "renamed    my-style-1 -> my-style-1-2" in out


def test_push_and_pull(run, pictures, monkeypatch):
    sent = []

    def push(library, repository, names, **options):
        sent.append((repository, names or library.names(bundled=False), options))
        return "c0ffee"

    def pull(library, repository, **options):
        sent.append((repository, options))
        return ImportReport(added=("one",), renamed=(("two", "two-2"),)), "c0ffee"

    monkeypatch.setattr(hub, "push_styles", push)
    monkeypatch.setattr(hub, "pull_styles", pull)
    run("add", "-r", pictures / "My Style 0.png")
    assert "pull ada/styles --revision c0ffee" in run("push", "ada/styles", "--originals")[1]
    run("push", "ada/styles", "bundled-0", "--public")
    out = run("pull", "ada/styles", "--revision", "c0ffee", "--on-conflict", "rename")[1]
    assert out.splitlines() == [
        "revision   c0ffee", "added      one", "renamed    two -> two-2",
    ]  # fmt: skip
    report = as_json(run("pull", "ada/styles", "--json"))
    assert (report["revision"], report["added"]) == ("c0ffee", ["one"])
    assert sent == [
        ("ada/styles", ["my-style-0"], {"originals": True, "private": True}),
        ("ada/styles", ["bundled-0"], {"originals": False, "private": False}),
        ("ada/styles", {"revision": "c0ffee", "on_conflict": "rename"}),
        ("ada/styles", {"revision": None, "on_conflict": "error"}),
    ]


def test_warnings_are_given_once(run, pictures, caplog):
    Image.new("RGB", (200, 200), "white").save(pictures / "white.png")
    code, _, err = run("add", "-r", pictures / "white.png")
    assert code == 0
    assert (err + caplog.text).count("one single colour") == 1


def test_map(run, tmp_path):
    assert run("map", "-o", tmp_path / "map.png")[0] == 0
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert run("map", "-o", tmp_path / "map.html", "--tag", "test")[0] == 0
    assert "bundled-2" in (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "no styles" in run("map", "-o", tmp_path / "x.png", "--own")[2]


def test_repair(run, pictures, tmp_path):
    run("add", "-r", pictures)
    database = tmp_path / "data" / "library.sqlite3"
    database.write_bytes(b"\0" * 9000)
    code, _, err = run("list")
    assert code == 2
    assert "stylize library repair" in err
    code, out, _ = run("repair")
    assert code == 0
    assert "from the backup" in out
    assert names(run("list", "--own", "--json"))


def test_texts_of_others_cannot_speak_to_the_terminal(run, pictures):
    file = pictures / "My Style 0.png"
    run("add", file, "--name", "loud", "--title", "[red]x[/red] [link=http://a]b")
    assert "[red]x[/red]" in run("list", "--own")[1]
    assert "[link=http://a]b" in run("show", "loud")[1]


@pytest.fixture
def copying(run, monkeypatch):
    measure = Measure(ENCODER, DIMENSION)
    monkeypatch.setattr(library_sharing, "open_engine", lambda **_: FakeEngine())
    monkeypatch.setattr(bundled, "load_bundled", lambda _: SimpleNamespace(measure=measure))
    return run


def test_a_damaged_library_is_not_copied_as_if_it_was_whole(copying, tmp_path):
    with StyleLibrary.open(tmp_path / "a", encoder=FakeEngine(), bundled=False) as library:
        for i in range(3):
            library.add(f"style-{i}", picture(i))
    code, out, err = copying("copy", tmp_path / "a", tmp_path / "b")
    assert (code, err) == (0, "")
    assert "Copied 3 styles; 0 were there. All are verified." in out
    with closing(sqlite3.connect(tmp_path / "a" / "library.sqlite3")) as db:
        db.execute("UPDATE pictures SET vector = 'x' WHERE id = 2")
        db.commit()
    code, out, err = copying("copy", tmp_path / "a", tmp_path / "c")
    assert code == 2
    assert "Copied 2 styles; 0 were there. The others cannot be read." in out
    assert "is damaged" in err
    code, out, err = copying("copy", tmp_path / "a", tmp_path / "d", "--json")
    assert (code, json.loads(out)) == (2, {"copied": 2, "known": 0})


def test_a_folder_without_a_library_is_not_copied(copying, tmp_path):
    code, out, err = copying("copy", tmp_path / "mistyped", tmp_path / "b")
    assert (code, out) == (2, "")
    assert f"There is no style library in {tmp_path / 'mistyped'}" in err
    assert not (tmp_path / "b").exists()
