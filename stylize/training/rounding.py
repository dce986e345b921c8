"""Weights in few bits that compute nearly the same: rounding in sight of the inputs.

Rounding each weight to the nearest step is best only if the inputs of a convolution have nothing
to do with each other. Those of pictures do: neighbouring pixels are nearly equal, so errors of
the same sign add up, and in a picture of little contrast the sum is as large as what it shows.
Here every weight is rounded in turn and those not yet rounded make up for its error, as in Frantar
et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", 2023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stylize.training.fake_quantization import WEIGHT_LEVELS
from stylize.training.graphs import Paint
from stylize.training.network import TransferNetwork

Floats = NDArray[np.float32]

_POSITIONS = 2048  # of a picture that are looked at in each convolution
_DAMPING = 0.003  # of the mean moment, so that what the pictures never show is not wildly bent


@torch.no_grad()
def input_moments(
    network: TransferNetwork, feeds: Iterable[Mapping[str, NDArray[Any]]], *, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Measure which inputs of every convolution of the content path go together.

    Args:
        network: The network, equalized.
        feeds: ``image`` (1, 4, H, W) float32 in [0, 1], ``affine_quarter`` and ``affine_eighth``.
        seed: Of the choice of positions.

    Returns:
        By name of the convolution, (I * h * w, I * h * w) second moments of what its kernel sees.
        A picture counts the more, the less its outputs vary: normalisation will stretch them.
    """
    generator = torch.Generator().manual_seed(seed)
    moments: dict[str, NDArray[np.float64]] = {}

    def look(name: str, layer: nn.Conv2d, inputs: Tensor, output: Tensor) -> None:
        padding = layer.kernel_size[0] // 2
        patches = functional.unfold(
            inputs, layer.kernel_size, padding=padding, stride=layer.stride
        )[0]
        chosen = torch.randint(patches.shape[1], (_POSITIONS,), generator=generator)
        some = patches[:, chosen].double()
        variance = output.var(dim=(2, 3)).mean().clamp_min(1e-8)
        found = (some @ some.T / _POSITIONS / variance).numpy()
        moments[name] = moments[name] + found if name in moments else found

    paint = Paint(network)
    for name, layer in paint.network.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(
                lambda layer, args, output, name=name: look(name, layer, args[0], output)
            )
    for feed in feeds:
        names = ("image", "affine_quarter", "affine_eighth")
        paint(*(torch.from_numpy(feed[name]) for name in names))
    return moments


def round_weight(
    weight: Floats, moments: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.int8], Floats]:
    """Round a weight (O, I, h, w) to 7 bits with one step per output channel.

    Args:
        weight: The weight.
        moments: Of its inputs, from :func:`input_moments`; None rounds to the nearest step.

    Returns:
        The weight as int8 in -63..63, and the steps (O,).
    """
    peak = np.abs(weight).max(axis=(1, 2, 3))
    step = np.where(peak > 0, peak, 1) / WEIGHT_LEVELS
    rest = weight.reshape(len(weight), -1) / step[:, None].astype(np.float64)
    if moments is None:
        return np.rint(rest).astype(np.int8).reshape(weight.shape), step.astype(np.float32)
    damping = _DAMPING * np.trace(moments) / len(moments)
    inverse = np.linalg.inv(moments + damping * np.eye(len(moments)))
    # Row j of the upper factor: how an error in weight j is best spread over those after it.
    spread = np.linalg.cholesky(inverse).T
    rounded = np.empty_like(rest)
    for j in range(rest.shape[1]):
        rounded[:, j] = np.rint(rest[:, j]).clip(-WEIGHT_LEVELS, WEIGHT_LEVELS)
        error = (rest[:, j] - rounded[:, j]) / spread[j, j]
        rest[:, j + 1 :] -= error[:, None] * spread[j, j + 1 :]
    return rounded.astype(np.int8).reshape(weight.shape), step.astype(np.float32)
