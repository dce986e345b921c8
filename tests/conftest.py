"""Fixtures for all tests: the tiny model, pictures made by code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from stylize.engine import Engine
from stylize.styles import StyleVector

# Two workers that look for a free port at once find the same one. Gradio reads this when imported.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
os.environ["GRADIO_SERVER_PORT"] = str(7860 + 100 * int(_WORKER))

# A busy machine is not a broken program.
settings.register_profile("any-speed", deadline=None)
settings.load_profile("any-speed")

TINY_MODEL = Path(__file__).parents[1] / "contract" / "tiny_model"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden pictures anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, the pages: else one worker would end long before the other."""
    pages = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in pages)


def make_picture(width: int, height: int, *, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A picture with gradients, blocks and noise; different for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    phase = rng.random(3) * 6
    waves = np.sin(x[..., None] / (5 + 3 * phase) + np.cos(y[..., None] / (7 + phase)) + phase)
    blocks = rng.random((height // 16 + 1, width // 16 + 1, 3)).repeat(16, 0).repeat(16, 1)
    pixels = (
        0.35 * (waves + 1) / 2
        + 0.5 * blocks[:height, :width]
        + 0.15 * rng.random((height, width, 3))
    )
    return Image.fromarray((pixels * 255).astype(np.uint8)).convert(mode)


@pytest.fixture(autouse=True, scope="module")
def _limit_of_pillow() -> Iterator[None]:
    """Give Pillow its own limit back, which a served page replaces for the whole process."""
    before = Image.MAX_IMAGE_PIXELS
    yield
    Image.MAX_IMAGE_PIXELS = before


@pytest.fixture(scope="session")
def tiny_engine() -> Engine:
    """An engine with the tiny, untrained model in FP32; shared, since engines keep no state."""
    return Engine(TINY_MODEL, precision="fp32", threads=1)


@pytest.fixture(scope="session")
def tiny_int8_engine() -> Engine:
    return Engine(TINY_MODEL, precision="int8", threads=1)


@pytest.fixture(scope="session")
def style(tiny_engine: Engine) -> StyleVector:
    return tiny_engine.encode_style(make_picture(80, 64, seed=5))


@pytest.fixture(scope="session")
def other_style(tiny_engine: Engine) -> StyleVector:
    return tiny_engine.encode_style(make_picture(64, 64, seed=9).rotate(90))
