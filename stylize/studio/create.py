"""The Create tab: a picture, a style, and the result at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from stylize.offers import PRESETS, control_items
from stylize.studio import components
from stylize.studio.actions import Actions, example_items
from stylize.studio.device import ENGINE
from stylize.studio.painter import Painter
from stylize.studio.texts import t

# Once the page shows the look, the picture follows; its scripts may still be on their way.
_START = (
    "() => { const go = () => window.Studio && Studio.start ? Studio.start() : setTimeout(go, 20);"
    " go(); }"
)
# The look of an earlier result is on the page again.
_RETURNED = "() => document.dispatchEvent(new Event('studio-past'))"


class CreateTab(NamedTuple):
    """Components of the tab that other tabs feed."""

    picker: gr.HTML
    controls: gr.HTML
    regions: gr.HTML


def create_tab(
    page: gr.Blocks, painter: Painter, visit: gr.State, on_device: bool = False
) -> CreateTab:
    """Lay out the tab and connect it; call inside of a ``gr.Tab``.

    Args:
        page: The page of the tab.
        painter: Paints.
        visit: What the server keeps of a visit.
        on_device: Let the browser paint what follows a slider, where that is faster.
    """
    act = Actions(painter)
    preview: dict[str, Any] = {}
    if on_device:
        preview = {
            "engine": f".{ENGINE}",
            "encoder": painter.engine.encoder_sha256,
            "side_px": painter.settings.preview_px,
        }
    with gr.Row(elem_id="create", equal_height=False):
        with gr.Column(elem_classes="st-side st-left", min_width=260):
            with gr.Column(elem_classes="st-panel st-content-panel"):
                content = components.content(
                    example_items(), painter.settings.max_upload_mb, elem_id="content-picture"
                )
                with gr.Group(visible=False, elem_classes="st-recipe") as recipe_bar:
                    gr.Markdown(t("recipe_found"))
                    restore = gr.Button(t("use_recipe"), size="sm", elem_id="use-recipe")
            with gr.Column(elem_classes="st-panel st-controls-panel"):
                controls = components.controls(
                    control_items(), PRESETS, preview, elem_id="controls"
                )
        with (
            gr.Column(elem_classes="st-middle", min_width=320, scale=3),
            gr.Tabs(selected="result", elem_id="canvas-tabs"),
        ):
            with gr.Tab(t("result"), id="result"):
                viewer = components.viewer(elem_id="viewer")
            # In the page from the start: one that is not loses its props with an empty update.
            with gr.Tab(t("draw"), id="draw", render_children=True):
                components.drawing(elem_id="drawing")
            with gr.Tab(t("regions"), id="regions", render_children=True):
                regions = components.regions(painter.source(), elem_id="regions")
        with (
            gr.Column(elem_classes="st-side st-right", min_width=260),
            gr.Column(elem_classes="st-panel st-styles-panel"),
        ):
            picker = components.picker(
                painter.source(),
                act.first_look().styles,
                painter.settings.max_styles,
                elem_id="picker",
            )
            upload = gr.UploadButton(
                t("upload_style"), file_types=["image"], size="sm", elem_id="upload-style"
            )
        download = gr.File(visible="hidden")

    shows = [visit, picker, controls]
    taken = [visit, content, recipe_bar, regions, viewer]
    engine: dict[str, Any] = {"concurrency_id": "engine", "api_visibility": "private"}
    silent = {"show_progress": "hidden", **engine}
    # What does not paint has queues of its own. What cannot fail needs none, so it works before a
    # full queue too; a message of what fails reaches the page only through a queue.
    quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sure = {"queue": False, **quick}
    # Without a mode an event is dropped while the one before it runs. One that waits as the last
    # comes without the data it was sent with, so events that carry data all run.
    latest = {"trigger_mode": "always_last", **silent}
    each = {"trigger_mode": "multiple"}

    page.load(act.arrive, None, [picker, controls], **sure).then(
        None, None, None, js=_START, api_visibility="private"
    )
    page.load(act.check_link, None, None, **quick)
    content.chosen(act.take, [content, *shows], taken, **latest).failure(
        None, None, content, js="() => ({ failed: Math.random() })", **quick
    )
    gr.on([picker.input, controls.input], act.paint_live, shows, viewer, **latest)
    viewer.settled(act.paint, shows, viewer, **latest)
    shown = [visit, content, regions, picker, controls]
    past = viewer.past(act.past, visit, shown, **each, **quick)
    past.success(None, None, None, js=_RETURNED, api_visibility="private")
    viewer.detail(act.detail, shows, viewer, **each, **silent)
    viewer.export(act.export, shows, [viewer, download], **silent).success(
        None, download, None, js="(file) => Studio.exported(file)", api_visibility="private"
    ).failure(None, None, None, js="() => Studio.notExported()", api_visibility="private")
    viewer.stop(act.stop, None, None, **sure)
    viewer.reuse(act.reuse, shows, taken, **engine)
    restore.click(act.use_recipe, visit, [visit, picker, controls, recipe_bar], **quick).success(
        act.paint, shows, viewer, **silent
    )
    regions.find(act.find_subject, visit, regions, **each, **silent).failure(
        None, None, regions, js="() => ({ found: null, content: null })", **quick
    )
    strokes = {"trigger_mode": "always_last", **quick}
    regions.input(act.use_regions, [regions, visit], visit, **strokes).success(
        act.paint, shows, viewer, **latest
    )

    upload.upload(act.add_style, [upload, visit], [visit, picker], **engine).success(
        act.paint, shows, viewer, **silent
    )
    controls.surprise(act.surprise, visit, [picker, controls], **sure).then(
        act.paint_live, shows, viewer, **silent
    )
    return CreateTab(picker, controls, regions)
