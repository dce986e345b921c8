"""The page's own components: thin shells around the scripts in ``static/``.

Each is a ``gr.HTML`` whose element is filled by a function of the same name in JavaScript. The
value travels as plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from stylize.studio.look import Look
from stylize.studio.theme import MARK


def header(wall: bool, **props: Any) -> gr.HTML:
    """The page's name, its language and its light, and the way to the children's page."""
    return _scripted("header", None, "", mark=MARK, wall=wall, **props)


def viewer(**props: Any) -> gr.HTML:
    """Before and after with a handle, actions and the history of the visit.

    Events: ``settled`` (the live picture rests), ``past`` (an entry of the history was chosen),
    ``detail`` (a part is seen larger than on screen), ``export``, ``stop`` and ``reuse``.
    """
    return _scripted("viewer", None, "settled past detail export stop reuse", **props)


def picker(
    source: Mapping[str, Any], value: Mapping[str, float], limit: int, **props: Any
) -> gr.HTML:
    """The gallery of styles of a source (see `Gallery`); its value is style name to weight."""
    return _scripted("picker", dict(value), "", source=dict(source), limit=limit, **props)


def controls(
    items: Sequence[Mapping[str, Any]],
    presets: Mapping[str, Mapping[str, float]],
    preview: Mapping[str, Any],
    **props: Any,
) -> gr.HTML:
    """Sliders and presets; the value is control name to number. Event: ``surprise``.

    ``preview`` says how the device itself may paint what follows them; see ``static/preview.js``.
    """
    value = {item["name"]: item["default"] for item in items}
    shown = {"controls": list(items), "presets": dict(presets), "preview": dict(preview)}
    return _scripted("controls", value, "surprise", **shown, **props)


def content(examples: Sequence[Mapping[str, str]], max_mb: int, **props: Any) -> gr.HTML:
    """The visitor's picture, to choose, drop, paste or photograph, and examples.

    Its value is what was chosen, then what the server made of it. Event: ``chosen``.
    """
    shown = {"examples": list(examples), "max_mb": max_mb, "framing": True}
    return _scripted("content", None, "chosen", **shown, **props)


def drawing(**props: Any) -> gr.HTML:
    """A canvas; the drawing is handed to the content."""
    return _scripted("drawing", None, "", **props)


def regions(source: Mapping[str, Any], **props: Any) -> gr.HTML:
    """A canvas over the content; its value is the painted regions and the style of each colour.

    Event: ``find`` (the subject, or what lies behind it).
    """
    return _scripted("regions", None, "find", source=dict(source), **props)


def style_map(source: Mapping[str, Any], **props: Any) -> gr.HTML:
    """The map of styles; its value is the name of the chosen one. Event: ``select``."""
    return _scripted("map", None, "", source=dict(source), **props)


def progress(what: str, **props: Any) -> gr.HTML:
    """How far a job has come, and what could not be done; its value is what is told of it.

    Args:
        what: ``"batch"`` or ``"film"``: how the page's texts of it begin.
        **props: Of the component.
    """
    return _scripted("progress", None, "", what=what, **props)


def pictures(**props: Any) -> gr.HTML:
    """Pictures that a job has made; its value is a list of ``file`` and ``caption``."""
    return _scripted("pictures", None, "", **props)


def look(**props: Any) -> gr.HTML:
    """What the Create tab paints with, for another tab that does the same."""
    defaults = Look().control_values()
    return _scripted("look", None, "", defaults=defaults, **props)


def film(**props: Any) -> gr.HTML:
    """A painted film beside its original; the value holds both files."""
    return _scripted("film", None, "", **props)


def curve(items: Sequence[Mapping[str, Any]], **props: Any) -> gr.HTML:
    """How controls change over a film.

    Its value is ``length_s`` and ``points``, control name to pairs of seconds and value; nothing is
    shown while there is no length.
    """
    return _scripted("curve", None, "", controls=list(items), **props)


def kids(
    styles: Sequence[Mapping[str, Any]], wall: bool, minutes: int, elsewhere: str, **props: Any
) -> gr.HTML:
    """The children's page.

    Its value is the drawing and the style's name, then the result. Events: ``submit`` (paint),
    ``upload`` (give it to the teacher), ``clear`` (delete now).
    """
    own: dict[str, Any] = {"styles": list(styles), "wall": wall, "minutes": minutes}
    return _scripted("kids", None, "", elsewhere=elsewhere, **own, **props)


def wall(**props: Any) -> gr.HTML:
    """The teacher's page; it asks the routes of the class wall itself."""
    return _scripted("wall", None, "", **props)


def _scripted(function: str, value: Any, events: str, **props: Any) -> gr.HTML:
    """A component that ``Studio.<function>`` fills.

    The page's scripts may arrive after the first components are mounted, hence the waiting.
    Gradio knows an event of its own name only if ``js_on_load`` names it in quotes.
    """
    named = " ".join(f"'{event}';" for event in events.split())
    call = f"Studio.{function}({{element, props, trigger, watch, upload}})"
    return gr.HTML(
        value,
        html_template="",
        js_on_load=(
            f"{named} "
            "const start = () => (window.Studio && Studio.ready) ? "
            f"{call} : setTimeout(start, 20); start();"
        ),
        apply_default_css=False,
        **props,
    )
