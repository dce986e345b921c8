"""Damage to the database file: what is shown, what is backed up, what is repaired."""

import contextlib
import os
import sqlite3
import time

import pytest

from stylize.errors import LibraryError
from stylize.library import Entry, StyleRecord
from stylize.library import repair as repair_module
from stylize.library.backup import backup_path
from stylize.library.failures import DamagedLibraryError
from stylize.library.map import draw_map
from stylize.library.repair import repair, salvage
from tests.fakes import FakeEngine

from .helpers import database_of, picture, reopen


def damaged_library(folder, count=30):
    """A library of which the backup holds the first half, to be damaged."""
    with reopen(folder) as library:
        for i in range(count // 2):
            library.add_vector(f"style-{i}", library.encoder.encode_style(picture(i)),
                               thumbnail=b"t" * 2000)  # fmt: skip
        path = library.store.database.path
        library.store.database._backup_look_at = 0
        backup_path(path).unlink(missing_ok=True)
        for i in range(count // 2, count):
            library.add_vector(f"style-{i}", library.encoder.encode_style(picture(i)),
                               thumbnail=b"t" * 2000)  # fmt: skip
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


def pages_of(path, table, kind="leaf"):
    """The pages of a table that hold rows, or ("overflow") their long values, in order."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path"
        try:
            return [page for (page,) in db.execute(query, (table, kind))]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite cannot tell which page holds what")


def overwrite_page(path, page):
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(data)


def test_backup_is_made_once_a_day(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        library.add("two", picture(1))
        path = library.store.database.path
    assert [e.record.name for e in salvage(backup_path(path))] == ["one"]
    with reopen(tmp_path) as library:
        library.add("three", picture(2))  # the backup is of today
    assert len(salvage(backup_path(path))) == 1
    with reopen(tmp_path) as library:
        for count, hours in enumerate((25, -25)):  # a day old; or made when the clock was wrong
            then = time.time() - hours * 3600
            os.utime(backup_path(path), (then, then))
            library.store.database._backup_look_at = 0  # an hour later in a long-lived process
            library.add(f"more-{count}", picture(3 + count))
            assert len(salvage(backup_path(path))) == 3 + count


def test_leftovers_of_killed_backups_are_cleared_away(tmp_path):
    old, new = (
        tmp_path / ".stylize-7.tmp",
        tmp_path / ".stylize-8.tmp",
    )
    for leftover in (old, new):
        leftover.write_bytes(b"x")
    os.utime(old, (0, 0))
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        library.add("two", picture(1))
    assert not old.exists()
    assert new.exists()  # another process may be writing it


def test_changes_go_on_if_no_backup_can_be_written(tmp_path, caplog):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        backup_path(database_of(tmp_path)).mkdir()
        os.utime(backup_path(database_of(tmp_path)), (0, 0))
        library.add("two", picture(1))
        assert library.names() == ["one", "two"]
    assert "could not be written" in caplog.text


def test_garbage_is_refused_and_kept(tmp_path):
    database_of(tmp_path).write_bytes(b"not a database at all" * 1000)
    with pytest.raises(DamagedLibraryError, match=r"library\.sqlite3 is damaged.*repair"):
        reopen(tmp_path)
    with pytest.raises(LibraryError, match=r"Nothing can be read.*Nothing was changed"):
        repair(database_of(tmp_path), FakeMeasure())
    assert database_of(tmp_path).read_bytes().startswith(b"not a database")


class FakeMeasure:
    point_size = 60


def test_damaged_file_opens_read_only_and_can_be_repaired(tmp_path):
    path = damaged_library(tmp_path)
    overwrite_page(path, pages_of(path, "styles")[1])
    with reopen(tmp_path) as library:
        assert library.read_only
        assert "is damaged" in library.problem
        assert "backup of" in library.problem
        readable = set(library.names())
        assert 0 < len(readable) < 30
        with pytest.raises(LibraryError, match="is damaged"):
            library.add("new", picture(99))
        measure = library.store.measure
    report = repair(path, measure)
    assert set(report.saved) == readable
    assert set(report.lost) == {f"style-{i}" for i in range(15, 30)} - readable
    assert report.damaged_path.exists()
    with reopen(tmp_path) as library:
        assert not library.read_only
        everything = readable | {f"style-{i}" for i in range(15)}
        assert set(library.names()) == everything
        library.add("new", picture(99))


def test_one_bad_picture_page_hides_no_other_style(tmp_path):
    path = damaged_library(tmp_path)
    overwrite_page(path, pages_of(path, "pictures")[1])
    with reopen(tmp_path) as library:
        assert len(library.names()) == 30
        assert 20 < len(library.list()) < 30
        assert library.read_only
        assert "\n" not in library.problem
        assert "stylize library repair" in library.problem
        with pytest.raises(LibraryError, match="is damaged"):
            library.add("new", picture(99))
        unreadable = set(library.names()) - {record.name for record in library.list()}
        measure = library.measure
    backup_path(path).unlink()
    assert set(repair(path, measure).lost) == unreadable


def test_files_cut_short_give_what_is_left(tmp_path):
    path = damaged_library(tmp_path)
    backup_path(path).unlink()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with reopen(tmp_path) as library:
        assert library.read_only
        assert len(library.list()) >= 5


def test_a_style_outlives_its_original(tmp_path):
    path, original = database_of(tmp_path), picture(3, (900, 900))
    with reopen(tmp_path) as library:
        library.add("large", original)
        measure, vector = library.measure, library.get("large").vector
    overwrite_page(path, pages_of(path, "pictures", "overflow")[-2])
    assert repair(path, measure).saved == ("large",)
    with reopen(tmp_path) as library:
        assert library.get("large").vector == vector
        assert library.original("large") is None


def test_repair_does_not_bring_back_what_was_removed(tmp_path):
    with reopen(tmp_path) as library:
        library.put([Entry(StyleRecord(name, FakeEngine().encode_style(picture(i))))
                     for i, name in enumerate(["kept", "gone", "old-name"])])  # fmt: skip
        library.store.database._backup_look_at = 0
        library.update("old-name", new_name="new-name")  # makes the backup first
        library.remove("gone")
        path, measure = library.store.database.path, library.measure
    report = repair(path, measure)
    assert (report.saved, report.from_backup) == (("kept", "new-name"), ())


def test_a_repair_that_was_killed_is_finished(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        path, measure = library.store.database.path, library.measure
    path.rename(path.with_name("library.repaired.sqlite3"))  # between its two moves
    old = path.with_name("library.damaged-20250101-000000.sqlite3")
    old.write_bytes(b"")
    with pytest.raises(LibraryError, match=r"stopped midway.*repair"):
        reopen(tmp_path)
    report = repair(path, measure)
    assert (report.saved, report.damaged_path) == (("one",), old)
    with reopen(tmp_path) as library:
        assert library.names() == ["one"]


def test_repair_waits_for_writers(tmp_path, monkeypatch):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        path, measure = library.store.database.path, library.measure
    monkeypatch.setattr(repair_module, "BUSY_S", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryError, match="locked by another program"):
        repair(path, measure)
    other.close()
    assert repair(path, measure).saved == ("one",)


def test_nobody_writes_into_a_library_under_repair(tmp_path, monkeypatch):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
        path, measure = library.store.database.path, library.measure
    tried = []

    def salvage_while_another_writes(path):
        tried.append(path)
        other = sqlite3.connect(database_of(tmp_path), timeout=0, isolation_level=None)
        with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        return salvage(path)

    monkeypatch.setattr(repair_module, "salvage", salvage_while_another_writes)
    assert repair(path, measure).saved == ("one",)
    assert path in tried


def test_everything_is_repaired_from_the_backup_if_need_be(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(0), title="One")
        library.add("two", picture(1))
        path, measure = library.store.database.path, library.store.measure
    path.write_bytes(b"\0" * 5000)
    with pytest.raises(LibraryError, match=r"backup of .*library\.backup\.sqlite3"):
        reopen(tmp_path)
    report = repair(path, measure)
    assert (report.saved, report.from_backup) == ((), ("one",))
    with reopen(tmp_path) as library:
        assert library.get("one").title == "One"


def test_a_damaged_record_is_reported_with_its_place(on_disk):
    on_disk.add("one", picture(0))
    with on_disk.store.database.reading() as db:
        db.execute("UPDATE pictures SET vector = x'00ff'")
    with pytest.raises(DamagedLibraryError, match=r"library\.sqlite3 is damaged.*'one'"):
        on_disk.get("one")


DAMAGES = {
    "title is a blob": "UPDATE styles SET title = x'ff00' WHERE name = 'style-1'",
    "invalid UTF-8": "UPDATE styles SET artist = CAST(x'c328' AS TEXT) WHERE name = 'style-1'",
    "name is a blob": "UPDATE styles SET name = x'00' WHERE name = 'style-1'",
    "name is invalid UTF-8": "UPDATE styles SET name = CAST(x'ff' AS TEXT) WHERE name = 'style-1'",
    "year is a text": "UPDATE styles SET search_year = 'x' WHERE name = 'style-1'",
    "palette is a text": "UPDATE styles SET palette = 'red' WHERE name = 'style-1'",
    "palette is cut": "UPDATE styles SET palette = x'ff00' WHERE name = 'style-1'",
    "point is cut": "UPDATE styles SET point = x'00' WHERE name = 'style-1'",
    "tags are a number": "UPDATE styles SET tags = x'01' WHERE name = 'style-1'",
    "thumbnail is a text": "UPDATE pictures SET thumbnail = 'x' WHERE id = 2",
    "vector is a text": "UPDATE pictures SET vector = 'x' WHERE id = 2",
    "vector is huge": "UPDATE pictures SET vector = x'0000007f0000007f' WHERE id = 2",
    "vector is empty": "UPDATE pictures SET vector = x'' WHERE id = 2",
    "no revision": "DELETE FROM library",
    "revision is a text": "UPDATE library SET revision = 'x'",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_name_the_repair_and_are_repaired(tmp_path, damage):
    with reopen(tmp_path) as library:
        for i in range(3):
            library.add(f"style-{i}", picture(i), title=f"Title {i}")
        measure = library.measure
    with contextlib.closing(sqlite3.connect(database_of(tmp_path))) as db:
        db.execute(DAMAGES[damage])
        db.commit()

    def use():
        with reopen(tmp_path) as library:
            library.list()
            if library.problem:  # of what is left the command line tells by the log
                raise LibraryError(library.problem)
            library.export(tmp_path / "all.zip")

    with pytest.raises(LibraryError, match="stylize library repair"):
        use()
    report = repair(database_of(tmp_path), measure)
    assert {"style-0", "style-2"} <= set(report.saved)
    use()
    with reopen(tmp_path) as library:
        assert library.get("style-0").title == "Title 0"
        for record in library.list():
            assert record.thumbnail[8:12] == b"WEBP"


def test_damaged_thumbnail_is_made_anew(tmp_path):
    with reopen(tmp_path) as library:
        library.add("style-0", picture(0))
        library.add("style-1", picture(1), keep_original=False)
        measure, before = library.measure, library.get("style-0").thumbnail
    with contextlib.closing(sqlite3.connect(database_of(tmp_path))) as db:
        db.execute("UPDATE pictures SET thumbnail = x'00'")
        db.commit()
    with reopen(tmp_path) as library, pytest.raises(LibraryError, match="library repair"):
        draw_map(measure, library.list())
    repair(database_of(tmp_path), measure)
    with reopen(tmp_path) as library:
        assert len(library.get("style-0").thumbnail) > len(before) / 2
        assert library.get("style-1").thumbnail == b""
        draw_map(measure, library.list())


@pytest.mark.skipif(os.name == "nt", reason="permissions as of POSIX")
def test_nobody_else_can_read_the_library(tmp_path):
    before = os.umask(0o022)
    try:
        with reopen(tmp_path / "far" / "data") as library:
            library.add("one", picture(0))
            library.add("two", picture(1))
            library.export(tmp_path / "far" / "all.zip", ["one"])
            folder = database_of(tmp_path / "far" / "data").parent
            modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert {"library.sqlite3", "library.backup.sqlite3", "library.sqlite3-wal"} <= modes.keys()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "far" / "all.zip").stat().st_mode & 0o777 == 0o600
