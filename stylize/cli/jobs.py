"""Which picture of ``stylize image`` goes where, and how far the work has come."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stylize.errors import ImageError

if TYPE_CHECKING:
    from rich.progress import Progress


class Job(NamedTuple):
    """One picture to paint, and where to."""

    content: Path
    out: Path


def plan(contents: Sequence[Path], out: Path) -> list[Job]:
    """Which picture goes where, checked before anything is painted.

    Raises:
        ImageError: There is nothing to paint, a folder cannot be read, the result would replace a
            content, or ``out`` is a file for several contents.
    """
    from stylize.images import READABLE_SUFFIXES, saved_format

    files: list[Path] = []
    for content in contents:
        if os.path.isdir(content):  # unlike Path.is_dir it never raises, so long a name may be
            try:
                found = sorted(content.iterdir())
            except OSError as error:
                raise ImageError(
                    f"The folder {content} cannot be read ({error.strerror})."
                ) from error
            # Hidden files are no pictures: some systems keep their notes beside each one.
            files += [
                path
                for path in found
                if path.suffix.lower() in READABLE_SUFFIXES
                and path.is_file()
                and path.name[0] != "."
            ]
        else:
            files.append(content)
    if not files:
        raise ImageError(f"There are no pictures in {', '.join(map(str, contents))}.")
    several = len(files) > 1 or os.path.isdir(contents[0])
    if not several and not os.path.isdir(out):
        saved_format(out)
        jobs = [Job(files[0], out)]
    else:
        if os.path.isfile(out) or (out.suffix and not os.path.isdir(out)):
            raise ImageError(
                f"{len(files)} pictures do not fit into the one file {out}. "
                "Give the name of a folder to --out."
            )
        jobs = [Job(file, out / name) for file, name in zip(files, _names(files), strict=True)]
    originals = {os.path.realpath(file) for file in files}
    for job in jobs:
        if os.path.realpath(job.out) in originals:
            raise ImageError(f"The result would replace the content {job.out}. Give another --out.")
    return jobs


def _names(files: Iterable[Path]) -> Iterator[str]:
    """File names of the results, none twice, in the contents' formats where they can be written."""
    used: set[str] = set()
    for file in files:
        suffix = file.suffix.lower()
        suffix = suffix if suffix in (".png", ".jpg", ".jpeg", ".webp") else ".png"
        name, number = file.stem + suffix, 2
        while name.lower() in used:
            name, number = f"{file.stem}-{number}{suffix}", number + 1
        used.add(name.lower())
        yield name


def make_folder(folder: Path) -> None:
    """Make the folder of the results, if it is not there.

    Raises:
        ImageError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(
            f"The folder {folder} cannot be made ({error.strerror}). Give another --out."
        ) from error


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
