"""``stylize recipe``: how a picture was made."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import JsonOption
from stylize.cli.output import print_json, say

_FILMS = (".mp4", ".m4v", ".mov", ".webm")

app = typer.Typer(help="Look at the recipe inside of a stylized picture.", no_args_is_help=True)


@app.callback()
def _recipe() -> None:
    """Keep ``show`` a command of its own, even while it is the only one."""


@app.command()
def show(
    file: Annotated[
        Path, typer.Argument(help="A picture or film made by stylize, or a recipe as JSON.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Show how a picture was made. With --json: the whole recipe, which --recipe reads too."""
    from stylize.recipe import read_recipe

    if file.suffix.lower() in _FILMS:
        from stylize.video.film_recipe import read_film_recipe

        recipe = read_film_recipe(file).recipe
    else:
        recipe = read_recipe(file)
    if as_json:
        print_json(json.loads(recipe.to_json()), indent=2)
        return
    total = sum(style.weight for style in recipe.styles) or 1.0
    for style in recipe.styles:
        name = style.name or "(a picture without a name)"
        missing = "" if style.vector is not None else ", vector not kept"
        say(f"style           {name}: {style.weight / total:.0%}{missing}")
    for control, value in asdict(recipe.controls).items():
        say(f"{control:<15} {value:g}")
    say(f"{'max_side_px':<15} {recipe.max_side_px or 'as the content'}")
    if recipe.fast:
        say(f"{'fast':<15} yes")
    if recipe.finish:
        say(f"{'finish':<15} {recipe.finish} steps")
    if recipe.masks:
        say(f"{'masks':<15} {recipe.masks}, not part of the recipe")
    say(f"{'precision':<15} {recipe.precision}")
    say(f"{'model':<15} {recipe.model_sha256[:12]}")
    say(f"{'made by':<15} stylize {recipe.version}")
