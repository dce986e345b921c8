from pathlib import Path

import pytest

pytest.importorskip("torch")

from stylize.training import evaluate as evaluation
from stylize.training import report
from stylize.training.evaluate import EvaluationConfig


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[EvaluationConfig]:
    """Collects what the evaluation is called with."""
    calls: list[EvaluationConfig] = []

    def run(config: EvaluationConfig) -> dict[str, int]:
        calls.append(config)
        return {"pairs": config.pairs}

    monkeypatch.setattr(evaluation, "evaluate", run)
    monkeypatch.setattr(report, "markdown", lambda found: f"| {found['pairs']} pairs |")
    return calls


def test_options_become_the_config(tool, configs: list[EvaluationConfig]) -> None:
    result = tool(
        "evaluate", "--contents", "c1", "--contents", "c2", "--styles", "s", "-o", "out",
        "--model", "a", "--model", "b", "--only", "held-out.json", "--vgg", "network.pt",
        "--normalize-on", "c3", "--pairs", "8", "--size-px", "256", "--size-px", "2048",
        "--enlarge", "--ready-made", "d", "--same-look-pairs", "5", "--slider-pairs", "0",
        "--shown", "3", "--seed", "4",
    )  # fmt: skip
    assert (result.code, result.out) == (0, "| 8 pairs |\n")
    assert configs == [
        EvaluationConfig(
            contents=(Path("c1"), Path("c2")),
            styles=(Path("s"),),
            out=Path("out"),
            models=(Path("a"), Path("b")),
            only=Path("held-out.json"),
            vgg=Path("network.pt"),
            normalize_on=(Path("c3"),),
            pairs=8,
            sizes_px=(256, 2048),
            enlarge=True,
            ready_made=(Path("d"),),
            same_look_pairs=5,
            slider_pairs=0,
            shown=3,
            seed=4,
        )
    ]


def test_defaults_are_those_of_the_config(tool, configs: list[EvaluationConfig]) -> None:
    result = tool("evaluate", "--contents", "c", "--styles", "s", "-o", "out", "--json")
    assert (result.code, result.out) == (0, '{"pairs": 400}\n')
    assert configs == [
        EvaluationConfig(contents=(Path("c"),), styles=(Path("s"),), out=Path("out"))
    ]


def test_an_empty_folder_is_an_error_in_one_line(tool, tmp_path: Path) -> None:
    network = tmp_path / "network.pt"
    result = tool(
        "evaluate", "--contents", tmp_path, "--styles", tmp_path, "--vgg", network,
        "-o", tmp_path / "out", "--model", tmp_path / "missing",
    )  # fmt: skip
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "is not a model folder" in result.err


def test_films_have_an_evaluation_of_their_own(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    from stylize.training import evaluate_films as films

    calls = []
    monkeypatch.setattr(films, "evaluate_films", lambda config: calls.append(config) or {"a": 1})
    monkeypatch.setattr(films, "markdown", lambda report: f"{len(report)} means")
    result = tool(
        "evaluate", "--video", "a.mp4", "--video", "b.mp4", "--styles", "s", "-o", "out",
        "--size-px", "320", "--seconds", "1.5", "--vgg", "network.pt", "--pairs", "3",
    )  # fmt: skip
    assert (result.code, result.out.strip()) == (0, "1 means")
    assert calls == [
        films.FilmEvaluationConfig(
            films=(Path("a.mp4"), Path("b.mp4")),
            styles=(Path("s"),),
            out=Path("out"),
            vgg=Path("network.pt"),
            pairs=3,
            size_px=320,
            seconds=1.5,
        )
    ]


def test_there_must_be_something_to_evaluate(tool) -> None:
    result = tool("evaluate", "--styles", "s", "-o", "out")
    assert result.code != 0
    assert "--contents" in result.err
