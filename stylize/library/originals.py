"""Kept pictures in a store of their own: a folder, S3, whatever fsspec can write to."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from stylize.errors import ImageError, LibraryError
from stylize.remote_files import open_url

logger = logging.getLogger(__name__)


class Originals:
    """Pictures, each under a name that is never given twice.

    The name holds the SHA-256 of the bytes, by which they are checked when they are read.

    Attributes:
        url: Of the folder they lie in.
    """

    def __init__(self, url: str) -> None:
        """Take a folder; it is made with the first picture.

        Args:
            url: As fsspec understands it.

        Raises:
            LibraryError: The store cannot be reached, or a package for it is not there.
            MissingExtraError: fsspec is not installed.
        """
        self.url = url
        if urlsplit(url).password:
            raise LibraryError(
                "The address of the pictures holds a password, which all who use the library could "
                "read. Give it to fsspec by its environment or settings instead."
            )
        try:
            self._files, self._folder = open_url(self.url)
        except ImageError as error:
            raise LibraryError(str(error)) from error

    def check(self) -> None:
        """Write something, read it and remove it.

        Raises:
            LibraryError: One of these is not possible.
        """
        (name,) = self.write([b"stylize"])
        self.read(name)
        with self._errors("removed from"):
            self._files.rm(self._path(name))

    def write(self, pictures: Sequence[bytes]) -> list[str]:
        """Write pictures and return their names, or write none.

        Raises:
            LibraryError: They cannot be written.
        """
        names = [f"{hashlib.sha256(data).hexdigest()}-{secrets.token_hex(4)}" for data in pictures]
        try:
            with self._errors("written to"):
                self._files.makedirs(self._folder, exist_ok=True)
                paths = map(self._path, names)
                self._files.pipe(dict(zip(paths, pictures, strict=True)))  # many at once
        except BaseException:
            self.remove(names)
            raise
        return names

    def read(self, name: str) -> bytes:
        """Read a picture.

        Raises:
            LibraryError: It is not there, or not what was written.
        """
        with self._errors("read from"):
            data = bytes(self._files.cat_file(self._path(name)))
        if hashlib.sha256(data).hexdigest() != name.partition("-")[0]:
            raise LibraryError(f"The picture {name} in {self.url} is damaged.")
        return data

    def remove(self, names: Sequence[str]) -> None:
        """Remove pictures that nothing tells of any more; what is left of them does no harm."""
        left = ""
        for name in names:
            try:
                with contextlib.suppress(FileNotFoundError):
                    self._files.rm(self._path(name))
            except Exception as error:  # of many libraries
                left = str(error) or type(error).__name__
        if left:
            logger.warning("Pictures that are not needed any more stay in %s (%s).", self.url, left)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of many libraries
            reason = str(error) or type(error).__name__
            raise LibraryError(
                f"Pictures cannot be {what} {self.url} ({reason}). Look whether it is there, and "
                "what you may do there."
            ) from error
