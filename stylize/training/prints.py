"""Prints of one or two inks, made of paintings.

Among paintings there are few posters, stencils and stamps, so what reads colours and contrast from
a style's vector would not know them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

_ENDS = (0.02, 0.98)  # quantiles of the luma between which a painting is printed
_LEAST_RANGE = 0.2
_STEEPNESS = (1.0, 12.0)  # of the tones, from a wash to a stencil
_BLACK = 0.4  # share of prints whose ink is dark, and not of any colour
_SECOND_INK = 0.35  # share of prints that have one, for the tones between ink and paper
_OWN_COLORS = (0.0, 0.0, 0.2, 0.4)  # how much of a painting's own shows through
_LEAST_CONTRAST = 60.0  # between ink and paper, in levels


def print_of(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a painting, RGB, as a print in inks that chance chooses."""
    luma = np.asarray(image.convert("L"), np.float64) / 255
    low, high = np.quantile(luma, _ENDS)
    tones = ((luma - low) / max(high - low, _LEAST_RANGE)).clip(0, 1)
    steepness = np.exp(rng.uniform(*np.log(_STEEPNESS)))
    tones = 1 / (1 + np.exp(2 * steepness * (rng.uniform(0.3, 0.7) - tones)))
    tones = (tones - tones.min()) / max(np.ptp(tones), 1e-3)
    colors = _inks_and_paper(rng)
    at = np.linspace(0, 1, len(colors))
    printed = np.stack([np.interp(tones, at, channel) for channel in colors.T], axis=-1)
    own = rng.choice(_OWN_COLORS)
    mixed = printed + own * (np.asarray(image) - printed)
    return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))


def _inks_and_paper(rng: np.random.Generator) -> Floats:
    """Return (2 or 3, 3) colours in levels, the darkest first."""
    paper = 255 - rng.uniform(0, 70) * np.array([0.5, 0.7, 1.0]) * rng.random()
    inks = [rng.uniform(0, 60 if rng.random() < _BLACK else 255, 3)]
    if rng.random() < _SECOND_INK:
        inks.append(rng.uniform(0, 255, 3))
    inks = [ink if np.mean(paper - ink) >= _LEAST_CONTRAST else ink / 2 for ink in inks]
    return np.array([*sorted(inks, key=np.mean), paper])
