"""What the Create tab does: a few lines each over the painter, without any layout."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import FileData

from stylize.controls import Controls
from stylize.errors import ControlError, ImageError, StyleNotFoundError, StylizeError
from stylize.messages import say
from stylize.offers import EXAMPLES, EXAMPLES_DIR, FIRST_STYLES
from stylize.regions import invert_mask
from stylize.studio.framing import WHOLE, Framing, read_box
from stylize.studio.front import example_url
from stylize.studio.full_size import (
    Export,
    Jobs,
    Progress,
    Stopped,
    paint_full,
    part_of,
    read_whole,
    save_full,
    watched,
)
from stylize.studio.look import Look
from stylize.studio.memory import picture_at_work
from stylize.studio.page_errors import show_errors, tell
from stylize.studio.painter import Painter
from stylize.studio.pictures import fit, mask_to_data_url, to_data_url, webp
from stylize.studio.visit import Content, Visit
from stylize.subject import find_subject

Chosen = dict[str, float]  # the value of the style gallery: style name to weight
Values = dict[str, float]  # the value of the sliders: control name to number


class Actions:
    """The callbacks of the Create tab.

    Args:
        painter: Paints; holds library and settings.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.settings = painter.settings
        self.jobs = Jobs()

    def look(self, chosen: Chosen | None, values: Values | None) -> Look:
        """Return the look that gallery and sliders show."""
        data = {**(values or {}), "styles": chosen or {}}
        return Look.from_dict(data, max_styles=self.settings.max_styles)

    def first_look(self) -> Look:
        """Return the look of a page that has just been opened."""
        library = self.painter.library
        wanted = [name for name in FIRST_STYLES if name in library]
        wanted += [record.name for record in library.list(limit=1, stale=False)]
        return Look(dict.fromkeys(wanted[:1], 1.0))

    # -------------------------------------------------------------------------------- painting

    @show_errors
    def paint_live(self, visit: Visit, chosen: Chosen, values: Values) -> Any:
        """Paint the small picture that follows a slider."""
        return self.painter.on_screen(visit, self.look(chosen, values), live=True)

    @show_errors
    def paint(self, request: gr.Request, visit: Visit, chosen: Chosen, values: Values) -> Any:
        """Paint the picture that stays on screen."""
        self.painter.rate.check(request.session_hash)
        return self.painter.on_screen(visit, self.look(chosen, values), live=False)

    @show_errors
    def export(
        self,
        request: gr.Request,
        event: gr.EventData,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Iterator[tuple[Any, Any]]:
        """Paint at full size and save as the dialogue asks; yields progress, then the file."""
        self.painter.rate.check(request.session_hash)
        if visit.content is None:
            raise ImageError(say("no_content"))
        look = self.look(chosen, values)
        export = Export.read(event, visit.content.full_size, self.settings)

        def work(progress: Progress) -> str:
            return save_full(self.painter, visit, look, export, progress)

        visitor = str(request.session_hash)
        stop = self.jobs.start(visitor)
        try:
            for item in watched(work, stop):
                if isinstance(item, tuple):
                    yield {"progress": 1}, item[0]
                else:
                    yield {"progress": round(item, 3)}, gr.skip()
        except Stopped:
            yield {"progress": None}, None
        finally:
            self.jobs.end(visitor, stop)

    def stop(self, request: gr.Request) -> None:
        """Give up what the visit has under way."""
        self.jobs.stop(str(request.session_hash))

    @show_errors
    def detail(
        self,
        request: gr.Request,
        event: gr.EventData,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> Any:
        """Show a part of the result in all its pixels."""
        self.painter.rate.check(request.session_hash)
        look = self.look(chosen, values)
        box = read_box(getattr(event, "box", None))
        side_px = min(4096, max(1, read_whole(event, "side")))
        if visit.content is None or not look.styles:
            return gr.skip()
        part = part_of(paint_full(self.painter, visit, look), box, side_px)
        return {
            "detail": {
                "url": to_data_url(part, quality=90),
                "box": box,
                "scene": visit.scene,
                "look": look.to_dict(),
            }
        }

    # --------------------------------------------------------------------------------- content

    @show_errors
    def take(
        self,
        request: gr.Request,
        sent: Mapping[str, Any] | None,
        visit: Visit,
        chosen: Chosen,
        values: Values,
    ) -> tuple[Any, ...]:
        """Take another content, chosen or brought back by a page that was loaded anew.

        Args:
            request: Whose visit it is.
            sent: ``key``, the browser's name for it; ``file`` or ``example``; ``framing``, which
                part of it; ``painted``, its regions.
            visit: Receives the content.
            chosen: See `look`.
            values: See `look`.

        Returns:
            Visit, content, recipe bar, backdrop of the regions and result.
        """
        self.painter.rate.check(request.session_hash)
        sent = sent or {}
        path = sent_file(sent)
        key, framing = str(sent.get("key") or ""), Framing.read(sent.get("framing"))
        content = Content.load(path, self.settings, key=key, framing=framing, tell=tell)
        has_recipe = self.painter.read_recipe(path) is not None
        return self._taken(visit, content, self.look(chosen, values), has_recipe, sent)

    @show_errors
    def reuse(
        self, request: gr.Request, visit: Visit, chosen: Chosen, values: Values
    ) -> tuple[Any, ...]:
        """Make the result the content; returns what `take` does."""
        self.painter.rate.check(request.session_hash)
        look = self.look(chosen, values)
        path = save_full(self.painter, visit, look, Export(), lambda _: None)
        return self._taken(visit, Content.load(path, self.settings), look, False, {"file": path})

    def _taken(
        self,
        visit: Visit,
        content: Content,
        look: Look,
        has_recipe: bool,
        source: Mapping[str, Any],
    ) -> tuple[Any, ...]:
        visit = visit.with_content(content)
        painted = source.get("painted")
        look = look.only(self.painter.library_of(visit).names())  # a visit may have begun anew
        try:
            regions = self.painter.regions_of(visit, painted)
        except StylizeError:  # of a style that is gone
            painted, regions = None, []
        if regions:
            visit = visit.with_regions(regions, painted)
        result = self.painter.on_screen(visit, look, live=False)
        shown_content = shown_content_of(visit)
        if isinstance(source.get("file"), str):  # made here: the browser wants it too
            shown_content |= {"file": FileData(path=source["file"]).model_dump()}
        return visit, shown_content, gr.Group(visible=has_recipe), backdrop(visit), result

    @show_errors
    def use_regions(self, painted: Mapping[str, Any] | None, visit: Visit) -> Visit:
        """Take the regions that were painted."""
        return visit.with_regions(self.painter.regions_of(visit, painted), painted)

    @show_errors
    def find_subject(self, request: gr.Request, event: gr.EventData, visit: Visit) -> Any:
        """Find the subject of the content, or what lies behind it, for the canvas of the regions.

        Returns:
            ``found``, a mask as a data URL, None where there is no subject, for the ``content``.
        """
        self.painter.rate.check(request.session_hash)
        content = visit.content
        if content is None:
            raise ImageError(say("no_content"))
        box = getattr(event, "box", None)
        mask = find_subject(content.preview, read_box(box) if box else None)
        behind = getattr(event, "behind", False)
        found = mask_to_data_url(invert_mask(mask) if behind else mask)
        return {"found": found if mask.getbbox() else None, "content": content.key}

    # ----------------------------------------------------------------------------------- looks

    @show_errors
    def add_style(self, path: str, visit: Visit) -> tuple[Visit, Any]:
        """Add a picture as a style and choose it."""
        with picture_at_work(path, self.settings, tell) as image:
            visit, name = self.painter.add_style(visit, image, Path(path).stem)
        return visit, self.picker(visit, {name: 1.0})

    @show_errors
    def use_recipe(self, visit: Visit) -> tuple[Any, ...]:
        """Bring back the settings inside a result that is the content now."""
        path = visit.content.path if visit.content else None
        recipe = self.painter.read_recipe(path) if path else None
        if path is None or recipe is None:
            raise StylizeError(say("no_recipe"))
        with picture_at_work(path, self.settings) as image:
            small = webp(fit(image, 224))
        visit, look = self.painter.use_recipe(visit, recipe, small)
        if recipe.finish:
            tell(say("recipe_finished"))
        picker, controls = self.picker(visit, look.styles), look.control_values()
        return visit, picker, controls, gr.Group(visible=False)

    def arrive(self, request: gr.Request) -> list[Any]:
        """Show the look of the page's address; one with mistakes is left out."""
        try:
            linked = self._linked(request)
        except StylizeError:
            linked = Look()
        return set_look(
            linked if linked.styles else replace(self.first_look(), controls=linked.controls)
        )

    @show_errors
    def check_link(self, request: gr.Request) -> None:
        """Explain what is wrong with the address: beside `arrive`, which opens the page anyway."""
        try:
            look = self._asked_for(request)
        except StylizeError as error:
            raise ControlError(say("link_unusable", error=error)) from error
        unknown = [name for name in look.styles if name not in self.painter.library]
        if unknown:
            raise StyleNotFoundError(say("unknown_styles", names=", ".join(unknown)))

    def _linked(self, request: gr.Request) -> Look:
        return self._asked_for(request).only(self.painter.library)

    def _asked_for(self, request: gr.Request) -> Look:
        return Look.from_query(str(request.query_params), max_styles=self.settings.max_styles)

    def surprise(self, visit: Visit) -> list[Any]:
        """Throw the dice."""
        names = self.painter.library_of(visit).names(stale=False)
        return set_look(random_look(names, random.Random()))

    @show_errors
    def past(self, visit: Visit, event: gr.EventData) -> list[Any]:
        """Return to an entry of the history: its look, and the content and regions it shows."""
        look = set_look(Look.from_dict(event.look))
        if event.scene == visit.scene:
            return [gr.skip(), gr.skip(), gr.skip(), *look]
        if event.scene not in visit.scenes:
            # The page has left the present scene and would take its results for late ones.
            return [visit.renumbered(), gr.skip(), gr.skip(), *look]
        visit = self.painter.back_to(visit, event.scene)
        return [visit, shown_content_of(visit), backdrop(visit), *look]

    def picker(self, visit: Visit, chosen: Mapping[str, float]) -> Any:
        """Return the update that shows the visit's styles, some of them chosen."""
        return gr.HTML(value=dict(chosen), source=self.painter.source(visit))


def set_look(look: Look) -> list[Any]:
    """Return the values of the gallery and the sliders that show a look."""
    return [dict(look.styles), look.control_values()]


def example_file(name: str) -> str:
    """Return the file of an example; an unknown name gives the first one."""
    return str(EXAMPLES_DIR / f"{name if name in EXAMPLES else next(iter(EXAMPLES))}.jpg")


def example_items() -> list[dict[str, str]]:
    """Return what the row of examples shows."""
    return [
        {
            "name": name,
            "title": title,
            "thumb": example_url(name, small=True),
        }
        for name, title in EXAMPLES.items()
    ]


def sent_file(sent: Mapping[str, Any]) -> str:
    """Return the file that the browser chose: an example, or one that was uploaded.

    Raises:
        ImageError: It is none of both.
    """
    if "example" in sent:
        return example_file(str(sent["example"]))
    file = sent.get("file")
    # Gradio has checked the place of exactly those files that carry its mark.
    if not isinstance(file, dict) or file.get("meta") != {"_type": "gradio.FileData"}:
        raise ImageError(say("no_content"))
    return str(file["path"])


def shown_content_of(visit: Visit) -> dict[str, Any]:
    """Return the value that shows the content."""
    content = visit.content
    if content is None:
        return {}
    width, height = content.full_size
    url = content.screen_url
    if content.path and content.framing == WHOLE and content.screen.size == content.full_size:
        file = Path(content.path)
        if file.parent == EXAMPLES_DIR:  # the browser can have it for good
            url = example_url(file.stem)
    return {"key": content.key, "url": url, "width": width, "height": height}


def backdrop(visit: Visit) -> dict[str, Any]:
    """Return the value that shows the content under the regions, and the regions themselves."""
    content = shown_content_of(visit)
    if not content:
        return {"content": None}
    del content["url"]  # the content's own component has it
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
