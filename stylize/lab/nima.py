"""NIMA: how people would rate a picture, by a network that has learned it from their ratings.

Talebi and Milanfar, "NIMA: Neural Image Assessment", IEEE Transactions on Image Processing, 2018. A
network that knows pictures predicts how the marks 1 to 10 spread; the score is their mean. Its
weights are the user's: no package brings them along.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from stylize.errors import ModelFileError
from stylize.images import on_white, prepare_image

_SIDE_PX = 224  # where the network leaves it open
_MARKS = np.arange(1, 11)
_MEAN, _DEVIATION = np.array([(0.485, 0.456, 0.406), (0.229, 0.224, 0.225)])  # of ImageNet
_EXPECTED = (
    "A NIMA network takes RGB, 1 x 3 x height x width, float32, normalised as for ImageNet, and "
    "returns the shares of the marks 1 to 10, 1 x 10"
)


class Nima:
    """The score of pictures, 1 to 10, more is better."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        """Open a network, of any kind inside.

        Args:
            path: The ONNX file.
            threads: Of the computation.

        Raises:
            ModelFileError: It is missing, or no such network.
        """
        if not path.is_file():
            raise ModelFileError(f"There is no file {path}. {_EXPECTED}, in an ONNX file.")
        self._path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
            (given,) = self._session.get_inputs()
            _, channels, *sides = given.shape
            height, width = (side if isinstance(side, int) else _SIDE_PX for side in sides)
            if channels != 3 or given.type != "tensor(float)":
                raise ValueError(f"its input is {given.type} {given.shape}")
        except Exception as error:  # ONNX Runtime has an exception for every kind
            raise ModelFileError(f"{path} is no NIMA network: {error}. {_EXPECTED}.") from error
        self._name, self._size = given.name, (width, height)

    def __call__(self, picture: Image.Image) -> float:
        """Return the score of a picture, which is seen in the network's size.

        Raises:
            ModelFileError: What the network returns are no shares of ten marks.
        """
        small = on_white(prepare_image(picture)).resize(self._size, Image.Resampling.BILINEAR)
        pixels = ((np.asarray(small) / 255 - _MEAN) / _DEVIATION).astype(np.float32)
        try:
            shares = self._session.run(None, {self._name: pixels.transpose(2, 0, 1)[None]})[0]
        except Exception as error:
            raise ModelFileError(f"{self._path} does not run: {error}. {_EXPECTED}.") from error
        if shares.shape != (1, 10) or not (shares.min() >= 0 and abs(shares.sum() - 1) <= 0.01):
            raise ModelFileError(
                f"What {self._path} returns are no shares of ten marks, from 0 on and 1 together. "
                f"{_EXPECTED}: end the export with a softmax."
            )
        return float(shares[0] @ _MARKS / shares.sum())
