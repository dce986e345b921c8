"""What the Create tab does: a few lines each over the painter, without any layout."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from stylize.controls import Controls
from stylize.errors import ControlError, StylizeError
from stylize.images import load_image
from stylize.studio.door import EXAMPLES_DIR
from stylize.studio.look import CONTROL_NAMES, Look
from stylize.studio.messages import say
from stylize.studio.painter import Painter
from stylize.studio.pictures import fit, from_data_url, open_picture, to_data_url, webp
from stylize.studio.shown import shown
from stylize.studio.visit import Content, Visit

EXAMPLES: Mapping[str, str] = {
    "astronaut": "Eileen Collins (NASA, public domain)",
    "coffee": "Coffee (Rachel Michetti, CC0)",
    "chelsea": "Chelsea the cat (Stéfan van der Walt, CC0)",
    "rocket": "Falcon 9 (SpaceX, public domain)",
}
FIRST_STYLES = ("starry-night", "great-wave")
PRESETS: Mapping[str, Mapping[str, float]] = {
    "painting": {},
    "gentle": {"strength": 0.6, "color": 0.3, "content_weight": 1.5},
    "bold": {"style_weight": 2.0, "stroke_size": 1.5, "coarse_weight": 1.5},
    "my_colours": {"color": 1.0},
    "palette": {"texture": 0.0},
}

Chosen = dict[str, float]  # the value of the style gallery: style name to weight


class Actions:
    """The callbacks of the Create tab.

    Args:
        painter: Paints; holds library and settings.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.settings = painter.settings

    def look(self, chosen: Chosen | None, values: tuple[float, ...]) -> Look:
        """Return the look that gallery and sliders show; values as in `CONTROL_NAMES`."""
        data = {"styles": chosen or {}, **dict(zip(CONTROL_NAMES, values, strict=True))}
        return Look.from_dict(data, max_styles=self.settings.max_styles)

    def first_look(self) -> Look:
        """Return the look of a page that has just been opened."""
        library = self.painter.library
        wanted = [name for name in FIRST_STYLES if name in library]
        wanted += [record.name for record in library.list(limit=1, stale=False)]
        return Look(dict.fromkeys(wanted[:1], 1.0))

    # -------------------------------------------------------------------------------- painting

    @shown
    def paint_live(self, visit: Visit, chosen: Chosen, *values: float) -> Any:
        """Paint the small picture that follows a slider."""
        return self.painter.on_screen(visit, self.look(chosen, values), live=True)

    @shown
    def paint(self, request: gr.Request, visit: Visit, chosen: Chosen, *values: float) -> Any:
        """Paint the picture that stays on screen."""
        self.painter.rate.check(request.session_hash)
        return self.painter.on_screen(visit, self.look(chosen, values), live=False)

    @shown
    def save_png(self, request: gr.Request, visit: Visit, chosen: Chosen, *values: float) -> str:
        """Paint at full size and save as PNG."""
        return self._save(request, visit, self.look(chosen, values), ".png")

    @shown
    def save_jpeg(self, request: gr.Request, visit: Visit, chosen: Chosen, *values: float) -> str:
        """Paint at full size and save as JPEG."""
        return self._save(request, visit, self.look(chosen, values), ".jpg")

    def _save(self, request: gr.Request, visit: Visit, look: Look, suffix: str) -> str:
        self.painter.rate.check(request.session_hash)
        image = self.painter.at_full_size(visit, look)
        stem = "-".join(look.styles)
        return self.painter.save(image, suffix, stem, self.painter.recipe(visit, look))

    # --------------------------------------------------------------------------------- content

    @shown
    def load_content(
        self, request: gr.Request, path: str | None, visit: Visit, chosen: Chosen, *values: float
    ) -> tuple[Any, ...]:
        """Take another content; returns visit, recipe bar, backdrop of the regions and result."""
        if path is not None and visit.content is not None and visit.content.path == path:
            return tuple(gr.skip() for _ in range(4))  # the browser tells of one change twice
        self.painter.rate.check(request.session_hash)
        content = Content.load(path, self.settings) if path else None
        visit = visit.with_content(content)
        has_recipe = path is not None and self.painter.read_recipe(path) is not None
        result = self.painter.on_screen(visit, self.look(chosen, values), live=False)
        return visit, gr.Group(visible=has_recipe), backdrop(visit), result

    @shown
    def use_drawing(self, drawing: str) -> Any:
        """Make the drawing the content, and show the result."""
        image = from_data_url(drawing, self.settings)
        return self.painter.save(image, ".png", "drawing"), gr.Tabs(selected="result")

    @shown
    def use_regions(self, painted: Mapping[str, Any] | None, visit: Visit) -> Visit:
        """Take the regions that were painted."""
        return visit.with_regions(self.painter.regions_of(visit, painted), painted)

    # ----------------------------------------------------------------------------------- looks

    @shown
    def add_style(self, path: str, visit: Visit) -> tuple[Visit, Any]:
        """Add a picture as a style and choose it."""
        image = open_picture(path, self.settings)
        visit, name = self.painter.add_style(visit, image, Path(path).stem)
        return visit, self.picker(visit, {name: 1.0})

    @shown
    def use_recipe(self, path: str, visit: Visit) -> tuple[Any, ...]:
        """Bring back the settings inside a result."""
        recipe = self.painter.read_recipe(path)
        if recipe is None:
            raise StylizeError(say("no_recipe"))
        small = webp(fit(open_picture(path, self.settings), 224))
        visit, look = self.painter.use_recipe(visit, recipe, small)
        controls = look.control_values().values()
        return visit, self.picker(visit, look.styles), *controls, gr.Group(visible=False)

    def arrive(self, request: gr.Request) -> list[Any]:
        """Show an example in the look of the page's address; one with mistakes is left out."""
        try:
            linked = self._linked(request)
        except StylizeError:
            linked = Look()
        return [example_file(""), *set_look(linked if linked.styles else self.first_look())]

    @shown
    def check_link(self, request: gr.Request) -> None:
        """Explain what is wrong with the address: beside `arrive`, which opens the page anyway."""
        try:
            self._linked(request)
        except StylizeError as error:
            raise ControlError(f"The settings in this link cannot be used: {error}") from error

    def _linked(self, request: gr.Request) -> Look:
        limit = self.settings.max_styles
        look = Look.from_query(str(request.query_params), max_styles=limit)
        return look.only(self.painter.library)

    def surprise(self, visit: Visit) -> list[Any]:
        """Throw the dice."""
        names = self.painter.library_of(visit).names(stale=False)
        return set_look(random_look(names, random.Random()))

    @shown
    def past(self, visit: Visit, event: gr.EventData) -> list[Any]:
        """Return to an entry of the history: its look, and the content and regions it shows."""
        look = set_look(Look.from_dict(event.look))
        if event.scene == visit.scene:
            return [gr.skip(), gr.skip(), gr.skip(), *look]
        if event.scene not in visit.scenes:
            # The page has left the present scene and would take its results for late ones.
            return [visit.renumbered(), gr.skip(), gr.skip(), *look]
        visit = self.painter.back_to(visit, event.scene)
        path = visit.content.path if visit.content else None
        return [visit, path, backdrop(visit), *look]

    def example(self, event: gr.EventData) -> str:
        """Choose an example."""
        return example_file(event.name)

    def picker(self, visit: Visit, chosen: Mapping[str, float]) -> Any:
        """Return the update that shows the visit's styles, some of them chosen."""
        return gr.HTML(value=dict(chosen), source=self.painter.source(visit))


def set_look(look: Look) -> list[Any]:
    """Return the values of the gallery and the sliders that show a look."""
    return [dict(look.styles), *look.control_values().values()]


def preset_values(name: str) -> list[float]:
    """Return the values of the sliders of a preset."""
    return list(Look(controls=Controls(**PRESETS[name])).control_values().values())


def example_file(name: str) -> str:
    """Return the file of an example; an unknown name gives the first one."""
    return str(EXAMPLES_DIR / f"{name if name in EXAMPLES else next(iter(EXAMPLES))}.jpg")


def example_items() -> list[dict[str, str]]:
    """Return what the row of examples shows."""
    return [
        {
            "name": name,
            "title": title,
            "thumb": to_data_url(fit(load_image(example_file(name)), 160)),
        }
        for name, title in EXAMPLES.items()
    ]


def backdrop(visit: Visit) -> dict[str, Any]:
    """Return the value that shows the content under the regions, and the regions themselves."""
    if visit.content is None:
        return {"content": None}
    width, height = visit.content.full_size
    content = {"url": visit.content.screen_url, "width": width, "height": height}
    return {"content": content, **(visit.scenes[visit.scene].painted or {})}


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
