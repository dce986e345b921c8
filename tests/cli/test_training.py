import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, kw_only=True)
class FakeConfig:
    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    vgg: Path | None = None
    exclude: Path | None = None
    init: Path | None = None
    steps: int = 20_000
    stages: tuple[tuple[int, int], ...] = ((0, 128),)
    style_weight: float = 6.0
    fake_quantization: bool = False
    seed: int = 1
    device: str = "auto"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Stands in for the modules that need torch; collects what they are called with."""
    calls: list[object] = []
    config = types.ModuleType("stylize.training.config")
    config.TrainConfig = FakeConfig
    monkeypatch.setitem(sys.modules, config.__name__, config)
    train = types.ModuleType("stylize.training.train")

    def run(config: FakeConfig, *, stop_after: int | None) -> Path:
        calls.append((config, stop_after))
        return config.out / "checkpoint.pt"

    train.train = run
    export = types.ModuleType("stylize.training.export")

    def run_export(checkpoint: Path, out: Path, *, contents: list[Path]) -> Path:
        calls.append((checkpoint, out, list(contents)))
        return out / "model.json"

    export.export = run_export
    quantize = types.ModuleType("stylize.training.quantize")

    def run_quantize(model: Path, *folders: list[Path], **options: object) -> dict[str, float]:
        calls.append((model, *folders, options))
        return {"psnr_db_mean": 41.25, "pairs": 3}

    quantize.quantize = run_quantize
    monkeypatch.setitem(sys.modules, quantize.__name__, quantize)
    distillation = types.ModuleType("stylize.training.distillation")

    def run_distill(checkpoint: Path, styles: list[Path], **options: object) -> float:
        calls.append((checkpoint, [path.name for path in styles], options))
        return 0.0123

    distillation.distill = run_distill
    monkeypatch.setitem(sys.modules, distillation.__name__, distillation)
    monkeypatch.setitem(sys.modules, train.__name__, train)
    monkeypatch.setitem(sys.modules, export.__name__, export)
    return calls


def test_train_passes_only_what_was_given(tool, training: list[object]) -> None:
    result = tool(
        "train", "--contents", "c1", "--contents", "c2", "--styles", "s", "-o", "run",
        "--stage", "0:128", "--stage", "800:192", "--set", "style_weight=8", "--set", "seed=3",
        "--seed", "4", "--stop-after", "10", "--set", "fake_quantization=true",
    )  # fmt: skip
    assert (result.code, result.out) == (0, f"{Path('run/checkpoint.pt')}\n")
    assert training == [
        (
            FakeConfig(
                contents=(Path("c1"), Path("c2")),
                styles=(Path("s"),),
                out=Path("run"),
                stages=((0, 128), (800, 192)),
                style_weight=8.0,
                fake_quantization=True,
                seed=4,
            ),
            10,
        )
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stage", "128"], '--stage takes STEP:PX, like 0:128; got "128"'),
        (
            ["--set", "glitter=1"],
            'no setting "glitter". Known: steps, style_weight, fake_quantization',
        ),
        (["--set", "steps=1.5"], '--set steps needs a number; got "1.5"'),
        (["--set", "fake_quantization=1"], "fake_quantization needs true or false"),
        (["--set", "device=cpu"], 'no setting "device"'),
    ],
)
def test_unusable_settings(tool, training: list[object], options: list[str], message: str) -> None:
    result = tool("train", "--contents", "c", "--styles", "s", "-o", "run", *options)
    assert (result.code, training) == (2, [])
    assert message in result.err


def test_distill(tool, training: list[object], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "out.json").write_text(f'{{"styles": ["{tmp_path.name}/b.jpg"]}}')
    result = tool(
        "distill", "run/checkpoint.pt", "--styles", tmp_path, "--exclude", tmp_path / "out.json",
        "--steps", 50, "--batch", 4,
    )  # fmt: skip
    assert (result.code, result.out) == (0, "error of the statistics 0.0123\n")
    assert training == [(Path("run/checkpoint.pt"), ["a.png"], {"steps": 50, "batch": 4})]


def test_export(tool, training: list[object]) -> None:
    result = tool("export", "run/checkpoint.pt", "-o", "model", "--contents", "c")
    assert (result.code, result.out) == (0, f"{Path('model/model.json')}\n")
    assert training == [(Path("run/checkpoint.pt"), Path("model"), [Path("c")])]


def test_quantize(tool, training: list[object]) -> None:
    arguments = ["quantize", "model", "--contents", "c", "--styles", "s"]
    result = tool(*arguments, "--pairs", "5", "--percentile", "99.5", "--json")
    assert (result.code, result.out) == (0, '{"psnr_db_mean": 41.25, "pairs": 3}\n')
    assert training == [(Path("model"), [Path("c")], [Path("s")], {"pairs": 5, "percentile": 99.5})]
    lines = tool(*arguments).out.splitlines()
    assert lines == ["psnr_db_mean         41.25", "pairs                3"]


def test_missing_torch_says_how_to_install_it(
    tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "stylize.training.train", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    result = tool("train", "--contents", "c", "--styles", "s", "-o", tmp_path)
    assert result.code == 2
    assert 'package torch. Install it with pip install "stylize-studio[train]"' in result.err


def test_options_are_settings_of_the_real_config() -> None:
    pytest.importorskip("torch")
    from dataclasses import fields

    from stylize.training.config import TrainConfig

    real = {item.name: item.default for item in fields(TrainConfig)}
    for item in fields(FakeConfig):
        assert item.name in real
        assert type(item.default) is type(real[item.name])


def test_options_are_parameters_of_the_real_functions() -> None:
    pytest.importorskip("torch")
    from inspect import signature

    from stylize.training.distillation import distill
    from stylize.training.export import export
    from stylize.training.quantize import quantize
    from stylize.training.train import train

    signature(train).bind("config", stop_after=1)
    signature(distill).bind(
        "checkpoint", [], steps=1, batch=1, learning_rate=1e-3, seed=1, device="cpu"
    )
    signature(export).bind("checkpoint", "out", contents=())
    signature(quantize).bind("model", [], [], pairs=1, validation_pairs=1, percentile=99.0, seed=1)
