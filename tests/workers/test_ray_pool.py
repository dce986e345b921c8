"""A Ray cluster of this computer: slow to start, so there is one, and few tests."""

import socket
import sys
from functools import partial
from types import SimpleNamespace

import pytest

from stylize import __version__
from stylize.errors import ImageError, TaskLostError, WorkerError
from stylize.workers.ray_pool import RayPool, _Actor
from tests.workers import tasks
from tests.workers.test_batch import COLORS, manifest_of, manner, pictures, run  # noqa: F401


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def pool(notes):
    pytest.importorskip("ray")
    with RayPool(partial(tasks.NotingEngine, notes), "auto", size=2) as pool:
        yield pool


def test_a_killed_process_loses_nothing_and_paints_nothing_twice(
    pool, notes, pictures, manner, tmp_path  # noqa: F811
):  # fmt: skip
    outcomes = run(pool, pictures, manner)
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == []
    painted = (notes / "painted").read_text().split()
    assert (notes / "death").exists()
    assert len(painted) == len(set(painted)) == len(COLORS)
    assert len(manifest_of(tmp_path / "out")) == len(COLORS)
    assert not any(outcome.is_new for outcome in run(pool, pictures, manner))


def test_errors_come_back(pool, tmp_path):
    with pytest.raises(ImageError, match="too small"):
        pool.call(tasks.fail, "ours")
    with pytest.raises(TaskLostError, match="twice"):
        pool.call(tasks.die_times, tmp_path, 9)
    shares = []
    assert pool.call(tasks.add, 1, 2, progress=shares.append) == 3
    assert shares[-1] == 1.0


def test_who_stops_listening_ends_the_task(pool, tmp_path):
    def stop(share: float) -> None:
        if share:
            raise InterruptedError

    for _ in range(2):
        with pytest.raises(InterruptedError):
            pool.call(tasks.until_told, tmp_path, progress=stop)
    assert pool.call(tasks.add, 1, 1) == 2


class BusyRay(SimpleNamespace):
    """A cluster all of whose cores others have taken."""

    class exceptions:
        class RayError(Exception): ...

        class GetTimeoutError(RayError): ...

    init = shutdown = staticmethod(lambda *_, **__: None)
    cluster_resources = staticmethod(lambda: {"CPU": 4})

    @staticmethod
    def remote(**_):
        handle = SimpleNamespace(about=SimpleNamespace(remote=lambda: None))
        return lambda kind: SimpleNamespace(remote=lambda start: handle)

    @classmethod
    def get(cls, what, *, timeout):
        raise cls.exceptions.GetTimeoutError


def test_a_busy_cluster_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", BusyRay())
    with pytest.raises(WorkerError, match=r"not started 2 processes of 2 threads within 180 s"):
        RayPool(tasks.start, "auto", threads=2)


def test_a_process_without_an_engine_says_why_and_blames_no_picture():
    actor = _Actor(tasks.refuse)
    assert actor.about() == (__version__, actor._problem)
    kind, error = actor.run(0, tasks.add, (1, 2))
    assert (kind, type(error)) == ("failed", WorkerError)
    assert "cannot start: The model is damaged." in str(error)
    assert _Actor(tasks.start).about() == (__version__, "")


def test_no_pool_is_made_of_processes_without_engines(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", BusyRay())
    monkeypatch.setattr(BusyRay, "get", lambda *_, timeout: [(__version__, "no model there")])
    with pytest.raises(WorkerError, match="no model there"):
        RayPool(tasks.start, "auto", size=1)


def test_a_cluster_that_is_not_there():
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(WorkerError, match=f"no Ray cluster at 127.0.0.1:{port}"):
        RayPool(tasks.start, f"127.0.0.1:{port}")
    with pytest.raises(WorkerError, match="--cluster takes auto, host:port or ray://"):
        RayPool(tasks.start, "somewhere")
