"""``stylize video``: paint a film."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    open_engine,
    with_controls,
)
from stylize.cli.live import camera_number, show_camera
from stylize.cli.many import open_pool
from stylize.cli.output import print_json, warn
from stylize.cli.pictures import path_of
from stylize.controls import Controls
from stylize.cores import available_cores
from stylize.errors import ControlError, VideoError
from stylize.files import write_whole
from stylize.hub_model import model_folder
from stylize.memory import give_back_memory

if TYPE_CHECKING:
    from rich.progress import Progress

    from stylize.recipe import RecipeStyle
    from stylize.video.film_recipe import FilmRecipe
    from stylize.video.run import FilmProgress
    from stylize.video.source import Wanted

_FRAME_BYTES = 1 << 20  # parts of frames from this size on are not kept once they are done with
_INTERRUPTED = 130  # the exit code of what Ctrl+C ended


@with_controls
def video(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILM",
            help="A video, an animated picture or a folder of numbered frames. With --camera, the "
            "number of the camera, 0 if it is left out.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="The film to write, .mp4, .mov, .webm or .gif; or a folder for frames.",
        ),
    ] = None,
    camera: Annotated[
        bool,
        typer.Option("--camera", help="Paint what a camera sees, live, on a page of this machine."),
    ] = False,
    style: StyleOption = None,
    blend: BlendOption = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME:NAME=VALUE,...",
            help="A key point: 4s:strength=1,style=great-wave; or a JSON file of them. What it "
            "sets goes straight from one to the next.",
        ),
    ] = None,
    stability: Annotated[
        float | None,
        typer.Option(
            metavar="0..1",
            help="From every frame for itself (0) to paint that stays as long as it can (1).",
            show_default="0.8",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Begin here: 4.5s or 1:04.5.", show_default="0s"),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End here.", show_default="to the end")
    ] = None,
    max_side: Annotated[
        int | None,
        typer.Option(
            "--max-side",
            min=16,
            max=16_384,
            metavar="PX",
            help="Longer side of the result.",
            show_default="as the film",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=240,
            help="Frames a second at most; of a folder of frames, exactly.",
            show_default="as the film",
        ),
    ] = None,
    sound: Annotated[bool, typer.Option(help="Take the sound along.")] = True,
    quality: Annotated[
        int, typer.Option(min=1, max=100, help="Of the file: its size grows with it.")
    ] = 75,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Paint by the recipe in this film, picture or JSON file; other options given come "
            "before it.",
        ),
    ] = None,
    embed_recipe: Annotated[
        bool, typer.Option(help="Keep the recipe in the result and beside it.")
    ] = True,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    provider: ProviderOption = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Threads that paint; others follow what moves, read and write.",
            show_default="half of the cores; with --camera, all",
        ),
    ] = None,
    data: DataOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Paint what lies between cuts in so many processes at once.",
            show_default="this one",
            rich_help_panel="Long films",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS",
            help="Paint it on all machines of a Ray cluster, likewise; auto: the one that is "
            "there, or this computer.",
            rich_help_panel="Long films",
        ),
    ] = None,
    as_json: JsonOption = False,
    **controls: float | None,
) -> None:
    """Paint a film in the style of pictures, so that the paint stays calm.

    The sound is kept. Ctrl+C ends the film where it is; what is done can be played. Work on a
    folder of frames goes on where it was ended. What cannot be read of a damaged film is left out
    and told; the exit code is then 2.

    With --camera, a page of this machine shows what a camera sees, painted, until Ctrl+C.
    """
    from stylize.recipe import Recipe
    from stylize.video.film_recipe import (
        FilmRecipe,
        read_film_recipe,
        recipe_beside,
        styles_of_points,
    )
    from stylize.video.run import paint_film
    from stylize.video.timeline import parse_time, read_points

    is_pooled = workers is not None or cluster is not None
    if camera:
        if is_pooled:
            raise ControlError(
                "A camera has no parts to share out: leave --workers and --cluster out."
            )
        number = camera_number(source, given=(out, at, start, end, fps))
        film = out_path = Path()
    else:
        film, out_path = _paths(source, out)
    points = tuple(point for text in at or () for point in read_points(text))
    given = read_film_recipe(recipe) if recipe is not None else None
    chosen = replace(
        given.recipe.controls if given else Controls(),
        **{name: value for name, value in controls.items() if value is not None},
    )
    if precision is None and given is not None:
        precision = Precision(given.recipe.precision)
    named = styles_of_points(points)
    if not style and given is None and not named:
        raise ControlError("Name at least one --style, or a --recipe to paint by.")

    # The other half follows what moves and makes the frames between.
    half = max(1, available_cores() // 2)
    own_threads = half if threads is None and not camera else threads
    engine = open_engine(precision, own_threads, model, provider)
    with Names(engine, data) as names:
        styles = _styles(names, style or [], blend, named, given)
    if given is not None:
        check_model(given.recipe, engine)
        if given.recipe.finish:
            note("films are not finished: what the recipe says of that is left out.")
    wanted = _wanted(given, max_side, fps)
    if start is not None:
        wanted = replace(wanted, start_s=parse_time(start))
    if end is not None:
        wanted = replace(wanted, end_s=parse_time(end))
    if stability is None:
        stability = given.stability if given is not None else 0.8
    made = FilmRecipe(
        Recipe.of(
            engine,
            styles,
            chosen,
            max_side_px=wanted.max_side_px,
            blend=None if given is None or style or blend else given.recipe.blend,
        ),
        points or (given.points if given is not None else ()),
        wanted,
        stability,
    )
    if camera:
        look = made.timeline().look(0)
        show_camera(engine, number, look, stability, max_side_px=max_side, as_json=as_json)
        return
    give_back_memory(_FRAME_BYTES)
    with contextlib.ExitStack() as stack:
        pool = None
        if is_pooled:
            pool = stack.enter_context(
                open_pool(engine, model_folder(model), workers, cluster, threads)
            )
        bar = stack.enter_context(_Bar())
        summary = paint_film(
            engine,
            film,
            out_path,
            made.timeline(),
            wanted=wanted,
            stability=stability,
            sound=sound,
            quality=quality,
            comment=made.to_json() if embed_recipe else "",
            pool=pool,
            progress=bar.show,
        )
    if embed_recipe:
        write_whole(recipe_beside(out_path), made.to_json(indent=2).encode())
    for problem in summary.problems:
        warn(f"Warning: {film} is damaged: {problem}. The rest was painted.")
    if summary.is_stopped:
        frames = "one frame" if summary.frames == 1 else f"{summary.frames} frames"
        note(f"stopped after {frames}; what is done is kept.")
    if as_json:
        print_json(
            {
                "film": str(film),
                "out": str(out_path),
                "width": summary.size[0],
                "height": summary.size[1],
                "frames": summary.frames,
                "key_frames": summary.key_frames,
                "elapsed_s": round(summary.elapsed_s, 2),
                "problems": list(summary.problems),
                "stopped": summary.is_stopped,
            }
        )
    if summary.is_stopped:
        raise typer.Exit(_INTERRUPTED)
    if summary.problems:
        raise typer.Exit(2)


def _paths(source: str | None, out: str | None) -> tuple[Path, Path]:
    """Return the paths of a film and of what it becomes."""
    from stylize.video.run import is_folder
    from stylize.video.writing import written_format

    if source is None:
        raise typer.BadParameter("name a film, or --camera.", param_hint="FILM")
    if out is None:
        raise typer.BadParameter("name what to write.", param_hint="--out")
    film, out_path = path_of(source), path_of(out)
    if not is_folder(out_path):
        written_format(out_path)
        if out_path.exists() and film.exists() and out_path.samefile(film):
            raise VideoError(f"The result would replace the film {out_path}. Give another --out.")
    return film, out_path


def _styles(
    names: Names, chosen: list[str], blend: str | None, named: list[str], given: FilmRecipe | None
) -> list[RecipeStyle]:
    """Return the styles of the whole film and, with the weight 0, those of its key points."""
    if chosen:
        weights = read_weights(blend, len(chosen)) or [1.0] * len(chosen)
        styles = [
            replace(names.style(text), weight=weight)
            for text, weight in zip(chosen, weights, strict=True)
        ]
    elif given is not None:
        kept = given.recipe.styles
        weights = read_weights(blend, len(kept)) or [style.weight for style in kept]
        styles = [
            replace(style, weight=weight) for style, weight in zip(kept, weights, strict=True)
        ]
    else:
        styles = []
    known = {style.name for style in styles}
    extra = [replace(names.style(text), name=text) for text in named if text not in known]
    # Without a style of its own, a film begins in that of its first key point.
    return [
        *styles,
        *(
            replace(style, weight=1.0 if not styles and index == 0 else 0.0)
            for index, style in enumerate(extra)
        ),
    ]


def _wanted(given: FilmRecipe | None, max_side_px: int | None, fps: float | None) -> Wanted:
    from stylize.video.source import Wanted

    wanted = given.wanted if given is not None else Wanted()
    if max_side_px is not None:
        wanted = replace(wanted, max_side_px=max_side_px)
    return wanted if fps is None else replace(wanted, fps=fps)


class _Bar:
    """A progress bar on stderr, shown only to a person."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, state: FilmProgress) -> None:
        """Show how many frames are done, how many a second, and how long it will take."""
        if self._progress is None:
            if not sys.stderr.isatty():
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.add_task("", total=state.count)
            self._progress.start()
        left = "" if state.left_s is None else f", {_minutes(state.left_s)} left"
        self._progress.update(
            self._progress.task_ids[0],
            completed=state.done,
            description=f"{state.fps:.1f} frames a second{left}",
        )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
