"""What the teacher's page asks of the server: past the queue, which may be full of children.

The code opens it once and is answered with a pass, which cannot be guessed. All else takes that
pass in a header, not in the address, which servers and proxies write into their logs. Nothing that
is answered may be kept by a browser or a proxy.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from functools import wraps

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stylize.messages import say
from stylize.studio.fair import address_of
from stylize.studio.lock import CodeLock
from stylize.studio.page_errors import said_to
from stylize.studio.settings import LimitError
from stylize.studio.wall import ClassWall

PREFIX = "/gradio_api/studio/class"  # Gradio sends all below /gradio_api past its own pages
PASS = "X-Studio-Pass"
_UNUSED_S = 3600.0
_MOST_PASSES = 16
_MOST_BYTES = 4000  # of a request with a code
HEADERS = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}


class Passes:
    """Who has shown the teacher's code; a pass ends an hour after it was last used.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self) -> str:
        """Return a new pass; of too many, the one unused for longest ends."""
        with self._lock:
            if len(self._used) >= _MOST_PASSES:
                del self._used[min(self._used, key=self._used.__getitem__)]
            fresh = secrets.token_urlsafe(24)
            self._used[fresh] = self._clock()
        return fresh

    def holds(self, given: str) -> bool:
        """Say whether a pass is good, and note its use."""
        with self._lock:
            now = self._clock()
            if now - self._used.get(given, -_UNUSED_S - 1) > _UNUSED_S:
                self._used.pop(given, None)
                return False
            self._used[given] = now
        return True


async def _short_body(request: Request) -> bytes:
    """Return the body of a request; one without a length is read no further than it may be long.

    Raises:
        ValueError: It is too long.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise ValueError("too long")
    return body


def wall_routes(wall: ClassWall, lock: CodeLock, passes: Passes | None = None) -> list[Route]:
    """Return the routes of the web server.

    Args:
        wall: What was handed in.
        lock: Opens for the teacher's code.
        passes: Who has shown it.
    """
    passes = passes or Passes()

    async def enter(request: Request) -> Response:
        """Exchange the code for a pass."""
        try:
            code = str(json.loads(await _short_body(request))["code"])[:100]
        except (ValueError, KeyError, TypeError, RecursionError, ClientDisconnect):
            return PlainTextResponse("", 400, HEADERS)
        try:
            lock.open(code, address_of(request))
        except LimitError as error:
            return JSONResponse({"error": said_to(request, error.message)}, 403, HEADERS)
        return JSONResponse({"pass": passes.issue()}, headers=HEADERS)

    def behind(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        @wraps(answer)
        def guarded(request: Request) -> Response:
            if not passes.holds(request.headers.get(PASS, "")):
                return PlainTextResponse(say("no_ticket"), 403, HEADERS)
            return answer(request)

        return guarded

    @behind
    def numbers(request: Request) -> Response:
        """Tell which pictures there are; or delete all of them."""
        if request.method == "DELETE":
            wall.clear()
        items = [{"key": key, "number": number} for key, number in wall.numbers().items()]
        return JSONResponse(items, headers=HEADERS)

    @behind
    def picture(request: Request) -> Response:
        """Show a picture, large or small; or delete it."""
        key = request.path_params["picture"]
        if request.method == "DELETE":
            wall.forget([key])
            return Response(status_code=204, headers=HEADERS)
        found = wall.get(key)
        if found is None:
            return PlainTextResponse("", 404, HEADERS)
        if "small" in request.query_params:
            return Response(found.thumbnail, headers=HEADERS, media_type="image/webp")
        return Response(found.png, headers=HEADERS, media_type="image/png")

    @behind
    def archive(_: Request) -> Response:
        """Hand out all pictures in one zip, made in memory."""
        name = {"Content-Disposition": 'attachment; filename="class.zip"'}
        return Response(wall.zip(), headers=HEADERS | name, media_type="application/zip")

    return [
        Route(PREFIX, enter, methods=["POST"]),
        Route(PREFIX, numbers, methods=["GET", "DELETE"]),
        Route(f"{PREFIX}/class.zip", archive),
        Route(f"{PREFIX}/{{picture}}", picture, methods=["GET", "DELETE"]),
    ]
