"""What several commands share: the engine and the library, opened late, and their options."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize.cli.output import warn
from stylize.cli.pictures import path_of
from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.hub_model import VARIABLE as MODEL_VARIABLE
from stylize.hub_model import model_folder

if TYPE_CHECKING:
    from stylize.engine import Engine
    from stylize.library import StyleLibrary
    from stylize.library.catalogue import StyleEncoder


class Precision(StrEnum):
    """What the engine computes in."""

    int8 = "int8"
    fp32 = "fp32"
    auto = "auto"


PrecisionOption = Annotated[
    Precision | None,
    typer.Option(
        help="Compute in 8-bit integers (fast) or 32-bit floats (exact).", show_default="int8"
    ),
]
ProviderOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What paints: cpu, cuda, tensorrt, migraphx, directml, coreml, openvino, or auto for "
        "the fastest of those that are there.",
        show_default="cpu",
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, max=64, help="Threads to use.", show_default="all cores")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FOLDER",
        envvar=MODEL_VARIABLE,
        help="Another model: a folder from stylize export, or user/repo@commit#sha256 on the Hub.",
        show_default="the bundled one",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def place_of(text: str) -> Path | str:
    """A folder, or the URL of a server's collection as it is."""
    return text if "://" in text else path_of(text)


DataOption = Annotated[
    Any,  # a Path, or a str that is a URL
    typer.Option(
        "--data",
        "--library",
        parser=place_of,
        metavar="FOLDER|URL",
        help="Your own style library: a folder, or milvus://HOST:PORT/NAME.",
        show_default="your user data",
    ),
]


def open_engine(
    precision: Precision | None = None,
    threads: int | None = None,
    model: str | None = None,
    provider: str | None = None,
) -> Engine:
    """Start the engine; this is the first moment that ONNX Runtime is imported.

    Args:
        precision: Default: INT8, on other providers than the CPU FP32.
        threads: Default: all cores.
        model: As for `model_folder`: by default what ``STYLIZE_MODEL`` names.
        provider: Default: the CPU.

    Raises:
        ControlError: There is no provider of that name.
    """
    from stylize.engine import Engine
    from stylize.runtime import PROVIDERS

    if provider is not None and provider not in ("auto", *PROVIDERS):
        raise ControlError(
            f"--provider must be one of {', '.join(('auto', *PROVIDERS))}; got {provider[:40]}."
        )
    return Engine(
        model_folder(model),
        precision=None if precision is None else precision.value,
        provider=provider or "cpu",
        threads=threads,
    )


def open_library(engine: StyleEncoder, data: Path | str | None = None) -> StyleLibrary:
    """Open the bundled styles and the user's own; say if they can only be read, and why."""
    from stylize.library import StyleLibrary

    library = StyleLibrary.open(data, encoder=engine, progress=_print_encoding)
    if library.problem:
        warn(f"Warning: {library.problem}")
    return library


def library_with_engine(data: Path | str | None) -> StyleLibrary:
    """The library in front of an engine of its own, for commands that do not paint."""
    return open_library(open_engine(), data)


def _print_encoding(done: int, total: int) -> None:
    """One line that counts; a new model may have hundreds of kept pictures to encode again."""
    if sys.stderr.isatty():
        text = f"\rEncoding your styles for this model: {done} of {total}"
        typer.echo(text, err=True, nl=done == total)


def with_controls(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes ``**controls`` one option for each field of `Controls`.

    An option that is not used arrives as None, so that a recipe can stand behind it.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    for item in fields(Controls):
        option = typer.Option(
            f"--{item.name.replace('_', '-')}",
            metavar=f"{item.metadata['low']:g}..{item.metadata['high']:g}",
            help=item.metadata["help"],
            show_default=f"{item.default:g}",
            rich_help_panel="Controls",
        )
        parameters.append(
            inspect.Parameter(
                item.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[float | None, option],
            )
        )
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command
