"""A tiny engine with the face of the real one: page tests need no trained model."""

from __future__ import annotations

import threading

import numpy as np
from PIL import Image, ImageDraw

from stylize.controls import Controls
from stylize.errors import ImageError
from stylize.library import StyleLibrary
from stylize.styles import StyleVector

ENCODER = "f" * 64


class FakeEngine:
    """Gives the content the mean colour of the style: deterministic and visible."""

    encoder_sha256 = ENCODER
    model_sha256 = "0" * 64
    precision = "int8"

    def __init__(self):
        self.calls = []
        self.warm = False

    def warm_up(self):
        self.warm = True

    def encode_style(self, image, *, stroke_size=1.0):
        if min(image.size) < 16:
            raise ImageError("The style picture is too small: 16 px are the least.")
        rgb = np.asarray(image.convert("RGB"), dtype=np.float32).reshape(-1, 3) / 255
        return StyleVector(np.concatenate([rgb.mean(0), rgb.std(0)]), ENCODER)

    def stylize(
        self, content, style, *, strength=None, controls=None, max_side_px=None, regions=(),
        fast=False, progress=None,
    ):  # fmt: skip
        controls = controls or Controls()
        strength = controls.strength if strength is None else strength
        self.calls.append((content.size, style, controls, len(regions)))
        if max_side_px and max(content.size) > max_side_px:
            content = content.copy()
            content.thumbnail((max_side_px, max_side_px))
        rgb = np.asarray(content.convert("RGB"), dtype=np.float32) / 255
        painted = _painted(rgb, style)
        for region in regions:
            mask = np.asarray(region.mask.resize(content.size), dtype=np.float32)[..., None] / 255
            inside = rgb if region.style is None else _painted(rgb, region.style)
            painted = painted * (1 - mask) + inside * mask
        mixed = rgb + strength * (painted - rgb)
        if progress:
            progress(1.0)
        result = Image.fromarray((mixed.clip(0, 1) * 255).round().astype(np.uint8))
        if content.mode == "RGBA":
            result.putalpha(content.getchannel("A"))
        return result


class GatedEngine(FakeEngine):
    """Paints when it is let: ``gate`` is open at first, ``entered`` counts who came to it."""

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = 0

    def stylize(self, content, style, **options):
        self.entered += 1
        self.gate.wait(60)
        return super().stylize(content, style, **options)


def _painted(rgb, style):
    mean, std = style.values[:3], style.values[3:]
    normal = (rgb - rgb.mean((0, 1))) / (rgb.std((0, 1)) + 1e-3)
    return normal * std + mean


STYLES = ("starry-night", "great-wave", "the-scream", "senecio", "water-lilies", "red-horse")


def small_library(engine):
    """Six styles in memory, none of them from a file."""
    library = StyleLibrary.in_memory(encoder=engine, bundled=False)
    for seed, name in enumerate(STYLES):
        library.add(
            name, picture(seed, (64, 64)), title=name.replace("-", " ").title(), artist="Nobody",
            tags=("calm" if seed % 2 else "wild",),
        )  # fmt: skip
    return library


def picture(seed=0, size=(96, 64)):
    """A small deterministic picture with edges and colour."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(int(v) for v in chance.integers(0, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = chance.integers(0, size[0]), chance.integers(0, size[1])
        draw.ellipse(
            (x - 16, y - 16, x + 16, y + 16), tuple(int(v) for v in chance.integers(0, 255, 3))
        )
    return image
