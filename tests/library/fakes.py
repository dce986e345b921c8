"""A style encoder without a network: statistics of differences at several distances."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image, ImageDraw

from stylize.library import StyleLibrary
from stylize.styles import StyleVector

DIMENSION = 60  # (2 + 4 + 8 + 16) channels, means and standard deviations: the layers' proportion


class FakeEncoder:
    def __init__(self, seed: int = 0) -> None:
        self.encoder_sha256 = f"{seed:064x}"
        self._mix = np.random.default_rng(seed).normal(size=(33, DIMENSION // 2))
        self.calls = 0

    def encode_style(self, image: Image.Image) -> StyleVector:
        self.calls += 1
        pixels = np.asarray(image.convert("RGB").resize((32, 32)), np.float64) / 255
        maps = [pixels]
        for shift in (1, 2, 4, 8, 16):
            maps += [pixels - np.roll(pixels, shift, axis) for axis in (0, 1)]
        features = np.maximum(np.concatenate(maps, axis=2).reshape(-1, 33) @ self._mix, 0)
        values = np.concatenate([features.mean(axis=0), features.std(axis=0)])
        return StyleVector(values.astype(np.float32), self.encoder_sha256)


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
    return StyleLibrary.open(folder, encoder=encoder or FakeEncoder(), bundled=False, **options)


def database_of(folder):
    return folder / "library.sqlite3"
