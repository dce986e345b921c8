"""Training in several processes whose weights are averaged every few steps, or gradients in each.

On a CPU two processes of one thread each get more done than one process of two, and averaging
weights now and then (local SGD: Stich, "Local SGD Converges Fast and Communicates Little", 2019)
lets neither wait for the other at every step. Averaged gradients are those of one process with a
larger batch. Start them with ``torchrun``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn


def start() -> None:
    """Join the other processes if ``torchrun`` started this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("gloo")


def rank() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def wait() -> None:
    """Wait until all processes are here."""
    if count() > 1:
        distributed.barrier()


@torch.no_grad()
def average_(tensors: Iterable[Tensor]) -> None:
    """Replace tensors by their means over all processes."""
    if count() == 1:
        return
    parts = list(tensors)
    flat = torch.cat([part.reshape(-1) for part in parts]) / count()
    distributed.all_reduce(flat)
    for part, mean in zip(parts, torch.split(flat, [part.numel() for part in parts]), strict=True):
        part.copy_(mean.view_as(part))


def average_gradients_(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients of parameters by their means over all processes."""
    average_(parameter.grad for parameter in parameters if parameter.grad is not None)
