"""A map of styles: similar ones lie close together. As a picture, or as a page of its own."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stylize.errors import LibraryError
from stylize.library.measure import Measure
from stylize.library.records import StyleRecord

MAX_STYLES = 400
_ROUNDS = 200


def project(measure: Measure, records: Sequence[StyleRecord]) -> NDArray[np.float64]:
    """Lay styles out in the plane: principal components, then gently pushed apart.

    Args:
        measure: The measure of likeness.
        records: N styles, none stale.

    Returns:
        (N, 2) positions in 0..1, the same for the same styles.
    """
    points = measure.points_of([record.vector for record in records]).astype(np.float64)
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(records), 2))
    flat[:, : min(2, len(axes))] = centred @ axes[:2].T
    # The sign of a component is arbitrary: fixed, so that the map does not flip between machines.
    flat *= np.where(np.abs(flat).max(axis=0) == flat.max(axis=0), 1, -1)
    # Ranks instead of distances spread crowds and bring outliers in; half of each keeps both.
    ranks = flat.argsort(axis=0).argsort(axis=0) / max(1, len(flat) - 1)
    position = 0.5 * ranks + 0.5 * _to_unit(flat)
    return _to_unit(_push_apart(position, gap=0.9 / np.sqrt(len(flat))))


def _to_unit(points: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = points.min(axis=0), points.max(axis=0)
    unit: NDArray[np.float64] = np.where(
        high > low, (points - low) / np.maximum(high - low, 1e-12), 0.5
    )
    return unit


def _push_apart(points: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move points that are nearer than ``gap`` away from each other until hardly any is."""
    count = len(points)
    angles = np.arange(count) * 2.399963  # tells apart points at the very same place
    points = points + 1e-6 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(_ROUNDS):
        offsets = points[:, None] - points[None]
        distances = np.linalg.norm(offsets, axis=2) + np.eye(count) * gap
        overlap = np.maximum(gap - distances, 0)
        if overlap.max() < 0.05 * gap:
            break
        points = points + 0.4 * (offsets * (overlap / np.maximum(distances, 1e-9))[..., None]).sum(
            1
        )
    return points


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
    side = _thumbnail_side(len(records), size_px)
    canvas = Image.new("RGB", (size_px, size_px), "#faf9f7")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(max(9, side // 9))
    text_px = max(9, side // 9) + 4
    for record, (x, y) in zip(records, project(measure, records), strict=True):
        left = round(x * (size_px - side - 8)) + 4
        top = round(y * (size_px - side - text_px - 8)) + 4
        image = _thumbnail(record, side)
        canvas.paste(image, (left + (side - image.width) // 2, top + (side - image.height) // 2))
        label = record.label
        while label and draw.textlength(label, font=font) > side:
            label = label[:-2].rstrip() + "…" if len(label) > 2 else ""
        draw.text((left + side / 2, top + side + 1), label, "#333", font=font, anchor="mt")
    return canvas


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
        f"background:#faf9f7;color:#222}}svg{{width:min(100%,90vh);height:auto}}"
        f"text{{font-size:11px;fill:#333}}</style></head>\n<body><h1>{html.escape(title)}</h1>\n"
        f"<p>Similar styles lie close together.</p>\n{figure}\n</body></html>\n"
    )


def svg_map(measure: Measure, records: Sequence[StyleRecord], size_px: int = 1000) -> str:
    """The map as an SVG element that can be put into a page; its style names are `data-style`."""
    records = _usable(records)
    side = _thumbnail_side(len(records), size_px)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size_px} {size_px}" role="img" '
        f'aria-label="Map of {len(records)} styles">'
    ]
    for record, (x, y) in zip(records, project(measure, records), strict=True):
        left, top = x * (size_px - side), y * (size_px - side - 16)
        data = base64.b64encode(_webp(_thumbnail(record, min(2 * side, 256)))).decode()
        about = " · ".join(t for t in (record.label, record.artist, record.year) if t)
        shown = record.label if len(record.label) * 5.5 < side else ""
        parts.append(
            f'<g data-style="{html.escape(record.name)}"><title>{html.escape(about)}</title>'
            f'<image x="{left:.0f}" y="{top:.0f}" width="{side}" height="{side}" '
            f'href="data:image/webp;base64,{data}"/>'
            f'<text x="{left + side / 2:.0f}" y="{top + side + 12:.0f}" text-anchor="middle">'
            f"{html.escape(shown)}</text></g>"
        )
    return "\n".join([*parts, "</svg>"])


def _usable(records: Sequence[StyleRecord]) -> list[StyleRecord]:
    usable = [record for record in records if not record.stale]
    if not usable:
        raise LibraryError("There are no styles to draw a map of.")
    if len(usable) > MAX_STYLES:
        raise LibraryError(
            f"A map holds up to {MAX_STYLES} styles, not {len(usable)}; narrow the choice."
        )
    return usable


def _thumbnail_side(count: int, size_px: int) -> int:
    return max(24, min(size_px // 4, int(0.8 * size_px / count**0.5)))


def _thumbnail(record: StyleRecord, side: int) -> Image.Image:
    """The thumbnail, or the palette as a plain tile where there is none."""
    if record.thumbnail:
        with Image.open(io.BytesIO(record.thumbnail)) as opened:
            image = opened.convert("RGB")
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return image
    return Image.new("RGB", (side, side), record.palette[0].color if record.palette else "#ccc")


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=75)
    return buffer.getvalue()
