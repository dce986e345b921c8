"""Styles with empty places leave calm areas calm: no dashes in the skies of prints and ink.

The network has learned from paintings whose skies are full of strokes, and puts some into all
others too. A median over the width of such a stroke takes them away and keeps tones and edges
(Tukey, "Exploratory Data Analysis", 1977).
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from stylize.ground import CELL_PX, Floats, cells_of, enlarge_cells

# At a quarter of the size the median is cheap, and as wide as dashes are long.
_REDUCED = 4
_MEDIAN_CELLS = 5
# Standard deviation of the luma, as a share of itself plus something in the dark, up to which an
# area is calm: clouds are, grass is not.
_CALM_SHARE = 0.03
_DARK_LEVELS = 32.0
_STEEPNESS = 2.0


def calm_down(painted: Image.Image, content: Image.Image, amount: float) -> None:
    """Smooth what was painted where the content is calm.

    Args:
        painted: RGB; changed in place.
        content: RGB of the same size.
        amount: From 0, nothing, to 1.
    """
    if amount <= 0:
        return
    smooth = painted.reduce(_REDUCED).filter(ImageFilter.MedianFilter(_MEDIAN_CELLS))
    smooth = smooth.resize(painted.size, Image.Resampling.BILINEAR)
    levels = np.rint(np.float32(255 * min(1.0, amount)) * calm_areas(content))
    painted.paste(smooth, mask=Image.fromarray(levels.astype(np.uint8)))


def calm_areas(content: Image.Image) -> Floats:
    """Return how calm a picture is at every pixel.

    Args:
        content: RGB, any size.

    Returns:
        (height, width) float32 from 0, busy, to 1, calm.
    """
    mean, variance = cells_of(content)
    deviation = np.sqrt(variance) / (np.float32(_CALM_SHARE) * (mean + np.float32(_DARK_LEVELS)))
    share = np.clip(1 + np.float32(_STEEPNESS) * (1 - deviation), 0, 1)
    return enlarge_cells(share, content.size)
