"""What galleries and map are fed with: styles page by page, thumbnails by URL.

The page is sent without any style. Its scripts ask for what is on screen (``static/library.js``),
so opening it takes as long with a hundred thousand styles as with ten.
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import secrets
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stylize.errors import LibraryError, StyleNotFoundError, StylizeError
from stylize.library import StyleLibrary, StyleRecord
from stylize.library.map import grid_side, overview
from stylize.studio.pictures import fit, webp

PREFIX = "/gradio_api/studio/styles"  # Gradio sends all below /gradio_api past its own pages
PAGE = 60
LIKE = 30
TAGS = 14
SMALL_PX = 128
SHARED = "shared"
_MAX_NAMES = 60
_MAX_QUERY_CHARS = 2000
_PLAIN = webp(Image.new("RGB", (8, 8), "#b5aca0"))  # for a style that came without a picture
# Names and pictures of styles are for this page only, not for other sites that are open beside it.
_HEADERS = {"Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}


class Gallery:
    """Knows the libraries of the page by keys.

    The key of a visit's own library cannot be guessed, and is forgotten with the library.

    Args:
        library: The library that all visits share.
    """

    def __init__(self, library: StyleLibrary) -> None:
        self._by_key: WeakValueDictionary[str, StyleLibrary] = WeakValueDictionary()
        self._keys: WeakKeyDictionary[StyleLibrary, str] = WeakKeyDictionary()
        self._versions = itertools.count(1)
        self._by_key[SHARED] = library
        self._keys[library] = SHARED

    def key(self, library: StyleLibrary) -> str:
        """Return the key of a library, for addresses."""
        key = self._keys.setdefault(library, secrets.token_urlsafe(16))
        self._by_key[key] = library
        return key

    def source(self, library: StyleLibrary) -> dict[str, Any]:
        """Return what tells a component which library to show; told anew, it looks anew."""
        return {"library": self.key(library), "version": next(self._versions)}

    def item(self, library: StyleLibrary, record: StyleRecord) -> dict[str, Any]:
        """Return what a gallery shows of a style; ``thumb`` is an address below `PREFIX`."""
        return {
            "name": record.name,
            "title": record.label,
            "artist": record.artist,
            "year": record.year,
            "tags": list(record.tags),
            "thumb": f"{self.key(library)}/thumb/{record.name}?v={_version(record.thumbnail)}",
            "own": not record.bundled,
        }

    def routes(self, *, listing: bool = True) -> list[Route]:
        """Return the routes of the web server.

        Args:
            listing: Answer what styles there are, too; without it only thumbnails of known names.
        """
        routes = [Route(f"{PREFIX}/{{library}}/thumb/{{name}}", self._thumbnail)]
        if listing:
            routes += [
                Route(f"{PREFIX}/{{library}}/vector/{{name}}", self._vector),
                Route(f"{PREFIX}/{{library}}", self._answer(self.page)),
                Route(f"{PREFIX}/{{library}}/map", self._answer(self.map)),
            ]
        return routes

    def page(
        self, library: StyleLibrary, text: str = "", tag: str = "", after: str = "",
        like: str = "", names: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Return some styles: a page of those that a search finds, or those most like a style.

        Args:
            library: Where to look.
            text: Words that must all occur.
            tag: A tag that they must have.
            after: The name that the page before ended with.
            like: Show the styles most like this one, and itself first.
            names: Show these styles, with commas between them, as far as they are there.

        Returns:
            ``items``; ``more``, whether another page follows; on a first page ``tags``.
        """
        more = False
        if names:
            wanted = names.split(",")[:_MAX_NAMES]
            records = [library.get(name) for name in wanted if name in library]
        elif like:
            records = [library.get(like), *(m.record for m in library.search(like, LIKE))]
        else:
            tags = (tag,) if tag else ()
            records = library.list(
                text=text, tags=tags, stale=False, after=after, limit=PAGE + 1, own_first=True
            )
            more = len(records) > PAGE
            records = records[:PAGE]
        items = [self.item(library, record) for record in records]
        first = {} if after or names or like else {"tags": [tag for tag, _ in library.tags(TAGS)]}
        return {"items": items, "more": more, **first}

    def map(self, library: StyleLibrary, path: str = "") -> dict[str, Any]:
        """Return one level of the map: styles and groups of styles with their places.

        Args:
            library: Which styles.
            path: The groups to look into, one level after the other: numbers with dots.

        Returns:
            ``items`` with ``x`` and ``y`` (0..1) and the ``count`` of styles behind each, and
            ``side``, the number of places on a side.
        """
        names, points = library.points()
        spots = overview(names, points, [int(step) for step in path.split(".") if step])
        return {
            "side": grid_side(len(spots)),
            "items": [
                self.item(library, library.get(spot.name))
                | {"x": round(spot.x, 4), "y": round(spot.y, 4), "count": spot.size}
                for spot in spots
            ],
        }

    def _library(self, request: Request) -> StyleLibrary:
        library = self._by_key.get(request.path_params["library"])
        if library is None:
            raise HTTPException(404, "This visit is over; open the page again.")
        return library

    def _record(self, request: Request) -> StyleRecord:
        library = self._library(request)
        try:
            return library.get(request.path_params["name"])
        except StyleNotFoundError:
            raise HTTPException(404) from None
        except StylizeError as error:  # the store is away
            raise HTTPException(503, str(error)) from error

    def _answer(self, look: Callable[..., dict[str, Any]]) -> Callable[[Request], Response]:
        """Make a route of a function: its parameters are those of the query."""

        def answer(request: Request) -> Response:
            if len(request.url.query) > _MAX_QUERY_CHARS:
                raise HTTPException(414)
            try:
                found = look(self._library(request), **request.query_params)
            except LibraryError as error:
                raise HTTPException(503, str(error)) from error
            except StylizeError as error:
                raise HTTPException(404, str(error)) from error
            except (TypeError, ValueError, LookupError):
                raise HTTPException(400) from None
            return JSONResponse(found, headers=_HEADERS | {"Cache-Control": "no-store"})

        return answer

    def _vector(self, request: Request) -> Response:
        """Hand out a style vector, little-endian float32, for a browser that paints itself."""
        values = self._record(request).vector.values
        return Response(
            values.astype("<f4").tobytes(),
            media_type="application/octet-stream",
            headers=_HEADERS | {"Cache-Control": "no-store"},
        )

    def _thumbnail(self, request: Request) -> Response:
        data = self._record(request).thumbnail
        same = request.query_params.get("v") == _version(data)
        # What strangers bring stays in their visit, and out of the cache of a shared computer.
        keep = request.path_params["library"] == SHARED and same
        caching = "private, max-age=31536000, immutable" if keep else "no-store"
        headers = _HEADERS | {"Cache-Control": caching}
        if "small" in request.query_params and data:
            data = _small(data) if keep else _small.__wrapped__(data)
        return Response(data or _PLAIN, media_type="image/webp", headers=headers)


@functools.lru_cache(maxsize=512)
def _small(thumbnail: bytes) -> bytes:
    """Return a thumbnail for screens of ordinary density: a third of the bytes."""
    with Image.open(io.BytesIO(thumbnail)) as image:
        return webp(fit(image.convert("RGB"), SMALL_PX))


def _version(thumbnail: bytes) -> str:
    """Return what changes with the picture, so that it can be kept for long."""
    return hashlib.sha256(thumbnail).hexdigest()[:12]
