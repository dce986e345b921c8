"""``stylize lab search``: another table of layers under a limit of time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import JsonOption
from stylize.cli.jobs import Bar, log_without_terminal
from stylize.cli.network_file import USUAL, network_file
from stylize.cli.output import print_json, say
from stylize.extras import needs_extra


def search(
    contents: Annotated[
        list[Path], typer.Option(metavar="FOLDER", help="Photographs to learn from; repeatable.")
    ],
    styles: Annotated[
        list[Path], typer.Option(metavar="FOLDER", help="Paintings to learn from; repeatable.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the result.")],
    limit_ms: Annotated[
        float, typer.Option(min=0.1, metavar="MS", help="CPU time at 512 px at most, INT8.")
    ],
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The checkpoint that candidates are cut from.", show_default=USUAL
        ),
    ] = None,
    candidates: Annotated[int, typer.Option(min=2, help="That are tried.")] = 8,
    samples: Annotated[
        int, typer.Option(min=1, help="Of the first round; each further one has twice as many.")
    ] = 240,
    check: Annotated[
        bool, typer.Option("--check", help="Train those that fell out on, to check the order.")
    ] = False,
    held_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON file of pictures to leave out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Search for a narrower table of layers that paints most like the network, by halving.

    Candidates (widths, blocks, kernels) that keep to the limit on this machine are cut from the
    network and learn from its pictures; after every round the better half goes on.
    """
    with needs_extra("train"):
        from stylize.lab.retraining import open_product_school
        from stylize.lab.search import Search
        from stylize.lab.search import search as run

    config = Search(
        limit_ms=limit_ms, candidates=candidates, samples=samples, check=check, seed=seed
    )
    log_without_terminal()
    school = open_product_school(
        network_file(network, "--network"),
        contents=tuple(contents), styles=tuple(styles), exclude=held_out,
        out=out / "cache", seed=seed,
    )  # fmt: skip
    with Bar(1) as bar:
        result = run(config, school, out, progress=lambda done: bar.show(0, done))
    if as_json:
        print_json(result)
        return
    for part in result["rounds"]:
        say(f"after {part['samples']} samples: {', '.join(part['order'])}")
    best = result["candidates"][result["best"]]
    say(
        f"{result['best']}: {best['ms']} ms instead of {result['teacher_ms']}, "
        f"{best['marks_db'][-1]} dB from the network's pictures. {out / 'search.json'}"
    )
