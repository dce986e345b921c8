"""Make the pictures of README and docs with the bundled model.

    python docs/make_pictures.py PHOTO ...

The photographs should be some 2000 px wide, as people have them, and free for everybody. Those of
the committed pictures are CC0: the sunset, the otters and the wren by BuddiesOfBudgie
(budgie-backgrounds), the cat by Immich (test-assets).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from stylize import Controls, Engine, Region, StyleLibrary, StyleVector
from stylize.sheet import contact_sheet

DOCS = Path(__file__).parent
STYLES = ("starry-night", "great-wave", "the-scream", "composition-vii", "young-hare", "vertumnus")
CELL_PX = (300, 200)
GAP_PX = 6


def photograph(path: Path) -> Image.Image:
    """Open a photograph, cut to the shape of the cells, in all its pixels."""
    image = Image.open(path).convert("RGB")
    scale = min(side / cell for side, cell in zip(image.size, CELL_PX, strict=True))
    return ImageOps.fit(image, tuple(int(scale * cell) for cell in CELL_PX))


def sheet(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    """Lay labelled pictures out in rows."""
    cells = [[(image, label) for label, image in row] for row in rows]
    return contact_sheet(cells, cell=CELL_PX, gap_px=GAP_PX)


def make_gallery(engine: Engine, library: StyleLibrary, photos: list[Image.Image]) -> Image.Image:
    """Every photograph in some of the bundled styles."""
    records = [library.get(name) for name in STYLES]
    originals = [Image.open(DOCS.parent / "styles_library" / f"{name}.jpg") for name in STYLES]
    head = [("", Image.new("RGB", (8, 8), "white"))]
    head += [(r.title, image) for r, image in zip(records, originals, strict=True)]
    rows = [head]
    for content in photos:
        results = [("", engine.stylize(content, record.vector)) for record in records]
        rows.append([("", content), *results])
    return sheet(rows)


def make_sizes(engine: Engine, library: StyleLibrary, photos: list[Image.Image]) -> Image.Image:
    """The same picture painted at 640 px and at its full size, and windows of the latter."""
    rows = []
    for content, name in zip(photos[:2], ("starry-night", "large-blue-horses"), strict=True):
        style = library.get(name).vector
        small = engine.stylize(content, style, max_side_px=640)
        full = engine.stylize(content, style)
        row = [("painted at 640 px", small), (f"at {full.width} px, scaled down", full)]
        for x, y in ((0.35, 0.3), (0.6, 0.45)):
            left, top = int(x * full.width), int(y * full.height)
            window = full.crop((left, top, left + CELL_PX[0], top + CELL_PX[1]))
            row.append((f"a part of the {full.width} px, as it is", window))
        rows.append(row)
    return sheet(rows)


def make_controls(engine: Engine, library: StyleLibrary, photos: list[Image.Image]) -> Image.Image:
    """One row for every control, from its lowest to its highest value."""
    content = photos[0]
    style = library.get("starry-night").vector
    other = library.get("great-wave").vector
    rows = [
        [
            (
                f"{name} {value:g}",
                engine.stylize(content, style, controls=Controls(**{name: value})),
            )
            for value in values
        ]
        for name, values in (
            ("strength", (0, 0.33, 0.67, 1)),
            ("content_weight", (0.25, 0.6, 1.6, 4)),
            ("style_weight", (0.25, 0.6, 1.6, 4)),
            ("fine_weight", (0.25, 0.6, 1.6, 4)),
            ("coarse_weight", (0.25, 0.6, 1.6, 4)),
            ("color", (0, 0.33, 0.67, 1)),
            ("texture", (0, 0.33, 0.67, 1)),
            ("stroke_size", (0.5, 1, 2, 4)),
            ("brushwork", (0, 0.67, 1.33, 2)),
            ("detail", (0, 0.5, 1, 2)),
        )
    ]
    rows.append(
        [
            (
                f"blend {1 - share:.0%} + {share:.0%}",
                engine.stylize(
                    content, library.blend({"starry-night": 1 - share, "great-wave": share})
                ),
            )
            for share in (0, 0.33, 0.67, 1)
        ]
    )
    rows.append(_regions(engine, content, style, other))
    return sheet(rows)


def _regions(
    engine: Engine, content: Image.Image, style: StyleVector, other: StyleVector
) -> list[tuple[str, Image.Image]]:
    width, height = content.size
    y, x = np.mgrid[0:height, 0:width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (0.4 * height) ** 2
    circle = Image.fromarray(inside.astype(np.uint8) * 255)
    left = Image.fromarray((x < width / 2).astype(np.uint8) * 255)
    return [
        ("region: mask", circle.convert("RGB")),
        ("its own style", engine.stylize(content, style, regions=[Region(circle, other)])),
        ("the content stays", engine.stylize(content, style, regions=[Region(circle, None)])),
        ("left half", engine.stylize(content, style, regions=[Region(left, other)])),
    ]


def main() -> None:
    """Write gallery.jpg, sizes.jpg and controls.jpg."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    photos = [photograph(path) for path in parser.parse_args().photos]
    engine = Engine()
    library = StyleLibrary.open(encoder=engine)
    for name, make in (
        ("gallery", make_gallery),
        ("sizes", make_sizes),
        ("controls", make_controls),
    ):
        make(engine, library, photos).save(DOCS / f"{name}.jpg", quality=85)


if __name__ == "__main__":
    main()
