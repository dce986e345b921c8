from __future__ import annotations

import socket
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

import stylize
from stylize.errors import StylizeError, WorkerError
from stylize.workers.pooled_engine import PooledEngine
from tests.conftest import TINY_MODEL, make_picture


@dataclass(frozen=True)
class FakeSettings:
    what: str = "local"
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    engine_jobs: int = 2

    @classmethod
    def from_environment(cls) -> FakeSettings:
        return cls()

    @classmethod
    def for_classroom(cls, *, class_wall: bool) -> FakeSettings:
        return cls(f"classroom, wall {class_wall}")


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    calls: list[dict[str, object]] = []
    studio = types.ModuleType("stylize.studio")
    studio.__path__ = [str(Path(stylize.__file__).parent / "studio")]  # of its other modules
    studio.StudioSettings = FakeSettings
    studio.launch = lambda engine, library, **options: calls.append(
        {"engine": engine, "library": library} | options
    )
    monkeypatch.setitem(sys.modules, "stylize.studio", studio)
    return calls


def test_only_this_computer_by_default(
    tool, launches: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylize.cli.studio._on_device", lambda model: None)
    assert tool("studio").code == 0
    assert launches == [
        {
            "engine": tool.engines[0],
            "library": tool.libraries[0],
            "settings": FakeSettings(),
            "host": "127.0.0.1",
            "port": None,
            "trust_network": False,
            "mcp": False,
            "metrics": False,
            "ssl_certfile": None,
            "ssl_keyfile": None,
            "announce": print,
            "on_device": None,
        }
    ]


@pytest.mark.parametrize("installed", [True, False])
def test_browsers_may_paint_themselves_where_the_engine_for_them_is_installed(
    installed, tool, launches: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def built_site() -> Path:
        if installed:
            return Path("site")
        raise StylizeError("The built pages are not here.")

    monkeypatch.setattr("stylize.site.built_site", built_site)
    assert tool("studio").code == 0
    assert (launches[0]["on_device"] is not None) == installed


def test_options(tool, launches: list[dict[str, object]], tmp_path: Path) -> None:
    assert tool("studio", "--lan", "--port", "7000", "--classroom", "--class-wall",
                "--mcp", "--data", tmp_path).code == 0  # fmt: skip
    assert launches[0]["host"] == "0.0.0.0"
    assert launches[0]["port"] == 7000
    assert launches[0]["mcp"] is True
    assert launches[0]["settings"] == FakeSettings("classroom, wall True")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lan", "--host", "::1"], "exclude each other"),
        (["--class-wall"], "--classroom"),
        (["--engine-url", "http://127.0.0.1:1", "--workers", "2"], "are for that one"),
        (["--key", __file__], "both --certificate and --key"),
    ],
)
def test_options_that_do_not_fit_together(
    tool, launches: list[dict[str, object]], options: list[str], message: str
) -> None:
    result = tool("studio", *options)
    assert (result.code, launches) == (2, [])
    assert message in result.err


def test_who_may_call_and_use_it(tool, launches: list[dict[str, object]]) -> None:
    allowed = ["--allow-host", "Art.example"]
    for url in ("https://a.example/", "https://b.example"):
        allowed += ["--allow-origin", url]
    assert tool("studio", "--lan", "--trust-lan", *allowed).code == 0
    assert launches[0]["trust_network"] is True
    settings = launches[0]["settings"]
    assert settings == FakeSettings(
        "local", ("art.example",), ("https://a.example", "https://b.example")
    )


def test_workers_paint_in_processes_that_end_with_the_page(
    tool, launches: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stylize.cli import common

    monkeypatch.setattr("stylize.cli.studio.open_engine", common.open_engine)
    assert tool("studio", "--workers", "3", "--model", TINY_MODEL, "--metrics").code == 0
    engine = launches[0]["engine"]
    assert isinstance(engine, PooledEngine)
    assert engine.pool.size == 3
    assert launches[0]["settings"].engine_jobs == 3
    assert launches[0]["metrics"] is True
    with pytest.raises(WorkerError, match="have been ended"):
        engine.encode_style(make_picture(32, 32))


def test_a_studio_that_is_not_there(tool) -> None:
    pytest.importorskip("gradio")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    result = tool("studio", "--engine-url", url)
    assert result.code == 2
    assert f"No studio answers at {url} within 10 s" in result.err
