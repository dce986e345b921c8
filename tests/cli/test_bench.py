import json
import subprocess

import pytest


@pytest.fixture(autouse=True)
def no_cold_start(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []
    monkeypatch.setattr(
        subprocess, "run", lambda command, **options: calls.append([*command, options])
    )
    return calls


def test_json(tool, no_cold_start: list[list[str]]) -> None:
    result = tool("bench", "--repeats", "1", "--precision", "fp32", "--threads", "1", "--json")
    assert result.code == 0
    record = json.loads(result.out)
    assert set(record) == {
        "provider", "precision", "threads", "encode_style_ms", "stylize_256px_ms",
        "stylize_512px_ms", "stylize_1024px_ms", "cold_start_ms",
    }  # fmt: skip
    assert (record["precision"], record["threads"]) == ("fp32", 1)
    assert no_cold_start[0][-5:] == ["", "fp32", "1", "cpu", {"check": True}]
    # One run more than asked for each size: the first is not counted.
    assert len(tool.engines[0].calls) == 6


def test_text(tool) -> None:
    result = tool("bench", "--repeats", "1")
    assert "stylize_512px_ms" in result.out
    assert "threads              2" in result.out
