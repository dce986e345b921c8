"""How styles, accounts of them and reports are printed: for people, or as JSON for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stylize.cli.output import plain, print_json, say

if TYPE_CHECKING:
    from rich.console import Console

    from stylize.library import StyleRecord
    from stylize.library.describe import StyleAccount

# In the order in which they are left out where the terminal is narrow.
_EXPENDABLE = ("tags", "movement", "year", "artist")
_ELASTIC = ("title", "artist", "movement", "tags")
_GAP = 2  # blanks between columns
_ELASTIC_WIDTH = 14  # no elastic column is made narrower than that
_MAX_NAMES = 20


def about(record: StyleRecord) -> dict[str, Any]:
    """A record as JSON: all but vector and thumbnail."""
    fields = {
        field.name: getattr(record, field.name)
        for field in dataclasses.fields(record)
        if field.name not in ("vector", "thumbnail")
    }
    return fields | {"vector_sha256": record.vector.sha256, "length": record.vector.values.size}


def print_records(
    records: Sequence[StyleRecord], as_json: bool, scores: Sequence[float] = ()
) -> None:
    """Print styles as a table, or as JSON; with scores, how alike they are to what was asked."""
    if as_json:
        rows = [about(record) for record in records]
        for row, score in zip(rows, scores, strict=False):
            row["similarity"] = round(score, 4)
        print_json(rows, indent=1)
        return
    if not records:
        say("No styles.")
        return
    columns = {"alike": [f"{score:.2f}" for score in scores]} if scores else {}
    for key in ("name", "title", "artist", "year", "movement"):
        columns[key] = [plain(getattr(record, key)) for record in records]
    columns["tags"] = [plain(", ".join(record.tags)) for record in records]
    columns["state"] = [_state(record) for record in records]
    _print_table({key: cells for key, cells in columns.items() if any(cells)})


def _print_table(columns: dict[str, list[str]]) -> None:
    """Print columns; where they are too wide, some are left out and texts are cut short."""
    from rich.cells import cell_len
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    widths = {key: max(map(cell_len, [key, *cells]), default=0) for key, cells in columns.items()}
    for key in (*_EXPENDABLE, ""):
        room = console.width - _GAP * (len(widths) - 1)
        room -= sum(width for name, width in widths.items() if name not in _ELASTIC)
        elastic = {name: widths[name] for name in _ELASTIC if name in widths}
        if room >= sum(min(width, _ELASTIC_WIDTH) for width in elastic.values()):
            break
        widths.pop(key, None)
    while elastic and sum(elastic.values()) > max(room, len(elastic)):
        elastic[max(elastic, key=lambda name: elastic[name])] -= 1
    widths |= elastic
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for key, width in widths.items():
        heading = "" if key == "state" else key
        table.add_column(heading, no_wrap=True, overflow="ellipsis", width=width)
    for row in zip(*(columns[key] for key in widths), strict=True):
        table.add_row(*map(escape, row))
    console.print(table)


def print_account(record: StyleRecord, account: StyleAccount, as_json: bool) -> None:
    """Print one style: what is noted about it and what its vector holds."""
    alike = [(match.record.name, round(match.similarity, 4)) for match in account.neighbors]
    if as_json:
        print_json(about(record) | {
            "contrast": account.contrast, "colorfulness": account.colorfulness,
            "texture": account.texture, "neighbors": alike, "words": account.words,
        }, indent=1)  # fmt: skip
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in about(record).items():
        if key != "palette" and value not in ("", (), False):
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            table.add_row(key, Text("yes" if value is True else plain(shown)))
    colors = Text()
    for swatch in account.palette:
        colors.append("   ", f"on {swatch.color}")
        colors.append(f" {swatch.color} {swatch.share:.0%}\n")
    if account.palette:
        colors.right_crop(1)
        table.add_row("palette", colors)
    if account.words:
        table.add_row("looks", account.words)
    for scale, strength in account.texture.items():
        table.add_row(scale, f"{'█' * min(40, round(10 * strength))} {strength:.2f}")
    for i, (other, similarity) in enumerate(alike):
        table.add_row("" if i else "like", f"{similarity:.2f} {other}")
    _console().print(table)


def print_report(report: dict[str, Any]) -> None:
    """Print what an import did, in words."""
    for key, names in report.items():
        if names:
            shown = [" -> ".join(n) if isinstance(n, tuple) else n for n in names[:_MAX_NAMES]]
            more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
            say(f"{key:<10} {', '.join(shown)}{more}")
    if not any(report.values()):
        say("The file holds no styles.")


def _console() -> Console:
    """As wide as the terminal; elsewhere, for example in a pipe, nothing is cut short."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=1000)


def _state(record: StyleRecord) -> str:
    return "stale" if record.stale else "bundled" if record.bundled else ""
