"""Painting a picture of any size in tiles that fit together without seams.

The affines that stylize a picture are the same everywhere in it, so a tile with enough surroundings
(the halo) comes out exactly as in the whole. Memory is then that of one tile, for any picture.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.contract import Contract
from stylize.plan import seen_side_px

Bytes = NDArray[np.uint8]

GRID_PX = 8  # the network works on multiples of this


class Picture(Protocol):
    """What a canvas is cut from: a Pillow image, or something that makes parts of one."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""

    def crop(self, box: tuple[int, int, int, int], /) -> Image.Image:
        """Return a part, RGB."""


@dataclass(frozen=True)
class Canvas:
    """The mirrored margin around a picture, which also makes its sides multiples of the grid.

    Attributes:
        height: Of the picture.
        width: Of the picture.
        margin_px: Width of the margin, a multiple of ``GRID_PX``.
    """

    height: int
    width: int
    margin_px: int

    @property
    def grid_height(self) -> int:
        """Height with margins, a multiple of ``GRID_PX``."""
        return _round_up(self.height + 2 * self.margin_px, GRID_PX)

    @property
    def grid_width(self) -> int:
        """Width with margins, a multiple of ``GRID_PX``."""
        return _round_up(self.width + 2 * self.margin_px, GRID_PX)

    def cut(self, picture: Picture, rows: slice, columns: slice) -> Bytes:
        """Return a part of the canvas, (rows, columns, 4), RGBX, from the picture (RGB)."""
        y = _mirror(np.arange(rows.start, rows.stop) - self.margin_px, self.height)
        x = _mirror(np.arange(columns.start, columns.stop) - self.margin_px, self.width)
        left, top = int(x.min()), int(y.min())
        # Only what is shown here is unpacked: the whole would be another copy of the picture.
        crop = picture.crop((left, top, int(x.max()) + 1, int(y.max()) + 1))
        # A pixel is one number of four bytes: NumPy moves it at once.
        pixels = np.frombuffer(crop.tobytes("raw", "RGBX"), np.uint32).reshape(crop.size[::-1])
        whole, x = pixels.take(y - top, axis=0), x - left
        shown = self._shown(columns, self.width)
        if shown.start == shown.stop:
            return _as_bytes(whole.take(x, axis=1))
        inside = _shift(shown, self.margin_px - columns.start)
        part = np.empty((len(y), len(x)), np.uint32)
        # Slices where nothing is mirrored: single indices cost ten times as much.
        part[:, inside] = whole[:, _shift(shown, -left)]
        for margin in (slice(0, inside.start), slice(inside.stop, len(x))):
            part[:, margin] = whole.take(x[margin], axis=1)
        return _as_bytes(part)

    def place(self, painted: Bytes, tile: Tile, result: Image.Image) -> None:
        """Put what was painted of a tile, halo included, into the picture."""
        rows, columns = self._shown(tile.rows, self.height), self._shown(tile.columns, self.width)
        if rows.start < rows.stop and columns.start < columns.stop:  # else all of it is margin
            part = painted[
                _shift(rows, self.margin_px - tile.outer_rows.start),
                _shift(columns, self.margin_px - tile.outer_columns.start),
            ]
            result.paste(_to_image(part), (columns.start, rows.start))

    def _shown(self, part: slice, side: int) -> slice:
        """The rows or columns of the picture that lie in a part of the canvas."""
        start = min(max(part.start - self.margin_px, 0), side)
        return slice(start, max(start, min(part.stop - self.margin_px, side)))


def _as_bytes(pixels: NDArray[np.uint32]) -> Bytes:
    return pixels.view(np.uint8).reshape(*pixels.shape, 4)


@dataclass(frozen=True)
class Tile:
    """A part of a canvas.

    Attributes:
        rows: The part itself.
        columns: The part itself.
        outer_rows: With the halo, as far as the canvas goes.
        outer_columns: With the halo, as far as the canvas goes.
        is_last: It is the last of several.
    """

    rows: slice
    columns: slice
    outer_rows: slice
    outer_columns: slice
    is_last: bool = False


def plan_tiles(canvas: Canvas, *, halo_px: int, tile_pixels: int) -> list[Tile]:
    """Divide a canvas into the tiles that need the fewest pixels, halos included.

    Args:
        canvas: Of the picture.
        halo_px: Surroundings that a tile needs.
        tile_pixels: Of a tile with its halo, at most; more where it would be smaller than its halo.
    """
    height, width = canvas.grid_height, canvas.grid_width
    if height * width <= tile_pixels:
        whole = slice(0, height), slice(0, width)
        return [Tile(*whole, *whole)]
    choices = []
    for count in range(1, _most(width, halo_px) + 1):
        columns = _divide(width, count, halo_px)
        rows = _fill(height, tile_pixels // _widest(columns), halo_px)
        choices.append((rows, columns))
    rows, columns = min(choices, key=lambda choice: _area(*choice))
    tiles = [
        Tile(row, column, outer_row, outer_column)
        for row, outer_row in rows
        for column, outer_column in columns
    ]
    return [*tiles[:-1], replace(tiles[-1], is_last=len(tiles) > 1)]


def paint_tiles(
    canvas: Canvas,
    see: Callable[[Tile], tuple[Bytes, ...]],
    paint: Callable[[Bytes, Tile], Bytes],
    finish: Callable[..., Bytes],
    *,
    halo_px: int,
    tile_pixels: int,
    progress: Callable[[float], None] | None = None,
) -> Image.Image:
    """Paint a picture tile by tile.

    While one tile is painted, a thread prepares the next one and finishes the one before. All
    pixels are RGBX, (h, w, 4), of a tile with its halo.

    Args:
        canvas: Of the picture.
        see: Returns what is painted over of a tile, and whatever else ``finish`` needs.
        paint: Paints what ``see`` returned first.
        finish: Takes the painted tile and all that ``see`` returned; returns what comes into the
            picture.
        halo_px: Surroundings that a tile needs, a multiple of 8.
        tile_pixels: Of a tile with its halo, at most.
        progress: Called with the share done after each tile; what it raises ends the painting.

    Returns:
        RGB, of the picture's size.
    """
    result = Image.new("RGB", (canvas.width, canvas.height))
    tiles = plan_tiles(canvas, halo_px=halo_px, tile_pixels=tile_pixels)

    def place(tile: Tile, painted: Bytes, seen: tuple[Bytes, ...]) -> None:
        canvas.place(finish(painted, *seen), tile, result)

    if len(tiles) == 1:  # small pictures take less time than starting a thread does
        seen = see(tiles[0])
        place(tiles[0], paint(seen[0], tiles[0]), seen)
        if progress is not None:
            progress(1.0)
        return result
    with ThreadPoolExecutor(1, "tiles") as beside:
        ahead = beside.submit(see, tiles[0])
        placed: Future[None] | None = None
        for done, tile in enumerate(tiles):
            seen = ahead.result()
            if done + 1 < len(tiles):
                ahead = beside.submit(see, tiles[done + 1])
            painted = paint(seen[0], tile)
            if placed is not None:
                placed.result()
                if progress is not None:
                    progress(done / len(tiles))
            placed = beside.submit(place, tile, painted, seen)
        if placed is not None:
            placed.result()
    if progress is not None:
        progress(1.0)
    return result


def _to_image(pixels: Bytes) -> Image.Image:
    """Make RGB of RGBX (h, w, 4)."""
    height, width, _ = pixels.shape
    return Image.frombuffer(
        "RGB", (width, height), np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1
    )


def _shift(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


_Part = tuple[slice, slice]  # of a length, without and with its halo


def _divide(length: int, count: int, halo_px: int) -> list[_Part]:
    """Divide a length into at most so many parts, about equal, that begin on the grid."""
    step = _round_up(-(-length // count), GRID_PX)
    parts = [slice(start, min(start + step, length)) for start in range(0, length, step)]
    return [(part, _grow(part, halo_px, length)) for part in parts]


def _most(length: int, halo_px: int) -> int:
    """Return into how many parts a length may be divided: halos should not be larger than tiles."""
    return max(1, length // max(GRID_PX, 2 * halo_px))


def _fill(length: int, widest: int, halo_px: int) -> list[_Part]:
    """Divide a length into as few parts as are not wider, halos included, but not too many."""
    most = _most(length, halo_px)
    for count in range(1, most):
        parts = _divide(length, count, halo_px)
        if _widest(parts) <= widest:
            return parts
    return _divide(length, most, halo_px)


def _grow(part: slice, halo_px: int, length: int) -> slice:
    return slice(max(0, part.start - halo_px), min(length, part.stop + halo_px))


def _length(part: slice) -> int:
    length: int = part.stop - part.start
    return length


def _widest(parts: list[_Part]) -> int:
    return max(_length(outer) for _, outer in parts)


def _area(rows: list[_Part], columns: list[_Part]) -> int:
    """Pixels of all tiles with their halos."""
    height, width = (sum(_length(outer) for _, outer in parts) for parts in (rows, columns))
    return height * width


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _mirror(indices: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Mirror indices that lie outside of 0..length-1 back inside, the border not repeated."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * (length - 1)
    folded = np.abs(indices) % period
    inside: NDArray[np.intp] = np.minimum(folded, period - folded)
    return inside


def thumbnail_size(size: tuple[int, int], contract: Contract) -> tuple[int, int]:
    """Return the (width, height) at which the statistics of a picture are measured.

    Half its size, but within bounds: small pictures are measured whole, and of large ones enough
    is seen for their detail to count. The bounds are those of the side that is seen at once, so
    that a strip keeps its width. Never enlarged but to a multiple of the grid.
    """
    seen = seen_side_px(size)
    low, high = contract.thumbnail_min_px, contract.thumbnail_max_px
    scale = min(seen, high, max(low, seen / 2)) / seen
    width, height = (max(2 * GRID_PX, GRID_PX * round(side * scale / GRID_PX)) for side in size)
    return width, height


def zoom_of(size: tuple[int, int], contract: Contract) -> float:
    """Return how much larger a picture is than the thumbnail on which it is measured."""
    return min(contract.max_zoom, max(1.0, max(size) / max(thumbnail_size(size, contract))))
