"""What the C library does with memory that is not needed any more."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def give_back_memory(block_bytes: int = 12 << 20) -> None:
    """Let the C library give the memory of large pictures back as soon as they are freed.

    Otherwise it learns from the first large one to keep that much for the next. Pillow holds
    pictures in blocks of 16 MB. And it has a heap for each thread, whose holes no other can fill.
    Does nothing elsewhere than on Linux with glibc.

    Args:
        block_bytes: From this size on memory is given back.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, block_bytes)
        mallopt(_M_TRIM_THRESHOLD, 32 << 20)
        mallopt(_M_ARENA_MAX, 1)
