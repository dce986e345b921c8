"""Training one network for one style: it learns, keeps what it has, and is the same in ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from stylize.errors import ControlError, TrainingError  # noqa: E402
from stylize.lab import johnson, one_style  # noqa: E402
from stylize.lab.johnson import JohnsonNetwork  # noqa: E402
from stylize.lab.one_style import OneStyle, export_one_style, train_one_style  # noqa: E402
from stylize.training.vgg import LossNetwork  # noqa: E402
from tests.conftest import make_picture  # noqa: E402

TINY = OneStyle(variant="bottleneck", samples=8, batch=1, side_px=32, learning_rate=3e-3)


class FewLayers(LossNetwork):
    """Random features, quickly."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        channels = {"relu1_1": 3, "relu2_1": 4, "relu3_1": 4, "relu3_3": 4, "relu4_1": 4}
        self.kernels = {
            name: torch.randn(4, inputs, 3, 3, generator=generator) / 3
            for name, inputs in channels.items()
        }

    def forward(self, images, *, last="relu4_1"):
        features, x = {}, images
        for name, kernel in self.kernels.items():
            x = torch.nn.functional.conv2d(x, kernel, padding=1).relu()
            features[name] = x
        return features


@pytest.fixture
def contents(tmp_path: Path) -> list[Path]:
    path = tmp_path / "content.png"
    make_picture(64, 48, seed=1).save(path)
    return [path]


def test_it_learns(contents) -> None:
    losses: list[float] = []
    train_one_style(
        make_picture(64, 64, seed=2), contents, FewLayers(), TINY,
        progress=lambda _, loss: losses.append(loss),
    )  # fmt: skip
    assert len(losses) == 8
    assert min(losses[4:]) < losses[0]


def test_the_same_seed_gives_the_same_network(contents) -> None:
    first, second = (
        train_one_style(make_picture(64, 64, seed=2), contents, FewLayers(), TINY) for _ in range(2)
    )
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_ctrl_c_keeps_what_it_learned(contents, caplog) -> None:
    def stop(done: float, _: float) -> None:
        if done >= 0.25:
            raise KeyboardInterrupt

    network = train_one_style(
        make_picture(64, 64, seed=2), contents, FewLayers(), TINY, progress=stop
    )
    assert isinstance(network, JohnsonNetwork)
    assert "Interrupted" in caplog.text


@pytest.mark.parametrize(
    "settings", [{"samples": 0}, {"side_px": 30}, {"batch": 0}, {"small_share": 1.5}]
)
def test_impossible_settings_are_refused(settings) -> None:
    with pytest.raises(ControlError):
        OneStyle(**settings)


def test_small_squares_come_first() -> None:
    config = OneStyle(side_px=256, small_share=0.75)
    assert [config.side_at(share) for share in (0, 0.74, 0.75, 0.99)] == [128, 128, 256, 256]


@pytest.fixture
def one_block(monkeypatch) -> None:
    """A network that is exported quickly: more blocks are more of the same."""
    monkeypatch.setattr(johnson, "BLOCKS", 1)


def test_onnx_paints_the_same_at_another_size(tmp_path, one_block) -> None:
    torch.manual_seed(3)
    network = JohnsonNetwork("bottleneck").eval()
    path = export_one_style(network, tmp_path / "one.onnx")
    picture = torch.rand(1, 3, 40, 56)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"picture": picture.numpy()})
    with torch.no_grad():
        expected = network(picture).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_training_that_was_cut_off_ends_as_one_that_was_not(contents, tmp_path) -> None:
    style, checkpoint = make_picture(64, 64, seed=2), tmp_path / "one.pt"

    def stop(done: float, _: float) -> None:
        if done >= 0.5:
            raise KeyboardInterrupt

    whole = train_one_style(style, contents, FewLayers(), TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_style, "_CHECKPOINT_STEPS", 3)
        patch.setattr(one_style._Saved, "save", kept_once(one_style._Saved.save))
        train_one_style(style, contents, FewLayers(), TINY, checkpoint=checkpoint, progress=stop)
    steps: list[float] = []
    again = train_one_style(
        style, contents, FewLayers(), TINY, checkpoint=checkpoint,
        progress=lambda done, _: steps.append(done),
    )  # fmt: skip
    assert steps[0] == 0.5  # the fourth of eight: three were kept
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def kept_once(save):
    """As if the process had been killed after its first checkpoint."""
    kept = []

    def once(self, *arguments) -> None:
        if not kept:
            kept.append(save(self, *arguments))

    return once


def test_a_checkpoint_of_another_style_is_refused(contents, tmp_path) -> None:
    checkpoint = tmp_path / "one.pt"
    train_one_style(
        make_picture(64, 64, seed=2), contents, FewLayers(), TINY, checkpoint=checkpoint
    )
    before = checkpoint.read_bytes()
    with pytest.raises(TrainingError, match="another style or of other settings"):
        train_one_style(
            make_picture(64, 64, seed=3), contents, FewLayers(), TINY, checkpoint=checkpoint
        )
    assert checkpoint.read_bytes() == before
