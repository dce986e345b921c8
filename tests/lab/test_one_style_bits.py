"""Networks of one style with fewer bits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from stylize.errors import ControlError, ModelFileError, TrainingError  # noqa: E402
from stylize.lab import johnson, one_style_bits  # noqa: E402
from stylize.lab.johnson import JohnsonNetwork  # noqa: E402
from stylize.lab.one_style import export_one_style  # noqa: E402
from stylize.lab.one_style_bits import compress_one_style  # noqa: E402
from tests.conftest import make_picture  # noqa: E402


@pytest.fixture
def contents(tmp_path: Path, monkeypatch) -> list[Path]:
    monkeypatch.setattr(one_style_bits, "_CALIBRATION", 2)
    monkeypatch.setattr(one_style_bits, "SIDE_PX", 64)
    paths = [tmp_path / f"{index}.png" for index in range(4)]
    for index, path in enumerate(paths):
        make_picture(72, 50, seed=index).save(path)
    return paths


@pytest.fixture
def network(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(johnson, "BLOCKS", 1)
    torch.manual_seed(3)
    return export_one_style(JohnsonNetwork("bottleneck"), tmp_path / "wave.onnx")


def test_eight_bits_are_smaller_and_paint_nearly_the_same(contents, network, tmp_path) -> None:
    out = tmp_path / "out"
    result = compress_one_style(network, contents, out, pictures=2, rounds=1)
    assert json.loads((out / "bits.json").read_text()) == result
    rows = result["rows"]
    assert list(rows) == ["fp32", "dynamic", "static"]
    assert (out / "fp32.onnx").read_bytes() == network.read_bytes()
    for way in ("dynamic", "static"):
        assert rows[way]["bytes"] == (out / f"{way}.onnx").stat().st_size
        assert rows[way]["bytes"] < 0.6 * rows["fp32"]["bytes"]
        assert 15 < rows[way]["psnr_db"] < 99
        assert rows[way]["ms"] > 0
    assert rows["fp32"]["psnr_db"] is None


def test_too_few_contents_are_told(contents, network, tmp_path) -> None:
    with pytest.raises(TrainingError, match=r"5 contents are needed, 2 of them.*there are 4"):
        compress_one_style(network, contents, tmp_path / "out", pictures=3)
    with pytest.raises(ControlError, match="At least one"):
        compress_one_style(network, contents, tmp_path / "out", pictures=0)
    with pytest.raises(ModelFileError, match="no network of one style"):
        compress_one_style(contents[0], contents, tmp_path / "out", pictures=1)
    assert not (tmp_path / "out").exists()
