"""A map of styles: similar ones lie close together. As a picture, or as a page of its own."""

from __future__ import annotations

import base64
import html
import io
import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from stylize.errors import ImageError, LibraryError
from stylize.images import load_image
from stylize.library.measure import Measure
from stylize.library.records import StyleRecord
from stylize.sheet import Cell, caption_height, contact_sheet

MAX_STYLES = 400
_AXES_POINTS = 2000
_GAP_PX = 6
_PAPER = "#faf9f7"
MAX_SPOTS = 48  # of an overview: as many as a screen has room for


def grid_side(count: int) -> int:
    """Cells on one side of the map's grid: some stay empty, so that groups show."""
    return math.ceil(math.sqrt(1.3 * count))


class Spot(NamedTuple):
    """A place on an overview: one style, or a group of similar ones and the style in its middle.

    Attributes:
        name: The style.
        x, y: Its place, 0..1.
        size: How many styles the group holds; 1 for a style alone.
    """

    name: str
    x: float
    y: float
    size: int


def overview(
    names: Sequence[str], points: NDArray[np.float32], path: Sequence[int] = ()
) -> list[Spot]:
    """A map of any number of styles at one level of detail: up to `MAX_SPOTS` styles or groups.

    Args:
        names: N styles.
        points: (N, D) their points, as from a store.
        path: The places, in this function's results, of the groups to look into, one level after
            the other. Empty: the whole map.

    Returns:
        The spots, no place twice, the same for the same styles.

    Raises:
        LookupError: The path leads nowhere.
    """
    members = np.arange(len(names))
    for step in path:
        if not 0 <= step < MAX_SPOTS or len(members) <= MAX_SPOTS:
            raise LookupError(f"no group at {step}")
        members = members[_groups(points[members])[step]]
    if len(members) == 0:
        return []
    parts = [members[group] for group in _groups(points[members])]
    middles = [part[np.argmax(points[part] @ points[part].mean(axis=0))] for part in parts]
    places = lay_out(points[middles]) / max(1, grid_side(len(middles)) - 1)
    return [
        Spot(names[middle], float(x), float(y), len(part))
        for middle, (x, y), part in zip(middles, places, parts, strict=True)
    ]


def _groups(points: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Rows of each of at most `MAX_SPOTS` groups: the largest is halved, where it is longer."""
    if len(points) <= MAX_SPOTS:
        return [np.array([i]) for i in range(len(points))]
    flat = _flatten(points)
    groups = [np.arange(len(points))]
    while len(groups) < MAX_SPOTS:
        largest = groups.pop(int(np.argmax([len(group) for group in groups])))
        spread = np.ptp(flat[largest], axis=0)
        order = largest[flat[largest, np.argmax(spread)].argsort(kind="stable")]
        groups += [order[: len(order) // 2], order[len(order) // 2 :]]
    return groups


def lay_out(points: NDArray[np.float32]) -> NDArray[np.intp]:
    """Lay styles out on a square grid: principal components, each then put in a cell near by.

    Args:
        points: (N, D) points of the measure of likeness.

    Returns:
        (N, 2) columns and rows in 0..grid_side(N) - 1, no cell twice, the same for the same styles.
    """
    flat = _flatten(points)
    # Ranks instead of distances spread crowds and bring outliers in; half of each keeps both.
    ranks = flat.argsort(axis=0).argsort(axis=0) / max(1, len(flat) - 1)
    side = grid_side(len(points))
    wanted = (0.5 * ranks + 0.5 * _to_unit(flat)) * (side - 1)
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    distances = ((wanted[:, None] - cells[None]) ** 2).sum(axis=2)
    chosen = np.full(len(points), -1)
    free = np.ones(len(cells), bool)
    for place in distances.ravel().argsort(kind="stable"):  # the closest pairs first
        style, cell = divmod(int(place), len(cells))
        if chosen[style] < 0 and free[cell]:
            chosen[style], free[cell] = cell, False
    laid: NDArray[np.intp] = cells[chosen]
    return laid


def _flatten(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first two principal components, (N, 2)."""
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    if len(points) <= points.shape[1]:
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2].T
    else:  # the same from a small matrix; of very many points, some say enough
        some = centred[:: -(-len(points) // _AXES_POINTS)]
        axes = np.linalg.eigh(some.T @ some)[1][:, :-3:-1]
    flat = np.zeros((len(points), 2))
    flat[:, : axes.shape[1]] = centred @ axes
    # The sign of a component is arbitrary: fixed, so that the map does not flip between machines.
    flat *= np.where(np.abs(flat).max(axis=0) == flat.max(axis=0), 1, -1)
    return flat


def _to_unit(points: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = points.min(axis=0), points.max(axis=0)
    unit: NDArray[np.float64] = np.where(
        high > low, (points - low) / np.maximum(high - low, 1e-12), 0.5
    )
    return unit


def draw_map(measure: Measure, records: Sequence[StyleRecord], size_px: int = 1200) -> Image.Image:
    """Draw the map with thumbnails and titles, square, RGB.

    Args:
        measure: The measure of likeness.
        records: Up to `MAX_STYLES` styles; stale ones are left out.
        size_px: The side of the picture.

    Raises:
        LibraryError: There are no styles, or too many.
    """
    records = _usable(records)
    cells = grid_side(len(records))
    side = (size_px - _GAP_PX) // cells - _GAP_PX
    rows: list[list[Cell | None]] = [[None] * cells for _ in range(cells)]
    for record, (column, row) in zip(records, lay_out(_points(measure, records)), strict=True):
        rows[row][column] = _thumbnail(record, side), _plain(record.label) or record.name
    height = side - caption_height(side)
    sheet = contact_sheet(rows, cell=(side, height), gap_px=_GAP_PX, paper=_PAPER)
    return ImageOps.pad(sheet, (size_px, size_px), color=_PAPER)


def html_map(measure: Measure, records: Sequence[StyleRecord], title: str = "Map of styles") -> str:
    """The map as one HTML page with everything inside: no other files, no scripts, no network.

    Args:
        measure: The measure of likeness.
        records: Up to `MAX_STYLES` styles; stale ones are left out.
        title: The heading of the page.

    Raises:
        LibraryError: There are no styles, or too many.
    """
    figure = svg_map(measure, records)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>'
        f"{html.escape(title)}</title>\n<style>body{{margin:1rem;font-family:system-ui,sans-serif;"
        f"background:#faf9f7;color:#222}}svg{{width:min(100%,calc(100vh - 9rem));height:auto}}"
        f"</style></head>\n<body><h1>{html.escape(title)}</h1>\n"
        f"<p>Similar styles lie close together.</p>\n{figure}\n</body></html>\n"
    )


def svg_map(measure: Measure, records: Sequence[StyleRecord], size_px: int = 1000) -> str:
    """The map as an SVG element that can be put into a page; its style names are `data-style`."""
    records = _usable(records)
    cell = size_px / grid_side(len(records))
    font_px = max(6.0, min(13.0, cell / 10))
    side = cell - font_px - 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size_px} {size_px}" role="img" '
        f'aria-label="Map of {len(records)} styles" font-size="{font_px:.1f}">'
    ]
    for record, (column, row) in zip(records, lay_out(_points(measure, records)), strict=True):
        left, top = column * cell + (cell - side) / 2, row * cell + 2
        data = base64.b64encode(_webp(_thumbnail(record, 256))).decode()
        about = " · ".join(t for t in (record.label, record.artist, record.year) if t)
        letters = int(1.6 * cell / font_px)
        label = record.label if len(record.label) <= letters else record.label[: letters - 1] + "…"
        parts.append(
            f'<g data-style="{html.escape(record.name)}"><title>{html.escape(about)}</title>'
            f'<image x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" height="{side:.1f}" '
            f'href="data:image/webp;base64,{data}"/>'
            f'<text x="{left + side / 2:.1f}" y="{top + side + font_px:.1f}" fill="#333" '
            f'text-anchor="middle">{html.escape(label)}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])


def _points(measure: Measure, records: Sequence[StyleRecord]) -> NDArray[np.float32]:
    return measure.points_of([record.vector for record in records])


def _usable(records: Sequence[StyleRecord]) -> list[StyleRecord]:
    usable = [record for record in records if not record.stale]
    if not usable:
        raise LibraryError("There are no styles to draw a map of.")
    if len(usable) > MAX_STYLES:
        raise LibraryError(
            f"A map holds up to {MAX_STYLES} styles, not {len(usable)}; narrow the choice."
        )
    return usable


def _thumbnail(record: StyleRecord, side: int) -> Image.Image:
    """The thumbnail, or the palette as a plain tile where there is none."""
    if record.thumbnail:
        try:
            image = load_image(record.thumbnail, min_side_px=1).convert("RGB")
        except ImageError as error:
            raise LibraryError(
                f'The thumbnail of "{record.name}" is damaged; `stylize library repair` mends it.'
            ) from error
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return image
    return Image.new("RGB", (side, side), record.palette[0].color if record.palette else "#ccc")


def _plain(text: str) -> str:
    """The text in the letters that Pillow's own font has; empty if that would lose most of it."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if " " <= c <= "~")
    return plain if 2 * len(plain) > len(text) else ""


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=75)
    return buffer.getvalue()
