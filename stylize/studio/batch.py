"""The Batch tab: many contents by one look, or one content by many styles."""

from __future__ import annotations

import io
import logging
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import FileData
from PIL import Image

from stylize.errors import ImageError, StylizeError
from stylize.files import FileNames
from stylize.library import StyleLibrary
from stylize.messages import say, translate
from stylize.sheet import Cell, contact_sheet
from stylize.studio import components
from stylize.studio.actions import Actions, Chosen, Values
from stylize.studio.create import CreateTab
from stylize.studio.full_size import Progress, Stopped
from stylize.studio.look import Look
from stylize.studio.memory import picture_at_work
from stylize.studio.page_errors import show_errors, tell, visitor_language
from stylize.studio.painter import Painter, safe_name
from stylize.studio.pictures import fit
from stylize.studio.settings import LimitError
from stylize.studio.texts import t, title_of, titled_like
from stylize.studio.visit import Visit

logger = logging.getLogger(__name__)

SHEET_TILE_PX = 360
SHEET_CONTENT_PX = 512
MAX_CHOICES = 100
Shown = dict[str, Any]  # ``file`` and ``caption``, see components.pictures
Failure = dict[str, str]  # name of a picture, and why it could not be painted


class BatchActions(Actions):
    """The callbacks of the Batch tab; they yield what is finished so far.

    What is finished is always in the file that they end with, whatever becomes of the rest.
    """

    def __init__(self, painter: Painter) -> None:
        super().__init__(painter)
        self._jobs: dict[str, threading.Event] = {}  # by visit; set: stop after this picture

    @show_errors
    def many_contents(
        self,
        request: gr.Request,
        paths: list[str] | None,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Iterator[tuple[Any, ...]]:
        """Paint each content with the look of the Create tab; ends with a zip."""
        if not paths:
            raise ImageError(say("no_contents"))
        self._check_number(len(paths))
        look = self.look(chosen, values)
        style, recipe = self.painter.style_of(visit, look), self.painter.recipe(visit, look)
        files: list[str] = []

        def paint(path: str, progress: Progress) -> Shown:
            with picture_at_work(path, self.settings, tell) as content:
                image = self.painter.engine.stylize(
                    content, style, controls=look.controls, progress=progress
                )
                files.append(self.painter.save(image, ".png", Path(path).stem, recipe))
                return self._shown(image, Path(path).stem)

        def pack(failed: list[Failure]) -> str | None:
            return self._zip(files, failed)

        names = [Path(path).name for path in paths]
        yield from self._work(request, paths, names, paint, pack)

    @show_errors
    def many_styles(
        self,
        request: gr.Request,
        names: list[str],
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Iterator[tuple[Any, ...]]:
        """Paint the content of the Create tab in many styles; ends with a contact sheet."""
        if visit.content is None:
            raise ImageError(say("no_content_in_create"))
        library = self.painter.library_of(visit)
        self._check_number(len(names) or library.count(stale=False))
        names = names or library.names(stale=False)
        language = visitor_language()
        titles = {
            name: title_of(library.get(name), language) if name in library else name
            for name in names
        }
        controls = self.look(chosen, values).controls
        content = fit(visit.content.screen, SHEET_CONTENT_PX)
        pictures: list[Cell] = [(content, "")]

        def paint(name: str, progress: Progress) -> Shown:
            image = self.painter.engine.stylize(
                content,
                self.painter.style_of(visit, Look({name: 1.0})),
                controls=controls,
                regions=visit.regions_for(content.size),
                progress=progress,
            )
            title = titles[name]
            pictures.append((image, title))
            return self._shown(image, title)

        def pack(failed: list[Failure]) -> str | None:
            if len(pictures) == 1:
                return None
            columns = max(1, round(len(pictures) ** 0.5 + 0.3))  # about as many as rows
            sheet = contact_sheet(
                [pictures[at : at + columns] for at in range(0, len(pictures), columns)],
                cell=fit(content, SHEET_TILE_PX).size,
            )
            return self.painter.save(sheet, ".png", "contact-sheet")

        yield from self._work(request, names, list(titles.values()), paint, pack)

    def _work(
        self,
        request: gr.Request,
        items: list[str],
        labels: list[str],
        paint: Callable[[str, Progress], Shown],
        pack: Callable[[list[Failure]], str | None],
    ) -> Iterator[tuple[Any, ...]]:
        """Paint one after the other; yields pictures, file, state of the work and its buttons.

        Raises:
            LimitError: The visit has a job under way.
        """
        visit_key = str(request.session_hash)
        stop = threading.Event()
        if self._jobs.setdefault(visit_key, stop) is not stop:
            raise LimitError(say("batch_running"))

        def progress(_: float) -> None:
            if stop.is_set():
                raise Stopped

        done: list[Shown] = []
        failed: list[Failure] = []
        state: dict[str, Any] = {"total": len(items), "failed": failed}
        try:
            for number, (item, label) in enumerate(zip(items, labels, strict=True)):
                state |= {"at": number, "done": len(done), "name": label}
                yield done, offer(None), state, *_buttons(working=True)
                try:
                    progress(0)
                    self.painter.rate.check(request.session_hash)
                    done.append(paint(item, progress))
                except Stopped:
                    break
                except StylizeError as error:
                    failed.append({"name": label, "why": _said(error.message)})
                except Exception:  # one picture must not cost the others
                    logger.exception("A picture of a batch could not be painted.")
                    failed.append({"name": label, "why": _said(say("batch_broken"))})
            state |= {"at": None, "done": len(done), "stopped": stop.is_set()}
            yield done, offer(pack(failed)), state, *_buttons(working=False)
        finally:
            del self._jobs[visit_key]

    def stop(self, request: gr.Request) -> None:
        """End the job of a visit; what is finished can be had."""
        if job := self._jobs.get(str(request.session_hash)):
            job.set()

    def _zip(self, files: list[str], failed: list[Failure]) -> str | None:
        if not files:
            return None
        lines = [f"{item['name']}: {item['why']}\n" for item in failed]
        return self.painter.save_bytes(zip_files(files, "".join(lines)), "stylized.zip")

    def choices(self, visit: Visit, chosen: list[str] | None) -> Any:
        """Offer the styles that the visit has by now; those chosen stay so."""
        library = self.painter.library_of(visit)
        kept = [name for name in chosen or [] if name in library]
        return gr.Dropdown(style_choices(library, kept, language=visitor_language()), value=kept)

    def find(self, visit: Visit, chosen: list[str] | None, typed: gr.KeyUpData) -> Any:
        """Offer the styles that hold the words typed: of a large library, not all are offered."""
        library = self.painter.library_of(visit)
        found = style_choices(library, chosen or [], typed.input_value, language=visitor_language())
        return gr.Dropdown(found)

    def _shown(self, image: Image.Image, title: str) -> Shown:
        # A file is written once; a picture would be encoded again with every step.
        file = self.painter.save(fit(image, 512), ".png", title)
        return {"file": FileData(path=file).model_dump(), "caption": title}

    def _check_number(self, number: int) -> None:
        if number > self.settings.max_batch:
            raise LimitError(say("batch_limit", most=self.settings.max_batch, number=number))


def _said(message: str) -> str:
    return translate(message, visitor_language())


def _buttons(*, working: bool) -> tuple[Any, ...]:
    """Return updates of the buttons that start a job, and of the one that stops it."""
    start = gr.Button(interactive=not working)
    return start, start, gr.Button(interactive=working)


def pictures_in(paths: list[str]) -> list[str]:
    """Return what may be a picture of a chosen folder, by name: nothing hidden, no other files."""
    kinds = Image.registered_extensions().keys() | {".heic", ".heif", ".avif"}
    found = [
        path
        for path in paths
        if Path(path).suffix.lower() in kinds and not Path(path).name.startswith(".")
    ]
    return sorted(found, key=lambda path: Path(path).name)  # uploads lie in folders of their own


def offer(file: str | None) -> Any:
    """Return the update of the download button: it can be pressed once there is a file."""
    return gr.DownloadButton(value=file, interactive=file is not None)


def style_choices(
    library: StyleLibrary, chosen: Iterable[str] = (), text: str = "", *, language: str = "en"
) -> list[tuple[str, str]]:
    """Return title and name of styles that can be applied: those chosen, then those found."""
    records = [library.get(name) for name in chosen]
    titled = [library.get(name) for name in titled_like(text, language) if name in library]
    records += [record for record in titled if record.bundled]
    records += library.list(text=text, stale=False, limit=MAX_CHOICES, own_first=True)
    return [*dict.fromkeys((title_of(record, language), record.name) for record in records)]


def zip_files(paths: list[str], missing: str = "") -> bytes:
    """Pack files into a zip; two of one name get numbers.

    Args:
        paths: The files.
        missing: What is not in it and why, as the text of one more file.
    """
    buffer = io.BytesIO()
    names = FileNames()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in map(Path, paths):
            archive.write(path, names.give(f"{safe_name(path.stem)}{path.suffix}"))
        if missing:
            archive.writestr("not-painted.txt", missing)
    return buffer.getvalue()


def batch_tab(painter: Painter, visit: gr.State, create: CreateTab, tab: gr.Tab) -> None:
    """Lay out the tab and connect it; call inside of ``tab``."""
    act = BatchActions(painter)
    shows = [visit, create.picker, create.controls]
    with gr.Row(elem_id="batch", equal_height=False):
        with gr.Column(scale=1, min_width=300):
            with gr.Column(elem_classes="st-panel"):
                gr.Markdown(t("batch_contents"))
                files = gr.File(
                    file_count="multiple",
                    file_types=["image"],
                    show_label=False,
                    label=t("batch_files"),
                    height=150,
                    elem_id="batch-files",
                )
                folder = gr.UploadButton(
                    t("batch_folder"),
                    size="sm",
                    file_count="directory",
                    elem_id="batch-folder",
                )
                components.look(elem_id="batch-look")
                many = gr.Button(t("batch_start"), variant="primary", elem_id="batch-start")
            with gr.Column(elem_classes="st-panel"):
                gr.Markdown(t("batch_styles"))
                styles = gr.Dropdown(
                    style_choices(painter.library),
                    value=[],
                    multiselect=True,
                    label=t("batch_which"),
                    info=t("batch_all"),
                    elem_id="batch-which",
                )
                sheet = gr.Button(t("batch_sheet"), variant="primary", elem_id="batch-sheet")
            stop = gr.Button(t("batch_stop"), size="sm", interactive=False, elem_id="batch-stop")
        with gr.Column(scale=3, min_width=300, elem_classes="st-panel"):
            file = gr.DownloadButton(
                t("batch_file"),
                size="sm",
                variant="primary",
                interactive=False,
                elem_id="batch-file",
            )
            status = components.progress("batch", elem_id="batch-status")
            pictures = components.pictures(elem_id="batch-pictures")
    engine: dict[str, Any] = {
        "concurrency_id": "engine", "show_progress": "hidden", "api_visibility": "private"
    }  # fmt: skip
    results = [pictures, file, status, many, sheet, stop]
    many.click(act.many_contents, [files, *shows], results, **engine)
    sheet.click(act.many_styles, [styles, *shows], results, **engine)
    at_once: dict[str, Any] = {
        "queue": False, "show_progress": "hidden", "api_visibility": "private"
    }  # fmt: skip
    stop.click(act.stop, None, None, **at_once)
    folder.upload(pictures_in, folder, files, **at_once)
    tab.select(act.choices, [visit, styles], styles, **at_once)
    styles.key_up(act.find, [visit, styles], styles, trigger_mode="always_last", **at_once)
