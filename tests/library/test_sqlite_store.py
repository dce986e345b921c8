"""The database file: durability, other processes, and everything that can be wrong with it."""

import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stylize.errors import LibraryError
from stylize.library import Entry, StyleLibrary, StyleRecord, database
from stylize.library.backup import backup_path
from stylize.library.repair import salvage
from stylize.library.sqlite_store import SqliteStore
from tests.fakes import FakeEngine

from .helpers import database_of, picture, reopen

NOBODY = 65534
ROOT = Path(__file__).parents[2]


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.library.child", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


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
    new = FakeEngine(7)
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
    with reopen(tmp_path, FakeEngine(7), progress=lambda *c: calls.append(c)) as library:
        assert library.names(stale=True) == ["broken"]
        assert library.names(stale=False) == ["good"]
    assert calls == [(1, 2), (2, 2)]


def test_a_style_replaced_while_it_was_encoded_again_keeps_its_new_vector(tmp_path):
    with reopen(tmp_path) as library:
        library.add("one", picture(1))
    new = FakeEngine(7)
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
    [(0o000, r"cannot be used \(Permission denied\)"), (0o555, "Choose another folder")],
)
def test_folders_of_others(mode, message):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, mode)
        output, errors = start("look", folder, NOBODY).communicate(timeout=60)
        os.chmod(folder, 0o755)
        assert output, errors
        assert re.search(message, json.loads(output)["error"])


def test_a_store_is_not_a_file_of_another_measure(tmp_path, encoder):
    """Two libraries with different bundled styles may share one data folder."""
    with reopen(tmp_path) as library:
        library.add("one", picture(0))
    store = SqliteStore(database_of(tmp_path), library.store.measure)
    assert store.get("one") is not None
    store.close()


def test_very_many_styles_are_for_another_store(on_disk, tmp_path, encoder, monkeypatch, caplog):
    on_disk.add("one", picture(0))
    monkeypatch.setattr("stylize.library.sqlite_store.SENSIBLE_STYLES", 0)
    with StyleLibrary.open(tmp_path / "data", encoder=encoder, bundled=False):
        assert "holds 1 styles, all of them in memory" in caplog.text
