"""The static site as files: what is in it, and what it refuses to overwrite."""

import gzip
import json

import numpy as np
import pytest

from stylize import site
from stylize.errors import StyleNotFoundError, StylizeError
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from tests.conftest import TINY_MODEL, make_picture

MODEL = ModelFiles.open(TINY_MODEL)


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Stands in for the built pages, which need Node."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "__init__.py").write_text("")
    (folder / "assets" / "index-12345678.js").write_text("")
    monkeypatch.setattr(site, "built_site", lambda: folder)
    return folder


@pytest.fixture
def library(tiny_engine):
    with StyleLibrary.open(":memory:", encoder=tiny_engine, bundled=False) as library:
        for name, seed in (("waves", 3), ("dots", 4)):
            library.add(name, make_picture(64, 48, seed=seed), title=name.upper(), tags=["blue"])
        yield library


def table(folder):
    return json.loads((folder / "site.json").read_text("utf-8"))


def test_it_holds_pages_model_and_styles(pages, library, tmp_path):
    folder = tmp_path / "site"
    size = site.write_site(folder, MODEL, library, ["waves", "dots"])
    about = table(folder)
    assert [style["name"] for style in about["styles"]] == ["waves", "dots"]
    assert about["styles"][0]["title"] == "WAVES"
    assert about["encoder_sha256"] == MODEL.encoder_sha256
    values = np.frombuffer(gzip.decompress((folder / about["vectors"]).read_bytes()), "<f4")
    expected = [library.get(name).vector.values for name in ("waves", "dots")]
    assert np.array_equal(values.reshape(2, -1), expected)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {*about["files"], "site.json"}
    assert "__init__.py" not in files
    assert size == sum((folder / name).stat().st_size for name in files)


def test_the_model_is_the_same_packed(pages, library, tmp_path):
    site.write_site(tmp_path / "site", MODEL, library)
    folder = tmp_path / "site" / "model"
    record = json.loads((folder / "model.json").read_text())
    assert record["sha256"] == MODEL.description["sha256"]
    for name, packed in record["files"].items():
        assert gzip.decompress((folder / packed).read_bytes()) == MODEL.read(name)
    assert "paint.onnx" in record["files"]


def test_an_older_site_is_replaced_and_other_files_stay(pages, library, tmp_path):
    folder = tmp_path / "site"
    site.write_site(folder, MODEL, library)
    (folder / "CNAME").write_text("example.org")
    before = set(table(folder)["files"])
    site.write_site(folder, MODEL, library, ["dots"])
    gone = before - set(table(folder)["files"])
    assert gone
    assert not any((folder / name).exists() for name in gone)
    assert (folder / "CNAME").is_file()


def test_files_beside_the_folder_are_never_removed(pages, library, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "precious.txt").write_text("mine")
    (folder / "site.json").write_text(json.dumps({"files": ["../precious.txt"]}))
    site.write_site(folder, MODEL, library)
    assert (tmp_path / "precious.txt").is_file()


def test_a_folder_with_other_files_is_refused(pages, library, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(StylizeError, match="new or empty folder"):
        site.write_site(tmp_path / "notes", MODEL, library)
    with pytest.raises(StylizeError, match="is a file"):
        site.write_site(tmp_path / "notes" / "a.txt", MODEL, library)
    (tmp_path / "notes" / "site.json").write_text("{")
    with pytest.raises(StylizeError, match="damaged"):
        site.write_site(tmp_path / "notes", MODEL, library)


def test_unknown_and_no_styles_are_refused_before_anything_is_written(pages, library, tmp_path):
    with pytest.raises(StyleNotFoundError):
        site.write_site(tmp_path / "site", MODEL, library, ["nobody"])
    with pytest.raises(StylizeError, match="at least one style"):
        site.write_site(tmp_path / "site", MODEL, library, [])
    assert not (tmp_path / "site").exists()


def test_without_the_built_pages_it_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setattr(site, "__file__", str(tmp_path / "stylize" / "site.py"))
    monkeypatch.setattr(site.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StylizeError, match="stylize-studio-site"):
        site.built_site()
