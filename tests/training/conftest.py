"""Tiny pictures and networks for the training tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stylize.training.network_size import NetworkSize
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork
from tests.conftest import make_picture

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_size() -> NetworkSize:
    return NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=8, seen=VECTOR_LENGTH)


@pytest.fixture(scope="session")
def loss_network() -> LossNetwork:
    """VGG16 with random weights: what is tested holds for any weights."""
    torch.manual_seed(0)
    return LossNetwork()


@pytest.fixture(scope="session")
def picture_folders(tmp_path_factory) -> tuple[Path, Path]:
    """Folders of four contents and three styles."""
    root = tmp_path_factory.mktemp("pictures")
    for name, count in (("content", 4), ("style", 3)):
        (root / name).mkdir()
        for index in range(count):
            picture = make_picture(72 + 8 * index, 64, seed=index + 10 * len(name))
            picture.save(root / name / f"{index}.png")
    return root / "content", root / "style"
