"""The teacher's code: easy to read out and to type, hard to guess, slow to try."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from stylize.messages import say
from stylize.studio.settings import LimitError

_FREE_TRIES = 5
_FIRST_WAIT_S = 5
_LONGEST_WAIT_S = 900
_FORGET_S = 3600  # without a try
_MOST_ADDRESSES = 10_000
_LOOKALIKES = str.maketrans("oil", "011")


class CodeLock:
    """Opens for one code; whoever fails too often waits, longer each time.

    Args:
        code: What opens it.
        clock: Seconds, never going back.
    """

    def __init__(self, code: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._code = _plain(code)
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def open(self, given: str, address: str) -> None:
        """Return if the code is right; upper and lower case, dashes and spaces do not matter.

        Args:
            given: What was typed.
            address: Where it comes from. Each waits for its own failures only.

        Raises:
            LimitError: It is wrong, or the address has to wait, even with the right one.
        """
        with self._lock:
            now = self._clock()
            number, until = self._failures.get(address, (0, 0.0))
            if now < until:
                raise LimitError(say("code_wait", wait=math.ceil(until - now)))
            if secrets.compare_digest(_plain(given), self._code):
                self._failures.pop(address, None)
                return
            number = 1 if now - until > _FORGET_S else number + 1
            over = number - _FREE_TRIES
            wait = 0 if over < 0 else min(_LONGEST_WAIT_S, _FIRST_WAIT_S << min(over, 16))
            self._failures[address] = (number, now + wait)
            self._failures.move_to_end(address)
            while len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)
        raise LimitError(say("wrong_code"))


def _plain(code: str) -> bytes:
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return letters.translate(_LOOKALIKES).encode()
