"""The Batch tab: many contents by one look, or one content by many styles."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw, ImageFont

from stylize.errors import ImageError
from stylize.files import FileNames
from stylize.library import StyleLibrary
from stylize.studio.actions import Actions, Chosen
from stylize.studio.create import CreateTab
from stylize.studio.look import Look
from stylize.studio.messages import say
from stylize.studio.painter import Painter, safe_name
from stylize.studio.pictures import fit, open_picture
from stylize.studio.settings import LimitError
from stylize.studio.shown import shown
from stylize.studio.texts import t
from stylize.studio.visit import Visit

SHEET_TILE_PX = 360
SHEET_CONTENT_PX = 512
MAX_CHOICES = 100
Result = tuple[Image.Image, str]  # picture and caption
Shown = tuple[str, str]  # file and caption, as a gr.Gallery takes them


class BatchActions(Actions):
    """The callbacks of the Batch tab; they yield what is finished so far."""

    @shown
    def many_contents(
        self,
        request: gr.Request,
        paths: list[str] | None,
        visit: Visit,
        chosen: Chosen,
        *values: float,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio injects it
    ) -> Iterator[tuple[list[Shown], Any]]:
        """Paint each content with the look of the Create tab; yields pictures and the zip."""
        if not paths:
            raise ImageError(say("no_contents"))
        self._check_number(len(paths))
        look = self.look(chosen, values)
        style, recipe = self.painter.style_of(visit, look), self.painter.recipe(visit, look)
        done: list[Shown] = []
        files: list[str] = []
        for number, path in enumerate(paths):
            progress((number, len(paths)), desc=Path(path).name)
            self.painter.rate.check(request.session_hash)
            content = open_picture(path, self.settings)
            image = self.painter.engine.stylize(content, style, controls=look.controls)
            files.append(self.painter.save(image, ".png", Path(path).stem, recipe))
            done.append(self._shown(image, Path(path).stem))
            yield done, offer(None)
        yield done, offer(self.painter.save_bytes(zip_files(files), "stylized.zip"))

    @shown
    def many_styles(
        self,
        request: gr.Request,
        names: list[str],
        visit: Visit,
        chosen: Chosen,
        *values: float,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[tuple[list[Shown], Any]]:
        """Paint the content of the Create tab in many styles; yields pictures and the sheet."""
        if visit.content is None:
            raise ImageError(say("no_content_in_create"))
        library = self.painter.library_of(visit)
        self._check_number(len(names) or library.count(stale=False))
        names = names or library.names(stale=False)
        controls = self.look(chosen, values).controls
        content = fit(visit.content.screen, SHEET_CONTENT_PX)
        done: list[Shown] = []
        pictures = [(content, "")]
        for number, name in enumerate(names):
            progress((number, len(names)), desc=name)
            self.painter.rate.check(request.session_hash)
            style = self.painter.style_of(visit, Look({name: 1.0}))
            title = library.get(name).label
            image = self.painter.engine.stylize(content, style, controls=controls)
            pictures.append((image, title))
            done.append(self._shown(image, title))
            yield done, offer(None)
        yield done, offer(self.painter.save(contact_sheet(pictures), ".png", "contact-sheet"))

    def choices(self, visit: Visit, chosen: list[str] | None) -> Any:
        """Offer the styles that the visit has by now; those chosen stay so."""
        library = self.painter.library_of(visit)
        kept = [name for name in chosen or [] if name in library]
        return gr.Dropdown(style_choices(library, kept), value=kept)

    def find(self, visit: Visit, chosen: list[str] | None, typed: gr.KeyUpData) -> Any:
        """Offer the styles that hold the words typed: of a large library, not all are offered."""
        library = self.painter.library_of(visit)
        return gr.Dropdown(style_choices(library, chosen or [], typed.input_value))

    def _shown(self, image: Image.Image, title: str) -> Shown:
        # A file is written once; a picture would be encoded again with every step.
        return self.painter.save(fit(image, 512), ".png", title), title

    def _check_number(self, number: int) -> None:
        if number > self.settings.max_batch:
            raise LimitError(say("batch_limit", most=self.settings.max_batch, number=number))


def offer(file: str | None) -> Any:
    """Return the update of the download button: it can be pressed once there is a file."""
    return gr.DownloadButton(value=file, interactive=file is not None)


def style_choices(
    library: StyleLibrary, chosen: Iterable[str] = (), text: str = ""
) -> list[tuple[str, str]]:
    """Return title and name of styles that can be applied: those chosen, then those found."""
    records = [library.get(name) for name in chosen]
    records += library.list(text=text, stale=False, limit=MAX_CHOICES, own_first=True)
    return [*dict.fromkeys((record.label, record.name) for record in records)]


def contact_sheet(pictures: list[Result], *, columns: int | None = None) -> Image.Image:
    """Arrange pictures of one size in a grid, each with its caption.

    Args:
        pictures: Picture and caption; at least one.
        columns: Default: about as many columns as rows.

    Returns:
        RGB on white.
    """
    columns = columns or max(1, round(len(pictures) ** 0.5 + 0.3))
    rows = -(-len(pictures) // columns)
    small = [(fit(image.convert("RGB"), SHEET_TILE_PX), title) for image, title in pictures]
    width, height = (max(image.size[axis] for image, _ in small) for axis in (0, 1))
    gap, text_px = 16, 26
    sheet = Image.new(
        "RGB", (columns * (width + gap) + gap, rows * (height + text_px + gap) + gap), "white"
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    for number, (image, title) in enumerate(small):
        left = gap + (number % columns) * (width + gap)
        top = gap + (number // columns) * (height + text_px + gap)
        sheet.paste(image, (left, top))
        while title and draw.textlength(title, font) > width:
            title = title[:-2].rstrip(" .") + "."
        draw.text((left, top + image.height + 5), title, "#2c2824", font)
    return sheet


def zip_files(paths: list[str]) -> bytes:
    """Pack files into a zip; two of one name get numbers."""
    buffer = io.BytesIO()
    names = FileNames()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in map(Path, paths):
            archive.write(path, names.give(f"{safe_name(path.stem)}{path.suffix}"))
    return buffer.getvalue()


def batch_tab(painter: Painter, visit: gr.State, create: CreateTab, tab: gr.Tab) -> None:
    """Lay out the tab and connect it; call inside of ``tab``."""
    act = BatchActions(painter)
    shows = [visit, create.picker, *create.controls]
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
            stop = gr.Button(t("batch_stop"), size="sm")
        with gr.Column(scale=3, min_width=300, elem_classes="st-panel"):
            file = gr.DownloadButton(
                t("batch_file"),
                size="sm",
                variant="primary",
                interactive=False,
                elem_id="batch-file",
            )
            status = gr.HTML(t("batch_idle"), elem_id="batch-status", apply_default_css=False)
            pictures = gr.Gallery(
                show_label=False,
                label=t("result"),
                columns=4,
                object_fit="contain",
                format="png",
                height="auto",
                elem_id="batch-pictures",
                buttons=["fullscreen"],
            )
    private: dict[str, Any] = {"concurrency_id": "engine", "api_visibility": "private"}
    private["show_progress_on"] = status
    results = [pictures, file]
    jobs: Any = [
        many.click(act.many_contents, [files, *shows], results, **private),
        sheet.click(act.many_styles, [styles, *shows], results, **private),
    ]
    tab.select(
        act.choices,
        [visit, styles],
        styles,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    styles.key_up(
        act.find,
        [visit, styles],
        styles,
        queue=False,
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )
    stop.click(None, None, None, cancels=jobs, api_visibility="private")
