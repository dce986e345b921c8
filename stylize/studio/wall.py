"""Results that children hand to their teacher: in memory alone, on their way out, too."""

from __future__ import annotations

import io
import itertools
import secrets
import threading
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from stylize.messages import say
from stylize.studio.pictures import fit, webp
from stylize.studio.settings import LimitError

MAX_SIDE_PX = 1024  # what a tablet paints; nobody hands in more
THUMBNAIL_PX = 360


@dataclass(frozen=True)
class HandIn:
    """A picture that was handed in.

    Attributes:
        device: Address that it came from.
        number: Counts what was handed in since the start of the server; never given twice.
        png: The picture.
        thumbnail: The same, small, as WebP.
    """

    device: str
    number: int
    png: bytes
    thumbnail: bytes


class ClassWall:
    """Pictures that were handed in, wiped with the process.

    A full wall makes room at the expense of whichever device has handed in the most.

    Args:
        most: How many pictures are kept.
        most_of_one: How many of them may be those of one device: not fewer than a class has
            children, because behind a router all tablets look like one.
    """

    def __init__(self, most: int = 120, most_of_one: int = 40) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._pictures: OrderedDict[str, HandIn] = OrderedDict()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def put(self, image: Image.Image, device: str) -> str:
        """Keep a result. It takes a moment: call it in a thread, not on the event loop.

        Args:
            image: The result; one that is larger than `MAX_SIDE_PX` is kept smaller.
            device: Address that it comes from.

        Returns:
            The key by which it is deleted again.

        Raises:
            LimitError: The wall is full, and nobody has more than one picture on it.
        """
        buffer = io.BytesIO()
        image = fit(image, MAX_SIDE_PX)
        image.convert("RGB").save(buffer, "PNG")
        thumbnail = webp(fit(image, THUMBNAIL_PX))
        key = secrets.token_hex(8)
        with self._lock:
            self._make_room(device)
            number = next(self._numbers)
            self._pictures[key] = HandIn(device, number, buffer.getvalue(), thumbnail)
        return key

    def _make_room(self, device: str) -> None:
        held = Counter(picture.device for picture in self._pictures.values())
        if held[device] < self._most_of_one:
            if len(self._pictures) < self._most:
                return
            largest = max(held.values())
            if largest > held[device]:
                if largest == 1:
                    raise LimitError(say("wall_full", most=self._most))
                device = held.most_common(1)[0][0]
        oldest = next(key for key, one in self._pictures.items() if one.device == device)
        del self._pictures[oldest]

    def forget(self, keys: Iterable[str]) -> None:
        """Delete some results."""
        with self._lock:
            for key in keys:
                self._pictures.pop(key, None)

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._pictures.clear()

    def __len__(self) -> int:
        return len(self._pictures)

    def numbers(self) -> dict[str, int]:
        """Return the keys of all results with their numbers, the oldest first."""
        with self._lock:
            return {key: picture.number for key, picture in self._pictures.items()}

    def get(self, key: str) -> HandIn | None:
        """Return a result, None if it is not there any more."""
        return self._pictures.get(key)

    def zip(self) -> bytes:
        """Return all results as a zip of numbered PNG files; no names, no times."""
        buffer = io.BytesIO()
        with self._lock, zipfile.ZipFile(buffer, "w") as archive:
            for picture in self._pictures.values():
                name = f"picture-{picture.number:02}.png"
                archive.writestr(zipfile.ZipInfo(name), picture.png)
        return buffer.getvalue()
