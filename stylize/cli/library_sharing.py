"""``stylize library`` export, import, push and pull: styles to and from others."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import (
    DataOption,
    JsonOption,
    ModelOption,
    library_with_engine,
    open_engine,
    place_of,
)
from stylize.cli.jobs import Bar
from stylize.cli.library_output import print_report
from stylize.cli.output import print_json, say, warn


class Conflict(Enum):
    """What to do with imported styles whose names are taken."""

    error = "error"
    skip = "skip"
    replace = "replace"
    rename = "rename"


NamesArgument = Annotated[
    list[str] | None, typer.Argument(help="Which styles.", show_default="all of your own")
]
OriginalsOption = Annotated[
    bool, typer.Option("--originals", help="Put the pictures in too; mind the copyright.")
]
ConflictOption = Annotated[
    Conflict, typer.Option("--on-conflict", help="What to do with names that are taken.")
]


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A library: a folder or a URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another one; made if need be.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace styles that are others under a name.")
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy all styles of a library into another, and verify them.

    What is there already, exactly so, is left out: a copy that was stopped goes on. Of a damaged
    library what can be read is copied, and the exit code is 2.
    """
    from stylize.library.bundled import load_bundled
    from stylize.library.copying import copy_styles
    from stylize.library.opening import check_there, open_place
    from stylize.library.records import StyleFilter

    check_there(place_of(source))

    measure = load_bundled(open_engine(model=model)).measure
    with (
        closing(open_place(place_of(source), measure, read_only=True)) as old,
        closing(open_place(place_of(target), measure, read_only=False)) as new,
        Bar(old.count(StyleFilter())) as bar,
    ):
        report = copy_styles(old, new, replace=replace, progress=bar.show)
        problem = old.problem  # may be met only by reading
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        end = "The others cannot be read." if problem else "All are verified."
        say(f"Copied {report.copied} styles; {report.known} were there. {end}")
    if problem:
        warn(f"Error: {problem}")
        raise typer.Exit(2)


def export_styles(
    file: Annotated[Path, typer.Argument(help="The zip file to write.")],
    names: NamesArgument = None,
    originals: OriginalsOption = False,
    data: DataOption = None,
) -> None:
    """Write styles into one file, to share or to keep."""
    with library_with_engine(data) as library:
        count = library.export(file, names or None, originals=originals)
    say(f"Wrote {count} style{'s' if count > 1 else ''} to {file}.")


def import_styles(
    file: Annotated[Path, typer.Argument(help="A file written by export.")],
    on_conflict: ConflictOption = Conflict.error,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Add the styles of a file, after verifying all of it."""
    with library_with_engine(data) as library:
        report = library.import_(file, on_conflict=on_conflict.value)
    if as_json:
        print_json(dataclasses.asdict(report), indent=1)
        return
    print_report(dataclasses.asdict(report))


def push(
    repository: Annotated[str, typer.Argument(help="A dataset repository, as user/name.")],
    names: NamesArgument = None,
    originals: OriginalsOption = False,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    data: DataOption = None,
) -> None:
    """Send styles to a dataset repository on the Hugging Face Hub."""
    from stylize.library.hub import push_styles

    with library_with_engine(data) as library:
        revision = push_styles(
            library, repository, names or None, originals=originals, private=not public
        )
    say(f"Sent. Others get exactly this with:\n"
          f"stylize library pull {repository} --revision {revision}")  # fmt: skip


def pull(
    repository: Annotated[str, typer.Argument(help="A dataset repository, as user/name.")],
    revision: Annotated[
        str, typer.Option(help="The commit to take, so that nobody can change it meanwhile.")
    ] = "",
    on_conflict: ConflictOption = Conflict.error,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Add the styles of a dataset repository on the Hugging Face Hub."""
    from stylize.library.hub import pull_styles

    with library_with_engine(data) as library:
        report, taken = pull_styles(
            library, repository, revision=revision or None, on_conflict=on_conflict.value
        )
    if as_json:
        print_json({"revision": taken} | dataclasses.asdict(report), indent=1)
        return
    say(f"revision   {taken}")
    print_report(dataclasses.asdict(report))
