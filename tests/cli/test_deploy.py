import pytest

from stylize.studio import deploy as deploying


def test_what_is_done_is_told(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(space: str, *, report, **options: object) -> str:
        report(f"Creating {space} {sorted(options.items())}")
        return "the address"

    monkeypatch.setattr(deploying, "deploy", fake)
    result = tool("deploy", "--space", "me/studio", "--hardware", "cpu-basic", "--token", "t")
    assert result.code == 0
    assert result.out.splitlines() == [
        "Creating me/studio [('hardware', 'cpu-basic'), ('private', False), ('token', 't'), "
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
