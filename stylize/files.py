"""Files: written completely or not at all, and named so that no name is given twice."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
import unicodedata
from collections.abc import Container, Iterator
from itertools import count
from pathlib import Path

from stylize.errors import StylizeError
from stylize.messages import Message, say

_TEMPORARY = ".stylize-"
_LEFTOVER_S = 3600  # a file is written in minutes; what is older was left by a killed process
_PRIVATE_FILE = 0o600
MAX_NAME_BYTES = 255  # what file systems hold
_MAX_SUFFIX_BYTES = 32  # a longer one is no suffix but a name with a dot


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, private: bool = False) -> Iterator[Path]:
    """Yield the path of a temporary file that takes the place of ``path`` at the end.

    Whatever goes wrong before, ``path`` stays as it was and nothing is left beside it. When this
    returns, the file is on the disk: it survives a loss of power. A file that is there keeps its
    permissions; a link stays a link, and what it points to is replaced; a pipe or a device gets
    the complete content.

    Args:
        path: The file; its folder must exist.
        private: Make a new file readable by its owner only.

    Raises:
        OSError: The file cannot be written; `why_not_written` explains it to the user.
    """
    target = Path(os.path.realpath(path))
    try:
        old = target.stat()
    except FileNotFoundError:
        old = None
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if old is not None and not stat.S_ISREG(old.st_mode):
        with _written_to(path) as part:
            yield part
        return
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected", str(path))
    _sweep(target.parent)
    part = target.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}.tmp")
    try:
        mode = _PRIVATE_FILE if private or old is not None else 0o666  # less the process's umask
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield part
        if old is not None:
            _take_over(old, part)
        _flush(part)
        os.replace(part, target)
        _flush(target.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_whole(path: str | os.PathLike[str], data: bytes, *, private: bool = False) -> None:
    """Write bytes to a file as `whole_file` does."""
    with whole_file(path, private=private) as part:
        part.write_bytes(data)


def make_folder(folder: Path, failure: type[StylizeError]) -> None:
    """Make a folder with all above it, if it is not there.

    Args:
        folder: The folder.
        failure: What is raised if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failure(
            f"The folder {folder} cannot be made ({error.strerror}). Choose another one."
        ) from error


def why_not_written(path: str | os.PathLike[str], error: OSError) -> Message:
    """The message for the user when a file cannot be written: what, why, and the way out."""
    folder = Path(path).parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return say("disk_full", path=path)
    if os.path.isdir(path):  # unlike Path.is_dir it never raises
        return say("save_to_folder", path=path)
    if not os.path.isdir(folder):
        return say("save_no_folder", path=path, folder=folder)
    if os.path.lexists(path) and not os.access(path, os.W_OK):
        return say("save_protected", path=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EROFS):
        return say("save_folder_protected", path=path, folder=folder)
    return say("save_failed", path=path, reason=error.strerror or str(error))


def numbered_names(stem: str, suffix: str = "", *, max_bytes: int) -> Iterator[str]:
    """A name as it is, then with 2, 3 and so on behind it, all no longer than ``max_bytes``."""
    yield _cut(stem, max_bytes - _byte_count(suffix)) + suffix
    for number in count(2):
        end = f"-{number}{suffix}"
        yield _cut(stem, max_bytes - _byte_count(end)).rstrip("-") + end


def free_name(stem: str, taken: Container[str], suffix: str = "", *, max_bytes: int) -> str:
    """The name itself, or with the first number for which it is not taken."""
    names = numbered_names(stem, suffix, max_bytes=max_bytes)
    return next(name for name in names if name not in taken)


class FileNames:
    """Names of files in one folder, none given twice: also where case and accents do not count."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return _key(str(name)) in self._given

    def give(self, wanted: str) -> str:
        """A free name: the one wanted, with its suffix, or with a number before the suffix."""
        stem, suffix = os.path.splitext(wanted)
        if _byte_count(suffix) > _MAX_SUFFIX_BYTES:
            stem, suffix = wanted, ""
        name = free_name(stem, self, suffix, max_bytes=MAX_NAME_BYTES)
        self._given.add(_key(name))
        return name


def _key(name: str) -> str:
    """The same for two names that some file system takes for one."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return folded.rstrip(" .")


def _cut(text: str, max_bytes: int) -> str:
    """The text, cut to so many bytes of UTF-8 between two characters."""
    text = text[:max_bytes]
    while _byte_count(text) > max_bytes:
        text = text[:-1]
    return text


def _byte_count(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))  # as in names that are no UTF-8


@contextlib.contextmanager
def _written_to(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file whose content goes to a pipe or a device at the end."""
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY) as folder:
        part = Path(folder) / "part"
        part.touch(_PRIVATE_FILE)
        yield part
        with open(part, "rb") as source, open(path, "wb") as sink:
            shutil.copyfileobj(source, sink)


def _take_over(old: os.stat_result, part: Path) -> None:
    """Give a new file owner and permissions of the one whose place it takes."""
    new = part.stat()
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(part, old.st_uid, old.st_gid)
    part.chmod(stat.S_IMODE(old.st_mode))


def _flush(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except OSError:
        if path.is_dir():  # Windows opens no folders
            return
        raise
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot
            raise
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Delete what killed processes left in a folder."""
    for part in folder.glob(f"{_TEMPORARY}*.tmp*"):  # SQLite puts journals beside its files
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _LEFTOVER_S:
                part.unlink()
