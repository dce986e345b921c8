"""How much a style is made of a few even inks, read from its vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage.color import rgb2lab

from stylize.contract import LEAST_SEEN
from stylize.training.ridge import fit_ridge, packed

Floats = NDArray[np.float64]

_FRAME = 0.14  # of each side, where mounts and frames are
_COLORS = (2, 3)
_ROUNDS = 15
_STYLES = 3000  # some 40 ms each
_NEAR = 0.1  # of the distance between the two colours that are farthest apart
_FULL_CONTRAST = 60.0  # of these two, in units of Lab
_RIDGE = 100.0


def ink_share(picture: NDArray[np.uint8]) -> float:
    """Return how even the darkest and the lightest of two or three colours are, 0 to 1.

    Prints, logos and pen drawings have both; in a dark portrait the light one is modelled, in a
    chalk drawing the dark one.

    Args:
        picture: (h, w, 3), at least 16 px a side.
    """
    height, width = picture.shape[:2]
    top, left = round(_FRAME * height), round(_FRAME * width)
    inner = Image.fromarray(picture[top : height - top, left : width - left])
    # Grain of paper is neither.
    smooth = np.asarray(inner.filter(ImageFilter.MedianFilter(3)))[::2, ::2]
    pixels = rgb2lab(smooth).reshape(-1, 3)
    return max(_evenness(pixels, _main_colors(pixels, count)) for count in _COLORS)


def _main_colors(pixels: Floats, count: int) -> Floats:
    """Return the means of so many clusters (Lloyd's k-means), the darkest first, (count, 3)."""
    at = (np.arange(count) + 0.5) / count
    colors = pixels[np.argsort(pixels[:, 0])[(at * len(pixels)).astype(int)]].copy()
    for _ in range(_ROUNDS):
        nearest = _distances(pixels, colors).argmin(axis=1)
        for index in range(count):
            members = pixels[nearest == index]
            if len(members):
                colors[index] = members.mean(axis=0)
    ordered: Floats = colors[np.argsort(colors[:, 0])]
    return ordered


def _distances(pixels: Floats, colors: Floats) -> Floats:
    distances: Floats = np.linalg.norm(pixels[:, None] - colors, axis=2)
    return distances


def _evenness(pixels: Floats, colors: Floats) -> float:
    nearest = _distances(pixels, colors).argmin(axis=1)
    apart = float(_distances(colors, colors).max())
    near, members = [], []
    for index in range(len(colors)):
        cluster = pixels[nearest == index]
        middle = np.median(cluster, axis=0) if len(cluster) else colors[index]
        near.append(int((np.linalg.norm(cluster - middle, axis=1) < _NEAR * apart).sum()))
        members.append(max(1, len(cluster)))
    ends = min(near[0] / members[0], near[-1] / members[-1])
    return ends * sum(near) / len(pixels) * min(1.0, apart / _FULL_CONTRAST)


def fit_ink_probe(vectors: NDArray[np.float32], pictures: NDArray[np.uint8]) -> str:
    """Fit the contract's ``ink_weights`` by ridge regression: their square is the share.

    Args:
        vectors: (S, 1920), what encodes styles sees in them.
        pictures: (S, h, w, 3), the styles; some ``_STYLES`` of them are looked at.
    """
    some = slice(None, None, -(-len(vectors) // _STYLES))
    roots = np.sqrt([ink_share(picture) for picture in pictures[some]])
    seen = np.log(np.maximum(vectors[some], 0, dtype=np.float64) + LEAST_SEEN)
    weights, bias = fit_ridge(seen, roots, _RIDGE)
    return packed(np.append(weights, bias))
