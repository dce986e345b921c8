"""What a picture shows and what lies behind it: a mask of its subject, without a model.

GrabCut (Rother, Kolmogorov and Blake 2004) parts a picture by the colours of two rough areas and by
its edges. A box drawn by hand gives these areas. Without one they are guessed: a subject lies near
the middle and has other colours than the borders of the picture, the lower one excepted, where
people are cut off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from stylize.extras import needs_extra

Box = tuple[float, float, float, float]

WORK_SIDE_PX = 320  # longer side at which it is looked for: under a second on one core
_ROUNDS = 4
_MARGIN = 0.02  # of the longer side: borders that are never a subject
_BORDER = 0.04  # of the longer side: borders whose colours are those of the background
_COLOURS = 5
_RARE_COLOUR = 0.06  # share of the borders below which a colour is not the background's
_INSIDE, _OUTSIDE = 0.62, 0.25  # likelihoods from and below which a pixel is taken for one of both
_SMALL_PART, _SMALL_HOLE = 0.15, 0.01  # of the largest part, of the picture


def find_subject(image: Image.Image, box: Box | None = None) -> Image.Image:
    """Find the subject of a picture.

    Args:
        image: RGB or RGBA, of any size.
        box: Left, top, right and bottom of a box around the subject, as shares of the sides, 0 to
            1. Without one, or with one around everything, it is guessed where the subject lies.

    Returns:
        Mask of the picture's size (mode L), 255 in the subject, 0 elsewhere; all 0 where none is
        found.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    with needs_extra("studio"):
        import cv2

    scale = WORK_SIDE_PX / max(image.size)
    width, height = (max(8, round(side * scale)) for side in image.size)
    small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    pixels: Any = cv2.bilateralFilter(np.asarray(small)[..., ::-1].copy(), 5, 30, 5)
    areas = _outside_of(box, (width, height), cv2) if box is not None else None
    if areas is None:
        areas = _guess(pixels, cv2)
    if not _is_both(areas, cv2):
        return Image.new("L", image.size, 0)
    cv2.setRNGSeed(0)  # GrabCut begins with k-means: the same picture, the same mask
    unused = np.zeros((1, 65)), np.zeros((1, 65))
    everything = (0, 0, width, height)
    cv2.grabCut(pixels, areas, everything, *unused, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(areas, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    smooth = cv2.medianBlur(_tidy(inside, cv2) * 255, 5)
    mask = Image.fromarray(smooth).resize(image.size, Image.Resampling.BICUBIC)
    return mask.point(lambda value: 255 if value >= 128 else 0)


def _outside_of(box: Box, size: tuple[int, int], cv2: Any) -> Any:
    """Return GrabCut's areas: background outside of the box; None if nothing lies there."""
    width, height = size
    left, right = (round(min(1.0, max(0.0, x)) * width) for x in (box[0], box[2]))
    top, bottom = (round(min(1.0, max(0.0, y)) * height) for y in (box[1], box[3]))
    areas = np.full((height, width), cv2.GC_BGD, np.uint8)
    areas[top:bottom, left:right] = cv2.GC_PR_FGD
    return None if (areas == cv2.GC_PR_FGD).all() else areas


def _guess(pixels: Any, cv2: Any) -> Any:
    """Return GrabCut's areas of a picture (H, W, 3) of which nothing is known."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    likely = 0.6 * _unlike_the_borders(pixels, cv2) + 0.6 * _near_the_middle(width, height)
    areas = np.where(likely > _INSIDE, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    areas[likely < _OUTSIDE] = cv2.GC_BGD
    margin = max(2, round(_MARGIN * longer))
    areas[:margin] = areas[:, :margin] = areas[:, -margin:] = cv2.GC_BGD
    return areas


def _unlike_the_borders(pixels: Any, cv2: Any) -> Any:
    """How far each pixel's colour is from those of the left, upper and right borders: 0 to 1."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB).astype(np.float32)
    longer = max(lab.shape[:2])
    wide = max(2, round(_BORDER * longer))
    borders = [lab[:wide], lab[:, :wide], lab[:, -wide:]]
    samples = np.concatenate([border.reshape(-1, 3) for border in borders])
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, labels, colours = cv2.kmeans(
        samples, min(_COLOURS, len(samples)), None, stop, 2, cv2.KMEANS_PP_CENTERS
    )
    shares = np.bincount(labels.ravel(), minlength=len(colours)) / len(labels)
    frequent = colours[shares >= min(_RARE_COLOUR, shares.max())]
    apart = np.linalg.norm(lab[:, :, None] - frequent, axis=-1).min(axis=-1)
    apart = cv2.GaussianBlur(apart, (0, 0), 0.02 * longer)
    return np.clip(apart / max(float(np.percentile(apart, 97)), 1e-3), 0, 1)


def _near_the_middle(width: int, height: int) -> Any:
    """How near each pixel is to where subjects are: 0 to 1, falling more slowly downwards."""
    y, x = np.mgrid[0:height, 0:width]
    aside = (x - width / 2) / (0.42 * width)
    down = (y - 0.55 * height) / height
    down = np.where(down < 0, down / 0.5, down / 0.8)
    return np.exp(-(aside**2) - down**2)


def _is_both(areas: Any, cv2: Any) -> bool:
    """Whether there are pixels of both kinds, without which GrabCut cannot begin."""
    inside = np.isin(areas, (cv2.GC_FGD, cv2.GC_PR_FGD))
    return bool(inside.any() and not inside.all())


def _tidy(inside: Any, cv2: Any) -> Any:
    """Drop the small parts of a mask (H, W) of 0 and 1, and fill its small holes."""
    count, labels, figures, _ = cv2.connectedComponentsWithStats(inside)
    sizes = figures[:, cv2.CC_STAT_AREA]
    if count > 1:
        large = [i for i in range(1, count) if sizes[i] >= _SMALL_PART * sizes[1:].max()]
        inside = np.isin(labels, large).astype(np.uint8)
    count, labels, figures, _ = cv2.connectedComponentsWithStats(1 - inside)
    sizes = figures[:, cv2.CC_STAT_AREA]
    holes = [i for i in range(1, count) if sizes[i] < _SMALL_HOLE * inside.size]
    inside[np.isin(labels, holes)] = 1
    return inside
