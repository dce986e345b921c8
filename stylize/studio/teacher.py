"""The teacher's view: what the class has handed in, as one zip, and a button to wipe it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from stylize.studio.fair import address_of
from stylize.studio.lock import CodeLock
from stylize.studio.page_errors import show_errors
from stylize.studio.texts import t
from stylize.studio.wall import ClassWall


def teacher_page(wall: ClassWall, code: str) -> None:
    """Lay the view out and connect it; call inside of ``Blocks.route``.

    Args:
        wall: What was handed in.
        code: Printed at the start of the server; without it nothing is handed out.
    """
    lock = CodeLock(code)

    @show_errors
    def collect(given: str, request: gr.Request) -> tuple[str, str]:
        lock.open(given, address_of(request))
        if not len(wall):
            return "", "0"
        link = f'<a class="st-download" href="{wall.ticket()}" download>class.zip</a>'
        return link, f"{len(wall)}"

    @show_errors
    def wipe(given: str, request: gr.Request) -> tuple[str, str]:
        lock.open(given, address_of(request))
        wall.clear()
        return "", "0"

    with gr.Column(elem_classes="st-panel st-teacher"):
        given = gr.Textbox(label=t("teacher_code"), type="password", elem_id="teacher-code")
        with gr.Row():
            get = gr.Button(t("teacher_zip"), variant="primary", elem_id="teacher-zip")
            forget = gr.Button(t("teacher_wipe"), variant="stop")
        count = gr.Textbox(label=t("teacher_count"), interactive=False)
        file = gr.HTML("", elem_id="teacher-file")
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    get.click(collect, given, [file, count], **private)
    forget.click(wipe, given, [file, count], **private)
