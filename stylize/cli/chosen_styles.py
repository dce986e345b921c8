"""The styles of a command line: names and pictures, their weights, and those of a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize.cli.common import open_library
from stylize.cli.output import warn
from stylize.errors import ControlError, StyleVectorError

if TYPE_CHECKING:
    from PIL import Image

    from stylize.engine import Engine
    from stylize.library import StyleLibrary
    from stylize.recipe import Recipe, RecipeStyle

StyleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="NAME|FILE",
        help="A picture, or the name of a style; once for each of a blend.",
    ),
]
BlendOption = Annotated[
    str | None,
    typer.Option(metavar="WEIGHTS", help="Weights of the styles: 0.7,0.3.", show_default="equal"),
]


class Names:
    """Finds styles by what the user calls them; opens the library only when a name is used."""

    def __init__(self, engine: Engine, data: Path | str | None) -> None:
        self._engine = engine
        self._data = data
        self._found: dict[str, RecipeStyle] = {}
        self._library: StyleLibrary | None = None

    def __enter__(self) -> Names:
        return self

    def __exit__(self, *_: object) -> None:
        if self._library is not None:
            self._library.close()

    def style(self, text: str) -> RecipeStyle:
        """The style of a picture's path or of a name in the library.

        Raises:
            ImageError: The picture cannot be read.
            StyleNotFoundError: There is no style of that name; the message has close ones.
        """
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> RecipeStyle:
        from stylize.images import load_image
        from stylize.recipe import RecipeStyle

        if is_file_name(text):
            vector = self._engine.encode_style(load_image(Path(text)))
            return RecipeStyle.of(vector)  # without a name: that of a file may be private
        return RecipeStyle.of(self._opened().blend({text: 1.0}), name=text)

    def original(self, text: str) -> Image.Image | None:
        """The picture of a path or of a name in the library; None if only its vector is kept.

        Raises:
            ImageError: The picture cannot be read.
            StyleNotFoundError: There is no style of that name.
        """
        from stylize.images import load_image

        return load_image(Path(text)) if is_file_name(text) else self._opened().original(text)

    def _opened(self) -> StyleLibrary:
        if self._library is None:
            self._library = open_library(self._engine, self._data)
        return self._library


def is_file_name(text: str) -> bool:
    """Whether a style is called by its file: a name of a style has neither a dot nor a slash."""
    path = Path(text)
    # os.path.isfile unlike Path.is_file never raises, so long a name may be.
    return os.path.isfile(path) or bool(path.suffix) or len(path.parts) > 1


def read_weights(text: str | None, count: int) -> list[float] | None:
    """Read the weights of --blend; None if it was not given."""
    from stylize.recipe import MAX_STYLES, MAX_WEIGHT

    if count > MAX_STYLES:
        raise ControlError(f"A blend can have up to {MAX_STYLES} styles; got {count}. Name fewer.")
    if text is None:
        return None
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        raise ControlError(
            f'--blend takes numbers with commas between them, like 0.7,0.3; got "{text}".'
        ) from None
    if len(weights) != count:
        raise ControlError(
            f"--blend has {len(weights)} weights for {count} styles. Give one for each style."
        )
    if max(weights) > MAX_WEIGHT:
        raise ControlError(f"Weights of --blend go up to {MAX_WEIGHT:g}; got {max(weights):g}.")
    return weights


def check_model(recipe: Recipe, engine: Engine) -> None:
    """Tell if a recipe was made with another model.

    Raises:
        StyleVectorError: The engine does not understand its style vectors.
    """
    if recipe.encoder_sha256 != engine.encoder_sha256:
        raise StyleVectorError(
            f"The recipe was made by version {recipe.version} with another style encoder, whose "
            "style vectors this model does not understand. Name the styles again by --style."
        )
    if recipe.model_sha256 != engine.model_sha256:
        note("the recipe was made with another version of the model; the result may differ.")


def note(text: str) -> None:
    """Tell what is worth knowing and no fault."""
    warn(f"Note: {text}")
