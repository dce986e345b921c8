"""The one fake of an engine: small, fast, deterministic, and what it did can be seen.

A style vector holds means and standard deviations of maps, like those of the real encoder. The
first three maps are the colours, so that a painted picture has the colours of its style.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from stylize.controls import Controls
from stylize.errors import ImageError
from stylize.images import fit_within
from stylize.library import StyleLibrary
from stylize.styles import StyleVector

ENCODER, MODEL = "e" * 64, "d" * 64
MAPS = 30  # 2 + 4 + 8 + 16, the layers' proportion
DIMENSION = 2 * MAPS  # means and standard deviations


class Call(NamedTuple):
    """What one picture was painted of."""

    size: tuple[int, int]
    style: StyleVector
    controls: Controls
    regions: list


class FakeEngine:
    """Gives the content the colours of the style.

    Args:
        seed: Engines of different seeds have different style encoders.
        precision, threads, model, provider: Only noted.
    """

    def __init__(self, seed=0, *, precision="int8", threads=2, model=None, provider="cpu"):
        self.precision, self.threads, self.model = precision, threads, model
        self.provider = provider
        self.encoder_sha256 = f"{seed:064x}" if seed else ENCODER
        self.model_sha256 = MODEL
        self._mix = np.random.default_rng(seed).normal(size=(33, MAPS))
        self._mix[:, :3] = np.eye(33, 3)
        self.calls: list[Call] = []
        self.encoded = 0
        self.warm = False

    def warm_up(self):
        self.warm = True

    def encode_style(self, image, *, stroke_size=1.0):
        if min(image.size) < 16:
            raise ImageError("The style picture is too small: 16 px are the least.")
        self.encoded += 1
        pixels = np.asarray(image.convert("RGB").resize((32, 32)), np.float64) / 255
        maps = [pixels]
        for shift in (1, 2, 4, 8, 16):
            maps += [pixels - np.roll(pixels, shift, axis) for axis in (0, 1)]
        features = np.maximum(np.concatenate(maps, axis=2).reshape(-1, 33) @ self._mix, 0)
        values = np.concatenate([features.mean(axis=0), features.std(axis=0)])
        return StyleVector(values.astype(np.float32), self.encoder_sha256)

    def stylize(
        self, content, style, *, strength=None, controls=None, max_side_px=None, regions=(),
        fast=False, progress=None,
    ):  # fmt: skip
        controls = controls or Controls()
        strength = controls.strength if strength is None else strength
        self.calls.append(Call(content.size, style, controls, list(regions)))
        content = content.resize(fit_within(content.size, max_side_px))
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
    mean, std = style.values[:3], style.values[MAPS : MAPS + 3]
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
