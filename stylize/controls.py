"""What an artist can turn: the controls of one stylized image, with their ranges."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from numbers import Real

from stylize.errors import ControlError
from stylize.messages import say

MAX_FINISH = 10_000  # steps of optimisation behind the painting


def _control(default: float, low: float, high: float, help_text: str) -> float:
    value: float = field(default=default, metadata={"low": low, "high": high, "help": help_text})
    return value


@dataclass(frozen=True, kw_only=True)
class Controls:
    """The controls of one stylized image. Each is checked when it is set.

    Ranges and help texts are kept in the fields' metadata (``low``, ``high``, ``help``), so that
    the command line and the page cannot drift from them.

    Raises:
        ControlError: A value is not a finite number in its range.
    """

    strength: float = _control(1.0, 0.0, 1.0, "From the content picture (0) to the full style (1).")
    content_weight: float = _control(
        1.0, 0.25, 4.0, "How closely the shapes of the content are kept."
    )
    style_weight: float = _control(1.0, 0.25, 4.0, "How strongly the style is painted.")
    fine_weight: float = _control(
        1.0, 0.25, 4.0, "Style weight of the fine scale: texture and fine strokes."
    )
    coarse_weight: float = _control(
        1.0, 0.25, 4.0, "Style weight of the coarse scale: large shapes and composition of colour."
    )
    color: float = _control(
        0.0, 0.0, 1.0, "Colours: from those of the style (0) to those of the content (1)."
    )
    texture: float = _control(
        1.0, 0.0, 1.0, "From the style's palette only (0) to palette and texture (1)."
    )
    stroke_size: float = _control(
        1.0, 0.5, 4.0, "Size of the strokes relative to the picture: fine (0.5) to broad (4)."
    )
    brushwork: float = _control(
        1.0, 0.0, 2.0, "What the brush makes of calm areas: nothing (0) to vivid strokes (2)."
    )
    detail: float = _control(1.0, 0.0, 2.0, "Fine detail: from smooth (0) to crisp (2).")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            low, high = item.metadata["low"], item.metadata["high"]
            # Real: numbers of NumPy too, as they come out of arrays.
            if isinstance(value, bool) or not isinstance(value, Real):
                raise ControlError(say("no_number", name=item.name, value=repr(value)))
            if not low <= value <= high:  # also of NaN
                raise ControlError(
                    say(
                        "out_of_range",
                        name=item.name,
                        low=f"{low:g}",
                        high=f"{high:g}",
                        value=f"{value!s:.20}",
                    )
                )
            object.__setattr__(self, item.name, float(value))
