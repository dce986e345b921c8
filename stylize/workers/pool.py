"""A pool of processes on this computer, each with an engine of its own.

A process that dies, killed by hand or for want of memory, is replaced, and what it was doing is
done once more. Nobody but the log sees that. The others go on meanwhile.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from stylize.errors import OutOfMemoryError, StylizeError, TaskLostError, WorkerError
from stylize.messages import say

logger = logging.getLogger(__name__)

T = TypeVar("T")
Progress = Callable[[float], None]

_MAX_DEATHS_AT_START = 3
_PATIENCE_S = 10.0  # for a process that was told to end


class Pool(Protocol):
    """What runs tasks somewhere else."""

    @property
    def size(self) -> int:
        """How many tasks run at once."""

    @property
    def shares_files(self) -> bool:
        """Whether its processes see the files of this computer."""

    def call(
        self,
        task: Callable[..., T],
        *arguments: Any,
        progress: Progress | None = None,
    ) -> T:
        """Run a task and return what it returns; see `WorkerPool.call`."""

    def close(self) -> None:
        """End all processes."""


class WorkerPool:
    """Processes of this computer that wait for tasks. Threads may share one.

    Attributes:
        restarts: How many processes have been replaced.
        shares_files: Its processes see the files of this one.
    """

    shares_files = True

    def __init__(self, start: Callable[[], Any], size: int) -> None:
        """Start the processes; returns when all are ready.

        Args:
            start: Makes what the tasks work with, an engine, in each process. Must be picklable.
            size: How many processes.

        Raises:
            StylizeError: What ``start`` raised.
            WorkerError: The processes cannot be started.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1; got {size}")
        self.restarts = 0
        self._closed = False
        self._changed = threading.Condition()
        self._workers = [_Worker(start) for _ in range(size)]
        self._idle = list(self._workers)
        try:
            for worker in self._workers:
                self._make_ready(worker)
        except BaseException:
            self.close(patience_s=0)
            raise

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(patience_s=0 if kind else _PATIENCE_S)

    @property
    def size(self) -> int:
        """How many tasks run at once."""
        return len(self._workers)

    @property
    def busy(self) -> int:
        """How many tasks are running."""
        return len(self._workers) - len(self._idle)

    @property
    def process_ids(self) -> list[int]:
        """Of the processes, as the system knows them."""
        return [worker.process_id for worker in self._workers]

    def call(
        self,
        task: Callable[..., T],
        *arguments: Any,
        progress: Progress | None = None,
    ) -> T:
        """Run a task in the next process that is free; wait for one and for the result.

        Args:
            task: Called with what ``start`` made, the arguments, and ``progress``. It, its
                arguments and what it returns must be picklable.
            *arguments: See there.
            progress: Called here with what the task tells; what it raises ends the task.

        Raises:
            StylizeError: What the task raised.
            TaskLostError: Two processes have died over the task.
            WorkerError: No process can be started.
            RuntimeError: Another fault in the task, with its traceback.
        """
        for _ in range(2):
            worker = self._take()
            try:
                self._make_ready(worker)
                return worker.call(task, arguments, progress)  # type: ignore[no-any-return]
            except _Died:
                self._replace(worker)
            finally:
                self._give(worker)
        raise TaskLostError(say("worker_lost"))

    def close(self, *, patience_s: float = _PATIENCE_S) -> None:
        """End the processes; those that do not finish what they do in time are killed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.tell(_END)
        end = time.monotonic() + patience_s
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))

    def _take(self) -> _Worker:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._closed)
            self._check_open()
            for worker in self._idle:
                if worker.is_dead():
                    self._replace(worker)
            # One that is still starting only if no other is free.
            ready = (worker for worker in self._idle if worker.is_ready())
            worker = next(ready, self._idle[0])
            self._idle.remove(worker)
            return worker

    def _give(self, worker: _Worker) -> None:
        with self._changed:
            self._idle.append(worker)
            self._changed.notify()

    def _check_open(self) -> None:
        if self._closed:
            raise WorkerError("The processes that paint have been ended.")

    def _make_ready(self, worker: _Worker) -> None:
        """Wait until a process has started; one that dies over that is replaced."""
        for left in reversed(range(_MAX_DEATHS_AT_START)):
            try:
                worker.await_ready()
                return
            except _Died:
                if not left:
                    raise WorkerError(
                        f"A process that paints cannot be started ({worker.how_it_ended()}). "
                        "Start fewer of them, or look for what ends them."
                    ) from None
                self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        with self._changed:  # none is started once the pool is told to end
            self._check_open()
            self.restarts += 1
            logger.warning("A process that paints has died (%s).", worker.how_it_ended())
            worker.start()


class _Died(Exception):
    """The process is gone."""


class _Worker:
    """One process, seen from outside. Only one thread at a time may use it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._sending = threading.Lock()  # ends are told from another thread
        self.start()

    @property
    def process_id(self) -> int:
        return self._process.pid or 0

    def start(self) -> None:
        """Start a process, in the place of one that died; it is ready later."""
        # Not forked: threads and locks of this process, and those of ONNX Runtime, are not theirs.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._connection: Connection[Any, Any] = ours
        self._process = context.Process(
            target=_work, args=(theirs, self._make), name="stylize worker", daemon=True
        )
        self._process.start()
        theirs.close()
        self._ready = False

    def is_dead(self) -> bool:
        """Whether the process is gone."""
        return not self._process.is_alive()

    def is_ready(self) -> bool:
        """Whether it would begin at once."""
        return self._ready or self._connection.poll()

    def await_ready(self) -> None:
        """Wait until it has started; raises `_Died` if it dies over that.

        Raises:
            StylizeError: It cannot make its engine.
        """
        if not self._ready:
            self._outcome(None)
            self._ready = True

    def call(self, task: Any, arguments: tuple[Any, ...], progress: Progress | None) -> Any:
        """Run a task; raises `_Died` if the process does."""
        try:
            with self._sending:
                self._connection.send((task, arguments))
        except OSError:
            raise _Died from None
        return self._outcome(progress)

    def _outcome(self, progress: Progress | None) -> Any:
        """What comes of the present task."""
        stopped: BaseException | None = None
        while True:
            try:
                kind, value = self._connection.recv()
            except (EOFError, OSError):
                raise stopped or _Died() from None
            if kind == "progress":
                if progress is not None and stopped is None:
                    try:
                        progress(value)
                    except BaseException as error:  # belongs to who asked for the task
                        stopped = error
                        self.tell(_STOP)
            elif stopped is not None:
                raise stopped
            elif kind == "failed":
                raise value
            else:
                return value

    def how_it_ended(self) -> str:
        """In words, for the log. One that has gone silent without an end is ended."""
        self._process.kill()
        self._process.join(_PATIENCE_S)
        code = self._process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def tell(self, word: str) -> None:
        """Tell it to stop what it does, or to end after it."""
        try:
            with self._sending:
                self._connection.send(word)
        except OSError:
            logger.debug("A process that paints is gone already.")

    def join(self, patience_s: float) -> None:
        """Wait for its end; it is killed if that takes too long."""
        self._process.join(patience_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()


# ------------------------------------------------------------------------------- in the processes

_STOP, _END = "stop", "end"


class Stopped(Exception):
    """Nobody wants the result any more."""


def _work(connection: Connection[Any, Any], make: Callable[[], Any]) -> None:
    """Be a process of the pool: do task after task, until told to end or the parent is gone."""
    orders = _Orders(connection)
    try:
        made: list[Any] = []
        connection.send(result_of(lambda: made.append(make())))
        while made and (order := orders.next()) is not None:
            task, arguments = order
            orders.is_busy = True
            work = partial(task, made[0], *arguments, progress=orders.tell_progress)
            connection.send(result_of(work))
            orders.is_busy = False
    except (EOFError, OSError):
        os._exit(1)


class _Orders:
    """What the parent wants of this process.

    Attributes:
        is_busy: Whether a task runs.
    """

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._is_last = False
        self.is_busy = False
        # The parent decides when the work ends; signals of a terminal or a system go to all.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: None if self.is_busy else os._exit(0))

    def next(self) -> tuple[Any, tuple[Any, ...]] | None:
        """Wait for the next task and its arguments; None at the end."""
        while not self._is_last:
            order = self._connection.recv()
            if order == _END:
                break
            if order != _STOP:  # else it came after the task was done
                return order  # type: ignore[no-any-return]
        return None

    def tell_progress(self, share: float) -> None:
        """Tell how much of a task is done; ends it if nobody wants it any more."""
        try:
            while self._connection.poll():
                if self._connection.recv() == _STOP:
                    raise Stopped
                self._is_last = True
            self._connection.send(("progress", share))
        except (EOFError, OSError):
            os._exit(1)


def result_of(work: Callable[[], Any]) -> tuple[str, Any]:
    """What comes of some work, as it is sent: ``done`` with it, or ``failed`` with the error."""
    try:
        return "done", work()
    except (StylizeError, Stopped) as error:
        return "failed", error
    except MemoryError:
        return "failed", OutOfMemoryError()
    except Exception as error:  # those of others may not be put together again
        return "failed", RuntimeError("".join(traceback.format_exception(error)))
