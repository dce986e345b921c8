"""Results that children hand to their teacher: in memory alone, on their way out, too."""

from __future__ import annotations

import io
import secrets
import threading
import time
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable

from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stylize.messages import say
from stylize.studio.settings import LimitError

PREFIX = "gradio_api/studio/class"
_TICKET_S = 120.0


class ClassWall:
    """Pictures that were handed in, wiped with the process.

    A full wall makes room at the expense of whichever device has handed in the most.

    Args:
        most: How many pictures are kept.
        most_of_one: How many of them may be those of one device: not fewer than a class has
            children, because behind a router all tablets look like one.
        clock: Seconds, never going back.
    """

    def __init__(
        self,
        most: int = 120,
        most_of_one: int = 40,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._clock = clock
        self._pictures: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._ticket: tuple[str, float] | None = None
        self._lock = threading.Lock()

    def put(self, image: Image.Image, device: str) -> str:
        """Keep a result.

        Args:
            image: The result.
            device: Address that it comes from.

        Returns:
            The key by which it is deleted again.

        Raises:
            LimitError: The wall is full, and nobody has more than one picture on it.
        """
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
        key = secrets.token_hex(8)
        with self._lock:
            self._make_room(device)
            self._pictures[key] = (device, buffer.getvalue())
        return key

    def _make_room(self, device: str) -> None:
        held = Counter(owner for owner, _ in self._pictures.values())
        if held[device] < self._most_of_one:
            if len(self._pictures) < self._most:
                return
            largest = max(held.values())
            if largest > held[device]:
                if largest == 1:
                    raise LimitError(say("wall_full", most=self._most))
                device = held.most_common(1)[0][0]
        oldest = next(key for key, (owner, _) in self._pictures.items() if owner == device)
        del self._pictures[oldest]

    def forget(self, keys: Iterable[str]) -> None:
        """Delete some results."""
        with self._lock:
            for key in keys:
                self._pictures.pop(key, None)

    def clear(self) -> None:
        """Delete everything; what was on its way out cannot be fetched any more."""
        with self._lock:
            self._pictures.clear()
            self._ticket = None

    def __len__(self) -> int:
        return len(self._pictures)

    def zip(self) -> bytes:
        """Return all results as a zip of numbered PNG files; no names, no times."""
        buffer = io.BytesIO()
        with self._lock, zipfile.ZipFile(buffer, "w") as archive:
            for number, (_, data) in enumerate(self._pictures.values(), 1):
                archive.writestr(zipfile.ZipInfo(f"picture-{number:02}.png"), data)
        return buffer.getvalue()

    def ticket(self) -> str:
        """Return the path, below that of the page, where the zip can be fetched now.

        It cannot be guessed, and is good for two minutes, until the next one or until `clear`.
        """
        secret = secrets.token_urlsafe(24)
        with self._lock:
            self._ticket = (secret, self._clock() + _TICKET_S)
        return f"{PREFIX}/{secret}/class.zip"

    def route(self) -> Route:
        """Return the route of the web server that tickets lead to."""
        return Route(f"/{PREFIX}/{{ticket}}/class.zip", self._fetch)

    def _fetch(self, request: Request) -> Response:
        ticket, until = self._ticket or ("", 0.0)
        given = request.path_params["ticket"]
        if not ticket or given != ticket or self._clock() > until:
            return PlainTextResponse(say("no_ticket"), 404)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="class.zip"',
        }
        return Response(self.zip(), media_type="application/zip", headers=headers)
