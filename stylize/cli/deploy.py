"""``stylize deploy``: the studio as a Space of the Hugging Face Hub."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stylize.cli.common import open_engine, open_library
from stylize.cli.output import say
from stylize.errors import ControlError
from stylize.extras import needs_extra


def deploy(
    space: Annotated[str, typer.Option(metavar="USER/NAME", help="Name of the Space.")],
    hardware: Annotated[
        str | None,
        typer.Option(help="Such as cpu-basic or zero-a10g.", show_default="the Hub's choice"),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Let only yourself see it.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Replace the files of a Space that exists.")
    ] = False,
    static: Annotated[
        bool,
        typer.Option("--static", help="The site of export-web: free, paints in the browser."),
    ] = False,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style", "-s", metavar="NAME", help="A style for the static site; repeatable.",
            show_default="all of the library",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Put the studio on the Hugging Face Hub as a Space, and call it once.

    The token comes from HF_TOKEN, from `hf auth login`, or is asked for; other users of the
    computer can read command lines.
    """
    if static:
        if hardware is not None:
            raise ControlError("A static Space has no hardware; leave out --hardware.")
        say(_deploy_site(space, style, private=private, update=update))
        return
    if style:
        raise ControlError("--style is for static Spaces; add --static.")
    with needs_extra("studio"):
        from stylize.studio.deploy import deploy as run

    token = find_token()
    say(run(space, hardware=hardware, private=private, update=update, token=token, report=say))


def _deploy_site(space: str, styles: list[str] | None, *, private: bool, update: bool) -> str:
    with needs_extra("hub"):
        from stylize.static_space import deploy_site

    from stylize.hub_model import model_folder
    from stylize.model_files import ModelFiles

    library = open_library(open_engine())
    model = ModelFiles.open(model_folder())
    token = find_token()
    return deploy_site(
        space, model, library, styles, private=private, update=update, token=token, report=say
    )


def find_token() -> str | None:
    """Return a token that is asked for where there is none and someone can type; else None."""
    from huggingface_hub import get_token

    if get_token() is not None or not sys.stdin.isatty():
        return None  # the Hub's library finds its own, or says what is missing
    return str(typer.prompt("Token of the Hugging Face Hub", hide_input=True, err=True)).strip()
