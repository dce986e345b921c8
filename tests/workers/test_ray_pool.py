"""A Ray cluster of this computer: slow to start, so there is one, and few tests."""

import socket
from functools import partial

import pytest

from stylize.errors import ImageError, TaskLostError, WorkerError
from stylize.workers.ray_pool import RayPool
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
    assert shares == [1.0]


def test_a_cluster_that_is_not_there():
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(WorkerError, match=f"no Ray cluster at 127.0.0.1:{port}"):
        RayPool(tasks.start, f"127.0.0.1:{port}")
    with pytest.raises(WorkerError, match="--cluster takes auto, host:port or ray://"):
        RayPool(tasks.start, "somewhere")
