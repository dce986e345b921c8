"""The Styles tab: look at the library, add, describe and remove own styles, share them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from stylize.errors import StylizeError
from stylize.messages import say
from stylize.studio import components
from stylize.studio.create import CreateTab
from stylize.studio.memory import picture_at_work
from stylize.studio.page_errors import show_errors, tell
from stylize.studio.painter import Painter
from stylize.studio.texts import t
from stylize.studio.visit import Visit

FIELDS = ("title", "artist", "year", "movement", "license", "source", "notes")


class StyleActions:
    """The callbacks of the Styles tab. Changes return `show`'s values for all galleries."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.settings = painter.settings

    def show(self, visit: Visit, chosen: str | None) -> tuple[Any, ...]:
        """Return updates: this gallery, map, the Create tab's gallery and regions."""
        source = self.painter.source(visit)
        mine = gr.HTML(value={chosen: 1.0} if chosen else {}, source=source)
        atlas = gr.HTML(value=chosen, source=source)
        return mine, atlas, gr.HTML(source=source), gr.HTML(source=source)

    @show_errors
    def describe(self, chosen: Mapping[str, float] | None, visit: Visit) -> tuple[Any, ...]:
        """Fill the form with what is known of a style."""
        if not chosen:
            empty = [gr.Textbox("", interactive=False) for _ in (*FIELDS, "tags")]
            return "", *empty, gr.Button(interactive=False)
        record = self.painter.library_of(visit).get(next(iter(chosen)))
        own = not record.bundled
        texts = [gr.Textbox(getattr(record, name), interactive=own) for name in FIELDS]
        tags = gr.Textbox(", ".join(record.tags), interactive=own)
        return record.name, *texts, tags, gr.Button(interactive=own)

    def from_map(self, name: str) -> dict[str, float]:
        """Choose in the gallery what was chosen on the map."""
        return {name: 1.0}

    @show_errors
    def add(self, paths: list[str], visit: Visit) -> tuple[Any, ...]:
        """Add pictures as styles, named by their files."""
        name = None
        for path in paths:
            with picture_at_work(path, self.settings, tell) as image:
                visit, name = self.painter.add_style(visit, image, Path(path).stem)
        return visit, *self.show(visit, name)

    @show_errors
    def save(self, name: str, visit: Visit, *values: str) -> tuple[Any, ...]:
        """Store what was typed into the form, if it is new; the last value holds the tags."""
        library = self.painter.library_of(visit)
        same = tuple(gr.skip() for _ in range(4))
        if name not in library or library.get(name).bundled:  # the form is empty, or to be read
            return same
        *texts, tags = values
        words = tuple(word.strip() for word in tags.split(",") if word.strip())
        old, changes = library.get(name), dict(zip(FIELDS, texts, strict=True))
        if words == old.tags and all(getattr(old, key) == text for key, text in changes.items()):
            return same
        values_to_store: dict[str, Any] = {**changes, "tags": words}
        library.update(name, **values_to_store)
        source = self.painter.source(visit)
        return tuple(gr.HTML(source=source) for _ in same)

    @show_errors
    def remove(self, name: str, visit: Visit) -> tuple[Any, ...]:
        """Forget a style; returns a file too that brings it back."""
        library = self.painter.library_of(visit)
        path = self.painter.files.place("removed.zip")
        library.export(path, [name], originals=True)
        library.remove(name)
        return str(path), gr.Button(visible=True), *self.show(visit, None)

    @show_errors
    def bring_back(self, removed: str, visit: Visit) -> tuple[Any, ...]:
        """Take the latest removal back."""
        if not Path(removed).exists():
            raise StylizeError(say("gone"))
        report = self.painter.library_of(visit).import_(removed, on_conflict="rename")
        names = [*report.added, *(name for _, name in report.renamed), *report.unchanged]
        return gr.Button(visible=False), *self.show(visit, names[0] if names else None)

    @show_errors
    def export(self, visit: Visit) -> str:
        """Write the own styles to a file."""
        library = self.painter.library_of(visit)
        path = self.painter.files.place("my-styles.zip")
        library.export(path, originals=True)
        return str(path)

    @show_errors
    def import_(self, path: str, visit: Visit) -> tuple[Any, ...]:
        """Read styles from a file."""
        visit = self.painter.import_styles(visit, path)
        return visit, *self.show(visit, None)


def styles_tab(painter: Painter, visit: gr.State, create: CreateTab) -> None:
    """Lay out the tab and connect it; call inside of a ``gr.Tab``."""
    act = StyleActions(painter)
    source = painter.source()
    with gr.Row(elem_id="styles", equal_height=False):
        with gr.Column(scale=3, min_width=300), gr.Tabs():
            with gr.Tab(t("gallery"), id="gallery"), gr.Column(elem_classes="st-panel"):
                browser = components.picker(source, {}, 1, elem_id="library")
            with gr.Tab(t("map"), id="map"), gr.Column(elem_classes="st-panel"):
                atlas = components.style_map(source, elem_id="map")
        with gr.Column(scale=1, min_width=300, elem_classes="st-panel st-form"):
            gr.Markdown(t("own_styles_public" if painter.settings.public else "own_styles"))
            add = gr.UploadButton(
                t("add_styles"),
                size="md",
                file_count="multiple",
                file_types=["image"],
                variant="primary",
                elem_id="add-styles",
            )
            with gr.Row():
                import_ = gr.UploadButton(t("import"), file_types=[".zip"], size="sm")
                export = gr.Button(t("export"), size="sm", elem_id="export-styles")
            name = gr.Textbox(visible=False)
            use = gr.Button(t("use_in_create"), size="sm", elem_id="use-style")
            removed = gr.State("", time_to_live=painter.settings.retention_s)
            fields = [
                gr.Textbox(label=t(f"style_{key}"), interactive=False, elem_id=f"style-{key}")
                for key in FIELDS
            ]
            tags = gr.Textbox(label=t("tags"), interactive=False, elem_id="style-tags")
            gr.Markdown(t("saved_as_typed"))
            with gr.Row():
                remove = gr.Button(
                    t("remove"),
                    size="sm",
                    interactive=False,
                    variant="stop",
                    elem_id="remove-style",
                )
                undo = gr.Button(t("bring_back"), size="sm", visible=False, elem_id="undo-remove")
            file = gr.File(visible="hidden")

    galleries = [browser, atlas, create.picker, create.regions]
    quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    engine: dict[str, Any] = {"concurrency_id": "engine", "api_visibility": "private"}
    form = [name, *fields, tags, remove]
    # One after the other: a style that is looked at again must not miss what is being stored.
    in_turn: dict[str, Any] = {"concurrency_id": "form", "concurrency_limit": 1, **quick}
    browser.change(act.describe, [browser, visit], form, **in_turn)
    last = {"trigger_mode": "always_last", "queue": False, **quick}
    atlas.select(act.from_map, atlas, browser, **last)
    add.upload(act.add, [add, visit], [visit, *galleries], **engine)
    typed = [*fields, tags]
    for event in ("blur", "submit"):
        gr.on(
            [getattr(field, event) for field in typed],
            act.save,
            [name, visit, *typed],
            galleries,
            trigger_mode="multiple",  # what is typed while the server stores the field before
            **in_turn,
        )
    use.click(None, name, None, js="(name) => Studio.useStyle(name)", api_visibility="private")
    remove.click(act.remove, [name, visit], [removed, undo, *galleries], **quick)
    undo.click(act.bring_back, [removed, visit], [undo, *galleries], **quick)
    import_.upload(act.import_, [import_, visit], [visit, *galleries], **engine)
    export.click(act.export, visit, file, **quick).success(
        None, file, None, js="(file) => Studio.save(file)", api_visibility="private"
    )
