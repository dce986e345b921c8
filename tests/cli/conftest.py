"""A fake engine and library for the command line: what was asked for can be read off the result."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from stylize.cli import main
from stylize.controls import Controls
from stylize.errors import StyleNotFoundError
from stylize.images import fit_within
from stylize.styles import StyleVector


class FakeEngine:
    """A style is the mean colour of its picture; a stylized image is full of that colour."""

    def __init__(
        self,
        precision: str = "int8",
        threads: int | None = None,
        model: str | None = None,
        provider: str | None = None,
    ) -> None:
        self.model = model
        self.provider = provider or "cpu"
        self.precision = precision
        self.threads = threads or 2
        self.encoder_sha256 = "e" * 64
        self.model_sha256 = "d" * 64
        self.calls: list[dict[str, object]] = []

    def encode_style(self, image: Image.Image) -> StyleVector:
        mean = np.asarray(image.convert("RGB"), np.float32).mean(axis=(0, 1))
        return StyleVector(mean, self.encoder_sha256)

    def stylize(
        self,
        content: Image.Image,
        style: StyleVector,
        *,
        controls: Controls | None = None,
        max_side_px: int | None = None,
        fast: bool = False,
        regions: tuple = (),
        progress: Callable[[float], None] | None = None,
    ) -> Image.Image:
        if progress is not None:
            progress(0.5)
        self.calls.append({"controls": controls, "regions": list(regions), "style": style})
        color = tuple(int(value) for value in style.values)
        return Image.new("RGB", fit_within(content.size, max_side_px), color)


class FakeLibrary:
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.closed = False

    def blend(self, weights: dict[str, float]) -> StyleVector:
        (name,) = weights
        if name not in ("red", "blue"):
            raise StyleNotFoundError(f'There is no style called "{name}". Did you mean red?')
        return self.engine.encode_style(Image.new("RGB", (16, 16), name))

    def close(self) -> None:
        self.closed = True


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Tool:
    """The command line in this process, with its fakes."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.engines: list[FakeEngine] = []
        self.libraries: list[FakeLibrary] = []

    def __call__(self, *arguments: object) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["stylize", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        captured = self._capsys.readouterr()
        return Result(exit_info.value.code or 0, captured.out, captured.err)

    def open_engine(
        self,
        precision: object = None,
        threads: int | None = None,
        model: str | None = None,
        provider: str | None = None,
    ) -> FakeEngine:
        chosen = getattr(precision, "value", "int8")
        self.engines.append(FakeEngine(chosen, threads, model, provider))
        return self.engines[-1]

    def open_library(self, engine: FakeEngine, data: Path | None = None) -> FakeLibrary:
        self.libraries.append(FakeLibrary(engine))
        return self.libraries[-1]


@pytest.fixture
def tool(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tool:
    tool = Tool(capsys, monkeypatch)
    for module in ("image", "bench", "studio"):
        monkeypatch.setattr(f"stylize.cli.{module}.open_engine", tool.open_engine)
    for module in ("image", "studio"):
        monkeypatch.setattr(f"stylize.cli.{module}.open_library", tool.open_library)
    return tool


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Makes a picture of one colour in the test's folder."""

    def make(name: str, color: str = "green", size: tuple[int, int] = (32, 24)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", size, color).save(path)
        return path

    return make
