import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize import files
from stylize.files import MAX_NAME_BYTES, FileNames, free_name, whole_file, write_whole

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions, links and pipes")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_half(path: Path, error: BaseException) -> None:
    with whole_file(path) as part:
        part.write_bytes(b"half")
        raise error


def test_file_is_there_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with whole_file(path) as part:
        part.write_bytes(b"half")
        assert not path.exists()
        assert part.parent == tmp_path
    assert path.read_bytes() == b"half"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk"), KeyboardInterrupt(), ValueError()])
def test_error_leaves_the_old_file_alone(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, steps = tmp_path / "a.bin", []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def note_replace(*names: Path) -> None:
        steps.append("name")
        replace(*names)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_whole(path, b"x")
    assert steps[:2] == ["content", "name"]
    assert sys.platform == "win32" or steps[2:] == ["folder"]


@posix
def test_new_file_follows_the_umask_and_private_ones_do_not(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "open", b"x")
        write_whole(tmp_path / "private", b"x", private=True)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "open") == 0o644
    assert mode_of(tmp_path / "private") == 0o600


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_permissions_of_an_old_file_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(mode)
    with whole_file(path) as part:
        assert mode_of(part) == 0o600  # nobody else reads it before it is complete
        part.write_bytes(b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", mode)


@posix
def test_write_protected_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(PermissionError, match="write-protected") as info:
        write_whole(path, b"new")
    assert "write-protected" in files.why_not_written(path, info.value)
    assert path.read_bytes() == b"old"


@posix
def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.bin").write_bytes(b"old")
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to("far/a.bin")
    write_whole(tmp_path / "one", b"new")
    assert (tmp_path / "far" / "a.bin").read_bytes() == b"new"
    assert (tmp_path / "one").is_symlink()
    assert (tmp_path / "two").is_symlink()
    (tmp_path / "new").symlink_to("far/b.bin")  # what it points to is made
    write_whole(tmp_path / "new", b"x")
    assert (tmp_path / "far" / "b.bin").read_bytes() == b"x"


@posix
def test_pipe_gets_the_complete_content_or_nothing(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"all of it" * 100_000)
    reader.join()
    assert got == [b"all of it" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(KeyboardInterrupt):
        write_half(pipe, KeyboardInterrupt())  # never opened: this does not wait for a reader


@posix
def test_device_stays_a_device() -> None:
    write_whole("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom stylize.files import whole_file\n"
        "with whole_file(sys.argv[1]) as part:\n    part.write_bytes(b'half')\n    os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "a.bin"], check=False)
    (left,) = tmp_path.iterdir()
    write_whole(tmp_path / "b.bin", b"x")
    assert left.exists()  # it may be of a process that is still writing
    os.utime(left, (time.time() - 4000,) * 2)
    write_whole(tmp_path / "b.bin", b"x")
    assert list(tmp_path.iterdir()) == [tmp_path / "b.bin"]


# ------------------------------------------------------------------------------------------ names

SOME = st.sampled_from(["a", "A", "a-2", "ß", "SS", "\u00e9", "e\u0301", "K", "\u212a", "a.", ""])
WANTED = st.lists(
    st.tuples(SOME | st.text(max_size=300), st.sampled_from([".png", ".PNG", "", "." + "x" * 300])),
    max_size=12,
)


@given(WANTED)
def test_no_file_name_is_given_twice(wanted: list[tuple[str, str]]) -> None:
    given = FileNames()
    names = [given.give(stem + suffix) for stem, suffix in wanted]
    assert len(names) == len(wanted)
    assert len({files._key(name) for name in names}) == len(names)
    for name, (stem, suffix) in zip(names, wanted, strict=True):
        assert len(name.encode(errors="surrogatepass")) <= MAX_NAME_BYTES
        assert len(suffix) > 32 or not stem.strip(".") or name.endswith(suffix)


@given(st.lists(st.text("ab-2", min_size=1, max_size=70), max_size=30), st.integers(8, 64))
def test_no_free_name_is_taken(wanted: list[str], limit: int) -> None:
    taken: set[str] = set()
    for stem in wanted:
        name = free_name(stem, taken, max_bytes=limit)
        assert name not in taken
        assert len(name) <= limit
        assert stem[:limit] in taken or name == stem[:limit]
        taken.add(name)


def test_a_name_with_a_number_is_not_given_to_another() -> None:
    given = FileNames()
    assert [given.give(name) for name in ("a.png", "a.png", "a-2.png", "A.png")] == [
        "a.png", "a-2.png", "a-2-2.png", "A-3.png",
    ]  # fmt: skip
