"""``stylize image``: paint one picture, several, or all of a folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from stylize.cli.chosen_styles import (
    BlendOption,
    Names,
    StyleOption,
    check_model,
    note,
    read_weights,
)
from stylize.cli.common import (
    DataOption,
    JsonOption,
    ModelOption,
    Precision,
    PrecisionOption,
    ProviderOption,
    ThreadsOption,
    open_engine,
    with_controls,
)
from stylize.cli.finishing import Finisher, FinishOption, FinishWeightsOption, style_pictures
from stylize.cli.jobs import Bar, Plan, plan, tell_failed, tell_painted
from stylize.cli.many import open_pool, paint_many
from stylize.cli.output import warn
from stylize.controls import Controls
from stylize.errors import (
    ControlError,
    ImageError,
    OutOfMemoryError,
    StylizeError,
)
from stylize.files import make_folder
from stylize.hub_model import model_folder
from stylize.remote_files import source_of

if TYPE_CHECKING:
    from PIL import Image

    from stylize.engine import Engine
    from stylize.recipe import Recipe
    from stylize.regions import Region

# The style of a region in which the content is to stay as it is.
CONTENT = "content"
_INTERRUPTED = 130  # the exit code of what Ctrl+C ended
MAX_SIDE_PX = 1_000_000  # as in recipe.py, which takes too long to import for a help text


@with_controls
def image(
    contents: Annotated[
        list[str],
        typer.Argument(metavar="CONTENT", help="Pictures to paint, or folders; URLs too."),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="The picture to write; a folder for several contents.",
        ),
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders of folders too.")
    ] = False,
    style: StyleOption = None,
    blend: BlendOption = None,
    max_side: Annotated[
        int | None,
        typer.Option(
            "--max-side",
            min=16,
            max=MAX_SIDE_PX,
            metavar="PX",
            help="Longer side of the result.",
            show_default="as the content",
        ),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Enlarge the draft instead of revising it.")
    ] = False,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE=STYLE",
            help="Another style where a mask is white; FILE#rrggbb=STYLE for one colour of a "
            f'painted mask; "{CONTENT}" as the style keeps the content. Up to six times.',
        ),
    ] = None,
    inside: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Paint only where this mask is white.")
    ] = None,
    outside: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Paint only where this mask is black.")
    ] = None,
    feather: Annotated[
        float,
        typer.Option(metavar="PX", help="Width of the soft edge of the masks, 0 to 1000."),
    ] = 8.0,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Paint by the recipe in this picture; other options given come before it.",
        ),
    ] = None,
    embed_recipe: Annotated[
        bool, typer.Option(help="Keep the recipe inside of the results.")
    ] = True,
    finish: FinishOption = None,
    finish_weights: FinishWeightsOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    provider: ProviderOption = None,
    threads: ThreadsOption = None,
    data: DataOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Paint in so many processes, and keep a manifest beside the results: a later run "
            "leaves out what is done.",
            show_default="this one",
            rich_help_panel="Many pictures",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS",
            help="Paint on all machines of a Ray cluster, likewise; auto: the one that is there, "
            "or this computer.",
            rich_help_panel="Many pictures",
        ),
    ] = None,
    as_json: JsonOption = False,
    **controls: float | None,
) -> None:
    """Paint pictures in the style of others.

    With several contents, or a folder, --out is a folder. What in a folder is no picture is named
    and left out. A picture that cannot be read is reported; the exit code is then 2. Where Ctrl+C
    ends a finish before the last picture, it is 130.
    """
    from stylize.recipe import Recipe, read_recipe

    others = {inside: "mask", outside: "mask", recipe: "recipe", finish_weights: "network"}
    inputs = _inputs(style or [], mask or [], others)
    work = plan(contents, out, recursive=recursive, inputs=inputs)
    given = read_recipe(recipe) if recipe is not None else None
    chosen = replace(
        given.controls if given else Controls(),
        **{name: value for name, value in controls.items() if value is not None},
    )
    if max_side is None and given is not None:
        max_side = given.max_side_px
    if precision is None and given is not None:
        precision = Precision(given.precision)
    from_recipe = finish is None
    if finish is None:
        finish = given.finish if given is not None else 0
    if finish and (workers is not None or cluster is not None):
        raise ControlError(
            "The recipe was finished, which is done to one picture after the other: leave "
            "--workers and --cluster out, or the finish by --finish 0."
            if from_recipe
            else "--finish polishes one picture after the other: leave --workers and --cluster out."
        )
    if style:
        weights = read_weights(blend, len(style)) or [1.0] * len(style)
    elif given is not None:
        weights = read_weights(blend, len(given.styles)) or [item.weight for item in given.styles]
    else:
        raise ControlError("Name at least one --style, or a --recipe to paint by.")

    engine = open_engine(precision, threads, model, provider)
    with Names(engine, data) as names:
        if style:
            chosen_styles = [names.style(text) for text in style]
        elif given is not None:
            check_model(given, engine)
            chosen_styles = list(given.styles)
        styles = tuple(
            replace(item, weight=weight)
            for item, weight in zip(chosen_styles, weights, strict=True)
        )
        regions = _regions(mask or [], inside, outside, feather, names)
        finisher = None
        if finish:
            pictures = style_pictures(style or [], styles, names)
            finisher = Finisher(finish, finish_weights, pictures)
    if given is not None and given.masks and not regions:
        note("the recipe was painted with masks, which it does not hold; give them by --mask.")
    made = Recipe.of(
        engine,
        styles,
        chosen,
        max_side_px=max_side,
        fast=fast or (given is not None and given.fast),
        masks=len(regions),
        finish=finish,
        blend=None if given is None or style or blend else given.blend,
    )
    if workers is None and cluster is None:
        look = _Look(engine, made, regions, finisher)
        failed, left = _paint(work, look, embed_recipe=embed_recipe, as_json=as_json)
    else:
        from stylize.workers.batch import Manner

        with open_pool(engine, model_folder(model), workers, cluster, threads) as pool:
            manner = Manner(made, regions, embed_recipe)
            failed, left = paint_many(work, pool, manner, as_json=as_json), 0
    if left:
        raise typer.Exit(_INTERRUPTED)
    if failed:
        raise typer.Exit(2)


def _inputs(
    styles: Sequence[str], masks: Sequence[str], others: Mapping[Path | None, str]
) -> dict[Path, str]:
    """The files that are read beside the contents, and what they are."""
    files: dict[Path, str] = {Path(text): "style" for text in styles}
    for text in masks:
        file = text.rpartition("=")[0]
        files |= {Path(file): "mask", Path(file.rpartition("#")[0]): "mask"}
    return files | {path: what for path, what in others.items() if path is not None}


# ---------------------------------------------------------------------------------- styles, masks


def _regions(
    masks: Sequence[str], inside: Path | None, outside: Path | None, feather: float, names: Names
) -> list[Region]:
    from stylize.regions import MAX_REGIONS, Region, invert_mask, load_mask

    regions = []
    for text in masks:
        file, separator, style = text.rpartition("=")
        if not (file and separator and style):
            raise ControlError(f'--mask takes FILE=STYLE; got "{text}", which lacks one of them.')
        vector = None if style == CONTENT else names.style(style).vector
        regions.append(Region(_mask(file), vector, feather))
    if inside is not None:
        regions.append(Region(invert_mask(load_mask(inside)), None, feather))
    if outside is not None:
        regions.append(Region(load_mask(outside), None, feather))
    if len(regions) > MAX_REGIONS:
        raise ControlError(f"A picture can have up to {MAX_REGIONS} masks; got {len(regions)}.")
    return regions


def _mask(text: str) -> Image.Image:
    from stylize.images import load_image
    from stylize.regions import load_mask, masks_from_colors

    found = re.fullmatch(r"(.+)#([0-9a-fA-F]{6})", text)
    if found is None or os.path.exists(text):
        return load_mask(text)
    masks = masks_from_colors(load_image(found[1], min_side_px=1))
    wanted = bytes.fromhex(found[2])

    def distance(color: tuple[int, int, int]) -> int:
        return max(abs(a - b) for a, b in zip(color, wanted, strict=True))

    nearest = min(masks, key=distance, default=None)
    if nearest is not None and distance(nearest) <= 20:  # a JPEG changes colours a little
        return masks[nearest]
    there = ", ".join("#" + bytes(color).hex() for color in masks) or "no colour at all"
    raise ControlError(f"{found[1]} has no region of the colour #{found[2]}; it has {there}.")


# --------------------------------------------------------------------------------------- painting


class _Look(NamedTuple):
    """How all pictures are painted."""

    engine: Engine
    recipe: Recipe
    regions: Sequence[Region]
    finisher: Finisher | None

    def paint(self, content: Image.Image, progress: Callable[[float], None]) -> _Result:
        """Paint a content."""
        recipe = self.recipe
        if self.finisher is not None:
            finished = self.finisher.paint(self.engine, content, recipe, self.regions, progress)
            stopped = finished.stopped == "interrupted"
            # What was not done is not to be repeated.
            steps = min(recipe.finish, len(finished.losses)) if stopped else recipe.finish
            return _Result(finished.picture, replace(recipe, finish=steps), stopped)
        painted = self.engine.stylize(
            content,
            recipe.style(),
            controls=recipe.controls,
            max_side_px=recipe.max_side_px,
            fast=recipe.fast,
            regions=self.regions,
            progress=progress,
        )
        return _Result(painted, recipe)


class _Result(NamedTuple):
    """A painted picture, how it was made, and whether Ctrl+C ended that."""

    picture: Image.Image
    recipe: Recipe
    stopped: bool = False


def _paint(work: Plan, look: _Look, *, embed_recipe: bool, as_json: bool) -> tuple[int, int]:
    """Paint all jobs; return how many failed, and how many Ctrl+C left.

    A single job raises its error instead.
    """
    from stylize.images import load_image, save_image

    failed = 0
    jobs = work.jobs
    with Bar(len(jobs)) as bar:
        for index, job in enumerate(jobs):
            start = time.perf_counter()
            try:
                content = load_image(source_of(job.content))
                result = look.paint(content, partial(bar.show, index))
                if work.makes_folder:
                    # Only now: bad pictures alone leave nothing.
                    make_folder(job.out.parent, ImageError)
                recipe = result.recipe if embed_recipe else None
                save_image(result.picture, job.out, recipe=recipe)
            except (StylizeError, MemoryError) as error:
                if len(jobs) == 1:
                    raise
                failed += 1
                message = str(error)
                if isinstance(error, MemoryError):
                    message = f"{job.content} was not painted. {OutOfMemoryError()}"
                tell_failed(job, message, as_json=as_json)
            else:
                elapsed_ms = round((time.perf_counter() - start) * 1000, 1)
                if as_json:
                    width, height = result.picture.size
                    about = {"width": width, "height": height, "elapsed_ms": elapsed_ms}
                    tell_painted(job, about)
                if result.stopped:
                    left = len(jobs) - index - 1
                    warn(_tell_stopped(job.out, result.recipe.finish, left))
                    return failed, left
            bar.show(index, 1.0)
    return failed, 0


def _tell_stopped(out: Path, steps: int, left: int) -> str:
    """Say what a picture holds whose finish was stopped, and how many were not painted."""
    holds = "what was polished so far" if steps else "what the engine painted, not polished"
    were = "picture was" if left == 1 else "pictures were"
    return f"Stopped; {out} holds {holds}." + (f" {left} {were} not painted." if left else "")
