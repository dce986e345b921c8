import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from stylize.errors import (
    ImageError,
    ModelFileError,
    OutOfMemoryError,
    TaskLostError,
    WorkerError,
)
from stylize.workers.pool import WorkerPool
from tests.workers import tasks


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(tasks.start, 2) as pool:
        yield pool


def wait_for_notes(folder: Path, count: int) -> list[str]:
    while len(names := [path.name for path in folder.iterdir()]) < count:
        threading.Event().wait(0.005)
    return names


def kill(process_id: int) -> None:
    os.kill(process_id, signal.SIGKILL)


def test_returns_what_a_task_returns_and_tells_its_progress(pool):
    shares = []
    assert pool.call(tasks.add, "a", "b", progress=shares.append) == "ab"
    assert pool.call(tasks.add, 1, 2) == 3
    assert shares == [0.5]


def test_tasks_run_in_other_processes_at_once(pool, tmp_path):
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(pool.call, tasks.until_let, tmp_path) for _ in range(2)]
        ids = wait_for_notes(tmp_path, 2)
        assert pool.busy == 2
        (tmp_path / "go").touch()
        assert [result.result() for result in results] == ["done", "done"]
    assert sorted(map(int, ids)) == sorted(pool.process_ids)
    assert os.getpid() not in pool.process_ids
    assert (pool.size, pool.busy) == (2, 0)


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("ours", ImageError, "too small"),
        ("memory", OutOfMemoryError, "not enough memory"),
        ("ours about memory", OutOfMemoryError, "not enough memory"),
        ("fault", RuntimeError, "KeyError: 'nowhere'"),
    ],
)
def test_errors_come_back(pool, what, kind, message):
    with pytest.raises(kind, match=message):
        pool.call(tasks.fail, what)


def test_who_stops_listening_ends_the_task(pool, tmp_path):
    def stop(share: float) -> None:
        raise InterruptedError

    before = set(pool.process_ids)
    for _ in range(2):
        with pytest.raises(InterruptedError):
            pool.call(tasks.until_told, tmp_path, progress=stop)
    assert pool.call(tasks.add, 1, 1) == 2
    assert set(pool.process_ids) == before


def test_a_task_whose_process_dies_is_done_once_more(pool, tmp_path, caplog):
    before = pool.restarts
    with caplog.at_level(logging.WARNING):
        assert pool.call(tasks.die_times, tmp_path, 1) == 1
    assert pool.restarts == before + 1
    assert "has died (SIGKILL)" in caplog.text


def test_a_task_that_ends_two_processes_is_given_up(pool, tmp_path):
    with pytest.raises(TaskLostError, match="twice, most likely for want of memory"):
        pool.call(tasks.die_times, tmp_path, 9)
    assert len(list(tmp_path.iterdir())) == 2
    assert pool.call(tasks.add, 1, 1) == 2


def test_processes_that_die_while_nothing_is_to_do_are_no_tries(pool):
    for process_id in pool.process_ids:
        kill(process_id)
        pool._workers[0]._process.join(0)
    for worker in pool._workers:
        worker._process.join()
    assert pool.call(tasks.add, 2, 2) == 4


def test_a_death_does_not_disturb_the_others(pool, tmp_path):
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(pool.call, tasks.until_let, tmp_path) for _ in range(2)]
        first, second = wait_for_notes(tmp_path, 2)
        kill(int(first))
        wait_for_notes(tmp_path, 3)  # a third process has begun anew
        assert int(second) in pool.process_ids
        (tmp_path / "go").touch()
        assert [result.result() for result in results] == ["done", "done"]


def test_the_end_waits_for_what_is_being_done(tmp_path):
    pool = WorkerPool(tasks.start, 1)
    with ThreadPoolExecutor(3) as threads:
        result = threads.submit(pool.call, tasks.until_let, tmp_path)
        (process_id,) = wait_for_notes(tmp_path, 1)
        os.kill(int(process_id), signal.SIGTERM)  # as systems tell all processes of a service
        waiting = threads.submit(pool.call, tasks.add, 1, 2)
        ending = threads.submit(pool.close)
        with pytest.raises(WorkerError, match="have been ended"):
            waiting.result()
        (tmp_path / "go").touch()
        assert result.result() == "done"
        ending.result()
    assert pool._workers[0]._process.exitcode == 0
    with pytest.raises(WorkerError, match="have been ended"):
        pool.call(tasks.add, 1, 2)


def test_no_process_outlives_the_one_that_started_it(tmp_path):
    code = """
import os, signal, sys
from stylize.workers.pool import WorkerPool
from tests.workers import tasks
pool = WorkerPool(tasks.start, 1)
print(*pool.process_ids, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    # Whose output is read to its end above, and the process held it open.
    assert not Path("/proc", done.stdout.strip(), "exe").exists()


def test_a_death_at_the_start_is_counted(tmp_path):
    with WorkerPool(partial(tasks.die_once, tmp_path), 1) as pool:
        assert pool.restarts == 1
        assert pool.call(tasks.add, 1, 1) == 2


def test_no_process_is_started_after_the_end():
    pool = WorkerPool(tasks.start, 1)
    (worker,) = pool._workers
    before = worker.process_id
    pool.close()
    worker._ready = False  # as one that was starting
    with pytest.raises(WorkerError, match="have been ended"):
        pool._make_ready(worker)
    assert (worker.process_id, worker.is_dead()) == (before, True)


def test_a_process_that_goes_silent_is_not_waited_for(tmp_path):
    with WorkerPool(tasks.start, 1) as pool:
        (first,) = pool.process_ids
        assert pool.call(tasks.let_go, tmp_path) == 1
        assert not Path("/proc", str(first)).exists()
        assert pool.restarts == 1


def test_what_cannot_start_says_why():
    with pytest.raises(ModelFileError, match="damaged"):
        WorkerPool(tasks.refuse, 1)
    with pytest.raises(WorkerError, match=r"cannot be started \(SIGKILL\)"):
        WorkerPool(tasks.die, 1)
    with pytest.raises(ValueError, match="at least 1"):
        WorkerPool(tasks.start, 0)
