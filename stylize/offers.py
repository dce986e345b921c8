"""What a page offers a visitor at once: examples, first styles, presets, a choice for children.

The studio and the static site share it; it needs no Gradio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize.controls import Controls

if TYPE_CHECKING:
    from stylize.library import StyleLibrary, StyleRecord

EXAMPLES_DIR = Path(__file__).parent / "studio" / "examples"
EXAMPLES: Mapping[str, str] = {
    "astronaut": "Eileen Collins (NASA, public domain)",
    "coffee": "Coffee (Rachel Michetti, CC0)",
    "chelsea": "Chelsea the cat (Stéfan van der Walt, CC0)",
    "rocket": "Falcon 9 (SpaceX, public domain)",
}
FIRST_STYLES = ("starry-night", "great-wave")

MAIN_CONTROLS = ("strength", "color", "stroke_size", "brushwork", "detail")
PRESETS: Mapping[str, Mapping[str, float]] = {
    "painting": {},
    "faithful": {"stroke_size": 0.7, "content_weight": 1.8, "brushwork": 0.3, "detail": 1.3},
    "broad": {"stroke_size": 2.0, "style_weight": 1.5, "brushwork": 1.5, "detail": 0.8},
    "drawing": {"stroke_size": 1.3, "style_weight": 1.5, "brushwork": 2.0},
    "my_colours": {"color": 1.0},
    "palette": {"texture": 0.0},
}

KIDS_STYLES = (
    "starry-night", "great-wave", "the-scream", "composition-viii", "water-lilies", "young-hare",
    "vertumnus", "senecio", "sleeping-gypsy", "large-blue-horses", "the-kiss", "autumn-school",
)  # fmt: skip
KIDS_TILES = len(KIDS_STYLES)
# How free the paint is. A line drawing on white paper becomes a full picture in any of them.
FREEDOMS: Mapping[str, Controls] = {
    "near": Controls(strength=0.6, stroke_size=1.2),
    "painted": Controls(stroke_size=1.5, brushwork=1.2),
    "wild": Controls(stroke_size=2.5, style_weight=1.8, brushwork=2.0),
}


def kids_records(library: StyleLibrary) -> list[StyleRecord]:
    """Return the styles that children choose from: the fixed choice as far as it is there.

    Where nothing of it is there, the first ones that the library has.
    """
    chosen = [library.get(name) for name in KIDS_STYLES if name in library]
    usable = [record for record in chosen if not record.stale]
    return usable or library.list(stale=False, limit=KIDS_TILES)


def control_items() -> list[dict[str, Any]]:
    """Return what the sliders show; ranges and defaults are those of `Controls`."""
    items = [
        {
            "name": item.name,
            "low": item.metadata["low"],
            "high": item.metadata["high"],
            "default": getattr(Controls(), item.name),
            "main": item.name in MAIN_CONTROLS,
        }
        for item in fields(Controls)
    ]
    order = [*MAIN_CONTROLS, *(item["name"] for item in items)]
    return sorted(items, key=lambda item: order.index(item["name"]))
