"""Files of visitors end with the run, however it ends; what is around does not stop a start."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stylize.studio.environment import _lock, sweep_files, sweep_former_runs
from stylize.studio.serving import _signals

ROOT = Path(__file__).parents[2]

# Says where its files are once it can be told to end.
SERVE = """
import signal, threading, time
from tests import fakes
from stylize.studio import launch
from stylize.studio.environment import run_folder
engine = fakes.FakeEngine()
page = launch(engine, fakes.small_library(engine), block=False)
(run_folder() / "uploads" / "a.png").write_bytes(b"of a visitor")
from stylize.studio.serving import wait
def announce():
    while not callable(signal.getsignal(signal.SIGTERM)):  # which `wait` listens to last
        time.sleep(0.01)
    print(run_folder(), flush=True)
threading.Thread(target=announce).start()
wait(page)
"""


def start(folder, **environment):
    """Start a server in a process of its own; returns it and the folder of its files.

    The tests themselves may have been started by nohup.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GRADIO_TEMP")},
        "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **environment,
    }  # fmt: skip
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n{SERVE}"
    server = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT,
                              env=environment, stdout=subprocess.PIPE, text=True)  # fmt: skip
    return server, Path(server.stdout.readline().strip())


# Whether there are proxies in the environment does not matter.
PROXIES = dict.fromkeys(("HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"), "socks5://127.0.0.1:9")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("how", "environment"), [("SIGTERM", {}), ("SIGHUP", PROXIES)], ids=["SIGTERM", "SIGHUP"]
)
def test_a_server_that_is_told_to_end_takes_its_files_away(tmp_path, how, environment):
    server, folder = start(tmp_path, **environment)
    with server:
        assert folder.name.startswith("stylize-run-")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "uploads" / "a.png").exists()
        server.send_signal(getattr(signal, how))
        assert server.wait(60) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_signal_that_is_ignored_stays_so(before):
    """As nohup leaves it, so that a server outlives its terminal."""
    was = signal.signal(signal.SIGHUP, before)
    try:
        with _signals(threading.Event()):
            assert callable(signal.getsignal(signal.SIGTERM))
            assert (signal.getsignal(signal.SIGHUP) == signal.SIG_IGN) == (before is signal.SIG_IGN)
        assert signal.getsignal(signal.SIGHUP) == before
    finally:
        signal.signal(signal.SIGHUP, was)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_next_run_sweeps_what_a_killed_one_left(tmp_path):
    server, left = start(tmp_path)
    with server:
        sweep_former_runs(tmp_path)
        assert left.exists()  # it still runs
        server.kill()
    assert left.exists()
    sweep_former_runs(tmp_path)
    assert not left.exists()


def test_foreign_folders_and_links_are_left_alone(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("precious")
    (tmp_path / "stylize-run-link").symlink_to(other)
    (tmp_path / "stylize-run-file").write_text("no folder")
    young = tmp_path / "stylize-run-young"
    young.mkdir()
    sweep_former_runs(tmp_path)
    assert (other / "file").exists()
    assert (tmp_path / "stylize-run-file").exists()
    assert young.exists()


def test_a_lock_is_held_once(tmp_path):
    pytest.importorskip("fcntl")
    held = _lock(tmp_path / "lock")
    with pytest.raises(OSError, match="temporarily unavailable"):
        _lock(tmp_path / "lock")
    os.close(held)
    os.close(_lock(tmp_path / "lock"))


def test_files_of_broken_uploads_go_too(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "part").write_bytes(b"half of it")
    sweep_files(tmp_path, 60)
    assert (tmp_path / "a" / "part").exists()
    sweep_files(tmp_path, -1)
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "a"])
