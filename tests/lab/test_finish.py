"""Polishing what the engine painted: nearer to the style, in levels, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

from stylize import finishing  # noqa: E402
from stylize.controls import Controls  # noqa: E402
from stylize.errors import ControlError, OutOfMemoryError  # noqa: E402
from stylize.lab import finish, gatys  # noqa: E402
from stylize.lab.finish import finish_picture, polish  # noqa: E402
from stylize.lab.objective import Weights  # noqa: E402
from stylize.regions import Region  # noqa: E402
from tests.conftest import make_picture  # noqa: E402
from tests.fakes import FakeEngine  # noqa: E402

CONTENT, STYLE, PAINTED = (make_picture(80, 64, seed=seed) for seed in (1, 2, 3))


def finished(network, content=CONTENT, styles=((STYLE, 1.0),), steps=3, **options):
    engine = FakeEngine()
    return finish_picture(
        engine, content, engine.encode_style(STYLE), styles, network, steps, **options
    )


def test_the_loss_falls_from_the_painted_picture_on(tiny_features) -> None:
    found = polish(PAINTED, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 10)
    assert len(found.losses) == 10
    assert found.losses[-1].total < 0.9 * found.losses[0].total
    assert not found.stopped


def test_large_pictures_keep_the_detail_of_the_engine(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 20)

    def darken(start, objective, optimizer, count, tell):
        sizes.append((start.size, count))
        picture = torch.from_numpy(np.array(start)).permute(2, 0, 1)[None] / 255
        return picture - 10 / 255, max(start.size) > 50

    sizes: list[tuple[tuple[int, int], int]] = []
    monkeypatch.setattr(finish, "optimize", darken)
    middle = Image.fromarray(np.asarray(PAINTED) // 2 + 60)
    found = polish(middle, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 24)
    assert sizes == [((20, 16), 24), ((40, 32), 12), ((80, 64), 6)]
    assert found.stopped == "interrupted"
    # Each level adds to what those before have changed: 30 levels darker, to the pixel.
    difference = np.asarray(middle, int) - np.asarray(found.picture, int)
    assert abs(difference - 30).max() <= 1


def test_what_fitted_into_memory_is_kept(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 32)
    original = finish.optimize

    def optimize(start, *others):
        if max(start.size) > limit:
            raise RuntimeError("CUDA out of memory")
        return original(start, *others)

    monkeypatch.setattr(finish, "optimize", optimize)
    limit = 50
    found = polish(PAINTED, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 2)
    assert found.stopped == "memory"
    assert found.picture.size == PAINTED.size
    assert found.picture != PAINTED
    limit = 10
    with pytest.raises(OutOfMemoryError):
        polish(PAINTED, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 2)


def test_ctrl_c_keeps_what_is_polished(tiny_features) -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    found = finished(tiny_features, steps=8, progress=stop)
    assert found.stopped == "interrupted"
    assert 0 < len(found.losses) < 8
    assert found.picture.size == CONTENT.size


def test_ctrl_c_between_levels_keeps_those_before(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 32)
    original = finish.Objective

    def objective(content, *others):
        if max(content.size) > limit:
            raise KeyboardInterrupt
        return original(content, *others)

    monkeypatch.setattr(finish, "Objective", objective)
    limit = 40
    found = polish(PAINTED, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 2)
    assert found.stopped == "interrupted"
    assert len(found.losses) == 2
    assert found.picture.size == PAINTED.size
    assert found.picture != PAINTED
    limit = 10
    with pytest.raises(KeyboardInterrupt):
        polish(PAINTED, CONTENT, [(STYLE, 1.0)], tiny_features, Weights(), 2)


def test_no_level_is_too_narrow_for_the_network(tiny_features, monkeypatch) -> None:
    monkeypatch.setattr(gatys, "COARSEST_PX", 20)
    network = replace(tiny_features, least_px=40)
    assert len(polish(PAINTED, CONTENT, [(STYLE, 1.0)], network, Weights(), 2).losses) == 2


def test_without_strength_nothing_is_painted(monkeypatch) -> None:
    monkeypatch.setattr(FakeEngine, "stylize", None)
    found = finished(None, controls=Controls(strength=0))
    assert found == finish.Finished(CONTENT, ())


def test_fading_begins_where_the_engine_begins_it() -> None:
    assert finish.FADE_STRENGTH == finishing.FADE_STRENGTH


def test_transparency_is_kept(tiny_features) -> None:
    content = CONTENT.convert("RGBA")
    content.putalpha(make_picture(80, 64, seed=7, mode="L"))
    picture = finished(tiny_features, content).picture
    assert picture.mode == "RGBA"
    assert picture.getchannel("A") == content.getchannel("A")


def test_colours_and_kept_parts_come_after_the_polish(tiny_features) -> None:
    mask = Image.new("L", CONTENT.size, 0)
    mask.paste(255, (0, 0, 40, 64))
    keep = Region(mask, None, 0)
    picture = finished(tiny_features, regions=[keep], controls=Controls(color=1)).picture
    left = (0, 0, 36, 64)
    assert picture.crop(left) == CONTENT.crop(left)
    with pytest.raises(ControlError, match="one style everywhere"):
        finished(tiny_features, regions=[Region(mask, FakeEngine().encode_style(STYLE), 0)])


def test_less_strength_stays_nearer_to_the_content(tiny_features) -> None:
    def distance(strength: float) -> float:
        picture = finished(tiny_features, steps=10, controls=Controls(strength=strength)).picture
        return float(np.abs(np.asarray(picture, float) - np.asarray(CONTENT, float)).mean())

    assert distance(0) == 0
    assert 0 < distance(0.1) < distance(0.5) < distance(1)


@pytest.mark.parametrize(
    ("size", "steps", "message"),
    [
        ((63, 80), 5, "64 to 5000 px a side; this one has 63 x 80"),
        ((5001, 64), 5, "5001 x 64. Set --max-side"),
        ((80, 80), 0, "1 to 10000 steps; got 0"),
    ],
)
def test_what_cannot_be_finished_is_told_before_the_work(size, steps, message) -> None:
    with pytest.raises(ControlError, match=message):
        finished(None, Image.new("RGB", size), steps=steps)
