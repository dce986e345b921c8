"""The Film tab: a film by the look of the Create tab, five frames of it first."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio import FileData
from PIL import Image

from stylize.messages import say
from stylize.offers import control_items
from stylize.studio import components
from stylize.studio.actions import Actions, Chosen, Values
from stylize.studio.create import CreateTab
from stylize.studio.film_job import STABILITY, FilmJob, film_source, length_s, points_of
from stylize.studio.full_size import Progress, watched
from stylize.studio.page_errors import show_errors, tell
from stylize.studio.painter import Painter
from stylize.studio.pictures import fit
from stylize.studio.settings import LimitError
from stylize.studio.texts import t
from stylize.studio.visit import EngineLike, Visit

if TYPE_CHECKING:
    from stylize.video.run import FilmSummary

SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".gif", ".webp")
SIDES_PX = (360, 640, 960, 1280, 1920)
_FRAMES = 5
_FRAME_PX = 512


def films_are_possible(engine: EngineLike) -> bool:
    """Whether the engine paints films, and what reads and writes them is installed."""
    return getattr(engine, "paints_films", True) and all(
        importlib.util.find_spec(name) for name in ("av", "cv2")
    )


class FilmActions(Actions):
    """The callbacks of the Film tab."""

    @show_errors
    def begin(self, path: str | None) -> dict[str, Any] | None:
        """Return an empty curve as long as the film that was chosen."""
        if not path:
            return None
        length = length_s(film_source(path, self.settings))
        return {"length_s": min(length, self.settings.max_film_s), "points": {}}

    @show_errors
    def frames(
        self,
        request: gr.Request,
        path: str | None,
        curve: dict[str, Any] | None,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Any:
        """Paint some frames, from the beginning to the end: what the film will look like."""
        from stylize.video.reading import open_film
        from stylize.video.source import Wanted
        from stylize.video.timeline import Timeline

        self.painter.rate.check(request.session_hash)
        source, look = film_source(path, self.settings), self.look(chosen, values)
        timeline = Timeline(self.painter.style_of(visit, look), look.controls, points_of(curve))
        end_s = min(length_s(source), self.settings.max_film_s)  # what is painted of it
        painted: list[dict[str, Any]] = []
        for index in range(_FRAMES):
            start_s = end_s * index / _FRAMES
            wanted = Wanted(start_s=start_s)
            with open_film(source, wanted) as film:
                frame = next(iter(film), None)
            if frame is None:
                break
            content = fit(Image.fromarray(frame.pixels), _FRAME_PX)
            now = timeline.look(start_s)
            image = self.painter.engine.stylize(content, now.style, controls=now.controls)
            file = FileData(path=self.painter.save(image, ".png", f"frame-{index + 1}"))
            painted.append({"file": file.model_dump(), "caption": f"{index + 1}"})
        return painted

    @show_errors
    def paint_film(
        self,
        request: gr.Request,
        path: str | None,
        curve: dict[str, Any] | None,
        stability: float,
        side_px: int,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Iterator[tuple[Any, ...]]:
        """Paint the film; yields film, state of the work and its buttons.

        Raises:
            LimitError: The visit has a film under way.
        """
        source, look = film_source(path, self.settings), self.look(chosen, values)
        job = FilmJob.of(
            self.painter, visit, look, source,
            points=points_of(curve), stability=stability, max_side_px=int(side_px),
        )  # fmt: skip
        if job.is_cut:
            tell(say("film_cut", most=f"{self.settings.max_film_s:g}"))
        yield from self._work(str(request.session_hash), job)

    def _work(self, visit_key: str, job: FilmJob) -> Iterator[tuple[Any, ...]]:
        if self.jobs.is_busy(visit_key):
            raise LimitError(say("film_running"))
        state: dict[str, Any] = {"name": job.source.name, "failed": []}

        def work(progress: Progress) -> FilmSummary:
            def show(done: int, total: int) -> None:
                state["total"] = total
                progress(done / total)

            return job.paint(self.painter, show)

        stop = self.jobs.start(visit_key)
        try:
            for item in watched(work, stop):
                if isinstance(item, tuple):
                    yield _finished(job, item[0], state)
                else:  # of that moment: the film goes on meanwhile
                    done = round(item * state["total"])
                    yield gr.skip(), state | {"at": done - 1, "done": done}, *_buttons(working=True)
        finally:
            self.jobs.end(visit_key, stop)

    def stop(self, request: gr.Request) -> None:
        """End the film of a visit where it is: what is finished can be had."""
        self.jobs.stop(str(request.session_hash))


def _finished(job: FilmJob, summary: FilmSummary, state: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the page shows of a film that is painted, or stopped."""
    shown = {
        "before": FileData(path=str(job.source)).model_dump(),
        "after": FileData(path=str(job.out), orig_name=job.out.name).model_dump(),
    }
    told = {
        "at": None,
        "done": summary.frames,
        "total": max(summary.frames, state.get("total", 0)),
        "stopped": summary.is_stopped,
        "failed": [{"name": job.source.name, "why": why} for why in summary.problems],
    }
    return shown, state | told, *_buttons(working=False)


def _buttons(*, working: bool) -> tuple[Any, ...]:
    """Return updates of the buttons that start the work, and of the one that stops it."""
    return gr.Button(interactive=not working), gr.Button(interactive=working)


def film_tab(painter: Painter, visit: gr.State, create: CreateTab) -> None:
    """Lay out the tab and connect it; call inside of a ``gr.Tab``."""
    act = FilmActions(painter)
    shows = [visit, create.picker, create.controls]
    sides = [side for side in SIDES_PX if side <= painter.settings.max_film_px]
    with gr.Row(elem_id="film", equal_height=False):
        with gr.Column(scale=1, min_width=300), gr.Column(elem_classes="st-panel"):
            gr.Markdown(t("film_hint"))
            file = gr.File(
                file_types=list(SUFFIXES),
                show_label=False,
                label=t("film"),
                height=150,
                elem_id="film-file",
            )
            try_ = gr.Button(t("film_frames"), elem_id="film-frames")
            stability = gr.Slider(
                0, 1, STABILITY, step=0.05, label=t("film_stability"),
                info=t("film_stability_info"), buttons=[], elem_id="film-stability",
            )  # fmt: skip
            side = gr.Dropdown(
                [(f"{px} px", px) for px in sides],
                value=min(640, sides[-1]),
                label=t("film_side"),
                elem_id="film-side",
            )
            start = gr.Button(t("film_paint"), variant="primary", elem_id="film-paint")
            stop = gr.Button(t("batch_stop"), size="sm", interactive=False, elem_id="film-stop")
        with gr.Column(scale=3, min_width=300, elem_classes="st-panel"):
            status = components.progress("film", elem_id="film-status")
            film = components.film(elem_id="film-shown")
            curve = components.curve(control_items(), elem_id="film-curve")
            frames = components.pictures(elem_id="film-pictures")
    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for event in (file.upload, file.clear):
        event(act.begin, file, curve, **hidden)
    try_.click(act.frames, [file, curve, *shows], frames, concurrency_id="engine", **hidden)
    # A queue of its own: a film takes minutes, and pictures should not wait for it.
    start.click(
        act.paint_film, [file, curve, stability, side, *shows], [film, status, start, stop],
        concurrency_id="film", concurrency_limit=1, **hidden,
    )  # fmt: skip
    stop.click(act.stop, None, None, queue=False, **hidden)
