"""Pictures, bundled styles and folders for tests of the library."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image, ImageDraw

from stylize.library import StyleLibrary
from tests.fakes import FakeEngine


def picture(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """A little abstract painting, the same for the same seed."""
    rng = np.random.default_rng(seed)
    colors = [tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(4)]
    image = Image.new("RGB", size, colors[0])
    draw = ImageDraw.Draw(image)
    scale = int(rng.integers(4, 24))
    for _ in range(4000 // scale**2 + 6):
        x, y = (int(rng.integers(0, side)) for side in size)
        draw.ellipse((x, y, x + scale, y + scale), fill=colors[int(rng.integers(1, 4))])
    return image


def write_bundle(folder, count: int = 3):
    """A folder of bundled styles like the one of the package, with few small pictures."""
    folder.mkdir(parents=True)
    credits = []
    for i in range(count):
        name = f"bundled-{i}"
        picture(1000 + i).save(folder / f"{name}.jpg", quality=95)
        credits.append(
            {"name": name, "title": f"Bundled {i}", "artist": "Ada Cézanne", "movement": "Testism",
             "year": f"c. {1880 + i}", "tags": ["test"], "license": "CC0 1.0", "source": "here"}
        )  # fmt: skip
    (folder / "styles.json").write_text(json.dumps(credits), encoding="utf-8")
    return folder


def reopen(folder, encoder=None, **options):
    """The library in a folder, without bundled styles."""
    return StyleLibrary.open(folder, encoder=encoder or FakeEngine(), bundled=False, **options)


def database_of(folder):
    return folder / "library.sqlite3"
