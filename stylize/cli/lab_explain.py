"""``stylize lab explain``: what makes a style."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stylize.cli.chosen_styles import Names, is_file_name
from stylize.cli.common import DataOption, JsonOption, ThreadsOption, open_engine, open_library
from stylize.cli.jobs import Bar
from stylize.cli.output import print_json, say
from stylize.cli.pictures import path_of
from stylize.errors import ImageError
from stylize.extras import needs_extra
from stylize.files import make_folder, write_whole

if TYPE_CHECKING:
    from stylize.styles import StyleVector

_CONTENT = Path(__file__).parents[1] / "studio" / "examples" / "chelsea.jpg"


def explain(
    style: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The style.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder to write into.", parser=path_of)
    ],
    content: Annotated[
        Path, typer.Option(metavar="FILE", help="What is painted.", show_default="a cat")
    ] = _CONTENT,
    max_side: Annotated[
        int, typer.Option(min=64, max=1024, metavar="PX", help="Longer side of the pictures.")
    ] = 384,
    threads: ThreadsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what makes a style: its layers, channels and parts, and the styles nearest to it.

    It is compared with the bundled styles. The folder gets explain.json, explain.md and sheet.png.
    """
    with needs_extra("train"):
        from stylize.lab.explain import explain as find
        from stylize.lab.explain_page import page
    from stylize.images import load_image, save_image

    engine = open_engine(threads=threads)
    picture = load_image(content)
    with Names(engine, data) as names, Bar(1) as bar:
        vector = cast("StyleVector", names.style(style).vector)  # only recipes lack one
        shown = names.original(style)
        with open_library(engine, data) as library:
            others = {record.name: record.vector for record in library.list(bundled=True)}
        found = find(
            engine, vector, others, picture, picture=shown, max_side_px=max_side,
            progress=lambda done: bar.show(0, done),
        )  # fmt: skip
    name = Path(style).stem if is_file_name(style) else style
    make_folder(out, ImageError)
    record = {"style": name, **found.as_dict()}
    save_image(found.sheet, out / "sheet.png")
    write_whole(out / "explain.json", json.dumps(record, indent=1).encode())
    write_whole(out / "explain.md", page(found, name, "sheet.png").encode())
    if as_json:
        print_json(record)
    else:
        say(str(out / "explain.md"))
