"""The children's page: draw or photograph, pick a picture, done. Nothing is stored."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from stylize.errors import ImageError
from stylize.messages import say
from stylize.offers import FREEDOMS, kids_records
from stylize.studio import components
from stylize.studio.device import KIDS_PAGE
from stylize.studio.fair import address_of
from stylize.studio.page_errors import show_errors
from stylize.studio.painter import Painter
from stylize.studio.pictures import fit, from_data_url, to_data_url
from stylize.studio.settings import RateLimit
from stylize.studio.wall import ClassWall


def kids_styles(painter: Painter) -> list[dict[str, Any]]:
    """Return the tiles."""
    library = painter.library
    return [painter.gallery.item(library, record) for record in kids_records(library)]


def kids_page(painter: Painter, wall: ClassWall | None, on_device: bool = False) -> None:
    """Lay the page out and connect it; call inside of ``Blocks.route`` or of the Blocks.

    Args:
        painter: Paints.
        wall: Takes what children hand in.
        on_device: Send tablets that can paint themselves to the page on which they do.
    """
    settings = painter.settings
    minutes = max(1, round(settings.retention_s / 60))
    kids = components.kids(
        kids_styles(painter),
        wall is not None,
        minutes,
        elsewhere=f".{KIDS_PAGE}" if on_device else "",
        elem_id="kids",
    )
    hand_ins = RateLimit(settings.jobs_per_minute)
    last = gr.State(None, time_to_live=settings.retention_s)
    given = gr.State((), time_to_live=settings.retention_s)  # hand-ins of the picture being made

    @show_errors
    def paint(value: dict[str, Any], request: gr.Request) -> tuple[dict[str, str], Any]:
        painter.rate.check(request.session_hash)
        image = paint_for_a_child(painter, value)
        return {"picture": to_data_url(image, quality=92)}, image

    @show_errors
    def give(
        image: Image.Image | None, keys: tuple[str, ...], request: gr.Request
    ) -> tuple[str, ...]:
        if image is None:
            raise ImageError(say("forgotten"))
        if wall is None:
            return keys
        device = address_of(request)
        hand_ins.check(device)
        return (*keys, wall.put(image, device))

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

    Args:
        painter: Paints.
        value: ``drawing`` as a data URL, ``style`` by name, and ``freedom``, one of `FREEDOMS`.

    Raises:
        ImageError: There is no drawing.
        StyleNotFoundError: There is no such style.
    """
    if not isinstance(value, dict) or not value:  # from a program, it may be anything
        raise ImageError(say("no_drawing"))
    drawing = from_data_url(str(value.get("drawing", "")), painter.settings)
    style = painter.library.get(str(value.get("style", ""))).vector
    content = fit(drawing, painter.settings.kids_px)
    controls = FREEDOMS.get(str(value.get("freedom")), FREEDOMS["painted"])
    return painter.engine.stylize(content, style, controls=controls)
