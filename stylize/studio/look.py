"""A look: everything that turns a content into a stylized image, as plain data.

A link, the recipe inside a PNG, the history and a preset all carry a look. Reading one is lenient
with what is missing and strict with what is wrong, because links come from strangers.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.messages import say
from stylize.recipe import MAX_WEIGHT

CONTROL_NAMES: tuple[str, ...] = tuple(item.name for item in fields(Controls))
"""Names of the controls, in the order in which the page passes them."""


@dataclass(frozen=True)
class Look:
    """Styles with weights, and controls.

    Attributes:
        styles: Style name to weight; weights are positive and need not sum to 1.
        controls: All other controls.
    """

    styles: Mapping[str, float] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)

    def to_dict(self) -> dict[str, Any]:
        """Return the look as JSON data."""
        return {"styles": dict(self.styles), **self.control_values()}

    def control_values(self) -> dict[str, float]:
        """Return every control's value by name."""
        return {name: getattr(self.controls, name) for name in CONTROL_NAMES}

    def only(self, known: Container[str]) -> Look:
        """Return the look without the styles that are not among the known names."""
        styles = {name: weight for name, weight in self.styles.items() if name in known}
        return replace(self, styles=styles)

    def to_query(self) -> str:
        """Return the look as a query string without ``?``; values at their default are left out."""
        plain = Controls()
        pairs = [("style", f"{name}:{weight:g}") for name, weight in self.styles.items()]
        pairs += [
            (name, f"{value:g}")
            for name, value in self.control_values().items()
            if value != getattr(plain, name)
        ]
        return urlencode(pairs, safe=":")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, max_styles: int = 8) -> Look:
        """Read a look from JSON data.

        Args:
            data: ``styles`` (name to weight) and controls by name; unknown keys are ignored.
            max_styles: How many styles are accepted.

        Raises:
            ControlError: A weight or a control is not a number in its range.
        """
        styles = data.get("styles") or {}
        if not isinstance(styles, Mapping):
            raise ControlError(say("look_no_weights"))
        weights = {str(name): _number(name, weight) for name, weight in styles.items()}
        if len(weights) > max_styles:
            raise ControlError(say("blend_limit", most=max_styles, number=len(weights)))
        if any(weight < 0 for weight in weights.values()):
            raise ControlError(say("weight_negative"))
        if not all(weight <= MAX_WEIGHT for weight in weights.values()):  # NaN too
            raise ControlError(say("weight_limit", most=f"{MAX_WEIGHT:g}"))
        values = {name: _number(name, data[name]) for name in CONTROL_NAMES if name in data}
        chosen = {name: weight for name, weight in weights.items() if weight > 0}
        return cls(chosen, Controls(**values))

    @classmethod
    def from_query(cls, query: str | Mapping[str, str], *, max_styles: int = 8) -> Look:
        """Read a look from a query string such as ``style=great-wave:0.7&strength=0.8``.

        Raises:
            ControlError: A weight or a control is not a number in its range.
        """
        pairs = parse_qsl(query) if isinstance(query, str) else list(query.items())
        data: dict[str, Any] = {"styles": {}}
        for key, text in pairs:
            if key == "style":
                name, _, weight = text.partition(":")
                data["styles"][name] = weight or 1.0
            elif key in CONTROL_NAMES:
                data[key] = text
        return cls.from_dict(data, max_styles=max_styles)


def _number(name: object, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ControlError(say("no_number", name=name, value=repr(value))) from None
