"""A tiny network that sees pictures, in place of VGG."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from stylize.lab.features import FeatureNetwork  # noqa: E402


@pytest.fixture(scope="session")
def tiny_features() -> FeatureNetwork:
    generator = torch.Generator().manual_seed(4)
    first = torch.randn(6, 3, 3, 3, generator=generator) / 5
    second = torch.randn(8, 6, 3, 3, generator=generator) / 7

    def run(x: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        x = torch.nn.functional.conv2d(x, first, padding=1).relu()
        yield "fine", x
        x = torch.nn.functional.conv2d(x, second, stride=2, padding=1).relu()
        yield "coarse", x

    zero, one = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    return FeatureNetwork("vgg16", "coarse", ("fine", "coarse"), 16, zero, one, run)
