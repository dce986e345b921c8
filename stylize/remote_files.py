"""Files that a URL names: in stores such as S3, on web servers, in archives, by fsspec."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stylize.errors import ImageError
from stylize.extras import needs_extra

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|.*::", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteFile:
    """One file.

    Attributes:
        url: As fsspec understands it.
        below: Its path below the folder that was named; its name where it was named itself.
    """

    url: str
    below: PurePosixPath

    def __str__(self) -> str:
        return self.url

    def read_bytes(self) -> bytes:
        """Fetch the file.

        Raises:
            ImageError: It cannot be read.
        """
        files, path = open_url(self.url)
        try:
            return bytes(files.cat_file(path))
        except Exception as error:  # of many libraries
            raise _unreadable(self.url, error) from error

    def identity(self) -> str:
        """Return what changes with the file, as its store tells it.

        It is another one each time where a web server tells nothing that would change.

        Raises:
            ImageError: The store cannot be asked.
        """
        files, path = open_url(self.url)
        try:
            # fsspec takes files of the web for unchanging.
            return _web_identity(files.info(path)) if _is_web(files) else str(files.ukey(path))
        except Exception as error:
            raise _unreadable(self.url, error) from error


def source_of(file: Path | RemoteFile) -> Path | bytes:
    """Return what reads a picture's file: its path, or its bytes where only a URL names it.

    Raises:
        ImageError: It cannot be fetched.
    """
    return file if isinstance(file, Path) else file.read_bytes()


def is_url(text: str) -> bool:
    """Whether a text names a file by a URL; a single letter is a drive of Windows."""
    return _URL.match(text) is not None


def find_files(url: str, *, recursive: bool = False) -> tuple[list[RemoteFile], bool]:
    """Look up what a URL names.

    Args:
        url: A file, a folder, or a pattern with ``*``.
        recursive: Look into folders of the folder too.

    Returns:
        The files, sorted, without hidden ones; and whether the URL stands for several.

    Raises:
        ImageError: There is no such place, or it cannot be reached.
        MissingExtraError: fsspec is not installed.
    """
    files, path = open_url(url)
    try:
        if "*" in path:
            top, found = path.partition("*")[0].rpartition("/")[0], files.glob(path)
            found = [name for name in found if not files.isdir(name)]
        elif files.isdir(path):
            top, found = path, files.find(path, maxdepth=None if recursive else 1)
        else:
            return [RemoteFile(url, PurePosixPath(PurePosixPath(path).name))], False
    except Exception as error:
        raise _unreadable(url, error) from error
    rest = "".join(url.partition("::")[1:])  # the archive that the files are in
    below = {name: PurePosixPath(name.removeprefix(top).lstrip("/")) for name in sorted(found)}
    return [
        RemoteFile(files.unstrip_protocol(name) + rest, part)
        for name, part in below.items()
        if not any(piece.startswith(".") for piece in part.parts)
    ], True


def open_url(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec that a URL names, and the path in it.

    Raises:
        ImageError: There is none, or it cannot be reached.
        MissingExtraError: fsspec is not installed.
    """
    with needs_extra("files"):
        import fsspec.core
    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ImageError(f"{url} needs another package beside fsspec: {error}.") from error
    except ValueError as error:
        raise ImageError(f"{url} cannot be read ({error}).") from error
    except Exception as error:
        raise _unreadable(url, error) from error
    return files, path


def _is_web(files: Any) -> bool:
    protocol = getattr(files, "fs", files).protocol  # that of what is cached
    return "http" in ((protocol,) if isinstance(protocol, str) else protocol)


def _web_identity(about: Mapping[str, Any]) -> str:
    marks = [about.get(name) for name in ("ETag", "Last-Modified")]
    if not any(marks):
        return secrets.token_hex()
    return f"{about['name']} {about.get('size')} {' '.join(str(mark) for mark in marks)}"


def _unreadable(url: str, error: Exception) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return ImageError(f"There is no file {url}.")
    return ImageError(f"{url} cannot be read ({str(error) or type(error).__name__}).")
