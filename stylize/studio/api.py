"""The named endpoints: everything the page can do, for programs.

Each is a plain function with typed parameters; its docstring is its description, and the table of
docs/api.md is made of both. Pictures come and go as files; styles as names or as their vectors.
"""

# No "from __future__ import annotations" here: Gradio reads the types of results as they are.

import difflib
import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any

import numpy as np
from gradio import FileData
from gradio.events import api as endpoint
from PIL import Image

from stylize.controls import Controls
from stylize.errors import (
    ControlError,
    ImageError,
    StyleNotFoundError,
    StyleVectorError,
    VideoError,
)
from stylize.library import StyleRecord
from stylize.messages import say
from stylize.recipe import Recipe, RecipeStyle
from stylize.regions import FEATHER_PX, MAX_REGIONS, Region, prepare_mask
from stylize.studio.look import CONTROL_NAMES, Look
from stylize.studio.memory import picture_at_work
from stylize.studio.page_errors import show_errors
from stylize.studio.painter import Painter
from stylize.studio.visit import Visit
from stylize.styles import StyleVector

MAX_RESULTS = 50


class Api:
    """The endpoints, over a painter.

    Args:
        painter: Paints; holds library and settings.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.library = painter.library

    @show_errors
    def stylize(
        self,
        content: FileData,
        style: str,
        strength: float = 1.0,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        fine_weight: float = 1.0,
        coarse_weight: float = 1.0,
        color: float = 0.0,
        texture: float = 1.0,
        stroke_size: float = 1.0,
        brushwork: float = 1.0,
        detail: float = 1.0,
        max_side_px: int = 0,
    ) -> FileData:
        """Paint a content in a style of the library; returns a PNG that carries its recipe.

        style: a name from list_styles. strength, color, texture: 0 to 1. content_weight,
        style_weight, fine_weight, coarse_weight: 0.25 to 4. stroke_size: 0.5 to 4. brushwork,
        detail: 0 to 2.
        max_side_px: longer side of the result in pixels; 0 keeps the content's size.
        """
        look = Look.from_dict(
            {
                "styles": {style_name(style): 1.0},
                "strength": strength,
                "content_weight": content_weight,
                "style_weight": style_weight,
                "fine_weight": fine_weight,
                "coarse_weight": coarse_weight,
                "color": color,
                "texture": texture,
                "stroke_size": stroke_size,
                "brushwork": brushwork,
                "detail": detail,
            }
        )
        return self._paint(content, look, side_of(max_side_px))

    @show_errors
    def blend(
        self,
        content: FileData,
        styles: dict[str, float],
        controls: dict[str, float] | None = None,
        max_side_px: int = 0,
    ) -> FileData:
        """Paint a content in a blend of styles; returns a PNG that carries its recipe.

        styles: style name to weight, for example {"starry-night": 0.7, "great-wave": 0.3}.
        controls: any of the controls of stylize by name. max_side_px: as for stylize.
        """
        check_keys("styles", styles)
        check_keys("controls", controls or {}, CONTROL_NAMES)
        data = {**(controls or {}), "styles": styles}
        look = Look.from_dict(data, max_styles=self.painter.settings.max_styles)
        return self._paint(content, look, side_of(max_side_px))

    @show_errors
    def stylize_with_picture(
        self, content: FileData, style_picture: FileData, strength: float = 1.0
    ) -> FileData:
        """Paint a content in the style of any other picture; returns a PNG with its recipe.

        style_picture: the picture to take the style from. strength: 0 to 1.
        """
        with self._opened(style_picture) as picture:
            style = self.painter.engine.encode_style(picture)
        controls = Look.from_dict({"strength": strength}).controls
        return self._paint_vector(content, style, controls)

    @show_errors
    def stylize_with_vector(
        self,
        content: FileData,
        vector: list[float],
        strength: float = 1.0,
        controls: dict[str, float] | None = None,
        regions: list[dict[str, Any]] | None = None,
        max_side_px: int = 0,
        fast: bool = False,
        encoder_sha256: str = "",
    ) -> FileData:
        """Paint a content with a style vector from encode_style; returns a PNG with its recipe.

        vector: the values. strength: 0 to 1. controls: any of the controls of stylize by name.
        regions: parts with a style of their own, each with mask (a file, white where it is), vector
        (none keeps the content) and feather_px. max_side_px: as for stylize. fast: softer strokes
        in less time. encoder_sha256: of all vectors; those of another encoder are refused.
        """
        own = self.painter.engine.encoder_sha256
        if encoder_sha256 not in ("", own):
            raise StyleVectorError(
                f"The vector was made by another style encoder ({str(encoder_sha256)[:12]}…, this "
                f"page has {own[:12]}…). Make one with encode_style."
            )
        check_keys("controls", controls or {}, CONTROL_NAMES)
        look = Look.from_dict({"strength": strength, **(controls or {})})
        return self._paint_vector(
            content,
            self._vector(vector),
            look.controls,
            regions=self._regions(regions or []),
            max_side_px=side_of(max_side_px),
            fast=bool(fast),
        )

    @show_errors
    def stylize_film(
        self,
        film: FileData,
        style: str,
        strength: float = 1.0,
        stability: float = 0.8,
        max_side_px: int = 640,
    ) -> FileData:
        """Paint a film in a style of the library, so that the paint stays calm; the sound is kept.

        Returns a film with its recipe: WebM and GIF stay what they are, all else becomes MP4. On a
        page for strangers only the beginning of a long film is painted. style: a name from
        list_styles. strength: 0 to 1. stability: 0, every frame for itself, to 1. max_side_px:
        longer side of the result at most.
        """
        from stylize.studio.film_job import FilmJob, film_source

        settings = self.painter.settings
        if not getattr(self.painter.engine, "paints_films", True):
            raise VideoError("This studio lets another one paint, and that goes for pictures only.")
        look = Look.from_dict({"styles": {style_name(style): 1.0}, "strength": strength})
        source = film_source(path_of(film), settings)
        side_px = side_of(max_side_px) or settings.max_film_px
        if isinstance(stability, bool) or not isinstance(stability, (int, float)):
            raise ControlError(f"stability must be a number from 0 to 1; got {stability!r}.")
        job = FilmJob.of(
            self.painter, Visit(), look, source, stability=stability, max_side_px=side_px
        )
        job.paint(self.painter)
        return FileData(path=str(job.out), orig_name=job.out.name)

    @show_errors
    def encode_style(self, picture: FileData) -> dict[str, Any]:
        """Encode a picture as a style vector: keep it, and stylize without the picture later.

        Returns values (a list of numbers), sha256 (of the vector) and encoder_sha256 (vectors of
        another encoder cannot be used).
        """
        with self._opened(picture) as image:
            style = self.painter.engine.encode_style(image)
        return {
            "values": style.values.tolist(),
            "sha256": style.sha256,
            "encoder_sha256": style.encoder_sha256,
        }

    @show_errors
    def list_styles(self) -> list[dict[str, Any]]:
        """List the styles of the library: name, title, artist, year, movement, license, tags."""
        return [describe(record) for record in self.library.list()]

    @show_errors
    def search_styles(self, text: str = "", tag: str = "", limit: int = 10) -> list[dict[str, Any]]:
        """Search the library by words in name, title, artist, movement, year or tags.

        text: words that must all occur. tag: a tag it must have. limit: at most so many, up to 50.
        """
        tags = (tag,) if tag else ()
        records = self.library.list(text=text, tags=tags, limit=_limit(limit))
        return [describe(record) for record in records]

    @show_errors
    def similar_styles(self, style: str, limit: int = 10) -> list[dict[str, Any]]:
        """Find the styles most like a style of the library, with their similarity (1: the same).

        style: its name. limit: at most so many, up to 50.
        """
        matches = self.library.search(style, k=_limit(limit))
        return [describe(m.record) | {"similarity": round(m.similarity, 4)} for m in matches]

    def controls(self) -> list[dict[str, Any]]:
        """List the controls: name, lowest and highest value, default, what it does."""
        return [
            {
                "name": item.name,
                "low": item.metadata["low"],
                "high": item.metadata["high"],
                "default": getattr(Controls(), item.name),
                "help": item.metadata["help"],
            }
            for item in fields(Controls)
        ]

    def _opened(self, file: Any) -> AbstractContextManager[Image.Image]:
        return picture_at_work(path_of(file), self.painter.settings)

    def _paint(self, content: FileData, look: Look, max_side_px: int | None) -> FileData:
        visit = Visit()
        style = self.painter.style_of(visit, look)
        recipe = self.painter.recipe(visit, look, max_side_px=max_side_px)
        return self._paint_recipe(content, style, recipe, "-".join(look.styles))

    def _paint_vector(
        self,
        content: FileData,
        style: StyleVector,
        controls: Controls,
        *,
        regions: Sequence[Region] = (),
        max_side_px: int | None = None,
        fast: bool = False,
    ) -> FileData:
        recipe = Recipe.of(
            self.painter.engine,
            [RecipeStyle.of(style)],
            controls,
            max_side_px=max_side_px,
            fast=fast,
            masks=len(regions),
        )
        return self._paint_recipe(content, style, recipe, "stylized", regions)

    def _paint_recipe(
        self,
        content: FileData,
        style: StyleVector,
        recipe: Recipe,
        stem: str,
        regions: Sequence[Region] = (),
    ) -> FileData:
        with self._opened(content) as picture:
            image = self.painter.engine.stylize(
                picture,
                style,
                controls=recipe.controls,
                max_side_px=recipe.max_side_px,
                regions=regions,
                fast=recipe.fast,
            )
            return FileData(path=self.painter.save(image, ".png", stem, recipe))

    def _regions(self, data: Any) -> list[Region]:
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise ControlError("regions is a list of objects with mask, vector and feather_px.")
        if len(data) > MAX_REGIONS:
            raise ControlError(f"A picture can have up to {MAX_REGIONS} regions; got {len(data)}.")
        regions = []
        for item in data:
            vector, feather_px = item.get("vector"), item.get("feather_px", FEATHER_PX)
            if isinstance(feather_px, bool) or not isinstance(feather_px, (int, float)):
                raise ControlError(f"feather_px must be a number of pixels; got {feather_px!r}.")
            with self._opened(item.get("mask")) as mask:
                style = None if vector is None else self._vector(vector)
                regions.append(Region(prepare_mask(mask), style, float(feather_px)))
        return regions

    def _vector(self, values: Any) -> StyleVector:
        expected = self.library.store.measure.dimension
        try:
            numbers = np.array(values, np.float32)
        except (TypeError, ValueError, OverflowError):
            numbers = np.zeros((0, 0), np.float32)
        if numbers.ndim != 1:
            raise StyleVectorError("A vector is a list of numbers. Make one with encode_style.")
        if numbers.size != expected:
            raise StyleVectorError(
                f"The vector has {numbers.size} values; those of this page's style encoder "
                f"have {expected}. Make one with encode_style."
            )
        return StyleVector(numbers, self.painter.engine.encoder_sha256)


ENDPOINTS: tuple[tuple[str, str | None], ...] = (
    ("stylize", "engine"),
    ("blend", "engine"),
    ("stylize_with_picture", "engine"),
    ("stylize_with_vector", "engine"),
    ("stylize_film", "film"),
    ("encode_style", "engine"),
    ("list_styles", None),
    ("search_styles", None),
    ("similar_styles", None),
    ("controls", None),
)
"""Name of each endpoint, and the queue in which it waits for the engine, if it does."""


def add_api(painter: Painter) -> None:
    """Add the endpoints to the page that is being built."""
    api = Api(painter)
    for name, queue in ENDPOINTS:
        function: Callable[..., Any] = getattr(api, name)
        options: dict[str, Any] = {"concurrency_id": queue} if queue else {"queue": False}
        if queue == "film":
            options["concurrency_limit"] = 1
        endpoint(function, api_name=name, **options)


def path_of(file: Any) -> str:
    """Return the path of an uploaded file; endpoints get it as a plain dict, or whatever was sent.

    Raises:
        ImageError: It is no file.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str):
        raise ImageError(say("gone"))
    return path


def check_keys(what: str, data: Any, known: Sequence[str] = ()) -> None:
    """Check an object of names and numbers.

    Args:
        what: How the message speaks of it.
        data: What was sent.
        known: Names that there are; none: any.

    Raises:
        ControlError: It is none, or has a name that is not known; the message names a close one.
    """
    if not isinstance(data, dict):
        raise ControlError(f"{what} must be names with numbers, such as {{name: 0.5}}.")
    for name in data if known else ():
        if name not in known:
            close = difflib.get_close_matches(str(name).lower(), known, 1)
            advice = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
            raise ControlError(f"There is no control {name!r}; {advice}")


def style_name(value: Any) -> str:
    """Return the name of a style as it was sent.

    Raises:
        StyleNotFoundError: It is no text.
    """
    if not isinstance(value, str):
        raise StyleNotFoundError("A style is given by its name; list_styles tells which there are.")
    return value


def side_of(value: Any) -> int | None:
    """Return the longer side of a result as it was sent, None for that of the content.

    Raises:
        ControlError: It is no number that a side can have.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < math.inf:
        raise ControlError(f"max_side_px must be a number of pixels; got {value!r}.")
    return int(value) or None


def describe(record: StyleRecord) -> dict[str, Any]:
    """Return what the API tells of a style."""
    return {
        "name": record.name,
        "title": record.label,
        "artist": record.artist,
        "year": record.year,
        "movement": record.movement,
        "license": record.license,
        "source": record.source,
        "tags": list(record.tags),
    }


def reference() -> str:
    """Return the API reference of docs/api.md: one table, made of the functions themselves."""
    lines = ["| Endpoint | Parameters | What it does |", "| --- | --- | --- |"]
    for name, _ in ENDPOINTS:
        function = getattr(Api, name)
        parameters = [
            p.name if p.default is p.empty else f"{p.name}={p.default!r}"
            for p in list(inspect.signature(function).parameters.values())[1:]
        ]
        text = " ".join(inspect.getdoc(function).split())  # type: ignore[union-attr]
        lines.append(f"| `/{name}` | `{', '.join(parameters)}` | {text} |")
    return "\n".join(lines)


def _limit(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number != number:
        raise ControlError(f"limit must be a number; got {number!r}.")
    return int(max(1, min(MAX_RESULTS, number)))
