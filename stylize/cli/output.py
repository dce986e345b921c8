"""What the command line tells: safe for the terminal, and never a reason to lose the work.

Names of others may hold anything that a terminal obeys. Standard output may be closed, full or
unable to show a letter: the work is done all the same, and the exit code says what was lost.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

_JOINERS = "\u200c\u200d"  # invisible, but parts of words and of emoji


def plain(text: str, *, keep: str = "") -> str:
    """Text without meaning to the terminal: what does not show is written as an escape.

    Args:
        text: Of any origin.
        keep: Characters that stay, such as the line ends of our own texts.
    """
    kept = _JOINERS + keep
    return "".join(
        c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text
    )


def say(text: str) -> None:
    """Print to standard output, lines as they are."""
    print(plain(text, keep="\n"))


def warn(text: str) -> None:
    """Print one line to standard error."""
    print(plain(text), file=sys.stderr, flush=True)


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print JSON at once, so that a reader gets each result when it is there."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    print(text, flush=True)


@contextlib.contextmanager
def steady_streams() -> Iterator[None]:
    """Let nothing that happens to standard output or error stop what is done meanwhile.

    Letters that the encoding lacks become escapes. A reader who has gone is no fault; if anything
    else was lost of standard output, the exit code becomes 2 in the end.
    """
    _open_missing()
    before = sys.stdout, sys.stderr, logging.lastResort
    out, err = (_Stream.around(stream) for stream in before[:2])
    sys.stdout, sys.stderr, logging.lastResort = out.text, err.text, _Teller(logging.WARNING)
    try:
        yield
    except SystemExit as end:
        if not end.code and _lost(out):
            raise SystemExit(2) from None
        raise
    finally:
        for stream in (out, err):
            stream.close()
        sys.stdout, sys.stderr, logging.lastResort = before


def _lost(out: _Stream) -> bool:
    """Whether something could not be printed; says so where it still can."""
    out.flush()
    problem = out.sink.problem if out.sink is not None else None
    if problem is None or problem.errno == errno.EPIPE:
        return False
    warn(f"Error: not everything could be printed ({problem.strerror}).")
    return True


def _open_missing() -> None:
    """Open what is closed of the three standard files: else the next file takes its number.

    A library of C that prints would then write into a picture or a database.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number


class _Teller(logging.Handler):
    """Tells what the library logs, where nobody else listens."""

    def emit(self, record: logging.LogRecord) -> None:
        warn(self.format(record))


class _Stream:
    """A text stream, and the sink that it ends in where that had to be made."""

    def __init__(self, text: IO[str], sink: _Sink | None = None) -> None:
        self.text = text
        self.sink = sink

    @classmethod
    def around(cls, stream: Any) -> _Stream:
        if stream is None:  # it was closed when the process began
            return cls(open(os.devnull, "w", encoding="utf-8"))
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        if not isinstance(raw, io.RawIOBase):  # in a test or a notebook: no file behind it
            return cls(stream)
        with contextlib.suppress(OSError):
            stream.flush()
        sink = _Sink(raw)
        text = io.TextIOWrapper(
            cast(BinaryIO, sink),
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering or raw.fileno() == 2,
        )
        return cls(text, sink)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.text.flush()

    def close(self) -> None:
        self.flush()
        if isinstance(self.text, io.TextIOWrapper) and self.sink is not None:
            self.text.detach()  # nothing is left to fail at the end of the process


class _Sink(io.RawIOBase):
    """Writes to a file as long as that works; then it swallows."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self.problem: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: Any) -> int:
        rest = memoryview(data)
        while self.problem is None and len(rest):
            try:
                rest = rest[self._raw.write(rest) or 0 :]
            except OSError as error:
                self.problem = error
        return len(data)
