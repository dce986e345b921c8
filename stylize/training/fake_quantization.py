"""Fake quantization: rounding as the INT8 graph does it, so that training can make up for it.

Gradients pass as if nothing had been rounded, as in Jacob et al., "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.
"""

from __future__ import annotations

from torch import Tensor

WEIGHT_LEVELS = 63  # 7 bits: sums of two products stay below 2**15, where AVX2 saturates
_SMALLEST_PEAK = 1e-6  # of an activation that is zero everywhere


def fake_quantize_weight(weight: Tensor) -> Tensor:
    """Round the weight (O, I, h, w) of a convolution, in steps of its own for every output."""
    peak = weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True)
    return _rounded(weight, peak / WEIGHT_LEVELS)


def fake_quantize_activation(x: Tensor, *, signed: bool, fixed: bool) -> Tensor:
    """Round an activation (N, C, h, w).

    Args:
        x: The activation.
        signed: It may be below 0, and has only half of the levels.
        fixed: All pictures have the same steps, instead of steps by their peaks.
    """
    peak = x.detach().abs().amax(dim=(0, 1, 2, 3) if fixed else (1, 2, 3), keepdim=True)
    return _rounded(x, peak / (127 if signed else 255))


def _rounded(x: Tensor, step: Tensor) -> Tensor:
    step = step.clamp_min(_SMALLEST_PEAK / 255)
    return x + ((x / step).round() * step - x).detach()
