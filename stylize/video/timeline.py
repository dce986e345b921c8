"""Key points: what a film looks like at which time, and in between.

As text, ``4s:strength=1,style=great-wave``; as JSON, a list of objects such as
``{"time": 4, "strength": 1, "style": "great-wave"}``. Every control goes straight from one key
point that names it to the next; before the first and after the last it stays as it is there. Styles
are blended in the same way.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.styles import StyleVector, blend

_NAMES = tuple(item.name for item in fields(Controls))
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)s?")
_MAX_JSON_BYTES = 1_000_000
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Look:
    """What a frame is to look like."""

    style: StyleVector
    controls: Controls


@dataclass(frozen=True)
class KeyPoint:
    """What is set at a time.

    Attributes:
        time_s: Of the film, from its beginning.
        controls: Values by name of the control.
        style: Name or file of a style; None: not set here.
    """

    time_s: float
    controls: Mapping[str, float]
    style: str | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time_s) and self.time_s >= 0):
            raise ControlError(f"A key point needs a time from 0 s on; got {self.time_s}.")
        unknown = [name for name in self.controls if name not in _NAMES]
        if unknown:
            raise ControlError(
                f'There is no control "{unknown[0]:.40}". Key points can set style, '
                f"{', '.join(_NAMES)}."
            )
        Controls(**self.controls)  # checks the values
        if not self.controls and self.style is None:
            raise ControlError(f"The key point at {self.time_s:g} s sets nothing.")

    def to_dict(self) -> dict[str, Any]:
        """Return what :func:`read_points` reads."""
        style = {} if self.style is None else {"style": self.style}
        return {"time": self.time_s, **self.controls, **style}


def parse_time(text: str) -> float:
    """Read a time, ``4``, ``4.5s`` or ``1:04.5``, in seconds.

    Raises:
        ControlError: It is none.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ControlError(f'A time is written as 4.5s or 1:04.5; got "{text:.40}".')
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def parse_point(text: str) -> KeyPoint:
    """Read a key point such as ``4s:strength=1,style=great-wave``.

    Raises:
        ControlError: It is none.
    """
    time, separator, settings = text.rpartition(":")
    controls: dict[str, float] = {}
    style = None
    for setting in settings.split(","):
        name, equals, value = (part.strip() for part in setting.partition("="))
        if not (separator and equals and value):
            raise ControlError(
                f'A key point is written as 4s:strength=1,style=great-wave; got "{text:.80}".'
            )
        if name == "style":
            style = value
            continue
        try:
            controls[name.replace("-", "_")] = float(value)
        except ValueError:
            raise ControlError(f'{name:.40} takes a number; got "{value:.40}".') from None
    return KeyPoint(parse_time(time), controls, style)


def read_points(source: str | Path) -> list[KeyPoint]:
    """Read key points: of a JSON file, or of one text.

    Raises:
        ControlError: They cannot be read.
    """
    path = Path(source)
    if path.suffix.lower() != ".json":
        return [parse_point(str(source))]
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ControlError(f"{path} is too large for key points.")
        records = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ControlError(f"{path} cannot be read as key points ({error}).") from error
    return points_from(records)


def points_from(records: Any) -> list[KeyPoint]:
    """Read key points of what was JSON: a list of objects.

    Raises:
        ControlError: They are none.
    """
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise ControlError('Key points are a list of objects, such as {"time": 4, "strength": 1}.')
    points = []
    for record in records:
        rest = dict(record)
        time, style = rest.pop("time", None), rest.pop("style", None)
        numbers = isinstance(time, (int, float)) and not isinstance(time, bool)
        if not numbers or not (style is None or isinstance(style, str)):
            raise ControlError(f"This is no key point: {json.dumps(record):.80}")
        points.append(KeyPoint(float(time), rest, style))
    return points


class Timeline:
    """Tells what a film looks like at any time."""

    def __init__(
        self,
        style: StyleVector,
        controls: Controls,
        points: Iterable[KeyPoint] = (),
        styles: Mapping[str, StyleVector] | None = None,
    ) -> None:
        """Take key points.

        Args:
            style: Where no key point names one.
            controls: Where no key point names them.
            points: In any order.
            styles: By the names that the key points use.
        """
        self._controls = controls
        self._style = style
        ordered = sorted(points, key=lambda point: point.time_s)
        self._values: dict[str, list[tuple[float, float]]] = {}
        self._styles: list[tuple[float, StyleVector]] = []
        for point in ordered:
            for name, value in point.controls.items():
                self._values.setdefault(name, []).append((point.time_s, value))
            if point.style is not None:
                self._styles.append((point.time_s, (styles or {})[point.style]))

    def look(self, time_s: float) -> Look:
        """Return the look at a time in seconds."""
        changed = {}
        for name, points in self._values.items():
            (low, high), share = _around(points, time_s)
            changed[name] = low + (high - low) * share
        style = self._style
        if self._styles:
            (before, after), share = _around(self._styles, time_s)
            same = share == 0 or before == after
            style = before if same else blend([before, after], [1 - share, share])
        return Look(style, replace(self._controls, **changed))


def _around(
    points: Sequence[tuple[float, _Value]], time: float
) -> tuple[tuple[_Value, _Value], float]:
    """Return what is set before and after a time, and the share of the way between them."""
    times = [at for at, _ in points]
    index = bisect_right(times, time)
    if index in (0, len(points)):
        value = points[min(index, len(points) - 1)][1]
        return (value, value), 0.0
    share = (time - times[index - 1]) / (times[index] - times[index - 1])
    return (points[index - 1][1], points[index][1]), share
