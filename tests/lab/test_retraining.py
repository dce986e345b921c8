"""A short training by a teacher, and on the product's losses."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from stylize.errors import TrainingError  # noqa: E402
from stylize.lab.pruning import prune_weights_  # noqa: E402
from stylize.lab.retraining import (  # noqa: E402
    School,
    distance_to_teacher,
    retrain_,
    short_config,
)
from stylize.training.config import TrainConfig  # noqa: E402
from stylize.training.data import Contents  # noqa: E402
from stylize.training.network import TransferNetwork  # noqa: E402
from stylize.training.network_size import NetworkSize  # noqa: E402
from stylize.training.samples import draw_samples  # noqa: E402
from stylize.training.vgg import VECTOR_LENGTH, LossNetwork  # noqa: E402
from tests.conftest import make_picture  # noqa: E402
from tests.training.conftest import make_bank  # noqa: E402

SIZE = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=8, seen=VECTOR_LENGTH)


@pytest.fixture
def school(tmp_path: Path) -> School:
    torch.manual_seed(1)
    paths = [tmp_path / f"{index}.png" for index in range(2)]
    for index, path in enumerate(paths):
        make_picture(72, 64, seed=index).save(path)
    config = TrainConfig(
        contents=(tmp_path,), styles=(tmp_path,), out=tmp_path, stages=((0, 32),), size=SIZE,
        style_weight_start=6.0,
    )  # fmt: skip
    contents = Contents(paths, count=config.batch_contents, seed=1)
    return School(config, contents, make_bank(), LossNetwork(), TransferNetwork(SIZE).eval())


def test_a_pupil_comes_nearer_to_its_teacher(school) -> None:
    pupil = copy.deepcopy(school.teacher)
    with torch.no_grad():
        for parameter in pupil.convolution("mix_half").parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    own = copy.deepcopy(pupil.own_statistics.state_dict())
    batch = draw_samples(school.contents, school.bank, school.config, 100)
    before = distance_to_teacher(pupil, school.teacher, batch).item()
    seconds = retrain_(pupil, school, 48, "pictures", learning_rate=3e-3)
    assert seconds > 0
    assert distance_to_teacher(pupil, school.teacher, batch).item() < 0.8 * before
    # Styles are encoded as before.
    for name, values in pupil.own_statistics.state_dict().items():
        assert torch.equal(values, own[name])


def test_pruned_weights_stay_0_on_the_losses(school) -> None:
    network = copy.deepcopy(school.teacher)
    masks = prune_weights_(network, 0.5)
    before = network.convolution("blocks.0").weight.detach().clone()
    retrain_(network, school, 5, "losses", learning_rate=1e-3, masks=masks)
    weight = network.convolution("blocks.0").weight
    assert torch.equal(weight == 0, before == 0)
    assert not torch.equal(weight, before)


def test_a_short_training_weighs_the_losses_as_the_long_one(tmp_path) -> None:
    record = TrainConfig(
        contents=(), styles=(), out=tmp_path, size=SIZE, style_weight=9.0, ground=3.0,
        revision_share=0.4, steps=7,
    ).as_record()  # fmt: skip
    config = short_config(record, contents=(tmp_path,), styles=(tmp_path,), out=tmp_path)
    assert (config.style_weight, config.ground, config.revision_share) == (9.0, 3.0, 0.0)
    assert config.size == SIZE


def test_a_folder_without_pictures_is_named(tmp_path, school) -> None:
    from stylize.lab.retraining import open_school

    (tmp_path / "none").mkdir()
    config = TrainConfig(contents=(tmp_path,), styles=(tmp_path / "none",), out=tmp_path)
    with pytest.raises(TrainingError, match="none"):
        open_school(config, LossNetwork(), LossNetwork(), school.teacher)
