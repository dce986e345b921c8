"""The database file: durability, other processes, and everything that can be wrong with it."""

import contextlib
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from stylize.errors import LibraryError
from stylize.library import Entry, StyleLibrary, StyleRecord, database
from stylize.library import repair as repair_module
from stylize.library.backup import backup_path
from stylize.library.failures import DamagedLibraryError
from stylize.library.repair import repair, salvage
from stylize.library.sqlite_store import SqliteStore

from .fakes import FakeEncoder, picture

NOBODY = 65534
ROOT = Path(__file__).parents[2]


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.library.child", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def reopen(folder, encoder=None, **options):
    return StyleLibrary.open(folder, encoder=encoder or FakeEncoder(), bundled=False, **options)


def database_of(folder):
    return folder / "library.sqlite3"


# --------------------------------------------------------------------------------------- creation


def test_nothing_is_written_before_the_first_change(tmp_path, encoder):
    folder = tmp_path / "deep" / "data"
    with reopen(folder) as library:
        library.names()
        library.search(picture(0))
        assert not folder.parent.exists()
        library.add("one", picture(0))
        assert database_of(folder).is_file()


def test_the_folder_can_be_given_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLIZE_DATA_DIR", str(tmp_path / "elsewhere"))
    with reopen(None) as library:
        library.add("one", picture(0))
    assert database_of(tmp_path / "elsewhere").is_file()


def test_styles_outlive_the_library(tmp_path):
    with reopen(tmp_path) as library:
        record = library.add("one", picture(0), title="One", tags=["a"])
    with reopen(tmp_path) as library:
        assert library.get("one") == record
        assert library.search(picture(0), 1)[0].record == record


def test_durable_settings(on_disk):
    on_disk.add("one", picture(0))
    with on_disk.store.database.reading() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_what_is_removed_is_overwritten(tmp_path):
    with reopen(tmp_path) as library:
        vector, secret = library.encoder.encode_style(picture(0)), b"a child's face" * 700
        for name in ("kept", "secret"):
            thumbnail = secret if name == "secret" else b""
            library.add_vector(name, vector, thumbnail=thumbnail, notes="kept words" + name)
        backup_path(database_of(tmp_path)).unlink()
    assert b"child's face" in database_of(tmp_path).read_bytes()
    with reopen(tmp_path) as library:
        library.store.database._backup_look_at = math.inf
        library.remove("secret")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"kept wordskept" in left
    assert b"child's face" not in left
    assert b"kept wordssecret" not in left


def test_closed_library_says_so(tmp_path):
    library = reopen(tmp_path)
    library.add("one", picture(0))
    library.close()
    with pytest.raises(LibraryError, match="has been closed"):
        library.names()


# ------------------------------------------------------------------------------- other processes


def test_changes_of_others_are_seen(tmp_path):
    with reopen(tmp_path) as mine, reopen(tmp_path) as theirs:
        assert mine.names() == []
        theirs.add("one", picture(1))
        theirs.add("two", picture(2))
        assert mine.names() == ["one", "two"]
        assert mine.search(picture(2), 1)[0].record.name == "two"
        theirs.update("one", title="Changed", new_name="uno")
        theirs.remove("two")
        assert mine.names() == ["uno"]
        assert mine.names(text="changed") == ["uno"]
        theirs.add("two", picture(3))
        assert mine.search(picture(3), 1)[0].record.name == "two"


def test_a_moved_file_is_not_written_to(tmp_path):
    with reopen(tmp_path / "data") as library:
        library.add("one", picture(1))
        (tmp_path / "data").rename(tmp_path / "moved")
        assert library.names() == []
        library.add("two", picture(2))
        assert library.names() == ["two"]
    with reopen(tmp_path / "moved") as library:
        assert library.names() == ["one"]


def test_connections_of_an_old_file_are_not_used_again(on_disk):
    on_disk.add("one", picture(1))
    path = on_disk.store.database.path
    with on_disk.store.database.reading() as db:
        assert db is not None
        path.rename(path.with_name("moved.sqlite3"))
        assert on_disk.names() == []
    on_disk.add("two", picture(2))
    assert on_disk.names() == ["two"]
    assert [e.record.name for e in salvage(path)] == ["two"]


def test_changes_do_not_go_into_a_file_that_was_replaced_meanwhile(on_disk, monkeypatch):
    on_disk.add("one", picture(1))
    real, calls = database._file_at, []

    def moved_after_the_first_look(path):
        calls.append(path)
        return real(path) if len(calls) == 1 else (0, 0)

    monkeypatch.setattr(on_disk.store, "get", lambda name: None)
    monkeypatch.setattr(database, "_file_at", moved_after_the_first_look)
    with pytest.raises(LibraryError, match="moved or replaced just now"):
        on_disk.put([Entry(StyleRecord("two", on_disk.encoder.encode_style(picture(2))))])
    monkeypatch.undo()
    assert on_disk.names() == ["one"]


def test_killed_writers_lose_nothing_acknowledged(tmp_path):
    acknowledged = []
    for attempt in range(4):
        child = start("write_forever", tmp_path, f"run-{attempt}")
        for _ in range(5 + 7 * attempt):
            acknowledged.append(child.stdout.readline().strip())
        child.kill()
        # What was still on its way through the pipe had been acknowledged too; only the last
        # line may be cut off.
        rest = child.stdout.read()
        acknowledged += [line.strip() for line in rest.splitlines(True) if line.endswith("\n")]
        child.communicate()
    assert all(acknowledged)
    with reopen(tmp_path) as library:
        names = set(library.names())
        assert set(acknowledged) <= names
        assert len(names) <= len(acknowledged) + 4  # stored, but killed before telling
        assert all(len(record.thumbnail) == 3000 for record in library.list())
        with library.store.database.reading() as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_four_processes_write_at_once(tmp_path):
    children = [start("write_some", tmp_path, f"writer-{n}", 20) for n in range(4)]
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
    expected = {
        f"writer-{n}-{i}" + ("-renamed" if i % 5 == 3 else "")
        for n in range(4)
        for i in range(20)
        if i % 5 != 4
    }
    with reopen(tmp_path) as library:
        assert set(library.names()) == expected
        assert all(r.title == f"Title of {r.name.removesuffix('-renamed')}" for r in library.list())


# --------------------------------------------------------------------------------------- versions


def test_a_newer_version_is_refused(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
    with sqlite3.connect(database_of(tmp_path)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = database_of(tmp_path).read_bytes()
    with pytest.raises(LibraryError, match=r"newer version.*format 99.*Update the program"):
        reopen(tmp_path)
    assert database_of(tmp_path).read_bytes() == before


def test_older_versions_are_migrated_after_a_backup(tmp_path, monkeypatch):
    with reopen(tmp_path) as library:
        library.add("one", picture(0), title="One")
    step = "ALTER TABLE styles ADD COLUMN rating INTEGER; UPDATE styles SET rating = 3"
    monkeypatch.setattr(database, "_MIGRATIONS", (step,))
    monkeypatch.setattr(database, "SCHEMA_VERSION", 2)
    with reopen(tmp_path) as library:
        assert library.get("one").title == "One"
        with library.store.database.reading() as db:
            assert db.execute("SELECT rating FROM styles").fetchone()[0] == 3
            assert db.execute("PRAGMA user_version").fetchone()[0] == 2
    monkeypatch.undo()
    assert [e.record.name for e in salvage(tmp_path / "library.v1.sqlite3")] == ["one"]


def test_a_failed_migration_changes_nothing(tmp_path, monkeypatch):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
    step = "ALTER TABLE styles ADD COLUMN rating INTEGER; SELECT nonsense FROM nowhere"
    with monkeypatch.context() as patch:
        patch.setattr(database, "_MIGRATIONS", (step,))
        patch.setattr(database, "SCHEMA_VERSION", 2)
        with pytest.raises(LibraryError):
            reopen(tmp_path)
    with reopen(tmp_path) as library:
        assert library.names() == ["one"]


def test_other_databases_are_left_alone(tmp_path):
    with sqlite3.connect(database_of(tmp_path)) as db:
        db.execute("CREATE TABLE birds (name TEXT)")
    db.close()
    before = database_of(tmp_path).read_bytes()
    with pytest.raises(LibraryError, match="another program"):
        reopen(tmp_path)
    assert database_of(tmp_path).read_bytes() == before


# ---------------------------------------------------------------------------------- another encoder


def test_stale_styles_are_encoded_again_or_marked(tmp_path):
    with reopen(tmp_path) as library:
        library.add("kept", picture(1))
        library.add("bare", picture(2), keep_original=False)
    new = FakeEncoder(7)
    with reopen(tmp_path, new, read_only=True) as library:
        assert library.names(stale=True) == ["bare", "kept"]
    with reopen(tmp_path, new) as library:
        assert library.names(stale=True) == ["bare"]
        assert library.get("kept").vector.encoder_sha256 == new.encoder_sha256
        assert [m.record.name for m in library.search(picture(1))] == ["kept"]
        library.add("bare", picture(2), replace=True)
        assert library.names(stale=True) == []


def test_one_broken_picture_does_not_keep_a_library_shut(tmp_path):
    with reopen(tmp_path) as library:
        library.add("good", picture(1))
        library.add("broken", picture(2))
        with library.store.database.reading() as db:
            db.execute("UPDATE pictures SET original = x'00ff' WHERE id = 2")
    calls = []
    with reopen(tmp_path, FakeEncoder(7), progress=lambda *c: calls.append(c)) as library:
        assert library.names(stale=True) == ["broken"]
        assert library.names(stale=False) == ["good"]
    assert calls == [(1, 2), (2, 2)]


def test_a_style_replaced_while_it_was_encoded_again_keeps_its_new_vector(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(1))
    new = FakeEncoder(7)
    with reopen(tmp_path, new, read_only=True) as seen, reopen(tmp_path) as theirs:
        stale = seen.get("one")
        theirs.add("one", picture(2), replace=True)
    with reopen(tmp_path, new) as library:
        vector = library.get("one").vector
        library.store.update("one", {"vector": new.encode_style(picture(1))},
                             made_from=stale.vector)  # fmt: skip
        assert library.get("one").vector == vector


def test_points_follow_another_measure(tmp_path, bundle, encoder):
    with reopen(tmp_path) as library:
        library.add("one", picture(1))
        with library.store.database.reading() as db:
            db.execute("UPDATE styles SET measure = 'older', point = x'00'")
    for _ in range(2):  # computed from the vector, then read as it was written back
        with reopen(tmp_path) as library:
            assert library.search(picture(1), 1)[0].similarity == pytest.approx(1, abs=1e-5)
            with library.store.database.reading() as db:
                stored = db.execute("SELECT measure FROM styles").fetchone()[0]
            assert stored == library.store.measure.id


# ------------------------------------------------------------------------------------ what can fail


def test_full_disk(on_disk):
    on_disk.add("one", picture(0))
    with on_disk.store.database.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError, match=r"is full.*Nothing was changed"):
        on_disk.add("two", picture(1, (900, 900)))
    assert on_disk.names() == ["one"]
    on_disk.add("two", picture(1, (900, 900)))  # the failed connection was given up
    assert on_disk.names() == ["one", "two"]


def test_locked(on_disk, monkeypatch):
    on_disk.add("one", picture(0))
    on_disk.store.database._drop_idle()
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    other = sqlite3.connect(database_of(on_disk.store.database.path.parent), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryError, match=r"locked by another program.*Nothing was changed"):
        on_disk.add("two", picture(1))
    assert on_disk.get("one").name == "one"  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    on_disk.add("two", picture(1))


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with reopen(tmp_path / "file" / "data") as library:
        assert library.names() == []
        with pytest.raises(LibraryError, match=r"cannot be used.*Choose another folder"):
            library.add("one", picture(0))


def test_read_only_on_request(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
    with reopen(tmp_path, read_only=True) as library:
        assert library.read_only
        assert library.get("one").name == "one"
        for change in (
            lambda: library.add("two", picture(1)),
            lambda: library.update("one", title="x"),
            lambda: library.remove("one"),
        ):
            with pytest.raises(LibraryError, match="can only be read"):
                change()


@pytest.mark.skipif(os.name == "nt", reason="permissions as of POSIX")
@pytest.mark.parametrize("protected", ["folder", "file"])
def test_write_protected(protected):
    # In a process without root's rights, which no permission would stop.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, 0o755)
        with reopen(folder) as library:
            library.add("one", picture(0))
        if os.geteuid() == 0 and protected == "file":
            shutil.chown(folder, NOBODY)
        os.chmod(database_of(folder), 0o444)
        if protected == "folder":
            os.chmod(folder, 0o555)
        output, errors = start("look", folder, NOBODY).communicate(timeout=60)
        os.chmod(folder, 0o755)
        assert output, errors
        report = json.loads(output)
    assert report["names"] == ["one"]
    assert report["read_only"] is True
    assert "write-protected" in report["error"]


@pytest.mark.skipif(os.name == "nt", reason="permissions as of POSIX")
@pytest.mark.parametrize(
    ("mode", "message"),
    [(0o000, r"cannot be used \(Permission denied\)"), (0o555, "choose another folder")],
)
def test_folders_of_others(mode, message):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, mode)
        output, errors = start("look", folder, NOBODY).communicate(timeout=60)
        os.chmod(folder, 0o755)
        assert output, errors
        assert re.search(message, json.loads(output)["error"])


# --------------------------------------------------------------------------------------- damage


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
        tmp_path / "library.backup.sqlite3.7.part",
        tmp_path / "library.backup.sqlite3.8.part",
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
        library.put([Entry(StyleRecord(name, FakeEncoder().encode_style(picture(i))))
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
        with contextlib.closing(other):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
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


def test_a_store_is_not_a_file_of_another_measure(tmp_path, encoder):
    """Two libraries with different bundled styles may share one data folder."""
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
    store = SqliteStore(database_of(tmp_path), library.store.measure)
    assert store.get("one") is not None
    store.close()
