"""``stylize library``: keep and find styles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stylize.cli import library_sharing as sharing
from stylize.cli.common import DataOption, JsonOption, library_with_engine
from stylize.cli.library_filter import with_filter
from stylize.cli.library_output import print_account, print_records
from stylize.cli.output import print_json, say, warn
from stylize.cli.pictures import Picture, find_pictures
from stylize.errors import LibraryError, StylizeError
from stylize.files import why_not_written, write_whole
from stylize.remote_files import source_of

app = typer.Typer(
    help="Keep, find and share styles: the bundled ones and your own.", no_args_is_help=True
)


@app.command("list")
@with_filter
def list_styles(
    where: Any = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most so many.")] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """List styles, all or those that meet every condition given."""
    with library_with_engine(data) as library:
        print_records(library.list(where, limit=limit), as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The name of a style.")],
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Show one style: its credits and what its vector holds."""
    from stylize.library.describe import describe_style

    with library_with_engine(data) as library:
        record, account = library.get(name), describe_style(library, name)
    print_account(record, account, as_json)


@app.command()
@with_filter
def search(
    query: Annotated[
        str, typer.Argument(help="A style's name, a picture's path, or words to look for.")
    ] = "",
    count: Annotated[int, typer.Option("-k", min=1, help="How many at most.")] = 10,
    where: Any = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Find styles like a style or a picture, by words, or by colours alone.

    With colours and no query, the styles with most of these colours come first; with a query, the
    colours are a condition like the others.
    """
    from stylize.images import READABLE_SUFFIXES, load_image

    if not query and not where.colors:
        raise LibraryError("Give a style's name, a picture or words to search for, or a --color.")
    path = Path(query)
    with library_with_engine(data) as library:
        if not query:
            without = dataclasses.replace(where, colors=())
            found = library.search_palette(where.colors, count, where=without)
        elif query in library:
            found = library.search(query, count, where=where)
        elif path.suffix.lower() in READABLE_SUFFIXES or path.is_file():
            found = library.search(load_image(path), count, where=where)
        else:
            words = dataclasses.replace(where, text=f"{where.text} {query}")
            print_records(library.list(words, limit=count), as_json)
            return
        scores = [match.similarity for match in found]
        print_records([match.record for match in found], as_json, scores)


@app.command()
def add(
    paths: Annotated[list[str], typer.Argument(help="Pictures, or folders of pictures.")],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders of folders too.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name of the style (for one picture).")] = "",
    title: Annotated[str, typer.Option(help="Title (for one picture).")] = "",
    artist: Annotated[str, typer.Option(help="Who made it.")] = "",
    year: Annotated[str, typer.Option(help="When it was made.")] = "",
    movement: Annotated[str, typer.Option(help="Its school or kind.")] = "",
    license_: Annotated[str, typer.Option("--license", help="Terms of its use.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    notes: Annotated[str, typer.Option(help="Anything else.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace own styles.")] = False,
    no_original: Annotated[
        bool, typer.Option("--no-original", help="Keep the vector only, not the picture.")
    ] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Add pictures as styles. What is there already, pixel for pixel, is skipped."""
    from stylize.images import load_image
    from stylize.library import free_name, slugify

    found = find_pictures(paths, recursive=recursive)
    files = found.pictures
    if (name or title) and len(files) > 1:
        raise LibraryError(f"--name and --title are for one picture; there are {len(files)}.")
    added: list[str] = []
    renewed: list[str] = []
    skipped: list[str] = []
    failed: list[str] = []
    with library_with_engine(data) as library:
        if library.read_only:
            raise LibraryError(library.problem or "The style library can only be read.")
        for file, below in _with_progress(files, quiet=as_json):
            try:
                image = load_image(source_of(file))
                if not replace and (known := library.find_content(image)):
                    if library.get(known).stale:
                        library.reencode(known, image)
                        renewed.append(known)
                    else:
                        skipped.append(known)
                    continue
                # Two files of one name are two styles, also where older ones are replaced.
                taken = set(added) if replace else library
                chosen = name or free_name(slugify(title or below.stem), taken)
                record = library.add(
                    chosen, image, title=title or below.stem.replace("_", " "), artist=artist,
                    year=year, movement=movement, license=license_, source=source, notes=notes,
                    tags=tag or (), keep_original=not no_original, replace=replace,
                )  # fmt: skip
                added.append(record.name)
            except StylizeError as error:
                if len(files) == 1:
                    raise
                failed.append(str(error) if str(file) in str(error) else f"{file}: {error}")
    if as_json:
        left_out = [str(path) for paths in found.left_out.values() for path in paths]
        report = {
            "added": added, "renewed": renewed, "skipped": skipped, "failed": failed,
            "left_out": left_out,
        }  # fmt: skip
        print_json(report, indent=1)
    else:
        found.tell()
        for line in failed:
            warn(f"Error: {line}")
        few = ", ".join(added) if len(added) <= 5 else f"{len(added)} styles"
        say(f"Added {few or 'nothing'}"
              + (f", {len(renewed)} encoded again" if renewed else "")
              + (f", {len(skipped)} there already" if skipped else "") + ".")  # fmt: skip
    if failed:
        raise typer.Exit(2)


def _with_progress(files: Sequence[Picture], quiet: bool) -> Iterator[Picture]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if quiet or len(files) == 1 or not console.is_terminal:
        yield from files
    else:
        yield from track(files, "Adding", console=console)


@app.command()
def edit(
    name: Annotated[str, typer.Argument(help="The name of one of your styles.")],
    new_name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
    artist: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    year: Annotated[str | None, typer.Option(help="When it was made.")] = None,
    movement: Annotated[str | None, typer.Option(help="Its school or kind.")] = None,
    license_: Annotated[str | None, typer.Option("--license", help="Terms of its use.")] = None,
    source: Annotated[str | None, typer.Option(help="Where it came from.")] = None,
    notes: Annotated[str | None, typer.Option(help="Anything else.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="All of its tags.")] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Change what is noted about a style; what is not given stays."""
    changes = {
        "title": title, "artist": artist, "year": year, "movement": movement,
        "license": license_, "source": source, "notes": notes, "tags": tag,
    }  # fmt: skip
    given = {key: value for key, value in changes.items() if value is not None}
    with library_with_engine(data) as library:
        record = library.update(name, new_name=new_name, **given)
    print_records([record], as_json)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Names of your styles.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Remove styles of your own, for good."""
    with library_with_engine(data) as library:
        # All must be there before the first is removed; bundled ones come first, and are refused.
        names = sorted(dict.fromkeys(names), key=lambda name: not library.get(name).bundled)
        if not yes:
            typer.confirm(f"Remove {', '.join(names)} for good?", abort=True)
        for name in names:
            library.remove(name)
    say(f"Removed {', '.join(names)}.")


@app.command("map")
@with_filter
def draw(
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png or .html file.")],
    where: Any = None,
    data: DataOption = None,
) -> None:
    """Draw a map on which similar styles lie close together."""
    from stylize.images import save_image
    from stylize.library.map import draw_map, html_map

    page = output.suffix.lower() in (".html", ".htm")
    with library_with_engine(data) as library:
        records, measure = library.list(where), library.measure
    if page:
        text = html_map(measure, records)
        try:
            write_whole(output, text.encode("utf-8", errors="replace"))
        except OSError as error:
            raise LibraryError(why_not_written(output, error)) from error
    else:
        save_image(draw_map(measure, records), output)
    say(f"Wrote {output}.")


@app.command()
def repair(data: DataOption = None) -> None:
    """Save what can be read of a damaged library, also from its daily backup."""
    from stylize.library import data_folder
    from stylize.library.opening import DATABASE_NAME
    from stylize.library.repair import repair as repair_file

    place = data or data_folder()
    if not isinstance(place, Path):
        raise LibraryError(f"Only a folder can be repaired, not {place}.")
    with library_with_engine(Path(":memory:")) as library:
        report = repair_file(place / DATABASE_NAME, library.measure)
    say(f"Saved {len(report.saved)} styles"
          + (f", and {len(report.from_backup)} from the backup" if report.from_backup else "")
          + f". The old file is kept as {report.damaged_path}.")  # fmt: skip
    if report.lost:
        say(f"Not even in the backup, so to be added again: {', '.join(report.lost)}.")


app.command("copy")(sharing.copy)
app.command("export")(sharing.export_styles)
app.command("import")(sharing.import_styles)
app.command("push")(sharing.push)
app.command("pull")(sharing.pull)
