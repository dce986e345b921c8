"""Reading ahead: one part of the work is done in a thread of its own while another goes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

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
