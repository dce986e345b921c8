"""Make the pictures of README and docs with the bundled model: ``python docs/make_pictures.py``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from stylize import Controls, Engine, Region, StyleLibrary, StyleVector

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "stylize" / "studio" / "examples"
STYLES = ("starry-night", "great-wave", "the-scream", "composition-vii", "young-hare", "vertumnus")
CELL_PX = 300
LABEL_PX = 26
GAP_PX = 6


def contents() -> list[Image.Image]:
    """Return the example pictures, cut square."""
    files = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".jpg", ".png"))
    return [ImageOps.fit(Image.open(file).convert("RGB"), (512, 512)) for file in files]


def sheet(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    """Lay labelled pictures out in rows."""
    width = max(len(row) for row in rows) * (CELL_PX + GAP_PX) - GAP_PX
    height = len(rows) * (CELL_PX + LABEL_PX + GAP_PX)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(15)
    for y, row in enumerate(rows):
        for x, (label, image) in enumerate(row):
            left, top = x * (CELL_PX + GAP_PX), y * (CELL_PX + LABEL_PX + GAP_PX)
            draw.text((left + 2, top + 4), label, "#333333", font)
            cell = ImageOps.pad(image, (CELL_PX, CELL_PX), color="white")
            page.paste(cell, (left, top + LABEL_PX))
    return page


def make_gallery(engine: Engine, library: StyleLibrary) -> Image.Image:
    """Every example in some of the bundled styles."""
    records = [library.get(name) for name in STYLES]
    originals = [Image.open(DOCS.parent / "styles_library" / f"{name}.jpg") for name in STYLES]
    head = [("", Image.new("RGB", (8, 8), "white"))]
    head += [(r.title, image) for r, image in zip(records, originals, strict=True)]
    rows = [head]
    for content in contents():
        results = [("", engine.stylize(content, record.vector)) for record in records]
        rows.append([("", content), *results])
    return sheet(rows)


def make_controls(engine: Engine, library: StyleLibrary) -> Image.Image:
    """One row for every control, from its lowest to its highest value."""
    content = contents()[0]
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
    y, x = np.mgrid[0:512, 0:512]
    circle = Image.fromarray((((x - 256) ** 2 + (y - 256) ** 2) < 170**2).astype(np.uint8) * 255)
    left = Image.fromarray((x < 256).astype(np.uint8) * 255)
    return [
        ("region: mask", circle.convert("RGB")),
        ("its own style", engine.stylize(content, style, regions=[Region(circle, other)])),
        ("the content stays", engine.stylize(content, style, regions=[Region(circle, None)])),
        ("left half", engine.stylize(content, style, regions=[Region(left, other)])),
    ]


def main() -> None:
    """Write gallery.jpg and controls.jpg."""
    engine = Engine()
    library = StyleLibrary.open(encoder=engine)
    for name, make in (("gallery", make_gallery), ("controls", make_controls)):
        make(engine, library).save(DOCS / f"{name}.jpg", quality=85)


if __name__ == "__main__":
    main()
