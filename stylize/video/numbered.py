"""Folders of numbered frames, as animators use them."""

from __future__ import annotations

import re
from pathlib import Path

from stylize.errors import VideoError
from stylize.images import READABLE_SUFFIXES

_NUMBER = re.compile(r"(\d+)(?!.*\d)")  # the last one of a name


def numbered_files(folder: Path) -> list[Path]:
    """Return the pictures in a folder in the order of the last number in their names.

    Raises:
        VideoError: There is none, or two have the same number.
    """
    found: dict[int, Path] = {}
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise VideoError(f"{folder} cannot be read ({error.strerror}).") from error
    for file in files:
        number = _NUMBER.search(file.stem)
        if file.suffix.lower() not in READABLE_SUFFIXES or number is None:
            continue
        other = found.setdefault(int(number[1]), file)
        if other is not file:
            raise VideoError(
                f"{other.name} and {file.name} in {folder} have the same number. "
                "Keep the frames of one film in a folder."
            )
    if not found:
        raise VideoError(
            f"{folder} has no numbered pictures, such as frame-0001.png and frame-0002.png."
        )
    return [found[number] for number in sorted(found)]


def frame_name(number: int) -> str:
    """Return the file name of a frame; they are numbered from 1."""
    return f"frame-{number:06}.png"
