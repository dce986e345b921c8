"""The race of the variants: equal time, and what is there is not trained again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

from stylize.errors import ControlError, TrainingError  # noqa: E402
from stylize.lab import variant_pictures, variants  # noqa: E402
from stylize.lab.attention import Attention  # noqa: E402
from stylize.lab.variant import Variant  # noqa: E402
from stylize.lab.variant_pictures import measure_variants  # noqa: E402
from stylize.lab.variants import CONTROL, START, VARIANTS, Race, race, train_  # noqa: E402
from stylize.training.checkpoint import save_checkpoint  # noqa: E402
from stylize.training.metrics import Measures  # noqa: E402
from stylize.training.network import TransferNetwork  # noqa: E402
from stylize.training.pairs import Pictures  # noqa: E402
from stylize.training.samples import draw_samples  # noqa: E402
from stylize.training.tuning_contents import on_grid  # noqa: E402
from tests.conftest import make_picture  # noqa: E402
from tests.lab.test_retraining import SIZE, school  # noqa: E402, F401

A_MOMENT_S = 1e-6


@pytest.fixture
def unblended(school):  # noqa: F811
    return replace(school, config=replace(school.config, mixed_share=0.0))


def test_a_variant_learns_and_encodes_styles_as_before(unblended) -> None:
    torch.manual_seed(2)
    variant = Attention(TransferNetwork(SIZE))
    own = [values.clone() for values in variant.network.own_statistics.state_dict().values()]
    head = variant.network.convolution("head").weight.detach().clone()
    shares = []
    assert train_(variant, unblended, A_MOMENT_S, progress=shares.append) == unblended.config.batch
    assert shares == [1.0]
    assert variant.change.weight.abs().max() > 0
    assert not torch.equal(variant.network.convolution("head").weight, head)
    for before, now in zip(own, variant.network.own_statistics.state_dict().values(), strict=True):
        assert torch.equal(before, now)


def test_a_loss_that_is_not_finite_is_told(unblended, monkeypatch) -> None:
    nan = {"total": torch.tensor(float("nan"))}
    monkeypatch.setattr(variants, "compute_losses", lambda *_, **__: nan)
    with pytest.raises(TrainingError, match="not finite at step 0"):
        train_(Variant(TransferNetwork(SIZE)), unblended, 1.0)


@pytest.fixture
def config(tmp_path: Path, unblended, monkeypatch) -> Race:
    """A race whose variants take one step, and whose pictures nobody paints."""
    torch.manual_seed(1)
    checkpoint = tmp_path / "network.pt"
    state = {"size": SIZE.as_dict(), "ema": TransferNetwork(SIZE).state_dict()}
    save_checkpoint(checkpoint, state)
    monkeypatch.setattr(variants, "open_product_school", lambda *_, **__: unblended)

    def measured(config, state, found):
        return {"rows": {name: {} for name in found}, "control": next(iter(found))}

    monkeypatch.setattr(variants, "_measure", measured)
    return Race(
        checkpoint=checkpoint, contents=(tmp_path,), styles=(tmp_path,), out=tmp_path / "out",
        cpu_s=A_MOMENT_S, pairs=2,
    )  # fmt: skip


def test_all_are_trained_once_and_then_measured(config, monkeypatch) -> None:
    seen = []
    race(replace(config, pairs=0), ["pyramid"], progress=lambda index, _: seen.append(index))
    assert [path.name for path in config.out.iterdir()] == ["pyramid.pt"]
    result = race(config, progress=lambda index, _: seen.append(index))
    assert seen == [0, 0, 1]  # the pyramid is there already
    assert list(result["rows"]) == [CONTROL, START, "attention", "pyramid"]
    assert result["control"] == CONTROL
    assert result["samples"] == dict.fromkeys(VARIANTS, 4)
    assert json.loads((config.out / "variants.json").read_text()) == result
    monkeypatch.setattr(variants, "train_", lambda *_, **__: pytest.fail("trained again"))
    assert race(config) == result


def test_the_control_comes_along_where_something_is_measured(config) -> None:
    assert list(race(config, ["attention"])["rows"]) == [CONTROL, START, "attention"]


def test_another_time_is_not_compared(config) -> None:
    race(config, ["pyramid"])
    with pytest.raises(TrainingError, match="another --out"):
        race(replace(config, cpu_s=2 * A_MOMENT_S), ["pyramid"])


def test_what_cannot_be_is_refused(config) -> None:
    with pytest.raises(ControlError, match=r'no variant "magic".*plain, attention, pyramid'):
        race(config, ["magic"])
    with pytest.raises(ControlError, match="some time"):
        replace(config, cpu_s=0)
    with pytest.raises(ControlError, match="pairs"):
        replace(config, pairs=-1)
    with pytest.raises(TrainingError, match="no checkpoint"):
        race(replace(config, checkpoint=config.out / "none.pt"))


class Meter:
    """Finds in every picture how bright it is."""

    def measure(self, result: Image.Image, content: Image.Image, style: int) -> Measures:
        assert result.size == content.size
        bright = result.convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) / 255
        return Measures(bright, bright, 1.0, bright, 0, 0, 0, 0, None, 0, None, None, None, None)


def test_pictures_of_variants_are_measured_side_by_side(unblended, tmp_path, monkeypatch) -> None:
    of_style = replace(
        draw_samples(unblended.contents, unblended.bank, unblended.config, 0),
        strength=torch.ones(1, 1),
        own_style=torch.zeros(1, dtype=torch.bool),
        ground=torch.zeros(1),
        calm=torch.zeros(1),
        shares=torch.ones(1, 1),
        conditions=torch.zeros(1, 5),
    )
    of_style = replace(of_style, pictures=of_style.pictures[:1], encoded=of_style.encoded[:1])
    monkeypatch.setattr(variant_pictures, "style_samples", lambda *_: of_style)
    torch.manual_seed(1)
    found = {"plain": Variant(TransferNetwork(SIZE)), "darker": Variant(TransferNetwork(SIZE))}
    with torch.no_grad():
        found["darker"].network.convolution("head").bias.sub_(0.3)
    pictures = Pictures(
        ("c/a.png", "c/b.png"), ("s/a.png",),
        tuple(on_grid(make_picture(70, 50, seed=seed)) for seed in (1, 2)),
        (make_picture(64, 64, seed=3),), ((0, 0), (1, 0)),
    )  # fmt: skip
    assert pictures.contents[0].size == (64, 48)
    figures, sheet = measure_variants(
        found, pictures, (None, None), Meter(), folder=tmp_path, seed=1
    )
    assert (figures["pairs"], figures["control"]) == (2, "plain")
    assert figures["rows"]["plain"]["new_weights"] == 0
    assert figures["rows"]["plain"]["paint_cpu_ms"] > 0
    assert figures["differences"]["darker"]["style_loss"]["mean"] < 0
    assert sheet.width > 4 * 256  # content, style, both variants
