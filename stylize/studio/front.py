"""What a browser gets first: a page that shows itself at once, and scripts that it keeps.

Gradio adds a page's own scripts only once its own have arrived and run, as part of a page that is
sent unpacked. Here they are files of their own, asked for from the first line on and kept for as
long as they are the same; all that is text is packed on its way.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stylize.offers import EXAMPLES, EXAMPLES_DIR
from stylize.studio import theme
from stylize.studio.pictures import fit, webp

PREFIX = "gradio_api/studio"  # Gradio sends all below /gradio_api past its own pages
THUMBNAIL_PX = 160
_FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"/assets/[^/]+-[\w-]{8,}\.\w+$")
_PACKED = (".gz", ".jpg", ".webp", ".png")  # what packing again makes no smaller
# Gradio's page names its own pictures and addresses for other sites that show a link to it.
_FOREIGN = re.compile(rb'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


def front_routes() -> list[Route]:
    """Return the routes of the web server that `Front` and the examples lead to."""
    return [
        Route(f"/{PREFIX}/page.js", _script),
        Route(f"/{PREFIX}/examples/{{name}}", _example),
    ]


def example_url(name: str, *, small: bool = False) -> str:
    """Return the address of an example, below that of the page."""
    return f"{PREFIX}/examples/{name}{'?small' if small else ''}"


class Front:
    """Sends pages of Gradio's with their own head and something to see, and packs what is text.

    Args:
        app: Gradio's application, an ASGI application.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._packing = GZipMiddleware(self._dressed, minimum_size=1000, compresslevel=6)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"].endswith(_PACKED):
            await self._dressed(scope, receive, send)
            return
        await self._packing(scope, receive, send)

    async def _dressed(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or "/gradio_api/" in scope["path"]:
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        body = io.BytesIO()

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"]]
                if message["status"] == 200 and _HASHED.search(scope["path"]):
                    headers.append((b"cache-control", _FOREVER.encode()))
                message = {**message, "headers": headers}
                if any(
                    name == b"content-type" and b"text/html" in value for name, value in headers
                ):
                    start.update(message)  # its length is not known yet
                    return
            elif start:
                body.write(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = dress(body.getvalue()) if body.tell() else b""
                kept = [h for h in start["headers"] if h[0] != b"content-length"]
                if page:
                    kept.append((b"content-length", str(len(page)).encode()))
                await send({**start, "headers": kept})
                message = {**message, "body": page}
            await send(message)

        await self._app(scope, receive, sent)


def dress(page: bytes) -> bytes:
    """Return a page of Gradio's with the head of this project, and with something to see.

    Other pages, such as the children's own one, are returned as they are.
    """
    if b"<gradio-app" not in page:
        return page
    page = _FOREIGN.sub(b"", page)
    page = page.replace(b"<head>", b"<head>" + _head(), 1)
    return page.replace(b"<gradio-app", theme.OPENING.encode() + b"<gradio-app", 1)


@functools.cache
def _head() -> bytes:
    return theme.head(f"{PREFIX}/page.js?v={_script_version()}").encode()


@functools.cache
def _source() -> bytes:
    return theme.script().encode()


@functools.cache
def _packed_source() -> bytes:
    return gzip.compress(_source(), 9, mtime=0)


def _script_version() -> str:
    return hashlib.sha256(_source()).hexdigest()[:12]


def _script(request: Request) -> Response:
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    if request.query_params.get("v") == _script_version():
        headers["Cache-Control"] = _FOREVER
    data = _source()
    if "gzip" in request.headers.get("accept-encoding", ""):
        data = _packed_source()
        headers["Content-Encoding"] = "gzip"
    return Response(data, headers=headers, media_type="text/javascript")


def _example(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in EXAMPLES:
        return PlainTextResponse("", 404)
    headers = {"Cache-Control": "public, max-age=86400"}
    path = EXAMPLES_DIR / f"{name}.jpg"
    if "small" in request.query_params:
        return Response(_thumbnail(path), headers=headers, media_type="image/webp")
    return Response(path.read_bytes(), headers=headers, media_type="image/jpeg")


@functools.cache
def _thumbnail(path: Path) -> bytes:
    with Image.open(path) as image:
        return webp(fit(image.convert("RGB"), THUMBNAIL_PX))
