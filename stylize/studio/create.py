"""The Create tab: a picture, a style, and the result at once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import gradio as gr

from stylize.controls import Controls
from stylize.errors import StylizeError
from stylize.images import load_image
from stylize.studio import components
from stylize.studio.look import CONTROL_NAMES, Look
from stylize.studio.painter import Painter, look_of
from stylize.studio.pictures import fit, open_picture, to_data_url
from stylize.studio.shown import shown
from stylize.studio.texts import t
from stylize.studio.visit import Content, Visit, gallery

EXAMPLES_DIR = Path(__file__).parent / "examples"
EXAMPLES: Mapping[str, str] = {
    "astronaut": "Eileen Collins (NASA, public domain)",
    "coffee": "Coffee (Rachel Michetti, CC0)",
    "chelsea": "Chelsea the cat (Stéfan van der Walt, CC0)",
    "rocket": "Falcon 9 (SpaceX, public domain)",
}
FIRST_STYLE = "starry-night"
MAIN_CONTROLS = ("strength", "color", "stroke_size", "detail")
PRESETS: Mapping[str, Mapping[str, float]] = {
    "painting": {},
    "gentle": {"strength": 0.6, "color": 0.3, "content_weight": 1.5},
    "bold": {"style_weight": 2.0, "stroke_size": 1.5, "coarse_weight": 1.5},
    "my_colours": {"color": 1.0},
    "palette": {"texture": 0.0},
}


def create_tab(page: gr.Blocks, painter: Painter, visit: gr.State) -> None:
    """Lay out the tab and connect it; call inside of a ``gr.Tab``."""
    settings = painter.settings
    first = FIRST_STYLE if FIRST_STYLE in painter.library.names() else None
    with gr.Row(elem_id="create", equal_height=False):
        with gr.Column(elem_classes="st-side st-left", min_width=260):
            with gr.Column(elem_classes="st-panel st-content-panel"):
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
                samples = components.examples(_example_items())
                with gr.Group(visible=False, elem_classes="st-recipe") as recipe_bar:
                    gr.Markdown(t("recipe_found"))
                    restore = gr.Button(t("use_recipe"), size="sm", elem_id="use-recipe")
            with gr.Column(elem_classes="st-panel st-controls-panel"):
                with gr.Row(elem_classes="st-presets"):
                    presets = {
                        name: gr.Button(t(f"preset_{name}"), size="sm", min_width=40)
                        for name in PRESETS
                    }
                    dice = gr.Button(t("surprise"), size="sm", min_width=40, elem_id="dice")
                sliders = {name: _slider(name) for name in MAIN_CONTROLS}
                with gr.Accordion(t("more_controls"), open=False):
                    sliders |= {
                        name: _slider(name) for name in CONTROL_NAMES if name not in sliders
                    }
        with gr.Column(elem_classes="st-middle", min_width=320, scale=3):
            viewer = components.viewer(elem_id="viewer")
            download = gr.File(visible="hidden")
        with gr.Column(elem_classes="st-side st-right", min_width=260):
            with gr.Column(elem_classes="st-panel st-styles-panel"):
                picker = components.picker(
                    gallery(painter.library),
                    {first: 1.0} if first else {},
                    settings.max_styles,
                    elem_id="picker",
                )
                upload = gr.UploadButton(
                    t("upload_style"), file_types=["image"], size="sm", elem_id="upload-style"
                )

    controls = [sliders[name] for name in CONTROL_NAMES]
    shows = [visit, picker, *controls]
    engine: dict[str, Any] = {"concurrency_id": "engine", "api_visibility": "private"}
    quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def current(chosen: dict[str, float], values: tuple[float, ...]) -> Look:
        return look_of(chosen, values, settings.max_styles)

    @shown
    def paint_live(visit: Visit, chosen: dict[str, float], *values: float) -> Any:
        return painter.on_screen(visit, current(chosen, values), live=True)

    @shown
    def paint(request: gr.Request, visit: Visit, chosen: dict[str, float], *values: float) -> Any:
        painter.rate.check(request.session_hash)
        return painter.on_screen(visit, current(chosen, values), live=False)

    @shown
    def load_content(path: str | None, visit: Visit) -> tuple[Visit, Any]:
        recipe = painter.recipe_of(path) if path else None
        visit = visit.with_content(Content.load(path, settings) if path else None)
        return visit, gr.Group(visible=recipe is not None)

    @shown
    def use_recipe(path: str, visit: Visit) -> list[Any]:
        look = painter.recipe_of(path) or Look()
        known = painter.library_of(visit).names()
        return [*set_look(look.only(known)), gr.Group(visible=False)]

    @shown
    def add_style(path: str, visit: Visit) -> tuple[Visit, Any]:
        image = open_picture(path, settings)
        visit, name = painter.add_style(visit, image, Path(path).stem)
        return visit, gr.HTML(value={name: 1.0}, styles=gallery(painter.library_of(visit)))

    def save_as(suffix: str) -> Any:
        @shown
        def save(
            request: gr.Request, visit: Visit, chosen: dict[str, float], *values: float
        ) -> Any:
            painter.rate.check(request.session_hash)
            look = current(chosen, values)
            return painter.save(painter.at_full_size(visit, look), look, suffix)

        return save

    @shown
    def reuse(visit: Visit, chosen: dict[str, float], *values: float) -> str:
        look = current(chosen, values)
        return painter.save(painter.at_full_size(visit, look), look, ".png")

    def past(event: gr.EventData) -> list[Any]:
        return set_look(Look.from_dict(event.look))

    def example(event: gr.EventData) -> str:
        return example_file(event.name)

    def arrive(request: gr.Request) -> list[Any]:
        look = _look_of_link(request, painter) or Look({first: 1.0} if first else {})
        return [example_file(next(iter(EXAMPLES))), *set_look(look)]

    def surprise(visit: Visit) -> list[Any]:
        return set_look(random_look(painter.library_of(visit).names(), random.Random()))

    gr.on(
        [picker.input, *(slider.input for slider in controls)],
        paint_live, shows, viewer, trigger_mode="always_last", show_progress="hidden", **engine,
    )  # fmt: skip
    viewer.settled(
        paint, shows, viewer, trigger_mode="always_last", show_progress="hidden", **engine
    )
    picture.change(load_content, [picture, visit], [visit, recipe_bar], **quick).then(
        paint, shows, viewer, show_progress="minimal", **engine
    )
    samples.select(example, None, picture, **quick)
    upload.upload(add_style, [upload, visit], [visit, picker], **engine).then(
        paint, shows, viewer, show_progress="minimal", **engine
    )
    for name, button in presets.items():
        values = list(Look(controls=Controls(**PRESETS[name])).control_values().values())
        button.click(lambda values=values: values, None, controls, **quick).then(
            paint_live, shows, viewer, show_progress="hidden", **engine
        )
    dice.click(surprise, visit, [picker, *controls], **quick).then(
        paint_live, shows, viewer, show_progress="hidden", **engine
    )
    viewer.past(past, None, [picker, *controls], **quick)
    restore.click(use_recipe, [picture, visit], [picker, *controls, recipe_bar], **quick).then(
        paint, shows, viewer, show_progress="minimal", **engine
    )
    viewer.reuse(reuse, shows, picture, show_progress="minimal", **engine)
    for event, suffix in ((viewer.png, ".png"), (viewer.jpeg, ".jpg")):
        event(save_as(suffix), shows, download, show_progress="minimal", **engine).then(
            None, download, None, js="(file) => Studio.save(file)", **quick
        )
    page.load(arrive, None, [picture, picker, *controls], **quick)


def set_look(look: Look) -> list[Any]:
    """Return the values of the gallery and the sliders that show a look."""
    return [dict(look.styles), *look.control_values().values()]


def example_file(name: str) -> str:
    """Return the file of an example; an unknown name gives the first one."""
    return str(EXAMPLES_DIR / f"{name if name in EXAMPLES else next(iter(EXAMPLES))}.jpg")


def random_look(names: list[str], chance: random.Random) -> Look:
    """Return a look by chance: one or two styles, controls near their defaults."""
    styles = chance.sample(names, k=min(len(names), chance.choice((1, 1, 2))))
    weights = {name: round(chance.uniform(0.3, 1.0), 2) for name in styles}
    controls = Controls(
        strength=round(chance.uniform(0.7, 1.0), 2),
        stroke_size=round(chance.uniform(0.7, 2.0), 2),
        color=chance.choice((0.0, 0.0, 0.0, 0.5, 1.0)),
        detail=round(chance.uniform(0.7, 1.5), 2),
    )
    return Look(weights, controls)


def _look_of_link(request: gr.Request, painter: Painter) -> Look | None:
    """Read the look from the page's address; a link with mistakes shows the page without it."""
    query = str(getattr(request, "query_params", "") or "")
    try:
        look = Look.from_query(query, max_styles=painter.settings.max_styles)
    except StylizeError as error:
        gr.Warning(f"The settings in this link cannot be used: {error}")
        return None
    look = look.only(painter.library.names())
    return look if look.styles else None


def _slider(name: str) -> gr.Slider:
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


def _example_items() -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "title": title,
            "thumb": to_data_url(fit(load_image(example_file(name)), 160)),
        }
        for name, title in EXAMPLES.items()
    ]
