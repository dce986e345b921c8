"""Which picture of ``stylize image`` goes where, and how far the work has come."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from stylize.cli.output import print_json, warn
from stylize.cli.pictures import find_pictures, path_of
from stylize.errors import ImageError
from stylize.files import FileNames

if TYPE_CHECKING:
    from rich.progress import Progress

    from stylize.workers.batch import Picture


class Plan(NamedTuple):
    """What is to be painted.

    Attributes:
        jobs: At least one.
        makes_folder: Whether the results lie in a folder that may have to be made.
        folder: In which they lie, or below.
    """

    jobs: list[Picture]
    makes_folder: bool
    folder: Path


def plan(
    contents: Sequence[str], out: str, *, recursive: bool = False, inputs: Mapping[Path, str] = {}
) -> Plan:
    """Which picture goes where, checked before anything is painted.

    Args:
        contents: Pictures and folders, or URLs of them.
        out: A picture; or a folder, for several contents or where it ends in a slash.
        recursive: Look into folders inside of the folders.
        inputs: Other files that are read, with what they are: no result may replace them.

    Raises:
        ImageError: There is nothing to paint, a folder cannot be read, a result would replace what
            is read, or ``out`` is a file for several contents.
    """
    from stylize.images import READABLE_SUFFIXES, saved_format
    from stylize.workers.batch import Picture

    path = path_of(out)
    found = find_pictures(contents, recursive=recursive, results=path)
    several = len(found.pictures) > 1 or contents[0] in found.folders
    as_folder = os.path.isdir(path) or out.endswith(("/", os.sep))
    if not several and not as_folder:
        saved_format(path)
        jobs = [Picture(found.pictures[0].file, path)]
    else:
        if os.path.isfile(path) or (path.suffix.lower() in READABLE_SUFFIXES and not as_folder):
            raise ImageError(
                f"{len(found.pictures)} pictures do not fit into the one file {path}. "
                "Give the name of a folder to --out."
            )
        names: defaultdict[Path, FileNames] = defaultdict(FileNames)
        jobs = []
        for file, below in found.pictures:
            folder = path / below.parent
            jobs.append(Picture(file, folder / names[folder].give(_result_name(below))))
    _check_replacing(jobs, inputs)
    found.tell()
    makes_folder = several or as_folder
    return Plan(jobs, makes_folder, path if makes_folder else path.parent)


def _result_name(content: PurePath) -> str:
    """The name of a result: in the content's format, if that can be written."""
    from stylize.images import SAVED_SUFFIXES

    suffix = content.suffix.lower()
    return content.stem + (suffix if suffix in SAVED_SUFFIXES else ".png")


def _check_replacing(jobs: Sequence[Picture], inputs: Mapping[Path, str]) -> None:
    contents = {job.content: "content" for job in jobs if isinstance(job.content, Path)}
    check_replacing([job.out for job in jobs], {**inputs, **contents})


def check_replacing(results: Iterable[Path], inputs: Mapping[Path, str]) -> None:
    """Make sure that no result takes the place of a file that is read.

    Args:
        results: Files to write.
        inputs: Files that are read, with what they are.

    Raises:
        ImageError: One would.
    """
    read = {_identity(path): what for path, what in inputs.items()}
    for out in results:
        if what := read.get(_identity(out)):
            raise ImageError(f"The result would replace the {what} {out}. Give another --out.")


def _identity(path: Path) -> tuple[int, int] | str:
    """The same for two paths of one file, be it by a link or by another case of its letters."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    if stat.S_ISREG(status.st_mode):
        return status.st_dev, status.st_ino
    return f"{path} is no file"  # a terminal may well be both


def tell_painted(job: Picture, about: Mapping[str, object]) -> None:
    """Print what was painted, as JSON."""
    print_json({"content": str(job.content), "out": str(job.out), **about})


def tell_failed(job: Picture, message: str, *, as_json: bool) -> None:
    """Say what was not painted, and why."""
    warn(f"Error: {message}")
    if as_json:
        print_json({"content": str(job.content), "error": message})


def log_without_terminal() -> None:
    """Let the library log how far it is, where no person sees the bar."""
    if not sys.stderr.isatty():
        logging.basicConfig(level=logging.INFO, format="%(message)s")


class Bar:
    """A progress bar on stderr, shown only to a person, and only if it takes longer than that."""

    _PATIENCE_S = 1.0

    def __init__(self, count: int) -> None:
        self._count = count
        self._start = time.perf_counter()
        self._progress: Progress | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, before: int, share: float) -> None:
        """Show how many pictures are done, with the share of the one in work."""
        if self._progress is None:
            if not sys.stderr.isatty() or time.perf_counter() - self._start < self._PATIENCE_S:
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.add_task("", total=self._count)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=before + share)
