"""What browsers get to paint themselves: the engine, and the children's page that needs no more.

For that page the server hands out files and takes what a child shows to the teacher; no picture
comes to it otherwise, and thirty children cost it nothing. On the page for everyone, live pictures
may be painted so (``static/preview.js``).
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from stylize.errors import ImageError
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from stylize.offers import kids_records
from stylize.site import built_site, write_site
from stylize.studio.environment import run_folder
from stylize.studio.fair import address_of
from stylize.studio.page_errors import said_to
from stylize.studio.pictures import open_picture
from stylize.studio.settings import LimitError, RateLimit, StudioSettings
from stylize.studio.wall import ClassWall
from stylize.studio.wall_routes import HEADERS

PREFIX = "/device"
KIDS_PAGE = f"{PREFIX}/kids.html"
ENGINE = f"{PREFIX}/engine.js"


def device_routes(
    model: ModelFiles, library: StyleLibrary, settings: StudioSettings, wall: ClassWall | None
) -> list[BaseRoute]:
    """Return the routes of the files, which are written when the first of them is asked for.

    They lie in the folder of this run of the program, and go with it.

    Args:
        model: What paints on the devices.
        library: Holds the styles of the children's page, or others in their place.
        settings: Limits of what is handed in.
        wall: Takes it; None if there is no teacher to show it to.

    Raises:
        StylizeError: The built pages are not there.
    """
    built_site()

    def write() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="device-", dir=run_folder()))
        names = [record.name for record in kids_records(library)]
        server = "../?server" if settings.classroom else "../kids?server"
        write_site(folder, model, library, names, wall=wall is not None, server=server)
        return folder

    routes: list[BaseRoute] = [Mount(PREFIX, _LateFiles(write))]
    return routes if wall is None else [*_wall_routes(settings, wall), *routes]


class _LateFiles:
    """Serves a folder that is written when the first file of it is asked for.

    Most visitors never do: a page at home should not take longer to start for it.

    Args:
        write: Writes the folder and returns it.
    """

    def __init__(self, write: Callable[[], Path]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._files: StaticFiles | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        files = self._files
        if files is None:
            files = await run_in_threadpool(self._written)
        await files(scope, receive, send)

    def _written(self) -> StaticFiles:
        with self._lock:
            if self._files is None:
                self._files = StaticFiles(directory=self._write())
            return self._files


def _wall_routes(settings: StudioSettings, wall: ClassWall) -> list[Route]:
    rate = RateLimit(settings.jobs_per_minute)

    def keep(data: bytes, device: str) -> str:
        return wall.put(open_picture(data, settings), device)

    async def hand_in(request: Request) -> Response:
        """Keep a picture, the body of the request; answer with the key to delete it by."""
        device = address_of(request)
        try:
            rate.check(device)
            key = await run_in_threadpool(keep, await request.body(), device)
        except ClientDisconnect:  # it left, or sent more than the guard lets through
            return PlainTextResponse("", 413, HEADERS)
        except (ImageError, LimitError) as error:
            return PlainTextResponse(said_to(request, error.message), 400, HEADERS)
        return JSONResponse({"key": key}, headers=HEADERS)

    def take_back(request: Request) -> Response:
        wall.forget([request.path_params["key"]])
        return Response(status_code=204, headers=HEADERS)

    return [
        Route(f"{PREFIX}/wall", hand_in, methods=["POST"]),
        Route(f"{PREFIX}/wall/{{key}}", take_back, methods=["DELETE"]),
    ]
