"""Export and import: everything comes back, and nothing hostile gets in."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image

from stylize.errors import LibraryError, StyleExistsError, StyleNotFoundError
from stylize.library import StyleLibrary, shared_file, sharing
from tests.fakes import FakeEngine

from .helpers import picture


def fill(library, count=3):
    for i in range(count):
        library.add(
            f"style-{i}", picture(i), title=f"Title {i}", artist="Ann", license="CC0",
            tags=["a", "b"], notes="line\nline",
        )  # fmt: skip


@pytest.fixture
def other(encoder):
    return StyleLibrary.in_memory(encoder=encoder, bundled=False)


@pytest.fixture
def shared(tmp_path, library):
    fill(library)
    path = tmp_path / "styles.zip"
    assert library.export(path, originals=True) == 3
    return path


def rewrite(path, change=None, extra=None, drop=(), compression=zipfile.ZIP_STORED):
    """The same zip with a changed table of contents, other members, or without some."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    contents = json.loads(members["library.json"])
    if change:
        change(contents)
    members["library.json"] = json.dumps(contents).encode()
    members = {name: data for name, data in members.items() if name not in drop} | (extra or {})
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def entry_of(data, name):
    return {"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def swap(path, kind, data):
    """Replace a file of the first style, with a correct hash."""

    def change(contents):
        contents["styles"][0][kind] = entry_of(data, "swapped")

    rewrite(path, change, {"swapped": data})


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_round_trip(shared, library, other):
    report = other.import_(shared)
    assert report == sharing.ImportReport(added=("style-0", "style-1", "style-2"))
    for record in library.list():
        got = other.get(record.name)
        for key in ("title", "artist", "license", "tags", "notes", "palette", "vector",
                    "thumbnail", "content_sha256", "created_at", "has_original"):  # fmt: skip
            assert getattr(got, key) == getattr(record, key), key
        assert other.original_bytes(record.name) == library.original_bytes(record.name)


def test_originals_only_if_asked_for(tmp_path, library, other):
    fill(library, 2)
    library.export(tmp_path / "styles.zip", ["style-1"])
    with zipfile.ZipFile(tmp_path / "styles.zip") as archive:
        assert not [name for name in archive.namelist() if name.startswith("originals/")]
    assert other.import_(tmp_path / "styles.zip").added == ("style-1",)
    assert not other.get("style-1").has_original


def test_bundled_styles_can_be_exported_by_name(tmp_path, encoder, bundle, other):
    library = StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    with pytest.raises(LibraryError, match="no styles of your own"):
        library.export(tmp_path / "styles.zip")
    library.export(tmp_path / "styles.zip", ["bundled-1"], originals=True)
    other.import_(tmp_path / "styles.zip")
    assert not other.get("bundled-1").bundled
    assert other.original_bytes("bundled-1") == library.original_bytes("bundled-1")


def test_only_files_of_styles_are_replaced(tmp_path, library, other):
    fill(library, 2)
    path = tmp_path / "styles.zip"
    library.export(path, ["style-0"])
    library.export(path, ["style-1"])
    assert other.import_(path).added == ("style-1",)
    for data in (b"a photo", b"", _zip_of("letters.txt")):
        path.write_bytes(data)
        with pytest.raises(LibraryError, match="is no file of styles; it was left alone"):
            library.export(path)
        assert path.read_bytes() == data


def _zip_of(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


def test_export_fails_cleanly(tmp_path, library):
    fill(library, 1)
    with pytest.raises(StyleNotFoundError):
        library.export(tmp_path / "styles.zip", ["none"])
    with pytest.raises(LibraryError, match="missing does not exist"):
        library.export(tmp_path / "missing" / "styles.zip")
    assert not (tmp_path / "styles.zip").exists()


def test_files_are_as_large_as_an_import_takes(tmp_path, library, monkeypatch):
    fill(library, 2)
    path = tmp_path / "styles.zip"
    with monkeypatch.context() as patch:
        patch.setattr(shared_file, "MAX_STYLES", 1)
        with pytest.raises(LibraryError, match="up to 1 styles, not 2"):
            library.export(path)
    monkeypatch.setattr(shared_file, "MAX_TOTAL_BYTES", 500)
    with pytest.raises(LibraryError, match="several files"):
        library.export(path)
    assert list(tmp_path.glob("*.zip*")) == []


def test_a_file_does_not_tell_when_it_was_written(tmp_path, library, monkeypatch):
    fill(library, 2)
    library.export(tmp_path / "a.zip", ["style-0", "style-1", "style-0"])
    monkeypatch.setattr("time.time", lambda: 0.0)  # a clock that was never set
    library.export(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_long_names_are_free_in_a_usable_way(shared, library, other):
    name = "a" * 57 + "-" + "b" * 6
    library.add(name, picture(8))
    library.export(shared, [name])
    library.update(name, title="Changed")
    ((_, new_name),) = library.import_(shared, on_conflict="rename").renamed
    assert new_name == "a" * 57 + "-bbbb-2"


def test_unknown_conflict_mode(shared, other):
    with pytest.raises(ValueError, match="on_conflict must be one of"):
        other.import_(shared, on_conflict="overwrite")


def test_conflicts(shared, library):
    assert library.import_(shared).unchanged == ("style-0", "style-1", "style-2")
    library.update("style-1", title="Mine now")
    library.remove("style-2")
    with pytest.raises(StyleExistsError, match=r"1 of the 3 styles.*style-1.*Nothing was imported"):
        library.import_(shared)
    assert "style-2" not in library
    report = library.import_(shared, on_conflict="skip")
    assert (report.skipped, report.added) == (("style-1",), ("style-2",))
    assert library.get("style-1").title == "Mine now"
    report = library.import_(shared, on_conflict="rename")
    assert report.renamed == (("style-1", "style-1-2"),)
    assert (library.get("style-1").title, library.get("style-1-2").title) == ("Mine now", "Title 1")
    report = library.import_(shared, on_conflict="replace")
    assert report.replaced == ("style-1",)
    assert library.get("style-1").title == "Title 1"


def test_bundled_styles_are_never_replaced(tmp_path, encoder, bundle, other):
    other.add("bundled-0", picture(8), title="Not the bundled one")
    other.export(tmp_path / "styles.zip")
    library = StyleLibrary.in_memory(encoder=encoder, bundled=bundle)
    assert library.import_(tmp_path / "styles.zip", on_conflict="replace").skipped == ("bundled-0",)
    report = library.import_(tmp_path / "styles.zip", on_conflict="rename")
    assert report.renamed == (("bundled-0", "bundled-0-2"),)


def test_styles_of_another_encoder(shared, tmp_path, library):
    newer = StyleLibrary.in_memory(encoder=FakeEngine(5), bundled=False)
    assert newer.import_(shared).stale == ()
    assert newer.names(stale=False) == ["style-0", "style-1", "style-2"]
    assert newer.import_(shared).unchanged == ("style-0", "style-1", "style-2")
    bare = tmp_path / "bare.zip"
    library.export(bare, ["style-0"])
    newer.remove("style-0")
    assert newer.import_(bare).stale == ("style-0",)
    assert newer.names(stale=True) == ["style-0"]
    assert newer.import_(shared, on_conflict="replace").replaced == ("style-0",)
    assert newer.names(stale=True) == []


def pretend(kind):
    def change(contents):
        contents["styles"][0][kind]["sha256"] = "0" * 64

    return lambda path: rewrite(path, change)


def set_field(key, value):
    def change(contents):
        contents["styles"][0][key] = value

    return lambda path: rewrite(path, change)


def set_top(key, value):
    return lambda path: rewrite(path, lambda contents: contents.update({key: value}))


def big_thumbnail():
    buffer = io.BytesIO()
    Image.new("RGB", (257, 10)).save(buffer, "WEBP")
    return buffer.getvalue()


def header_of(shape):
    """An .npy file whose header promises more than follows."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + b"1234"


def large_original():
    buffer = io.BytesIO()
    Image.new("RGB", (5000, 4000)).save(buffer, "PNG")
    return buffer.getvalue()


def share_an_original(path):
    def change(contents):
        contents["styles"][0]["original"] = contents["styles"][1]["original"]

    rewrite(path, change)


class Evil:
    def __reduce__(self):
        return (open, ("evil", "w"))


HOSTILE = {
    "no zip": (lambda path: path.write_bytes(b"hello"), "not a readable zip"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-200]), "not a readable zip"),
    "no contents": (lambda path: rewrite(path, drop=("library.json",)), "no file of styles"),
    "member missing": (lambda path: rewrite(path, drop=("vectors/style-0.npy",)), "damaged"),
    "other format": (set_top("format", "recipes"), "no file of styles"),
    "newer": (set_top("version", 2), "newer version"),
    "millions of styles": (set_top("styles", [{}] * 4_100_000), "holds more than 20000 styles"),
    "huge values": (
        lambda path: swap(path, "vector", npy(np.full(60, 3e38, np.float32))), "value 3e\\+38",
    ),
    "no list": (set_top("styles", 3), "table of contents is damaged"),
    "wrong hash": (pretend("vector"), "vector of style-0 is damaged"),
    "wrong thumbnail hash": (pretend("thumbnail"), "thumbnail of style-0 is damaged"),
    "traversal": (lambda path: rewrite(path, extra={"../../evil": b"x"}), "forbidden name"),
    "absolute": (lambda path: rewrite(path, extra={"/etc/evil": b"x"}), "forbidden name"),
    "drive": (lambda path: rewrite(path, extra={"C:evil": b"x"}), "forbidden name"),
    "bad style name": (set_field("name", "../evil"), "cannot be the name"),
    "twice": (set_field("name", "style-1"), "two styles of the same name"),
    "long title": (set_field("title", "x" * 999), "title of the style has 999"),
    "title is no text": (set_field("title", ["x"]), "damaged"),
    "tags are no texts": (set_field("tags", [1]), "damaged"),
    "date is no text": (set_field("created_at", 7), "damaged"),
    "content": (set_field("content_sha256", "\ud800"), "damaged"),
    "huge share": (set_field("palette", [["red", 10**400]]), "damaged"),
    "original of another": (share_an_original, "used twice"),
    "bomb": (
        lambda path: rewrite(path, extra={"zeros": bytes(10**7)}, compression=zipfile.ZIP_DEFLATED),
        "when unpacked",
    ),
    "compression": (lambda path: rewrite(path, compression=zipfile.ZIP_LZMA), "compressed in a"),
    "promised petabytes": (
        lambda path: swap(path, "vector", header_of("(1000000000000000,)")), "length is wrong",
    ),
    "promised too little": (
        lambda path: swap(path, "vector", npy(np.ones(60, np.float32)) + b"1234"), "length",
    ),
    "large original": (lambda path: swap(path, "original", large_original()), "limit is 4096"),
    "palette": (set_field("palette", [["url(evil)", 0.5]]), "not a colour"),
    "encoder": (set_field("encoder_sha256", "zz"), "damaged"),
    "pickle": (
        lambda path: swap(path, "vector", npy(np.array([Evil()], object), allow_pickle=True)),
        "32-bit",
    ),
    "plain pickle": (lambda path: swap(path, "vector", pickle.dumps([1.0])), "damaged"),
    "doubles": (lambda path: swap(path, "vector", npy(np.ones(60))), "32-bit"),
    "matrix": (lambda path: swap(path, "vector", npy(np.ones((6, 10), np.float32))), "no row"),
    "wrong length": (
        lambda path: swap(path, "vector", npy(np.ones(61, np.float32))), "has 61 values",
    ),
    "NaN": (lambda path: swap(path, "vector", npy(np.full(60, np.nan, np.float32))), "NaN"),
    "infinite": (lambda path: swap(path, "vector", npy(np.full(60, np.inf, np.float32))), "infin"),
    "huge vector": (
        lambda path: swap(path, "vector", npy(np.ones(300_000, np.float32))), "larger than",
    ),
    "no picture": (lambda path: swap(path, "thumbnail", b"<svg/>" * 9), "no WebP"),
    "large thumbnail": (lambda path: swap(path, "thumbnail", big_thumbnail()), "limit is 256"),
    "no original": (lambda path: swap(path, "original", b"MZ" * 99), "not a picture"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_as_a_whole(case, tmp_path, monkeypatch, on_disk, other):
    fill(on_disk)
    path = tmp_path / "styles.zip"
    on_disk.export(path, originals=True)
    damage, message = HOSTILE[case]
    damage(path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Exception, match=message) as caught:
        other.import_(path, on_conflict="skip")
    assert caught.type.__module__ == "stylize.errors"
    assert other.names() == []
    assert sorted(tmp_path.rglob("*")) == before


def test_bomb_is_refused_before_it_is_unpacked(shared, other, monkeypatch):
    monkeypatch.setattr(shared_file, "MAX_TOTAL_BYTES", 10_000)
    with pytest.raises(LibraryError, match="larger than"):
        other.import_(shared)


def test_missing_file(tmp_path, other):
    with pytest.raises(LibraryError, match="does not exist"):
        other.import_(tmp_path / "none.zip")


def test_a_directory_of_far_too_many_files_is_not_unpacked(tmp_path, library, monkeypatch):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(100):
            archive.writestr(f"vectors/{i}.npy", b"")
    monkeypatch.setattr(shared_file, "_MAX_DIRECTORY_BYTES", 5000)
    with pytest.raises(LibraryError, match="holds more files than 20000 styles need"):
        library.import_(path)
