"""The explanation of a style as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from stylize.lab.explain import Explanation


def page(explanation: Explanation, name: str, sheet: str) -> str:
    """Return an explanation as a page of Markdown.

    Args:
        explanation: What was found.
        name: Of the style.
        sheet: Path of the sheet, as seen from the page.
    """
    layers = sorted(explanation.layers, key=lambda move: -(move.scale**2 + move.shift**2))
    nearest = [
        [
            near.name,
            f"{near.distance:.2f}",
            *(f"{part:.2f}" for part in near.parts.values()),
            near.because,
        ]
        for near in explanation.neighbours
    ]
    parts = [part.name for part in explanation.parts]
    return "\n".join(
        [
            f"# What makes {name}",
            "",
            "Everything is compared with the mean of the other styles, in standard deviations",
            "among them. The parts of a style vector: four layers of VGG16 (grain, strokes,",
            "patterns, shapes) and the network's own statistics of the picture (own).",
            "",
            f"![The style, the mean style, and pictures with and without each part]({sheet})",
            "",
            "## What each part contributes",
            "",
            *_table(
                [
                    "part",
                    "unusual by",
                    "alone",
                    "lost without",
                    "alone, seen",
                    "lost without, seen",
                ],
                [
                    [
                        part.name,
                        f"{part.distance:.2f}",
                        f"{part.alone:.0%}",
                        f"{part.missing:.0%}",
                        f"{part.seen_alone:.0%}",
                        f"{part.seen_missing:.0%}",
                    ]
                    for part in explanation.parts
                ],
            ),
            "",
            "Shares of the way from the mean style to this one: in all scales and shifts of the",
            "network, then in the pixels of the picture. They need not sum to the whole.",
            "",
            "## What it moves",
            "",
            *_table(
                ["layer", "cells", "scales", "shifts"],
                [[m.name, f"{m.cell_px} px", f"{m.scale:.2f}", f"{m.shift:.2f}"] for m in layers],
            ),
            "",
            "The channels that are moved most:",
            "",
            *_table(
                ["layer", "channel", "what", "by"],
                [
                    [m.layer, str(m.channel), m.what, f"{m.deviations:+.1f}"]
                    for m in explanation.channels
                ],
            ),
            "",
            "## The nearest styles",
            "",
            *_table(["style", "distance", *parts, "nearest by"], nearest),
            "",
            "Distances as shares of the median of all styles, for each part and their mean.",
            "",
        ]
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
