import sys
import types
from pathlib import Path

import pytest


class FakeSettings:
    @classmethod
    def from_environment(cls) -> str:
        return "local"

    @classmethod
    def for_classroom(cls, *, class_wall: bool) -> str:
        return f"classroom, wall {class_wall}"


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    calls: list[dict[str, object]] = []
    studio = types.ModuleType("stylize.studio")
    studio.StudioSettings = FakeSettings
    studio.launch = lambda engine, library, **options: calls.append(
        {"engine": engine, "library": library} | options
    )
    monkeypatch.setitem(sys.modules, "stylize.studio", studio)
    return calls


def test_only_this_computer_by_default(tool, launches: list[dict[str, object]]) -> None:
    assert tool("studio").code == 0
    assert launches == [
        {
            "engine": tool.engines[0],
            "library": tool.libraries[0],
            "settings": "local",
            "host": "127.0.0.1",
            "port": None,
            "mcp": False,
            "ssl_certfile": None,
            "ssl_keyfile": None,
            "announce": print,
        }
    ]


def test_options(tool, launches: list[dict[str, object]], tmp_path: Path) -> None:
    assert tool("studio", "--lan", "--port", "7000", "--classroom", "--class-wall",
                "--mcp", "--data", tmp_path).code == 0  # fmt: skip
    assert launches[0]["host"] == "0.0.0.0"
    assert launches[0]["port"] == 7000
    assert launches[0]["mcp"] is True
    assert launches[0]["settings"] == "classroom, wall True"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lan", "--host", "::1"], "exclude each other"),
        (["--class-wall"], "--classroom"),
        (["--key", __file__], "both --certificate and --key"),
    ],
)
def test_options_that_do_not_fit_together(
    tool, launches: list[dict[str, object]], options: list[str], message: str
) -> None:
    result = tool("studio", *options)
    assert (result.code, launches) == (2, [])
    assert message in result.err
