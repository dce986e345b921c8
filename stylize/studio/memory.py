"""Large pictures: one at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from stylize.images import open_image
from stylize.studio.pictures import open_picture
from stylize.studio.settings import StudioSettings

LARGE_PIXELS = 12_000_000
_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def picture_at_work(
    source: str | Path | bytes,
    settings: StudioSettings,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Image.Image]:
    """Open a visitor's picture as `open_picture`; other large ones wait until it is done with.

    Two of 40 megapixels at once would take gigabytes. Do not yield to Gradio inside.
    """
    with _one_at_a_time if _is_large(source) else contextlib.nullcontext():
        yield open_picture(source, settings, tell)


def _is_large(source: str | Path | bytes) -> bool:
    try:
        with open_image(source) as image:
            return image.width * image.height > LARGE_PIXELS
    except Exception:  # open_picture says what is wrong
        return False
