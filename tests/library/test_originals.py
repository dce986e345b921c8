"""Kept pictures in a store of fsspec."""

import logging
import os

import pytest

from stylize.errors import LibraryError
from stylize.library.originals import Originals

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["memory://pictures/deep", "folder"])
def originals(request, tmp_path):
    yield Originals(request.param if "://" in request.param else str(tmp_path / "a b" / "deep"))
    fsspec.filesystem("memory").store.clear()


def test_what_is_written_is_read(originals):
    originals.check()
    one, other, again = originals.write([b"one", b"", b"one"])
    assert one != again  # each style may remove its own
    assert [originals.read(name) for name in (one, other, again)] == [b"one", b"", b"one"]
    originals.remove([one, "no-such"])
    with pytest.raises(LibraryError, match="cannot be read from"):
        originals.read(one)
    assert originals.read(again) == b"one"
    assert originals.write([]) == []


def test_what_is_damaged_is_told(originals):
    (name,) = originals.write([b"whole"])
    originals._files.pipe(originals._path(name), b"who")
    with pytest.raises(LibraryError, match=f"{name} in .*deep is damaged"):
        originals.read(name)


def test_where_nothing_can_be_written_nothing_is(tmp_path, caplog):
    (tmp_path / "file").touch()
    originals = Originals(str(tmp_path / "file"))
    with pytest.raises(LibraryError, match=r"cannot be written to .*file \(.*Look whether"):
        originals.check()
    assert os.listdir(tmp_path) == ["file"]


def test_half_of_what_cannot_be_written_is_removed(tmp_path, monkeypatch):
    originals = Originals(str(tmp_path))
    whole = originals._files.pipe

    def fail(pictures):
        whole(dict(list(pictures.items())[:1]))
        raise PermissionError("no")

    monkeypatch.setattr(originals._files, "pipe", fail)
    with pytest.raises(LibraryError, match=r"\(no\)"):
        originals.write([b"a", b"b"])
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_removed_is_a_line_in_the_log(originals, monkeypatch, caplog):
    def fail(path):
        raise PermissionError("no")

    monkeypatch.setattr(type(originals._files), "rm", lambda files, path: fail(path))
    with caplog.at_level(logging.WARNING):
        originals.remove(["a", "b"])
    assert caplog.text.count("stay in") == 1


def test_addresses_of_nothing():
    with pytest.raises(LibraryError, match="Protocol not known: none"):
        Originals("none://bucket/pictures")
    with pytest.raises(LibraryError, match="holds a password"):
        Originals("ftp://me:secret@host/pictures")
