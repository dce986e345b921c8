"""``stylize export-web``: the studio as a static site, which paints in the visitor's browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import DataOption, ModelOption, open_engine, open_library
from stylize.cli.output import say


def export_web(
    folder: Annotated[Path, typer.Argument(help="New or empty, or with an older site.")],
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style", "-s", metavar="NAME", help="A style for the site; repeatable.",
            show_default="all of the library",
        ),
    ] = None,
    model: ModelOption = None,
    data: DataOption = None,
) -> None:  # fmt: skip
    """Write the studio as a static site: it paints in the visitor's browser, without a server.

    Any server of files can serve the folder, also without a connection to the internet. Your own
    styles are part of it, without their pictures: look through them before you publish it.
    """
    from stylize.hub_model import model_folder
    from stylize.model_files import ModelFiles
    from stylize.site import write_site

    engine = open_engine(model=model)
    library = open_library(engine, data)
    size = write_site(folder, ModelFiles.open(model_folder(model)), library, style)
    say(f"{folder}: {size / 1e6:.1f} MB. To look at it: python -m http.server -d {folder}")
