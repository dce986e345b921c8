"""The children's page: draw or photograph, pick a picture, done. Nothing is stored."""

from __future__ import annotations

import io
import secrets
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import gradio as gr
from PIL import Image

from stylize.errors import ImageError
from stylize.studio import components
from stylize.studio.look import Look
from stylize.studio.messages import say
from stylize.studio.painter import Painter
from stylize.studio.pictures import fit, from_data_url, to_data_url
from stylize.studio.settings import LimitError
from stylize.studio.shown import shown
from stylize.studio.texts import t

KIDS_STYLES = (
    "starry-night", "great-wave", "the-scream", "composition-viii", "water-lilies", "young-hare",
    "vertumnus", "senecio", "sleeping-gypsy", "large-blue-horses", "the-kiss", "autumn-school",
)  # fmt: skip
MAX_TILES = 12


class ClassWall:
    """Results that children handed to their teacher: in memory, wiped with the process.

    Args:
        most: How many results are kept; older ones make room.
    """

    def __init__(self, most: int = 120) -> None:
        self._most = most
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, image: Image.Image) -> str:
        """Keep a result; returns the key by which it is deleted again."""
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
        key = secrets.token_hex(8)
        with self._lock:
            self._pictures[key] = buffer.getvalue()
            while len(self._pictures) > self._most:
                self._pictures.popitem(last=False)
        return key

    def forget(self, keys: Iterable[str]) -> None:
        """Delete some results."""
        with self._lock:
            for key in keys:
                self._pictures.pop(key, None)

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._pictures.clear()

    def __len__(self) -> int:
        return len(self._pictures)

    def zip(self) -> bytes:
        """Return all results as a zip of numbered PNG files; no names, no times."""
        buffer = io.BytesIO()
        with self._lock, zipfile.ZipFile(buffer, "w") as archive:
            for number, data in enumerate(self._pictures.values(), 1):
                archive.writestr(zipfile.ZipInfo(f"picture-{number:02}.png"), data)
        return buffer.getvalue()


def kids_styles(painter: Painter) -> list[dict[str, Any]]:
    """Return the tiles: a fixed choice of bundled styles, in its order.

    Own styles are shown only where the library has no bundled ones.
    """
    library = painter.library
    bundled = {record.name: record for record in library.list(bundled=True, stale=False)}
    records = bundled or {r.name: r for r in library.list(stale=False, limit=MAX_TILES)}
    names = [name for name in KIDS_STYLES if name in records]
    names += [name for name in records if name not in names]
    return [painter.gallery.item(library, records[name]) for name in names[:MAX_TILES]]


def kids_page(painter: Painter, wall: ClassWall | None) -> None:
    """Lay the page out and connect it; call inside of ``Blocks.route`` or of the Blocks."""
    settings = painter.settings
    minutes = max(1, round(settings.retention_s / 60))
    kids = components.kids(kids_styles(painter), wall is not None, minutes, elem_id="kids")
    last = gr.State(None, time_to_live=settings.retention_s)
    given = gr.State((), time_to_live=settings.retention_s)  # hand-ins of the picture being made

    @shown
    def paint(value: dict[str, Any], request: gr.Request) -> tuple[dict[str, str], Any]:
        painter.rate.check(request.session_hash)
        image = paint_for_a_child(painter, value)
        return {"picture": to_data_url(image, quality=92)}, image

    @shown
    def give(image: Image.Image | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        if image is None:
            raise ImageError(say("forgotten"))
        return keys if wall is None else (*keys, wall.put(image))

    def delete(keys: tuple[str, ...]) -> tuple[None, None, tuple[()]]:
        if wall is not None:
            wall.forget(keys)
        return None, None, ()

    def begin() -> tuple[()]:
        """The next child begins: what was handed in is no longer this one's to delete."""
        return ()

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    # In the browser, because a full queue would refuse this request as well.
    kids.submit(paint, kids, [kids, last], concurrency_id="engine", **private).failure(
        None, None, kids, js="() => ({ failed: true })", **private
    )
    kids.upload(give, [last, given], given, **private)
    kids.select(begin, None, given, queue=False, **private)
    # Before a full queue, too, "Delete now" deletes now.
    kids.clear(delete, given, [kids, last, given], queue=False, **private)


def paint_for_a_child(painter: Painter, value: dict[str, str] | None) -> Image.Image:
    """Paint a drawing in one of the tiles' styles.

    Raises:
        ImageError: There is no drawing.
        StyleNotFoundError: There is no such style.
    """
    if not value:
        raise ImageError(say("no_drawing"))
    drawing = from_data_url(str(value.get("drawing", "")), painter.settings)
    style = painter.library.get(str(value.get("style", ""))).vector
    content = fit(drawing, painter.settings.kids_px)
    return painter.engine.stylize(content, style, controls=Look().controls)


def teacher_page(painter: Painter, wall: ClassWall, code: str) -> None:
    """Lay out the teacher's view: the results of the class as one zip, and a button to wipe them.

    Args:
        painter: Saves the file.
        wall: What was handed in.
        code: Printed at the start of the server; without it nothing is handed out.
    """

    def check(given: str) -> None:
        if given.strip() != code:
            raise LimitError(say("wrong_code"))

    @shown
    def collect(given: str) -> tuple[str, str]:
        check(given)
        return painter.save_bytes(wall.zip(), "class.zip"), f"{len(wall)}"

    @shown
    def wipe(given: str) -> tuple[None, str]:
        check(given)
        wall.clear()
        return None, "0"

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    with gr.Column(elem_classes="st-panel st-teacher"):
        given = gr.Textbox(label=t("teacher_code"), type="password", elem_id="teacher-code")
        with gr.Row():
            get = gr.Button(t("teacher_zip"), variant="primary", elem_id="teacher-zip")
            forget = gr.Button(t("teacher_wipe"), variant="stop")
        count = gr.Textbox(label=t("teacher_count"), interactive=False)
        file = gr.File(label="zip", interactive=False)
    get.click(collect, given, [file, count], **private)
    forget.click(wipe, given, [file, count], **private)
