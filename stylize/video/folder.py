"""Painted frames in a folder, and what it takes to go on after the work was ended."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import VideoError
from stylize.files import make_folder, whole_file, why_not_written
from stylize.images import save_image
from stylize.video.numbered import frame_name

Bytes = NDArray[np.uint8]

_STATE = ".stylize-film.npz"


class FolderSink:
    """Writes numbered frames.

    Attributes:
        count: Frames that are written.
    """

    def __init__(self, folder: Path, *, recipe: Any = None) -> None:
        """Begin or go on.

        Args:
            folder: Made if it is not there.
            recipe: Kept in the first frame.
        """
        make_folder(folder, VideoError)
        self._folder = folder
        self._recipe = recipe
        self.count = 0

    def write(
        self, pixels: Bytes, time: Fraction, duration: Fraction | None, *, is_cut: bool = False
    ) -> None:
        """Write the next frame."""
        self.count += 1
        file = self._folder / frame_name(self.count)
        save_image(Image.fromarray(pixels), file, recipe=self._recipe if self.count == 1 else None)

    def close(self) -> None:
        """Do nothing: every frame is a file of its own."""

    def save(self, state: dict[str, Any], identity: str) -> None:
        """Note where the work can go on: behind the frames that are written.

        Args:
            state: Arrays, of the painter.
            identity: Of the film and its look.
        """
        try:
            with whole_file(self._folder / _STATE) as part, open(part, "wb") as file:
                np.savez(file, identity=identity, count=self.count, **state)
        except OSError as error:
            raise VideoError(why_not_written(self._folder / _STATE, error)) from error

    def restore(self, identity: str) -> dict[str, Any] | None:
        """Return the state to go on from; None if there is none of this film and look."""
        try:
            with np.load(self._folder / _STATE, allow_pickle=False) as file:
                state = {name: file[name] for name in file.files}
        except (OSError, ValueError, KeyError, EOFError):
            return None
        if str(state.pop("identity", "")) != identity:
            return None
        count = int(state.pop("count"))
        if not all((self._folder / frame_name(number + 1)).is_file() for number in range(count)):
            return None
        self.count = count
        return state

    def forget(self) -> None:
        """The film is complete: there is nothing to go on with."""
        state = self._folder / _STATE
        if state.exists():
            os.unlink(state)
