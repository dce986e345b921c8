"""A sheet of one picture with many weights of content and style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from stylize.lab.features import FeatureNetwork
from stylize.lab.gatys import Gatys, paint
from stylize.sheet import Cell, contact_sheet

FACTORS = (0.1, 1.0, 10.0)


def weight_grid(
    content: Image.Image,
    style: Image.Image,
    network: FeatureNetwork,
    settings: Gatys,
    *,
    cell_px: int = 256,
    progress: Callable[[float], None] | None = None,
) -> Image.Image:
    """Paint with a tenth, all and ten times the weights of content (rows) and style (columns).

    Args:
        content: As of :func:`stylize.lab.gatys.paint`.
        style: Likewise.
        network: Likewise.
        settings: The ones in the middle; every picture is at most ``cell_px`` large.
        cell_px: Side of a picture on the sheet.
        progress: Called with the share done.
    """
    small = replace(settings, max_side_px=min(settings.max_side_px, cell_px))
    rows: list[list[Cell | None]] = []
    for factor in FACTORS:
        row: list[Cell | None] = []
        for other in FACTORS:
            weights = replace(
                settings.weights,
                content=factor * settings.weights.content,
                style=other * settings.weights.style,
            )
            painted = paint(content, style, network, replace(small, weights=weights))
            caption = f"{weights.content:,.9g} : {weights.style:,.9g}"
            row.append((painted.picture, caption))
            size = painted.picture.size
            if painted.stopped:
                return contact_sheet([*rows, row], cell=size)
            if progress is not None:
                progress((len(rows) * len(FACTORS) + len(row)) / len(FACTORS) ** 2)
        rows.append(row)
    return contact_sheet(rows, cell=size)
