"""The report on ways to compress, with the tiny model in place of what the ways make."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

from stylize.errors import TrainingError  # noqa: E402
from stylize.lab import compress as compressing  # noqa: E402
from stylize.lab.compress import compress, make_sheet, time_models  # noqa: E402
from stylize.lab.ways import REFERENCE, WAYS, Compression, Made, Workshop  # noqa: E402
from stylize.training.pairs import Pictures  # noqa: E402
from tests.conftest import make_picture  # noqa: E402
from tests.make_tiny_model import make_networks  # noqa: E402

TINY = Path(__file__).parents[2] / "contract" / "tiny_model"
NAMES = (REFERENCE, "dynamic", "pruned")


class Meter:
    def __init__(self, *_: object) -> None:
        pass

    def losses(self, result: Image.Image, content: Image.Image, style: int) -> tuple[float, float]:
        return 0.5, 0.25


@pytest.fixture
def config(tmp_path: Path, monkeypatch) -> Compression:
    (tmp_path / "pictures").mkdir()
    for index in range(2):
        make_picture(96, 64, seed=index).save(tmp_path / "pictures" / f"{index}.png")

    def write(network, shop, folder, way):
        shutil.copytree(TINY, folder)

    monkeypatch.setattr(compressing, "write_model", write)
    monkeypatch.setattr(compressing, "SIDES_PX", (32, 48))
    monkeypatch.setattr(compressing, "Meter", Meter)
    monkeypatch.setattr(compressing, "load_loss_network", lambda state: None)
    monkeypatch.setattr(Workshop, "__init__", _init)
    folders = (tmp_path / "pictures",)
    return Compression(
        checkpoint=tmp_path, contents=folders, styles=folders, out=tmp_path / "out", pairs=2,
        rounds=1,
    )  # fmt: skip


def _init(self, config) -> None:
    self.config, self.state = config, {}
    self.network = make_networks()[0]


def test_every_way_has_its_figures_and_pictures(config, monkeypatch) -> None:
    made = []

    def make(shop: Workshop) -> Made:
        made.append(shop)
        return Made(make_networks()[0], samples=3, seconds=1.2)

    ways = {name: SimpleNamespace(family="f", text="t", make=make) for name in NAMES}
    monkeypatch.setattr(compressing, "WAYS", ways)
    done = []
    result = compress(config, NAMES[1:], progress=done.append)
    assert done == [1, 2, 3]
    assert list(result["rows"]) == list(NAMES)
    row = result["rows"]["pruned"]
    assert row["samples"] == 3
    assert row["weights"] == row["weights_not_0"] > 0
    assert row["bytes"]["int8"] > row["zipped_bytes"]["int8"] > 0
    assert row["fp32"]["psnr_db"] == 99.0  # the same pictures
    assert result["rows"][REFERENCE]["fp32"]["psnr_db"] is None
    assert row["int8"]["content_loss"] == 0.5
    assert row["ms"]["int8"]["48"] > 0
    assert json.loads((config.out / "compress.json").read_text()) == result
    assert (config.out / "sheet.png").is_file()
    # What is there is not made again.
    compress(config, NAMES)
    assert len(made) == len(NAMES)
    with pytest.raises(TrainingError, match="another --out"):
        compress(replace(config, pairs=1), NAMES)


def test_calls_are_timed_in_both_precisions(monkeypatch) -> None:
    monkeypatch.setattr(compressing, "SIDES_PX", (32, 48))
    times = time_models([TINY], 1)
    assert list(times) == ["tiny_model"]
    assert set(times["tiny_model"]) == {"fp32", "int8"}
    assert set(times["tiny_model"]["int8"]) == {"32", "48"}


def test_the_sheet_shows_some_pairs_and_every_way(tmp_path) -> None:
    names = [REFERENCE, *list(WAYS)[1:9]]
    picture = make_picture(96, 64, seed=1)
    for name in names:
        (tmp_path / name).mkdir()
        for precision in ("fp32", "int8"):
            for index in range(2):
                picture.save(tmp_path / name / f"{precision}-{index:02d}.png")
    pictures = Pictures(("c",), ("s",), (picture,), (picture,), ((0, 0), (0, 0)))
    sheet = make_sheet(tmp_path, names, pictures)
    assert sheet.width == 6 * 208 + 8  # 12 cells of each pair in two rows
    assert sheet.height > 4 * 200
