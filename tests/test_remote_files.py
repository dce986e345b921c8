import sys
import zipfile
from pathlib import PurePosixPath
from types import SimpleNamespace

import pytest

from stylize.errors import ImageError
from stylize.remote_files import RemoteFile, find_files, is_url, source_of

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket():
    files = fsspec.filesystem("memory")
    for name in ("b.jpg", "a.png", "deep/c.png", ".hidden.png", "deep/.d/e.png"):
        files.pipe(f"/bucket/{name}", name.encode())
    yield files
    files.rm("/bucket", recursive=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/a.png", True),
        ("zip://*.jpg::photos.zip", True),
        ("filecache::s3://bucket/a.png", True),
        ("photos/a.png", False),
        ("C:/photos/a.png", False),
        (r"c:\photos", False),
    ],
)
def test_what_is_a_url(text, expected):
    assert is_url(text) is expected


def test_a_folder_is_listed(bucket):
    files, several = find_files("memory://bucket/")
    assert several
    assert [str(file) for file in files] == ["memory:///bucket/a.png", "memory:///bucket/b.jpg"]
    deep, _ = find_files("memory://bucket", recursive=True)
    assert [file.below for file in deep] == [
        PurePosixPath("a.png"), PurePosixPath("b.jpg"), PurePosixPath("deep/c.png"),
    ]  # fmt: skip


def test_a_file_and_a_pattern(bucket):
    (file,), several = find_files("memory://bucket/deep/c.png")
    assert (several, file.below, source_of(file)) == (False, PurePosixPath("c.png"), b"deep/c.png")
    files, several = find_files("memory://bucket/*.jpg")
    assert (several, [file.read_bytes() for file in files]) == (True, [b"b.jpg"])


def test_what_changes_is_another_file(bucket):
    file = RemoteFile("memory://bucket/a.png", PurePosixPath("a.png"))
    before = file.identity()
    assert file.identity() == before
    bucket.pipe("/bucket/a.png", b"other")
    assert file.identity() != before


@pytest.mark.parametrize("protocol", ["http", ("http", "https")])
def test_a_changed_file_of_the_web_is_another(protocol, monkeypatch):
    url = "https://a.example/a.png"
    told = {}
    web = SimpleNamespace(protocol=protocol, info=lambda path: {"name": path, "size": 9, **told})
    web.ukey = lambda path: path  # as fsspec has it
    monkeypatch.setattr("stylize.remote_files.open_url", lambda url: (web, url))
    file = RemoteFile(url, PurePosixPath("a.png"))
    assert file.identity() != file.identity()  # nothing is told: never known
    seen = set()
    for changed in ({"ETag": "1"}, {"ETag": "2"}, {"Last-Modified": "today"}, {"size": 8}):
        told |= changed
        assert file.identity() == file.identity()
        seen.add(file.identity())
    assert len(seen) == 4


def test_files_of_an_archive_stay_below_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in ("a.png", "in/b.png", "../../evil.png"):
            archive.writestr(name, name)
    url = f"zip://::{tmp_path / 'photos.zip'}"
    files, _ = find_files(url, recursive=True)
    assert [str(file.below) for file in files] == ["a.png", "in/b.png"]
    assert [file.read_bytes() for file in files] == [b"a.png", b"in/b.png"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/missing.png", "There is no file memory://bucket/missing.png"),
        ("nope://bucket/a.png", "nope://bucket/a.png cannot be read .*nope"),
        ("s3://bucket/a.png", "s3://bucket/a.png needs another package beside fsspec: .*s3fs"),
        ("zip://a.png::/no/such.zip", "There is no file"),
    ],
)
def test_what_cannot_be_read_says_why(url, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ImageError, match=message):
        [file.read_bytes() for file in find_files(url)[0]]
