"""How a film was made: a recipe, with what belongs to films alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av

from stylize.errors import ControlError, StylizeError, VideoError
from stylize.recipe import MAX_JSON_CHARS, Recipe, read_recipe
from stylize.styles import StyleVector
from stylize.video.source import Wanted
from stylize.video.timeline import KeyPoint, Timeline, points_from
from stylize.video.writing import FORMATS


@dataclass(frozen=True)
class FilmRecipe:
    """A recipe of a film.

    Attributes:
        recipe: Its styles with a weight are those of the whole film; those that only key points use
            have the weight 0.
        points: Key points; their styles are named as in the recipe.
        wanted: Which frames were painted, and how large.
        stability: Of the film.
    """

    recipe: Recipe
    points: tuple[KeyPoint, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    stability: float = 0.8

    def timeline(self) -> Timeline:
        """Return what the film looks like.

        Raises:
            StylizeError: A style vector is not in the recipe.
        """
        styles: dict[str, StyleVector] = {}
        for style in self.recipe.styles:
            if style.name is not None and style.vector is not None:
                styles[style.name] = style.vector
        for point in self.points:
            if point.style is not None and point.style not in styles:
                raise ControlError(f'The recipe lacks the style "{point.style}" of a key point.')
        return Timeline(self.recipe.style(), self.recipe.controls, self.points, styles)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the recipe as JSON; for pictures it is one too."""
        record = json.loads(self.recipe.to_json())
        record["film"] = {
            "points": [point.to_dict() for point in self.points],
            "stability": self.stability,
            **asdict(self.wanted),
        }
        return json.dumps(record, ensure_ascii=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> FilmRecipe:
        """Read a recipe; that of a picture is that of a film without key points.

        Raises:
            StylizeError: It is none, or damaged.
        """
        recipe = Recipe.from_json(text)
        film: Any = json.loads(text).get("film", {})
        try:
            points = tuple(points_from(film.pop("points", [])))
            stability = float(film.pop("stability", 0.8))
            film.setdefault("max_side_px", recipe.max_side_px)
            known = {name: film.get(name) for name in ("end_s", "max_side_px", "fps")}
            wanted = Wanted(start_s=float(film.get("start_s", 0)), **known)
        except (AttributeError, TypeError, ValueError) as error:
            raise StylizeError("The recipe's part on films is damaged.") from error
        return cls(recipe, points, wanted, stability)


def read_film_recipe(path: Path) -> FilmRecipe:
    """Read the recipe in a film, in a picture or in a file ``.json``.

    Raises:
        StylizeError: There is none.
    """
    if path.suffix.lower() == ".json":
        try:
            text = path.read_text("utf-8-sig")[: MAX_JSON_CHARS + 1]
        except (OSError, UnicodeDecodeError) as error:
            raise StylizeError(f"{path} cannot be read as a recipe ({error}).") from error
        return FilmRecipe.from_json(text)
    if path.suffix.lower() not in FORMATS or path.suffix.lower() == ".gif":
        return FilmRecipe(read_recipe(path))
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            metadata = {name.lower(): text for name, text in container.metadata.items()}
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"{path} cannot be read as a video ({error}).") from error
    comment = metadata.get("comment", "")
    if not comment.startswith("{"):
        raise StylizeError(f"{path} holds no recipe. Films made by Stylize Studio hold one.")
    return FilmRecipe.from_json(comment)


def recipe_beside(out: Path) -> Path:
    """Return the file beside a film, or in a folder of frames, that holds its recipe."""
    if out.is_dir() or not out.suffix:
        return out / "recipe.json"
    return out.with_name(out.name + ".recipe.json")


def styles_of_points(points: Sequence[KeyPoint]) -> list[str]:
    """Return the names of the styles that key points use, each once."""
    return list(dict.fromkeys(point.style for point in points if point.style is not None))
