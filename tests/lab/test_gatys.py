"""Optimising the picture: values by hand, levels, starts, what is kept when it ends early."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

from stylize.errors import ControlError, OutOfMemoryError  # noqa: E402
from stylize.lab import gatys  # noqa: E402
from stylize.lab.gatys import Gatys, level_sizes, paint  # noqa: E402
from stylize.lab.grid import weight_grid  # noqa: E402
from stylize.lab.objective import Weights  # noqa: E402
from tests.conftest import make_picture  # noqa: E402

CONTENT, STYLE = make_picture(72, 64, seed=1), make_picture(80, 96, seed=2)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 64), [(64, 64)]),
        ((511, 300), [(511, 300)]),
        ((512, 300), [(256, 150), (512, 300)]),
        ((1025, 512), [(257, 128), (513, 256), (1025, 512)]),
    ],
)
def test_levels_double_up_to_the_whole(size, expected) -> None:
    assert level_sizes(size, 16) == expected


def test_levels_of_narrow_pictures_stay_wide_enough_for_the_network() -> None:
    narrow = [(625, 25), (1250, 50), (2500, 100), (5000, 200)]
    assert level_sizes((5000, 200), 16) == narrow
    assert level_sizes((200, 5000), 32) == [(50, 1250), (100, 2500), (200, 5000)]


@pytest.mark.parametrize("optimizer", gatys.OPTIMIZERS)
def test_the_loss_falls_and_the_best_is_kept(tiny_features, optimizer) -> None:
    painted = paint(CONTENT, STYLE, tiny_features, Gatys(steps=12, optimizer=optimizer))
    losses = [step.losses.total for step in painted.steps]
    assert len(losses) == 12
    assert losses[-1] < 0.9 * losses[0]
    assert painted.picture.size == CONTENT.size
    assert not painted.stopped


def test_without_style_the_content_comes_back_from_noise(tiny_features) -> None:
    settings = Gatys(steps=60, weights=Weights(style=0, smoothness=0))
    noise = gatys.noise(CONTENT.size, seed=3)
    steps = paint(CONTENT, STYLE, tiny_features, settings, start=noise).steps
    assert steps[-1].losses.content < 0.05 * steps[0].losses.content


def test_a_stronger_style_is_nearer_to_the_style(tiny_features) -> None:
    weak, strong = (
        paint(CONTENT, STYLE, tiny_features, Gatys(steps=15, weights=weights)).steps[-1].losses
        for weights in (Weights(style=1e4), Weights(style=1e7))
    )
    assert strong.style < weak.style
    assert strong.content > weak.content


def test_large_pictures_go_through_all_levels(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 32)
    painted = paint(CONTENT, STYLE, tiny_features, Gatys(steps=11))
    assert [step.side_px for step in painted.steps] == [36] * 11 + [72] * 10


def test_the_result_is_scaled_down(tiny_features) -> None:
    painted = paint(make_picture(200, 100), STYLE, tiny_features, Gatys(steps=1, max_side_px=128))
    assert painted.picture.size == (128, 64)


def test_ctrl_c_keeps_the_best_so_far(tiny_features) -> None:
    def stop(done: float, step: gatys.Step, picture: Image.Image) -> None:
        assert picture.size == CONTENT.size
        if done >= 0.3:
            raise KeyboardInterrupt

    painted = paint(CONTENT, STYLE, tiny_features, Gatys(steps=10), report=stop)
    assert painted.stopped == "interrupted"
    assert len(painted.steps) == 3
    assert painted.picture != CONTENT


def test_ctrl_c_between_levels_keeps_those_before(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 32)
    original = gatys.Objective

    def objective(content, *others):
        if max(content.size) > limit:
            raise KeyboardInterrupt
        return original(content, *others)

    monkeypatch.setattr(gatys, "Objective", objective)
    limit = 40
    painted = paint(CONTENT, STYLE, tiny_features, Gatys(steps=2))
    assert painted.stopped == "interrupted"
    assert painted.picture.size == (36, 32)
    limit = 10
    with pytest.raises(KeyboardInterrupt):
        paint(CONTENT, STYLE, tiny_features, Gatys(steps=2))


def test_what_fitted_into_memory_is_kept(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 32)
    original = gatys.optimize

    def optimize(start, *others):
        if max(start.size) > 40:
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        return original(start, *others)

    monkeypatch.setattr(gatys, "optimize", optimize)
    painted = paint(CONTENT, STYLE, tiny_features, Gatys(steps=2))
    assert painted.stopped == "memory"
    assert painted.picture.size == (36, 32)
    monkeypatch.setattr(gatys, "COARSEST_PX", 64)
    with pytest.raises(OutOfMemoryError):
        paint(CONTENT, STYLE, tiny_features, Gatys(steps=2))


def test_other_faults_are_not_taken_for_memory(tiny_features, monkeypatch) -> None:
    def fail(*_):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(gatys, "optimize", fail)
    with pytest.raises(RuntimeError, match="shapes differ"):
        paint(CONTENT, STYLE, tiny_features, Gatys(steps=2))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("no room"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
    ],
)
def test_only_a_lack_of_memory_is_one(error, expected) -> None:
    assert gatys.is_memory(error) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"optimizer": "sgd"}, "lbfgs or adam"),
        ({"max_side_px": 32}, "64 to 4096"),
    ],
)
def test_impossible_settings_are_refused(settings, message) -> None:
    with pytest.raises(ControlError, match=message):
        Gatys(**settings)


def test_a_tiny_content_is_refused(tiny_features) -> None:
    with pytest.raises(ControlError, match="64 px a side; it has 40"):
        paint(make_picture(90, 40), STYLE, tiny_features, Gatys())


def test_the_sheet_of_weights_has_nine_pictures(tiny_features) -> None:
    shares: list[float] = []
    sheet = weight_grid(
        CONTENT, STYLE, tiny_features, Gatys(steps=1), cell_px=64, progress=shares.append
    )
    assert len(shares) == 9
    assert shares[-1] == 1
    assert sheet.width == 3 * (64 + 16) + 16
