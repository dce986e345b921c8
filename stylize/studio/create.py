"""The Create tab: a picture, a style, and the result at once."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, NamedTuple

import gradio as gr

from stylize.controls import Controls
from stylize.studio import components
from stylize.studio.actions import PRESETS, Actions, example_items, preset_values
from stylize.studio.look import CONTROL_NAMES
from stylize.studio.painter import Painter
from stylize.studio.texts import t

MAIN_CONTROLS = ("strength", "color", "stroke_size", "detail")


class CreateTab(NamedTuple):
    """Components of the tab that other tabs feed."""

    picture: gr.Image
    picker: gr.HTML
    controls: list[gr.Slider]
    regions: gr.HTML


def create_tab(page: gr.Blocks, painter: Painter, visit: gr.State) -> CreateTab:
    """Lay out the tab and connect it; call inside of a ``gr.Tab``."""
    act = Actions(painter)
    with gr.Row(elem_id="create", equal_height=False):
        with gr.Column(elem_classes="st-side st-left", min_width=260):
            with gr.Column(elem_classes="st-panel st-content-panel"):
                picture = _content()
                samples = components.examples(example_items())
                with gr.Group(visible=False, elem_classes="st-recipe") as recipe_bar:
                    gr.Markdown(t("recipe_found"))
                    restore = gr.Button(t("use_recipe"), size="sm", elem_id="use-recipe")
            with gr.Column(elem_classes="st-panel st-controls-panel"):
                with gr.Row(elem_classes="st-presets"):
                    presets = {name: _small_button(f"preset_{name}") for name in PRESETS}
                    dice = _small_button("surprise", elem_id="dice")
                sliders = {name: slider(name) for name in MAIN_CONTROLS}
                with gr.Accordion(t("more_controls"), open=False):
                    others = [name for name in CONTROL_NAMES if name not in MAIN_CONTROLS]
                    sliders |= {name: slider(name) for name in others}
        with (
            gr.Column(elem_classes="st-middle", min_width=320, scale=3),
            gr.Tabs(selected="result", elem_id="canvas-tabs") as sheets,
        ):
            with gr.Tab(t("result"), id="result"):
                viewer = components.viewer(elem_id="viewer")
            with gr.Tab(t("draw"), id="draw"):
                drawing = components.drawing(elem_id="drawing")
            with gr.Tab(t("regions"), id="regions"):
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
        told = gr.Textbox(visible="hidden")

    controls = [sliders[name] for name in CONTROL_NAMES]
    shows = [visit, picker, *controls]
    engine: dict[str, Any] = {"concurrency_id": "engine", "api_visibility": "private"}
    silent = {"show_progress": "hidden", **engine}
    # What does not paint has queues of its own. What cannot fail needs none, so it works before a
    # full queue too; a message of what fails reaches the page only through a queue.
    quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sure = {"queue": False, **quick}
    latest = {"trigger_mode": "always_last", **silent}

    page.load(act.arrive, None, [picture, picker, *controls], **sure)
    page.load(act.check_link, None, None, **quick)
    gr.on(
        [picker.input, *(item.input for item in controls)], act.paint_live, shows, viewer, **latest
    )
    viewer.settled(act.paint, shows, viewer, **latest)
    viewer.past(act.past, visit, [visit, picture, regions, picker, *controls], **quick)
    viewer.png(act.save_png, shows, download, **engine).success(**_save(download))
    viewer.jpeg(act.save_jpeg, shows, download, **engine).success(**_save(download))
    viewer.reuse(act.save_png, shows, picture, **engine)

    samples.select(act.example, None, picture, **sure)
    drawing.submit(act.use_drawing, drawing, [picture, sheets], **quick)
    # The browser may tell of one change twice, and the echo of a picture that has been undone in
    # the meantime would bring it back. A text that stays the same is told once.
    picture.change(
        None, picture, told, js="(file) => (file && file.path) || ''", api_visibility="private"
    )
    told.change(act.load_content, [picture, *shows], [visit, recipe_bar, regions, viewer], **silent)
    restore.click(
        act.use_recipe, [picture, visit], [visit, picker, *controls, recipe_bar], **quick
    ).success(act.paint, shows, viewer, **silent)
    regions.input(act.use_regions, [regions, visit], visit, **quick).success(
        act.paint, shows, viewer, **latest
    )

    upload.upload(act.add_style, [upload, visit], [visit, picker], **engine).success(
        act.paint, shows, viewer, **silent
    )
    for name, button in presets.items():
        values = f"() => {json.dumps(preset_values(name))}"
        button.click(None, None, controls, js=values, api_visibility="private").then(
            act.paint_live, shows, viewer, **silent
        )
    dice.click(act.surprise, visit, [picker, *controls], **sure).then(
        act.paint_live, shows, viewer, **silent
    )
    return CreateTab(picture, picker, controls, regions)


def slider(name: str) -> gr.Slider:
    """Return the slider of a control; ranges and defaults are those of `Controls`."""
    item = next(item for item in fields(Controls) if item.name == name)
    default: float = getattr(Controls(), name)
    return gr.Slider(
        item.metadata["low"],
        item.metadata["high"],
        value=default,
        step=0.05,
        label=t(name),
        info=None if name in MAIN_CONTROLS else t(f"{name}_info"),
        elem_id=f"control-{name}",
        buttons=[],
    )


def _content() -> gr.Image:
    picture = gr.Image(
        type="filepath",
        image_mode=None,
        format="png",
        sources=["upload", "clipboard", "webcam"],
        label=t("content_label"),
        show_label=False,
        elem_id="content-picture",
        height=220,
        buttons=[],
    )
    preprocess = picture.preprocess

    def as_it_is(payload: Any) -> Any:
        if payload is None or (payload.url or "").startswith("data:"):
            return preprocess(payload)
        return payload.path

    # Gradio would open the file and fail without a word over what is no picture; our own reader
    # explains it. Not a subclass: for those Gradio writes stub files beside the source.
    picture.preprocess = as_it_is  # type: ignore[method-assign]
    return picture


def _small_button(key: str, **options: Any) -> gr.Button:
    return gr.Button(t(key), size="sm", min_width=40, **options)


def _save(file: gr.File) -> dict[str, Any]:
    """Let the browser save a file that has arrived."""
    return {
        "fn": None,
        "inputs": file,
        "outputs": None,
        "js": "(file) => Studio.save(file)",
        "api_visibility": "private",
    }
