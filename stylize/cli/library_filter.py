"""The options that narrow down which styles a command looks at."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer


def _filter(
    text: Annotated[str, typer.Option(help="Words in title, artist, movement, year or tags.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    artist: Annotated[str, typer.Option(help="The artist, exactly.")] = "",
    movement: Annotated[str, typer.Option(help="The movement, exactly.")] = "",
    license_: Annotated[str, typer.Option("--license", help="The licence, exactly.")] = "",
    year_from: Annotated[
        int | None, typer.Option("--from", help="Made in this year or later.")
    ] = None,
    year_to: Annotated[
        int | None, typer.Option("--to", help="Made in this year or earlier.")
    ] = None,
    color: Annotated[
        list[str] | None,
        typer.Option(help='A colour, as "#1d3557" or "gold"; may be repeated.'),
    ] = None,
    own: Annotated[
        bool | None, typer.Option("--own/--bundled", help="Only your own, or only bundled styles.")
    ] = None,
    stale: Annotated[
        bool | None,
        typer.Option("--stale/--usable", help="Only styles of another model, or only usable ones."),
    ] = None,
) -> Any:  # a `StyleFilter`; its module is not loaded just to show help
    from stylize.library import StyleFilter

    return StyleFilter(
        text=text, tags=tuple(tag or ()), artist=artist, movement=movement, license=license_,
        year_from=year_from, year_to=year_to, colors=tuple(color or ()),
        bundled=None if own is None else not own, stale=stale,
    )  # fmt: skip


def with_filter(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes ``where``, a `StyleFilter`, the options that make one."""
    options = inspect.signature(_filter, eval_str=True).parameters
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "where"]
    added = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in options.values()]

    @functools.wraps(command)
    def filtered(**given: Any) -> None:
        where = _filter(**{name: given.pop(name) for name in options})
        command(where=where, **given)

    filtered.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=own + added
    )
    return filtered
