"""What browsers get to paint themselves: the engine, and the children's page that needs no more.

For that page the server hands out files and takes what a child shows to the teacher; no picture
comes to it otherwise, and thirty children cost it nothing. On the page for everyone, live pictures
may be painted so (``static/preview.js``).
"""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from stylize.errors import ImageError
from stylize.library import StyleLibrary
from stylize.messages import LANGUAGES, translate
from stylize.model_files import ModelFiles
from stylize.offers import kids_records
from stylize.site import write_site
from stylize.studio.environment import run_folder
from stylize.studio.fair import address_of
from stylize.studio.pictures import open_picture
from stylize.studio.settings import LimitError, RateLimit, StudioSettings
from stylize.studio.wall import ClassWall

PREFIX = "/device"
KIDS_PAGE = f"{PREFIX}/kids.html"
ENGINE = f"{PREFIX}/engine.js"
_HEADERS = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}


def device_routes(
    model: ModelFiles, library: StyleLibrary, settings: StudioSettings, wall: ClassWall | None
) -> list[BaseRoute]:
    """Write the files, for as long as this program runs; return their routes.

    Args:
        model: What paints on the devices.
        library: Holds the styles of the children's page, or others in their place.
        settings: Limits of what is handed in.
        wall: Takes it; None if there is no teacher to show it to.

    Raises:
        StylizeError: The built pages are not there.
    """
    folder = run_folder() / "device"
    names = [record.name for record in kids_records(library)]
    server = "../?server" if settings.classroom else "../kids?server"
    write_site(folder, model, library, names, wall=wall is not None, server=server)
    routes: list[BaseRoute] = [Mount(PREFIX, StaticFiles(directory=Path(folder)))]
    return routes if wall is None else [*_wall_routes(settings, wall), *routes]


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
            return PlainTextResponse("", 413, _HEADERS)
        except (ImageError, LimitError) as error:
            wanted = request.headers.get("x-studio-language", "en")
            said = translate(error.message, wanted if wanted in LANGUAGES else "en")
            return PlainTextResponse(said, 400, _HEADERS)
        return JSONResponse({"key": key}, headers=_HEADERS)

    def take_back(request: Request) -> Response:
        wall.forget([request.path_params["key"]])
        return Response(status_code=204, headers=_HEADERS)

    return [
        Route(f"{PREFIX}/wall", hand_in, methods=["POST"]),
        Route(f"{PREFIX}/wall/{{key}}", take_back, methods=["DELETE"]),
    ]
