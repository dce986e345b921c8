"""The command line: parse, call, print.

Errors meant for the user go to stderr in one line and end with the exit code 2; anything else is a
fault of the program and keeps its traceback. Heavy parts (the engine, the page, training) are
imported inside of the commands that need them, so that help and messages come at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from stylize import __version__
from stylize.cli import (
    bench,
    deploy,
    export_web,
    image,
    lab,
    library,
    output,
    recipe,
    serve,
    studio,
    style,
    training,
    video,
)
from stylize.errors import OutOfMemoryError, StylizeError

app = typer.Typer(
    help="Paint pictures in the style of others, on two ordinary CPU cores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        output.say(f"stylize {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


app.command("image")(image.image)
app.command("video")(video.video)
app.add_typer(library.app, name="library")
app.add_typer(style.app, name="style")
app.add_typer(recipe.app, name="recipe")
app.command("bench")(bench.bench)
app.command("studio")(studio.studio)
app.command("serve")(serve.serve)
app.command("deploy")(deploy.deploy)
app.command("export-web")(export_web.export_web)
app.add_typer(lab.app, name="lab")
app.command("train")(training.train)
app.command("distill")(training.distill)
app.command("export")(training.export)
app.command("quantize")(training.quantize)
app.command("evaluate")(training.evaluate)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end what goes on as Ctrl+C does: what there is then is kept.

    Shells start background processes that do not hear Ctrl+C.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the command line of this process."""
    with output.steady_streams(), _terminated_as_interrupted():
        try:
            app()
        except StylizeError as error:
            output.warn(f"Error: {error}")
            sys.exit(2)
        except MemoryError:
            output.warn(f"Error: {OutOfMemoryError()}")
            sys.exit(2)
