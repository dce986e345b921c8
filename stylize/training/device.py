"""Where training computes."""

from __future__ import annotations

import torch

from stylize.errors import TrainingError


def open_device(name: str) -> torch.device:
    """Return a device that works.

    Args:
        name: "cpu", "cuda" or "auto", which is the latter where there is one.

    Raises:
        TrainingError: This machine has none of that name.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter: torch without CUDA
        raise TrainingError(f'"{name}" is no device of this machine: {error}. Take cpu.') from error
    return device
