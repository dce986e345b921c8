from types import SimpleNamespace

import pytest

from stylize.cli.deploy import find_token
from stylize.studio import deploy as deploying


def test_what_is_done_is_told(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(space: str, *, report, **options: object) -> str:
        report(f"Creating {space} {sorted(options.items())}")
        return "the address"

    monkeypatch.setattr(deploying, "deploy", fake)
    monkeypatch.setenv("HF_TOKEN", "t")
    result = tool("deploy", "--space", "me/studio", "--hardware", "cpu-basic")
    assert result.code == 0
    assert result.out.splitlines() == [
        "Creating me/studio [('hardware', 'cpu-basic'), ('private', False), ('token', None), "
        "('update', False)]",
        "the address",
    ]


def test_what_the_hub_says_cannot_steer_the_terminal(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "deploy", lambda space, **options: "\x1b[2Jan address")
    result = tool("deploy", "--space", "me/studio")
    assert result.out == "\\x1b[2Jan address\n"


def test_a_wrong_name_is_refused(tool) -> None:
    result = tool("deploy", "--space", "studio")
    assert result.code == 2
    assert "A Space is named USER/NAME" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--static", "--hardware", "cpu-basic"], "no hardware"), (["--style", "waves"], "--static")],
)
def test_options_of_one_kind_of_space_are_refused_for_the_other(tool, options, message) -> None:
    result = tool("deploy", "--space", "me/studio", *options)
    assert result.code == 2
    assert message in result.err


def test_a_token_is_no_argument(tool) -> None:
    result = tool("deploy", "--space", "me/studio", "--token", "t")
    assert result.code == 2
    assert "--token" in result.err


@pytest.mark.parametrize(
    ("stored", "terminal", "token"), [(None, True, "typed"), (None, False, None), ("t", True, None)]
)
def test_a_token_is_asked_for_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, stored: str | None, terminal: bool, token: str | None
) -> None:
    asked: dict[str, object] = {}

    def prompt(text: str, **options: object) -> str:
        asked.update(options)
        return " typed "

    monkeypatch.setattr("huggingface_hub.get_token", lambda: stored)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: terminal))
    monkeypatch.setattr("typer.prompt", prompt)
    assert find_token() == token
    assert asked.get("hide_input", True) is True
