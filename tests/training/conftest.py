"""Tiny pictures and networks for the training tests."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from stylize.training import export as exporting
from stylize.training.network_size import NetworkSize
from stylize.training.style_bank import COVARIANCE_SIZE, StyleBank
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork
from tests.conftest import make_picture
from tests.make_tiny_model import make_networks


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


def make_bank(count: int = 3) -> StyleBank:
    """Statistics of styles that nobody painted."""
    rng = np.random.default_rng(1)
    vectors = rng.random((count, VECTOR_LENGTH), np.float32)
    return StyleBank(
        vectors=vectors,
        encoded=vectors,
        covariances=np.zeros((count, 2, COVARIANCE_SIZE, COVARIANCE_SIZE), np.float16),
        pictures=rng.integers(0, 256, (count, 256, 256, 3), np.uint8),
        tones=rng.random((count, 9, 32), np.float32),
        calm=np.zeros(count, np.float32),
    )


@pytest.fixture(scope="session")
def traced() -> dict[str, onnx.ModelProto]:
    """The graphs of the tiny networks by the class of their module; filled by `exported`."""
    return {}


@pytest.fixture(scope="session")
def exported(tmp_path_factory, traced) -> Path:
    """The tiny networks exported: once for all tests, since tracing takes long."""
    trace = exporting._trace

    def kept(module, *arguments):
        traced[type(module).__name__] = model = trace(module, *arguments)
        return copy.deepcopy(model)

    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_trace", kept)
        exporting.export_networks(*make_networks(), folder, record={"data": "made by code"})
    return folder


@pytest.fixture
def traced_before(exported, traced, monkeypatch) -> None:
    """Let an export of the tiny networks take the graphs that are there already."""
    monkeypatch.setattr(
        exporting, "_trace", lambda module, *_: copy.deepcopy(traced[type(module).__name__])
    )
