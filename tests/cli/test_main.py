import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import stylize
from stylize import cli
from stylize.cli import app

HEAVY = ("onnxruntime", "gradio", "torch", "rich.progress", "stylize.engine", "stylize.library")


def commands() -> dict[str, object]:
    """Every command by its full name."""
    found = {}

    def walk(prefix: str, group: object) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(f"{prefix}{name} ", command)
            else:
                found[prefix + name] = command

    walk("", get_command(app))
    return found


def test_commands() -> None:
    assert {"image", "recipe show", "train", "export", "bench", "studio"} <= set(commands())


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_has_help(name: str) -> None:
    command = commands()[name]
    assert len(command.help or "") > 15
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize("arguments", [["--help"], ["image", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['stylize', *{arguments!r}]\n"
        "from stylize.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
    assert result.stderr == ""


def test_version(tool) -> None:
    assert tool("--version") == (0, f"stylize {stylize.__version__}\n", "")


def test_no_command_shows_help(tool) -> None:
    result = tool()
    assert result.code == 2
    assert "Commands" in result.out + result.err


@pytest.mark.parametrize("arguments", [["imag"], ["image"], ["image", "a.png", "--glitter"]])
def test_wrong_usage(tool, arguments: list[str]) -> None:
    result = tool(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err != ""


def test_module_can_be_run() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "stylize.cli", "recipe", "show", "missing.png"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: missing.png does not exist.")


COMMANDS_PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


@pytest.mark.skipif(not COMMANDS_PAGE.is_file(), reason="only in a checkout of the repository")
@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_docs(name: str) -> None:
    assert f"`stylize {name}`" in COMMANDS_PAGE.read_text(encoding="utf-8")


def test_sigterm_ends_a_command_as_ctrl_c_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), cli._terminated_as_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
