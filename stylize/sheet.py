"""Contact sheets: pictures in rows, each standing on its caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

Cell: TypeAlias = tuple[Image.Image, str]  # picture and caption

_MAX_FONT_PX = 15
_FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf",
    "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "msyh.ttc", "PingFang.ttc",
)  # fmt: skip


def contact_sheet(
    rows: Sequence[Sequence[Cell | None]],
    *,
    cell: tuple[int, int],
    gap_px: int = 16,
    paper: str = "white",
) -> Image.Image:
    """Lay pictures out in rows.

    Args:
        rows: Cells of each row, None for an empty one; at least one.
        cell: Width and height in pixels that a picture may take; larger ones are scaled down.
        gap_px: Room between the cells and around them.
        paper: Colour of the ground.

    Returns:
        RGB. Captions take room only where there are any; those too long are cut.
    """
    width, height = cell
    text = "".join(entry[1] for row in rows for entry in row if entry)
    font_px = _font_px(width)
    pitch = width + gap_px, height + gap_px + (caption_height(width) if text else 0)
    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (columns * pitch[0] + gap_px, len(rows) * pitch[1] + gap_px), paper)
    draw, font = ImageDraw.Draw(sheet), caption_font(text, font_px)
    for row_number, row in enumerate(rows):
        bottom = gap_px + row_number * pitch[1] + height
        for column, entry in enumerate(row):
            if entry is None:
                continue
            middle = gap_px + column * pitch[0] + width // 2
            small = entry[0].convert("RGB")
            small.thumbnail(cell, Image.Resampling.LANCZOS)
            sheet.paste(small, (middle - small.width // 2, bottom - small.height))
            caption = entry[1]
            while caption and draw.textlength(caption, font) > width:
                caption = (caption.removesuffix("…")[:-1].rstrip() + "…").removeprefix("…")
            draw.text((middle, bottom + font_px // 3), caption, "#2c2824", font, anchor="ma")
    return sheet


def uncaptioned(rows: Sequence[Sequence[Image.Image | None]]) -> list[list[Cell | None]]:
    """Return rows for `contact_sheet` that have pictures only."""
    return [[(picture, "") if picture else None for picture in row] for row in rows]


def caption_height(width_px: int) -> int:
    """Return the room in pixels that the captions of cells of this width take."""
    return round(1.7 * _font_px(width_px))


def _font_px(width_px: int) -> int:
    return max(8, min(_MAX_FONT_PX, width_px // 10))


def caption_font(text: str, size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the first font of this computer that can write a text, else Pillow's own."""
    wanted = set(text) - {" "}
    best, most = ImageFont.load_default(size_px), -1
    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, size_px)
        except OSError:
            continue
        missing = bytes(font.getmask("\U0010fffe"))  # what it draws for a letter it lacks
        known = sum(bytes(font.getmask(letter)) != missing for letter in wanted)
        if known > most:
            best, most = font, known
        if known == len(wanted):
            break
    return best
