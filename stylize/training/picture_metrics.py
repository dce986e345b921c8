"""Measures on pixels alone: structure, palette, and faults that show in flat areas.

Every function takes pictures as arrays (H, W, 3) of bytes, sRGB. *Levels* are steps of 1/255.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab
from skimage.filters import gaussian
from skimage.metrics import structural_similarity
from torch.nn import functional

from stylize.training.data import fit_area

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

FLAT_WINDOW_PX = 9
FLAT_LEVELS = 2.0  # largest standard deviation of a window of a flat area
FLAT_SHARE = 0.01  # with less of its area flat, a picture says nothing of flat areas
GRID_PX = 8  # the network's coarsest cell; patterns of 2 and 4 px repeat in it too
STEP_LEVELS = 3  # a jump that the eye sees in a smooth area
STEP_RUN_PX = 4  # pixels without a jump on both sides of it
PALETTE_SIDE_PX = 96
PALETTE_DIRECTIONS = 64
PALETTE_QUANTILES = 256
CALM_CELL_PX = 32
CALM_LEVELS = 2.0  # a cell with a smaller standard deviation looks empty
LIGHTNESS_QUANTILES = 1000
DARKEST, LIGHTEST = 0.01, 0.99  # quantiles of L
MARK_SHARE = 6 / 512  # of the longer side: deviation of the surroundings that marks stand out from
CALM_DEVIATION = 2.5  # of L around a place, up to which a content is calm
LEAST_CALM = 0.01  # with less of it calm, a picture says nothing of marks
FOREIGN_SIDE_PX = 48


def psnr_db(a: Bytes, b: Bytes) -> float:
    """Return the peak signal-to-noise ratio of two byte pictures; equal ones give 99."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return 99.0 if error == 0 else min(99.0, 10 * float(np.log10(255**2 / error)))


def ssim(a: Bytes, b: Bytes) -> float:
    """Structural similarity of the luma (Rec. 601), -1 to 1.

    Scikit-image's defaults: a uniform window of 7 px, the mean over the picture; at full size.
    """
    lumas = [_luma(picture).round() for picture in (a, b)]
    value = structural_similarity(*lumas, data_range=255)  # type: ignore[no-untyped-call]
    return float(value)


def palette(image: Bytes) -> Floats:
    """Summarise the colours of a picture for :func:`palette_distance`.

    About 96 x 96 of its pixels, evenly spaced, in CIE Lab (D65), are projected on 64 directions
    that cover the half sphere evenly.

    Returns:
        (64, 256): quantiles of each projection.
    """
    lab = _evenly_spaced(image, PALETTE_SIDE_PX)
    order = (np.arange(PALETTE_DIRECTIONS) + 0.5) / PALETTE_DIRECTIONS  # Fibonacci's lattice
    angle = np.pi * (1 + 5**0.5) * np.arange(PALETTE_DIRECTIONS)
    radius = np.sqrt(1 - order**2)
    directions = np.stack([order, radius * np.cos(angle), radius * np.sin(angle)])
    projections = np.sort(directions.T @ lab.T, axis=1)  # (64, pixels)
    shares = (np.arange(PALETTE_QUANTILES) + 0.5) / PALETTE_QUANTILES
    quantiles: Floats = projections[:, (shares * len(lab)).astype(int)]
    return quantiles


def palette_distance(a: Floats, b: Floats) -> float:
    """Distance of two palettes in units of Lab: how far the colours of one are from the other's.

    It is the sliced Wasserstein distance (Rabin et al., "Wasserstein Barycenter and its Application
    to Texture Mixing", 2011) times two, which makes a shift of every colour by 10 count 10.
    """
    return 2 * float(np.abs(a - b).mean())


def lightness(image: Bytes) -> Floats:
    """Return 1000 quantiles of a picture's L in CIE Lab (D65), 0 to 100."""
    levels = np.sort(rgb2lab(image)[:, :, 0], axis=None)
    shares = (np.arange(LIGHTNESS_QUANTILES) + 0.5) / LIGHTNESS_QUANTILES
    quantiles: Floats = levels[(shares * levels.size).astype(int)].astype(np.float64)
    return quantiles


def lightness_distance(a: Floats, b: Floats) -> float:
    """Wasserstein distance of two :func:`lightness`, in units of L: a shift of all by 10 is 10."""
    return float(np.abs(a - b).mean())


def darks_and_lights(quantiles: Floats) -> tuple[float, float]:
    """Return the L that 1 % of a picture is below, and the L that 1 % is above."""
    low, high = (int(share * len(quantiles)) for share in (DARKEST, LIGHTEST))
    return float(quantiles[low]), float(quantiles[high])


def marks(result: Bytes, content: Bytes) -> float | None:
    """Return how much stands out of its surroundings where the content is calm, in units of L.

    What stands out as much in the content does not count. It is what people see first: strokes and
    signs in skies, scales on water, halos. Surroundings are relative to the picture: a Gaussian of
    6 px in one of 512 px.

    Returns:
        The mean over the calm areas, or None where next to nothing is calm.
    """
    levels, wanted = (rgb2lab(picture)[:, :, 0] for picture in (result, content))
    middle = _around(wanted)
    variance = np.maximum(_around(wanted**2) - middle**2, 0)
    calm = (2 - np.sqrt(variance) / CALM_DEVIATION).clip(0, 1)
    if calm.mean() < LEAST_CALM:
        return None
    invented = np.maximum(np.abs(levels - _around(levels)) - np.abs(wanted - middle), 0)
    return float((invented * calm).sum() / calm.sum())


def _around(levels: Floats) -> Floats:
    """Return the means around every place of (h, w) levels."""
    deviation = MARK_SHARE * max(levels.shape)
    smooth: Floats = gaussian(levels, deviation, mode="nearest", preserve_range=True)  # type: ignore[no-untyped-call]
    return smooth


def foreign_colors(result: Bytes, style: Bytes) -> float:
    """Return how far the result's colours are from the nearest ones of the style, in units of Lab.

    Other than :func:`palette_distance` it does not ask for all of the style's colours.
    """
    seen, own = (
        torch.from_numpy(_evenly_spaced(picture, side_px))
        for picture, side_px in ((result, PALETTE_SIDE_PX), (style, FOREIGN_SIDE_PX))
    )
    return float(torch.cdist(seen, own).min(dim=1).values.mean())


def _evenly_spaced(picture: Bytes, side_px: int) -> Floats:
    """Return (N, 3) colours in CIE Lab of about as many pixels as a square of this side has."""
    image = Image.fromarray(picture)
    small = image.resize(fit_area(image.size, side_px), Image.Resampling.NEAREST)
    colors: Floats = rgb2lab(np.asarray(small)).reshape(-1, 3)
    return colors


def calm_share(image: Bytes) -> float | None:
    """Return the share of cells of 32 px whose luma varies by less than 2 levels.

    Cells at the right and lower border that are not whole are left out.

    Returns:
        0 to 1, or None for pictures smaller than a cell.
    """
    rows, columns = (side // CALM_CELL_PX for side in image.shape[:2])
    if not rows or not columns:
        return None
    luma = _luma(image[: rows * CALM_CELL_PX, : columns * CALM_CELL_PX])
    cells = luma.reshape(rows, CALM_CELL_PX, columns, CALM_CELL_PX)
    return float((cells.std(axis=(1, 3)) < CALM_LEVELS).mean())


def flat_areas(content: Bytes) -> NDArray[np.bool_] | None:
    """Return the mask (H, W) of areas without detail, or None if there are hardly any.

    A pixel is flat if the luma of the window around it varies by at most ``FLAT_LEVELS``.
    """
    luma = torch.from_numpy(_luma(content))[None, None]

    def mean(values: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(
            values, FLAT_WINDOW_PX, stride=1, padding=FLAT_WINDOW_PX // 2, count_include_pad=False
        )

    variance = mean(luma.square()) - mean(luma).square()
    flat: NDArray[np.bool_] = (variance <= FLAT_LEVELS**2)[0, 0].numpy()
    return flat if flat.mean() >= FLAT_SHARE else None


def grid_strength(image: Bytes, flat: NDArray[np.bool_]) -> float:
    """Return how strong a pattern repeats every 2, 4 or 8 pixels in flat areas, in levels.

    The luma minus its mean over one period is averaged over all flat pixels of the same place in
    the 8 x 8 grid. The result is the standard deviation of these 64 means, without the share that
    noise alone has in it: 0 for a picture without a grid, 5 for a checkerboard of +5 and -5.
    """
    luma = _luma(image)
    weights = np.ones(GRID_PX + 1)
    weights[[0, -1]] = 0.5  # so that the mean of any pattern of the period is exactly removed
    kernel = torch.from_numpy(np.outer(weights, weights) / GRID_PX**2)[None, None]
    padded = np.pad(luma, GRID_PX // 2, mode="symmetric")
    smooth = functional.conv2d(torch.from_numpy(padded)[None, None], kernel)[0, 0].numpy()
    # Near the border the mean sees mirrored pixels, whose pattern is out of phase.
    inner = np.zeros_like(flat)
    inner[GRID_PX:-GRID_PX, GRID_PX:-GRID_PX] = flat[GRID_PX:-GRID_PX, GRID_PX:-GRID_PX]
    detail = luma - smooth
    means, noise = [], []
    for y in range(GRID_PX):
        for x in range(GRID_PX):
            values = detail[y::GRID_PX, x::GRID_PX][inner[y::GRID_PX, x::GRID_PX]]
            if len(values) > 1:
                means.append(values.mean())
                noise.append(values.var(ddof=1) / len(values))
    if not means:
        return 0.0
    return float(np.sqrt(max(0.0, np.var(means) - np.mean(noise))))


def banding(image: Bytes, flat: NDArray[np.bool_]) -> float:
    """Return the number of steps per 1000 flat pixels: gradients that became stairs.

    A step is a jump of the luma by at least 3 levels between neighbours in a row or column, with
    no jump of more than 1 level between the 4 pixels on either side.
    """
    steps = _count_steps(_luma(image), flat) + _count_steps(_luma(image).T, flat.T)
    return 1000 * steps / int(flat.sum())


def _count_steps(luma: Floats, flat: NDArray[np.bool_]) -> int:
    run = STEP_RUN_PX - 1
    jumps = np.abs(np.diff(np.rint(luma), axis=1))
    if jumps.shape[1] < 2 * run + 1:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(jumps, 2 * run + 1, axis=1)
    calm = np.delete(windows, run, axis=2).max(axis=2) <= 1
    where = flat[:, run : run + calm.shape[1]] & flat[:, run + 1 : run + 1 + calm.shape[1]]
    return int((calm & where & (windows[:, :, run] >= STEP_LEVELS)).sum())


def _luma(image: Bytes) -> Floats:
    luma: Floats = image @ np.array([0.299, 0.587, 0.114])
    return luma
