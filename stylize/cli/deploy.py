"""``stylize deploy``: the studio as a Space of the Hugging Face Hub."""

from __future__ import annotations

import sys
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
) -> None:
    """Put the studio on the Hugging Face Hub as a Space, and call it once.

    The token comes from HF_TOKEN, from `hf auth login`, or is asked for; other users of the
    computer can read command lines.
    """
    with needs_extra("studio"):
        from stylize.studio.deploy import deploy as run

    token = find_token()
    say(run(space, hardware=hardware, private=private, update=update, token=token, report=say))


def find_token() -> str | None:
    """Return a token that is asked for where there is none and someone can type; else None."""
    from huggingface_hub import get_token

    if get_token() is not None or not sys.stdin.isatty():
        return None  # the Hub's library finds its own, or says what is missing
    return str(typer.prompt("Token of the Hugging Face Hub", hide_input=True, err=True)).strip()
