"""Drawings made by code: what children and designers bring, and photographs never show.

Lines of felt pens, pencils and crayons and flat shapes on white and coloured paper.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Points = list[tuple[float, float]]

_OVERSAMPLING = 2  # lines are drawn larger and scaled down: smooth edges


def draw(rng: np.random.Generator, side_px: int) -> Image.Image:
    """Return a random drawing, RGB, a square of ``side_px``."""
    side = side_px * _OVERSAMPLING
    paper = _paper(rng)
    picture = Image.new("RGB", (side, side), paper)
    canvas = ImageDraw.Draw(picture)
    colors = [_pen(rng) for _ in range(int(rng.integers(1, 7)))]
    width = side * float(rng.choice([0.004, 0.008, 0.015, 0.025]))
    for _ in range(int(rng.integers(3, 26))):
        color = colors[int(rng.integers(len(colors)))]
        kind = rng.random()
        if kind < 0.45:
            _line(canvas, _curve(rng, side), color, width)
        elif kind < 0.8:
            outline = _closed(rng, side)
            if rng.random() < 0.5:
                canvas.polygon(outline, fill=_pen(rng))
            _line(canvas, [*outline, outline[0]], color, width)
        elif kind < 0.93:
            _hatch(canvas, rng, side, color, width)
        else:  # ground or sky as a stripe
            y = side * float(rng.random())
            canvas.rectangle((0, y, side, y + side * float(rng.uniform(0.02, 0.3))), fill=color)
    picture = picture.resize((side_px, side_px), Image.Resampling.BOX)
    return _crayon(picture, rng, paper) if rng.random() < 0.35 else picture


def _paper(rng: np.random.Generator) -> Color:
    if rng.random() < 0.65:
        return (255, 255, 255)
    light = rng.integers(170, 256, 3)
    return int(light[0]), int(light[1]), int(light[2])


def _pen(rng: np.random.Generator) -> Color:
    if rng.random() < 0.25:
        grey = int(rng.integers(0, 70))
        return (grey, grey, grey)
    r, g, b = (int(v) for v in rng.choice([0, 40, 90, 160, 230, 255], 3))
    return (r, g, b)


def _curve(rng: np.random.Generator, side: int) -> Points:
    """A wavering line."""
    x, y = side * rng.random(2)
    angle, bend = rng.uniform(0, 2 * math.pi), rng.normal(0, 0.12)
    step = side * rng.uniform(0.01, 0.04)
    points = []
    for _ in range(int(rng.integers(8, 40))):
        points.append((float(x), float(y)))
        angle += bend + rng.normal(0, 0.08)
        x, y = x + step * math.cos(angle), y + step * math.sin(angle)
    return points


def _closed(rng: np.random.Generator, side: int) -> Points:
    """A polygon, or something round, drawn by an unsteady hand."""
    corners = int(rng.choice([3, 4, 4, 5, 24, 24]))
    x, y = side * rng.uniform(0.1, 0.9, 2)
    radius, flat = side * rng.uniform(0.03, 0.25), rng.uniform(0.6, 1.4)
    start, wobble = rng.uniform(0, 2 * math.pi), 0.12 if corners < 10 else 0.04
    points = []
    for corner in range(corners):
        angle = start + 2 * math.pi * corner / corners
        length = radius * (1 + rng.normal(0, wobble))
        points.append(
            (float(x + length * math.cos(angle)), float(y + flat * length * math.sin(angle)))
        )
    return points


def _line(canvas: ImageDraw.ImageDraw, points: Points, color: Color, width: float) -> None:
    canvas.line(points, fill=color, width=max(1, round(width)), joint="curve")


def _hatch(
    canvas: ImageDraw.ImageDraw, rng: np.random.Generator, side: int, color: Color, width: float
) -> None:
    """Parallel lines, as an area is filled with a pen."""
    x, y = side * rng.uniform(0, 0.8, 2)
    length, gap = side * rng.uniform(0.05, 0.3), width * rng.uniform(1.2, 3)
    slant = side * rng.uniform(-0.05, 0.05)
    for index in range(int(rng.integers(4, 20))):
        top = y + index * gap
        _line(canvas, [(x, top), (x + length, top + slant)], color, width)


def _crayon(picture: Image.Image, rng: np.random.Generator, paper: Color) -> Image.Image:
    """Let the grain of the paper show through, as wax leaves it."""
    grain = rng.integers(0, 256, (picture.height, picture.width)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(grain).filter(ImageFilter.BoxBlur(1)))
    cover = (smooth > rng.uniform(90, 120))[..., None]
    covered = np.where(cover, np.asarray(picture), np.array(paper, np.uint8))
    return Image.fromarray(covered.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
