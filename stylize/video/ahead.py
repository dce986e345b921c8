"""Working ahead: one part of the work is done in threads of its own while another goes on."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE_S = 0.1  # until a reader sees that nobody waits any more


def read_ahead(items: Iterable[Item], count: int) -> Generator[Item]:
    """Yield items that a thread fetches ahead; what it raises is raised here. Close it at the end.

    Args:
        items: Used by that thread alone; a generator is closed by it.
        count: Most that are fetched before they are asked for.
    """
    found: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(count)
    ended = threading.Event()

    def hand_over(item: Item | None, error: BaseException | None) -> None:
        while not ended.is_set():
            try:
                return found.put((item, error), timeout=_PATIENCE_S)
            except queue.Full:
                continue

    def fetch() -> None:
        try:
            for item in items:
                hand_over(item, None)
                if ended.is_set():
                    return
            hand_over(None, StopIteration())
        except BaseException as error:
            hand_over(None, error)
        finally:
            if isinstance(items, Generator):
                items.close()

    reader = threading.Thread(target=fetch, name="read ahead", daemon=True)
    reader.start()
    try:
        while True:
            item, error = found.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        ended.set()
        reader.join()


def worked_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result]:
    """Yield what comes of items, in their order. Close it at the end.

    Args:
        work: Called with each of them; what it raises is raised here.
        items: To work on.
        threads: That work at the same time, each on another item.
    """
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, "work ahead") as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) == threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
