"""Paint a page of pictures: every content in every style, as one sheet.

    python benchmarks/gallery.py --contents FILE ... --styles NAME|FILE ... -o docs/sixty.jpg

Styles across, contents down; the first row and column show them as they are. Ten contents and six
styles of every kind (ink drawing, flat colour, impasto, ukiyo-e, dark baroque, a photograph) say
more about a model than its best picture. Styles are names of bundled ones, tuned as they are
shipped, or files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

from stylize import Engine, StyleLibrary, StyleVector
from stylize.errors import StylizeError
from stylize.images import load_image, save_image
from stylize.sheet import contact_sheet, uncaptioned

GAP_PX = 6


def paint_sheet(
    engine: Engine,
    contents: Sequence[Image.Image],
    styles: Sequence[tuple[Image.Image, StyleVector]],
    *,
    cell_px: int,
    size_px: int,
) -> Image.Image:
    """Paint all pairs at ``size_px`` a side and show them in cells of ``cell_px``."""
    cell = cell_px, cell_px
    squares = [ImageOps.fit(content.convert("RGB"), (size_px, size_px)) for content in contents]
    rows: list[list[Image.Image | None]] = [[None], *([square] for square in squares)]
    for style, vector in styles:
        rows[0].append(ImageOps.fit(style.convert("RGB"), cell))
        for row, content in zip(rows[1:], squares, strict=True):
            row.append(engine.stylize(content, vector))
    return contact_sheet(uncaptioned(rows), cell=cell, gap_px=GAP_PX)


def find_styles(engine: Engine, names: Sequence[str]) -> list[tuple[Image.Image, StyleVector]]:
    """Return picture and vector of styles by the names of bundled ones, or files."""
    bundled = StyleLibrary.in_memory(encoder=engine)
    found = []
    for name in names:
        if name in bundled and (original := bundled.original(name)):
            found.append((original, bundled.get(name).vector))
        else:
            picture = load_image(name)
            found.append((picture, engine.encode_style(picture)))
    return found


def main() -> None:
    """Parse, paint, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contents", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--styles", nargs="+", required=True, metavar="NAME|FILE")
    parser.add_argument("--model", type=Path, help="model folder; default: the bundled one")
    parser.add_argument("--precision", choices=("int8", "fp32"), default="int8")
    parser.add_argument("--cell-px", type=int, default=256, help="side of a cell")
    parser.add_argument("--size-px", type=int, default=512, help="side that is painted at")
    parser.add_argument("-o", "--out", type=Path, required=True, help=".jpg, .png or .webp")
    options = parser.parse_args()
    try:
        engine = Engine(options.model, precision=options.precision)
        sheet = paint_sheet(
            engine,
            [load_image(file) for file in options.contents],
            find_styles(engine, options.styles),
            cell_px=options.cell_px,
            size_px=options.size_px,
        )
        save_image(sheet, options.out)
    except StylizeError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
