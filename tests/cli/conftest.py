"""A fake library for the command line, and the command line itself in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from stylize.cli import main
from stylize.errors import StyleNotFoundError
from stylize.styles import StyleVector
from tests.fakes import FakeEngine


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
        self.engines.append(
            FakeEngine(
                precision=getattr(precision, "value", "int8"),
                threads=threads or 2,
                model=model,
                provider=provider or "cpu",
            )
        )
        return self.engines[-1]

    def open_library(self, engine: FakeEngine, data: Path | None = None) -> FakeLibrary:
        self.libraries.append(FakeLibrary(engine))
        return self.libraries[-1]


@pytest.fixture
def tool(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tool:
    tool = Tool(capsys, monkeypatch)
    for module in ("image", "bench", "studio"):
        monkeypatch.setattr(f"stylize.cli.{module}.open_engine", tool.open_engine)
    for module in ("chosen_styles", "studio"):
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
