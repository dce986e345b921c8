"""``stylize lab variants``: other ways from style to picture, trained for the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import JsonOption
from stylize.cli.jobs import Bar, log_without_terminal
from stylize.cli.lab_options import ContentsOption, HeldOutOption, StylesOption
from stylize.cli.network_file import USUAL, network_file
from stylize.cli.output import print_json, say
from stylize.extras import needs_extra


def variants(
    contents: ContentsOption,
    styles: StylesOption,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for checkpoints, pictures and figures.")
    ],
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The checkpoint that all begin with.", show_default=USUAL
        ),
    ] = None,
    held_out: HeldOutOption = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this variant; repeatable.", show_default="all"),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.01, help="CPU time that each is trained for.")
    ] = 8.0,
    pairs: Annotated[
        int, typer.Option(min=0, help="Pairs of pictures to measure; 0 only trains.")
    ] = 80,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Train variants of the network for the same time, and compare what they paint.

    plain is the network as it is, attention lets each place take the statistics of places of the
    style, pyramid looks at the style in three sizes. What is in --out is not trained again.
    """
    with needs_extra("train"):
        from stylize.lab.variants import VARIANTS, Race, race

    log_without_terminal()
    config = Race(
        checkpoint=network_file(network, "--network"),
        contents=tuple(contents),
        styles=tuple(styles),
        out=out,
        held_out=held_out,
        cpu_s=60 * minutes,
        pairs=pairs,
        seed=seed,
    )
    with Bar(len(variant or VARIANTS)) as bar:
        result = race(config, variant or tuple(VARIANTS), progress=bar.show)
    if as_json:
        print_json(result)
        return
    if not result:
        say(f"Trained: {out}")
        return
    say(f"{'':<12}{'samples':>9}{'content':>9}{'style':>8}{'SSIM':>8}{'found':>8}")
    for name, row in result["rows"].items():
        say(
            f"{name:<12}{result['samples'].get(name, 0):>9}"
            f"{row['content_loss']['mean']:>9.3f}{row['style_loss']['mean']:>8.3f}"
            f"{row['ssim']['mean']:>8.3f}{row['own_style_found']['mean']:>8.3f}"
        )
    say(f"Pictures: {out / 'sheet.png'}; all figures: {out / 'variants.json'}")
