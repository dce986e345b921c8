"""A pool of processes on all machines of a Ray cluster.

Ray places the processes, and starts one anew, on another machine if need be, where it or its
machine dies. Each machine needs this package in the same version, and the model's folder if it is
not the bundled one; contents and results travel over the network.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import signal
import socket
import threading
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlsplit

from stylize import __version__
from stylize.errors import TaskLostError, WorkerError
from stylize.extras import needs_extra
from stylize.messages import say
from stylize.network import why_unreachable
from stylize.workers.pool import Progress, Stopped, result_of

T = TypeVar("T")

_CONNECT_S = 10.0
_START_S = 180.0  # for all processes, each of which loads a model
_LOOK_EVERY_S = 0.5  # at how far a task has come
_ASIDE = "aside"  # a thread of a process that answers while a task runs


class RayPool:
    """Processes of a Ray cluster that wait for tasks. Threads may share one.

    Attributes:
        shares_files: Its processes see the files of this computer: not on other machines.
        size: How many tasks run at once.
    """

    shares_files = False

    def __init__(
        self, start: Callable[[], Any], address: str, *, size: int | None = None, threads: int = 1
    ) -> None:
        """Join a cluster and start the processes; returns when all are ready.

        Args:
            start: Makes what the tasks work with, an engine, in each process. Must be picklable.
            address: ``host:port`` or ``ray://host:port`` of a cluster; ``auto`` for the one that
                this computer belongs to, else one of this computer alone.
            size: How many processes. Default: as many as there are cores for.
            threads: Cores that each of them takes.

        Raises:
            MissingExtraError: Ray is not installed.
            WorkerError: The cluster cannot be reached, has too few cores or another version, or
                its processes cannot be started or cannot open their engines.
        """
        self._ray = ray = join_cluster(address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 0))
            self.size = size or cores // threads
            if not 1 <= self.size <= cores // threads:
                raise WorkerError(
                    f"The Ray cluster has {cores} cores, too few for {max(1, self.size)} processes "
                    f"of {threads} threads. Start fewer."
                )
            # What a process did when it died is done once more.
            kind: Any = ray.remote(
                num_cpus=threads,
                max_restarts=-1,
                max_task_retries=1,
                concurrency_groups={_ASIDE: 1},
            )(_Actor)
            self._actors = [kind.remote(start) for _ in range(self.size)]
            self._await_ready(threads)
        except BaseException:
            self.close()
            raise
        self._numbers = count()
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for actor in self._actors:
            self._idle.put(actor)

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, task: Callable[..., T], *arguments: Any, progress: Progress | None = None) -> T:
        """Run a task in the next process that is free; see `WorkerPool.call`."""
        actor, number, stopped = self._idle.get(), next(self._numbers), None
        try:
            result = actor.run.remote(number, task, arguments)
            while progress and not self._ray.wait([result], timeout=_LOOK_EVERY_S)[0]:
                share = self._look(actor, number, is_wanted=stopped is None)
                try:
                    if stopped is None:
                        progress(share)
                except BaseException as error:
                    stopped = error
            kind, value = self._get(result)
        finally:
            self._idle.put(actor)
        if stopped is not None:
            raise stopped
        if kind == "failed":
            raise value
        if progress is not None:
            progress(1.0)
        return value  # type: ignore[no-any-return]

    @property
    def process_ids(self) -> list[int]:
        """Of the processes, on whichever machine."""
        return list(self._get([actor.process_id.remote() for actor in self._actors]))

    def close(self) -> None:
        """Leave the cluster; its processes of this pool end."""
        self._ray.shutdown()

    def _await_ready(self, threads: int) -> None:
        errors = self._ray.exceptions
        questions = [actor.about.remote() for actor in self._actors]
        try:
            answers = self._ray.get(questions, timeout=_START_S)
        except errors.GetTimeoutError as error:
            raise WorkerError(
                f"The Ray cluster has not started {self.size} processes of {threads} threads "
                f"within {_START_S:g} s. If others use its cores, start fewer or wait for them."
            ) from error
        except errors.RayError as error:
            raise WorkerError(f"The Ray cluster cannot start processes ({error}).") from error
        for version, problem in answers:
            if version != __version__:
                raise WorkerError(
                    f"A machine of the Ray cluster has version {version} of Stylize Studio, "
                    f"this one has {__version__}. Install the same everywhere."
                )
            if problem:
                raise WorkerError(problem)

    def _look(self, actor: Any, number: int, *, is_wanted: bool) -> float:
        """Return the share of a task that is done, and tell whether it is still wanted."""
        try:
            aside = actor.share.options(concurrency_group=_ASIDE)
            share: float = self._ray.get(aside.remote(number, is_wanted))
        except self._ray.exceptions.RayError:  # the process has died; its task is done once more
            return 0.0
        return share

    def _get(self, what: Any) -> Any:
        try:
            return self._ray.get(what)
        except self._ray.exceptions.RayActorError as error:
            raise TaskLostError(say("worker_lost")) from error
        except self._ray.exceptions.RayError as error:
            raise WorkerError(f"The Ray cluster cannot do this ({error}).") from error


class _Actor:
    """What runs in a process of the cluster."""

    def __init__(self, start: Callable[[], Any]) -> None:
        # What is raised here would end the process, and look as if a picture had done that.
        kind, self._made = result_of(start)
        self._problem = ""
        self._number = self._unwanted = -1
        self._share = 0.0
        if kind == "failed":
            machine = socket.gethostname()
            self._problem = (
                f"A process of the Ray cluster, on {machine}, cannot start: {self._made}"
            )

    def about(self) -> tuple[str, str]:
        """Return its version, and why it cannot work."""
        return __version__, self._problem

    def process_id(self) -> int:
        return os.getpid()

    def run(
        self, number: int, task: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> tuple[str, Any]:
        """Run a task, of a number that no other has."""
        if self._problem:  # it was started anew, elsewhere
            return "failed", WorkerError(self._problem)
        self._number, self._share = number, 0.0

        def progress(share: float) -> None:
            self._share = share
            if self._unwanted == number:
                raise Stopped

        return result_of(lambda: task(self._made, *arguments, progress=progress))

    def share(self, number: int, is_wanted: bool) -> float:
        """Return the share of a task that is done; end it if it is not wanted any more."""
        if not is_wanted:
            self._unwanted = number
        return self._share if self._number == number else 0.0


def join_cluster(address: str) -> Any:
    """Join a Ray cluster and return the module ``ray``; see `RayPool`.

    Raises:
        MissingExtraError: Ray is not installed.
        WorkerError: The cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it reports home otherwise
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # its coming default
    with needs_extra("ray"):
        ray: Any = importlib.import_module("ray")
    before = signal.getsignal(signal.SIGTERM)
    try:
        _join(ray, address)
    finally:  # Ray takes the signal, and ends the process at once
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
    return ray


def _join(ray: Any, address: str) -> None:
    options = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    if address == "auto":
        try:
            ray.init("auto", **options)
        except ConnectionError:  # there is none
            ray.init("local", **options)
        return
    _check_reachable(address)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise WorkerError(f"The Ray cluster at {address} cannot be joined ({error}).") from error


def _check_reachable(address: str) -> None:
    """Ray itself would try for minutes."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise WorkerError(
            f'--cluster takes auto, host:port or ray://host:port of a Ray cluster; got "{address}".'
        )
    if reason := why_unreachable(host, port, patience_s=_CONNECT_S):
        raise WorkerError(
            f"There is no Ray cluster at {address} ({reason}). Start one with ray start --head, "
            "or take --cluster auto."
        )
