"""``stylize lab compress``: ways to make the network smaller and faster, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize.cli.common import JsonOption
from stylize.cli.jobs import Bar, log_without_terminal
from stylize.cli.lab_options import ContentsOption, HeldOutOption, StylesOption
from stylize.cli.network_file import USUAL, network_file
from stylize.cli.output import print_json, say
from stylize.errors import ControlError
from stylize.extras import needs_extra


def compress(
    contents: ContentsOption,
    styles: StylesOption,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for models, pictures and figures.")
    ],
    network: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The checkpoint to make smaller.", show_default=USUAL),
    ] = None,
    held_out: HeldOutOption = None,
    way: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this way; repeatable.", show_default="all"),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Seen by each trained network; by a teacher's pupils x 10.")
    ] = 160,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of pictures to measure.")] = 12,
    rounds: Annotated[int, typer.Option(min=1, help="Of the timing.")] = 7,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Make the network smaller in many ways, and compare size, time, losses and pictures.

    INT8 in three kinds, pruning, distillation, low rank. Each way leaves a model in --out, which
    `stylize image --model` takes; what is there is not made again, but all are timed anew. With so
    few samples the trained ones have hardly begun to learn: give more for more.
    """
    with needs_extra("train"):
        from stylize.lab.compress import compress as run
        from stylize.lab.ways import WAYS, Compression

    if unknown := set(way or ()) - set(WAYS):
        raise ControlError(f'There is no way "{min(unknown)}". There are: {", ".join(WAYS)}.')
    log_without_terminal()
    config = Compression(
        checkpoint=network_file(network, "--network"),
        contents=tuple(contents),
        styles=tuple(styles),
        out=out,
        held_out=held_out,
        samples=samples,
        pairs=pairs,
        rounds=rounds,
        seed=seed,
    )
    with Bar(len(way or WAYS)) as bar:
        result = run(config, tuple(way or WAYS), progress=lambda done: bar.show(done, 0.0))
    if as_json:
        print_json(result)
        return
    say(f"{'':<26}{'MB':>6}{'Gmac':>7}{'ms FP32':>9}{'INT8':>6}{'content':>9}{'style':>7}{'dB':>7}")
    for name, row in result["rows"].items():
        ms, int8 = row["ms"], row["int8"]
        say(
            f"{name:<26}{row['bytes']['int8'] / 1e6:>6.1f}{row['macs_512'] / 1e9:>7.2f}"
            f"{ms['fp32']['512']:>9.0f}{ms['int8']['512']:>6.0f}"
            f"{int8['content_loss']:>9.3f}{int8['style_loss']:>7.3f}{int8['psnr_db']:>7.1f}"
        )
    say(f"Pictures: {out / 'sheet.png'}; all figures: {out / 'compress.json'}")
