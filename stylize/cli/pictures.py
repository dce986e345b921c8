"""Which pictures a command works on: one rule for all commands, and what it leaves out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from stylize.cli.output import warn
from stylize.errors import ImageError
from stylize.remote_files import RemoteFile, find_files, is_url

_SHOWN = 3
_FOLDERS = "--recursive looks into folders."
_NO_PICTURES = "By their names they are no pictures."
_NO_FILES = "They are no files."


class Picture(NamedTuple):
    """A picture to work on.

    Attributes:
        file: Its path, or what a URL names.
        below: Its path below the folder that was given; its name for a single file.
    """

    file: Path | RemoteFile
    below: PurePath


class Found(NamedTuple):
    """What a list of files and folders holds.

    Attributes:
        pictures: In the order given, those of a folder sorted.
        left_out: What in the folders is not worked on, by the reason.
        folders: What of the list stands for more than one file.
    """

    pictures: list[Picture]
    left_out: dict[str, list[object]]
    folders: list[str]

    def tell(self) -> None:
        """Say on standard error what was left out, and why."""
        for reason, paths in self.left_out.items():
            names = ", ".join(str(path) for path in paths[:_SHOWN])
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            warn(f"Note: left out: {names}{more}. {reason}")


def find_pictures(paths: Sequence[str], *, recursive: bool, results: Path | None = None) -> Found:
    """Look for pictures: files are taken as they are, of folders those with a known suffix.

    Args:
        paths: Files and folders, or URLs of them.
        recursive: Look into folders inside of the folders too; links to folders are not followed.
        results: Where results are written: in a folder that holds it, it is left out.

    Raises:
        ImageError: A path is empty, a folder cannot be read, or there are no pictures.
    """
    found = Found([], {}, [])
    for text in paths:
        if is_url(text):
            _look_up(text, recursive, found)
            continue
        path = path_of(text)
        if os.path.isdir(path):  # unlike Path.is_dir it never raises, so long a name may be
            found.folders.append(text)
            _look_into(path, recursive, results, found)
        else:
            found.pictures.append(Picture(path, Path(path.name)))
    if not found.pictures:
        found.tell()
        raise ImageError(f"There are no pictures in {', '.join(paths)}.")
    return found


def path_of(text: str) -> Path:
    """The path that a text names.

    Raises:
        ImageError: The text is empty; that would be the current folder.
    """
    if not text.strip():
        raise ImageError('An empty path was given. Write "." if you mean this folder.')
    return Path(text)


def _look_up(url: str, recursive: bool, found: Found) -> None:
    from stylize.images import READABLE_SUFFIXES

    files, several = find_files(url, recursive=recursive)
    if several:
        found.folders.append(url)
    for file in files:
        if several and file.below.suffix.lower() not in READABLE_SUFFIXES:
            found.left_out.setdefault(_NO_PICTURES, []).append(file)
        else:
            found.pictures.append(Picture(file, file.below))


def _look_into(top: Path, recursive: bool, results: Path | None, found: Found) -> None:
    from stylize.formats import SUFFIXES_OF_OTHERS
    from stylize.images import READABLE_SUFFIXES
    from stylize.messages import say

    for path in _entries(top, recursive, results, found):
        suffix = path.suffix.lower()
        if suffix in SUFFIXES_OF_OTHERS:
            found.left_out.setdefault(say(SUFFIXES_OF_OTHERS[suffix]), []).append(path)
        elif suffix not in READABLE_SUFFIXES:
            found.left_out.setdefault(_NO_PICTURES, []).append(path)
        elif not os.path.isfile(path):
            found.left_out.setdefault(_NO_FILES, []).append(path)
        else:
            found.pictures.append(Picture(path, path.relative_to(top)))


def _entries(top: Path, recursive: bool, results: Path | None, found: Found) -> Iterator[Path]:
    """All but folders that lies in a folder, sorted; hidden files are no pictures of anybody's.

    Some systems keep their notes beside each picture in such files.
    """

    def refuse(error: OSError) -> None:
        raise ImageError(
            f"The folder {error.filename} cannot be read ({error.strerror})."
        ) from error

    skipped = os.path.realpath(results) if results is not None else None
    for folder, folders, files in os.walk(top, onerror=refuse):
        here = Path(folder)
        seen = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in seen if (here / name).is_symlink()]
        folders[:] = [
            name
            for name in seen
            if recursive and name not in links and os.path.realpath(here / name) != skipped
        ]
        if not recursive and seen:
            found.left_out.setdefault(_FOLDERS, []).extend(here / name for name in seen)
        yield from (here / name for name in sorted(files) if not name.startswith("."))
