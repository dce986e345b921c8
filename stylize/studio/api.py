"""The named endpoints: everything the page can do, for programs.

Each is a plain function with typed parameters; its docstring is its description.
"""

from __future__ import annotations

from typing import Any

from gradio import FileData
from gradio.events import api as endpoint

from stylize.controls import Controls
from stylize.studio.look import Look
from stylize.studio.painter import Painter
from stylize.studio.pictures import open_picture
from stylize.studio.shown import shown
from stylize.studio.visit import Content, Visit
from stylize.styles import StyleVector


def add_api(painter: Painter) -> None:
    """Add the endpoints to the page that is being built."""
    settings, library, engine = painter.settings, painter.library, painter.engine

    def paint(content: FileData, look: Look, style: StyleVector | None = None) -> FileData:
        image = open_picture(path_of(content), settings)
        if style is None:
            visit = Visit(content=Content.from_image(image, settings, path=path_of(content)))
            result = painter.at_full_size(visit, look)
        else:
            result = engine.stylize(image, style, controls=look.controls)
        return FileData(path=painter.save(result, ".png", "-".join(look.styles)))

    @shown
    def stylize(
        content: FileData,
        style: str,
        strength: float = 1.0,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        color: float = 0.0,
        stroke_size: float = 1.0,
        detail: float = 1.0,
    ) -> FileData:
        """Paint a content in a style of the library; returns a PNG of the content's size.

        style: name of a style (see list_styles). strength, color: 0 to 1. content_weight,
        style_weight: 0.25 to 4. stroke_size: 0.5 to 3. detail: 0 to 2.
        """
        controls = Controls(
            strength=strength,
            content_weight=content_weight,
            style_weight=style_weight,
            color=color,
            stroke_size=stroke_size,
            detail=detail,
        )
        return paint(content, Look({style: 1.0}, controls))

    @shown
    def list_styles() -> list[dict[str, Any]]:
        """List the styles of the library: name, title, artist, year, movement, tags."""
        return [_describe(record) for record in library.list()]

    job: dict[str, Any] = {"concurrency_id": "engine"}
    endpoint(stylize, api_name="stylize", **job)
    endpoint(list_styles, api_name="list_styles", queue=False)


def path_of(file: Any) -> str:
    """Return the path of an uploaded file; endpoints get it as a plain dict."""
    return str(file["path"])


def _describe(record: Any) -> dict[str, Any]:
    return {
        "name": record.name,
        "title": record.title,
        "artist": record.artist,
        "year": record.year,
        "movement": record.movement,
        "tags": list(record.tags),
        "license": record.license,
        "source": record.source,
    }
