"""``stylize deploy``: the studio as a Space of the Hugging Face Hub."""

from __future__ import annotations

from typing import Annotated

import typer

from stylize.cli.output import say
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
    token: Annotated[
        str | None,
        typer.Option(envvar="HF_TOKEN", help="With the right to write.", show_default="your login"),
    ] = None,
) -> None:
    """Put the studio on the Hugging Face Hub as a Space, and call it once."""
    with needs_extra("studio"):
        from stylize.studio.deploy import deploy as run

    say(run(space, hardware=hardware, private=private, update=update, token=token, report=say))
