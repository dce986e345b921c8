"""``stylize library``: keep, find and share styles."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize.cli.common import DataOption, JsonOption, open_engine, open_library
from stylize.errors import LibraryError, StylizeError

if TYPE_CHECKING:
    from stylize.library import StyleFilter, StyleLibrary, StyleRecord

app = typer.Typer(
    help="Keep, find and share styles: the bundled ones and your own.", no_args_is_help=True
)


class Conflict(Enum):
    """What to do with imported styles whose names are taken."""

    error = "error"
    skip = "skip"
    replace = "replace"
    rename = "rename"


TextOption = Annotated[
    str, typer.Option("--text", help="Words in title, artist, movement, year or tags.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")]
ArtistOption = Annotated[str, typer.Option(help="The artist, exactly.")]
MovementOption = Annotated[str, typer.Option(help="The movement, exactly.")]
LicenseOption = Annotated[str, typer.Option("--license", help="The licence, exactly.")]
FromOption = Annotated[int | None, typer.Option("--from", help="Made in this year or later.")]
ToOption = Annotated[int | None, typer.Option("--to", help="Made in this year or earlier.")]
ColorOption = Annotated[
    list[str] | None,
    typer.Option("--color", help='A colour, as "#1d3557" or "gold"; may be repeated.'),
]
OwnOption = Annotated[
    bool | None, typer.Option("--own/--bundled", help="Only your own, or only bundled styles.")
]
ConflictOption = Annotated[
    Conflict, typer.Option("--on-conflict", help="What to do with names that are taken.")
]


def _open(data: Path | None) -> StyleLibrary:
    return open_library(open_engine(None, None), data)


def _filter(
    text: str, tags: Sequence[str] | None, artist: str, movement: str, license_: str,
    year_from: int | None, year_to: int | None, colors: Sequence[str] | None, own: bool | None,
) -> StyleFilter:  # fmt: skip
    from stylize.library import StyleFilter

    return StyleFilter(
        text=text, tags=tuple(tags or ()), artist=artist, movement=movement, license=license_,
        year_from=year_from, year_to=year_to, colors=tuple(colors or ()),
        bundled=None if own is None else not own,
    )  # fmt: skip


def _about(record: StyleRecord) -> dict[str, Any]:
    """A record as JSON: all but vector and thumbnail."""
    about = {
        field.name: getattr(record, field.name)
        for field in dataclasses.fields(record)
        if field.name not in ("vector", "thumbnail")
    }
    return about | {"vector_sha256": record.vector.sha256, "length": record.vector.values.size}


def _print_records(
    records: Sequence[StyleRecord], as_json: bool, scores: Sequence[float] | None = None
) -> None:
    if as_json:
        rows = [_about(record) for record in records]
        for row, score in zip(rows, scores or (), strict=False):
            row["similarity"] = round(score, 4)
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    widest = max((len(record.name) for record in records), default=0)
    headings = ["name", "title", "artist", "year", "movement", "tags", ""]
    for heading in (["alike"] if scores else []) + headings:
        # Names and figures whole; the rest gives way where the terminal is narrow.
        width = {"name": widest, "alike": 5, "year": 6, "": 7}.get(heading)
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=width)
    for i, record in enumerate(records):
        state = "stale" if record.stale else "bundled" if record.bundled else ""
        cells = [record.name, record.title, record.artist, record.year, record.movement,
                 ", ".join(record.tags), state]  # fmt: skip
        table.add_row(*([f"{scores[i]:.2f}"] if scores else []), *map(_plain, cells))
    console = Console()
    console.print(table if records else "No styles.")


def _plain(text: str) -> str:
    """Text of others, without meaning to rich or to the terminal."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else " " for c in text))


@app.command("list")
def list_styles(
    text: TextOption = "",
    tag: TagOption = None,
    artist: ArtistOption = "",
    movement: MovementOption = "",
    license_: LicenseOption = "",
    year_from: FromOption = None,
    year_to: ToOption = None,
    color: ColorOption = None,
    own: OwnOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most so many.")] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """List styles, all or those that meet every condition given."""
    where = _filter(text, tag, artist, movement, license_, year_from, year_to, color, own)
    with _open(data) as library:
        _print_records(library.list(where, limit=limit), as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The name of a style.")],
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Show one style: its credits and what its vector holds."""
    from stylize.library.describe import describe_style

    with _open(data) as library:
        record, account = library.get(name), describe_style(library, name)
    alike = [(match.record.name, round(match.similarity, 4)) for match in account.neighbors]
    if as_json:
        about = _about(record) | {
            "contrast": account.contrast, "colorfulness": account.colorfulness,
            "texture": account.texture, "neighbors": alike, "words": account.words,
        }  # fmt: skip
        print(json.dumps(about, ensure_ascii=False, indent=1))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for key, value in _about(record).items():
        if key != "palette" and value not in ("", (), False):
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            console.print(f"{key:<15} {_plain(shown)}")
    colors = Text("palette         ")
    for swatch in account.palette:
        colors.append("   ", f"on {swatch.color}")
        colors.append(f" {swatch.color} {swatch.share:.0%}  ")
    console.print(colors)
    if account.words:
        console.print(f"{'looks':<15} {account.words}")
    for scale, strength in account.texture.items():
        console.print(f"{scale:<15} {'█' * min(40, round(10 * strength))} {strength:.2f}")
    for other, similarity in alike:
        console.print(f"{'like':<15} {other} {similarity:.2f}")


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(help="A style's name, a picture's path, or words to look for.")
    ] = "",
    count: Annotated[int, typer.Option("-k", min=1, help="How many at most.")] = 10,
    text: TextOption = "",
    tag: TagOption = None,
    artist: ArtistOption = "",
    movement: MovementOption = "",
    license_: LicenseOption = "",
    year_from: FromOption = None,
    year_to: ToOption = None,
    color: ColorOption = None,
    own: OwnOption = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Find styles like a style or a picture, by words, or by colours alone.

    With colours and no query, the styles with most of these colours come first; with a query, the
    colours are a condition like the others.
    """
    from stylize.images import load_image

    if not query and not color:
        raise LibraryError("Give a style's name, a picture or words to search for, or a --color.")
    with _open(data) as library:
        by_palette = not query
        where = _filter(
            text, tag, artist, movement, license_, year_from, year_to,
            None if by_palette else color, own,
        )  # fmt: skip
        if by_palette:
            found = library.search_palette(color or (), count, where=where)
        elif query in library:
            found = library.search(query, count, where=where)
        elif Path(query).is_file():
            found = library.search(load_image(query), count, where=where)
        else:
            words = dataclasses.replace(where, text=f"{text} {query}")
            _print_records(library.list(words, limit=count), as_json)
            return
        scores = [match.similarity for match in found]
        _print_records([match.record for match in found], as_json, scores)


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.")],
    name: Annotated[str, typer.Option(help="Name of the style (for one picture).")] = "",
    title: Annotated[str, typer.Option(help="Title (for one picture).")] = "",
    artist: Annotated[str, typer.Option(help="Who made it.")] = "",
    year: Annotated[str, typer.Option(help="When it was made.")] = "",
    movement: Annotated[str, typer.Option(help="Its school or kind.")] = "",
    license_: Annotated[str, typer.Option("--license", help="Terms of its use.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    notes: Annotated[str, typer.Option(help="Anything else.")] = "",
    tag: TagOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace own styles.")] = False,
    no_original: Annotated[
        bool, typer.Option("--no-original", help="Keep the vector only, not the picture.")
    ] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Add pictures as styles. What is there already, pixel for pixel, is skipped."""
    from stylize.images import load_image
    from stylize.library import check_style_picture, free_name, slugify

    files = list(_pictures(paths))
    if not files:
        raise LibraryError("There is no picture in the folders given.")
    if (name or title) and len(files) > 1:
        raise LibraryError(f"--name and --title are for one picture; there are {len(files)}.")
    added: list[str] = []
    skipped: list[str] = []
    failed: list[str] = []
    with _open(data) as library:
        if library.read_only:
            raise LibraryError(library.problem or "The style library can only be read.")
        for file in _with_progress(files, quiet=as_json):
            try:
                image = load_image(file)
                if not replace and (known := library.find_content(image)):
                    skipped.append(known)
                    continue
                chosen = name or slugify(title or file.stem)
                if not name and not replace:
                    chosen = free_name(chosen, library)
                for warning in check_style_picture(image):
                    typer.echo(f"{file}: {warning}", err=True)
                record = library.add(
                    chosen, image, title=title or file.stem.replace("_", " "), artist=artist,
                    year=year, movement=movement, license=license_, source=source, notes=notes,
                    tags=tag or (), keep_original=not no_original, replace=replace,
                )  # fmt: skip
                added.append(record.name)
            except StylizeError as error:
                if len(files) == 1:
                    raise
                failed.append(f"{file}: {error}")
    if as_json:
        summary = {"added": added, "skipped": skipped, "failed": failed}
        print(json.dumps(summary, ensure_ascii=False, indent=1))
    else:
        for line in failed:
            typer.echo(f"Error: {line}", err=True)
        known = f", {len(skipped)} there already" if skipped else ""
        print(f"Added {', '.join(added) if len(added) <= 5 else f'{len(added)} styles'}{known}."
              if added else f"Added nothing{known}.")  # fmt: skip
    if failed:
        raise typer.Exit(2)


def _pictures(paths: Sequence[Path]) -> Iterator[Path]:
    from stylize.images import READABLE_SUFFIXES

    for path in paths:
        if path.is_dir():
            yield from sorted(
                p
                for p in path.rglob("*")
                if p.suffix.lower() in READABLE_SUFFIXES and p.is_file() and p.name[0] != "."
            )
        else:
            yield path


def _with_progress(files: Sequence[Path], quiet: bool) -> Iterator[Path]:
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
    tag: Annotated[list[str] | None, typer.Option("--tag", help="All of its tags.")] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Change what is noted about a style; what is not given stays."""
    changes = {
        "title": title, "artist": artist, "year": year, "movement": movement,
        "license": license_, "source": source, "notes": notes, "tags": tag,
    }  # fmt: skip
    given = {key: value for key, value in changes.items() if value is not None}
    with _open(data) as library:
        record = library.update(name, new_name=new_name, **given)
    _print_records([record], as_json)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Names of your styles.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Remove styles of your own, for good."""
    with _open(data) as library:
        # All must be there before the first is removed; bundled ones come first, and are refused.
        names = sorted(dict.fromkeys(names), key=lambda name: not library.get(name).bundled)
        if not yes:
            typer.confirm(f"Remove {', '.join(names)} for good?", abort=True)
        for name in names:
            library.remove(name)
    print(f"Removed {', '.join(names)}.")


@app.command("export")
def export_styles(
    file: Annotated[Path, typer.Argument(help="The zip file to write.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Which styles.", show_default="all of your own")
    ] = None,
    originals: Annotated[
        bool, typer.Option("--originals", help="Put the pictures in too; mind the copyright.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Write styles into one file, to share or to keep."""
    with _open(data) as library:
        count = library.export(file, names or None, originals=originals)
    print(f"Wrote {count} style{'s' if count > 1 else ''} to {file}.")


@app.command("import")
def import_styles(
    file: Annotated[Path, typer.Argument(help="A file written by export.")],
    on_conflict: ConflictOption = Conflict.error,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Add the styles of a file, after verifying all of it."""
    with _open(data) as library:
        report = library.import_(file, on_conflict=on_conflict.value)
    _print_report(dataclasses.asdict(report), as_json)


def _print_report(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return
    for key, names in report.items():
        if names:
            shown = [" -> ".join(n) if isinstance(n, tuple) else n for n in names]
            print(f"{key:<10} {', '.join(shown)}")
    if not any(report.values()):
        print("The file holds no styles.")


@app.command("map")
def draw(
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png or .html file.")],
    text: TextOption = "",
    tag: TagOption = None,
    artist: ArtistOption = "",
    movement: MovementOption = "",
    license_: LicenseOption = "",
    year_from: FromOption = None,
    year_to: ToOption = None,
    color: ColorOption = None,
    own: OwnOption = None,
    data: DataOption = None,
) -> None:
    """Draw a map on which similar styles lie close together."""
    from stylize.images import save_image
    from stylize.library.map import draw_map, html_map

    where = _filter(text, tag, artist, movement, license_, year_from, year_to, color, own)
    page = output.suffix.lower() in (".html", ".htm")
    with _open(data) as library:
        records, measure = library.list(where), library.measure
    if page:
        try:
            output.write_text(html_map(measure, records), encoding="utf-8")
        except OSError as error:
            raise LibraryError(f"{output} cannot be written ({error.strerror}).") from error
    else:
        save_image(draw_map(measure, records), output)
    print(f"Wrote {output}.")


@app.command()
def repair(data: DataOption = None) -> None:
    """Save what can be read of a damaged library, also from its daily backup."""
    from stylize.library import data_folder
    from stylize.library.library import DATABASE_NAME
    from stylize.library.repair import repair as repair_file

    with open_library(open_engine(None, None), Path(":memory:")) as library:
        report = repair_file((data or data_folder()) / DATABASE_NAME, library.measure)
    print(f"Saved {len(report.saved)} styles"
          + (f", and {len(report.from_backup)} from the backup" if report.from_backup else "")
          + f". The old file is kept as {report.damaged_path}.")  # fmt: skip


@app.command()
def push(
    repository: Annotated[str, typer.Argument(help="A dataset repository, as user/name.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Which styles.", show_default="all of your own")
    ] = None,
    originals: Annotated[
        bool, typer.Option("--originals", help="Put the pictures in too; mind the copyright.")
    ] = False,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    data: DataOption = None,
) -> None:
    """Send styles to a dataset repository on the Hugging Face Hub."""
    from stylize.library.hub import push_styles

    with _open(data) as library:
        revision = push_styles(
            library, repository, names or None, originals=originals, private=not public
        )
    print(f"Sent. Others get exactly this with:\n"
          f"stylize library pull {repository} --revision {revision}")  # fmt: skip


@app.command()
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

    with _open(data) as library:
        report, taken = pull_styles(
            library, repository, revision=revision or None, on_conflict=on_conflict.value
        )
    if not as_json:
        print(f"revision   {taken}")
    _print_report(dataclasses.asdict(report), as_json)
