import copy
import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stylize.errors import TrainingError
from stylize.training import evaluate as evaluation
from stylize.training import paint_metrics, same_look
from stylize.training import pairs as pairs_of_pictures
from stylize.training.evaluate import EvaluationConfig, evaluate
from stylize.training.measuring import measure_pairs
from stylize.training.metrics import Meter
from stylize.training.pairs import load_pictures
from stylize.training.report import METRICS
from stylize.training.summary import summarize, summarize_agreements
from stylize.training.systems import content_unchanged, style_copied
from tests.conftest import TINY_MODEL, make_picture


@pytest.fixture
def config(picture_folders, loss_network, tmp_path) -> EvaluationConfig:
    torch.save(loss_network.state_dict(), tmp_path / "loss_network.pt")
    return EvaluationConfig(
        contents=(picture_folders[0],),
        styles=(picture_folders[1],),
        out=tmp_path / "report",
        vgg=tmp_path / "loss_network.pt",
        models=(TINY_MODEL,),
        pairs=2,
        sizes_px=(64,),
        slider_pairs=1,
        slider_size_px=64,
        shown=1,
    )


def darker(content: Image.Image, style: Image.Image) -> Image.Image:
    return content.point(lambda level: level // 2)


def test_a_report_has_everything_side_by_side(config):
    report = evaluate(config, peers={"a <peer>": darker})
    systems = [
        "tiny_model int8",
        "tiny_model fp32",
        "a <peer>",
        "content unchanged",
        "style copied",
    ]
    (at_64,) = report["sizes"]
    assert list(at_64["systems"]) == systems
    assert at_64["baseline"] == systems[0]
    assert list(at_64["differences"]) == systems[1:]
    assert (at_64["pairs"], at_64["size_px"], at_64["seen_px"]) == (2, 64, 64)
    assert at_64["systems"][systems[0]]["paint_loss"] is None
    assert json.loads((config.out / "quality.json").read_text()) == report
    unchanged, copied = (at_64["systems"][name] for name in systems[3:])
    assert unchanged["content_loss"] == {"mean": 0, "low": 0, "high": 0}
    assert unchanged["ssim"]["mean"] == 1
    assert copied["own_style_found"]["mean"] == 1
    assert copied["palette_distance"]["mean"] < 2
    for name in systems[:3]:
        assert at_64["systems"][name]["style_loss"]["mean"] > copied["style_loss"]["mean"]
    found = at_64["int8_against_fp32"]["tiny_model"]
    assert 20 < found["psnr_db_min"] <= found["psnr_db_mean"] < 99
    assert found["style_loss_mean"] >= 0

    records = json.loads((config.out / "records.json").read_text())
    assert len(records) == 2 * len(systems)
    assert {record["system"] for record in records} == set(systems)
    assert len(report["sliders"]["tests"]) == 4

    page = (config.out / "quality.html").read_text()
    pictures = sorted(config.out.glob("pictures/*.jpg"))
    assert len(pictures) == 5  # content, style, three systems
    for picture in pictures:
        assert f'src="pictures/{picture.name}"' in page
    assert "a &lt;peer&gt;" in page
    assert "<peer>" not in page
    table = (config.out / "quality.md").read_text()
    assert all(name in table for name in systems)
    assert not list(config.out.glob("*.partial"))


def test_two_models_are_compared_on_the_same_pairs(config, tmp_path):
    same = tmp_path / "same"
    same.symlink_to(TINY_MODEL)
    config = replace(config, models=(TINY_MODEL, same), precisions=("fp32",), slider_pairs=0)
    report = evaluate(config)
    (at_64,) = report["sizes"]
    difference = at_64["differences"]["same fp32"]["style_loss"]
    assert difference == {"mean": 0, "low": 0, "high": 0, "real": False}
    assert "sliders" not in report
    assert at_64["int8_against_fp32"] == {}
    assert "same_look" not in report


@pytest.fixture
def large_folders(tmp_path) -> tuple[Path, Path]:
    """Two photos of 200 px, one of 160 px; two styles, one of them small."""
    for name, sides in (("photos", (200, 160, 200)), ("paintings", (190, 72))):
        (tmp_path / name).mkdir()
        for index, side in enumerate(sides):
            picture = make_picture(side, 96, seed=index + len(name))
            picture.save(tmp_path / name / f"{index}.png")
    return tmp_path / "photos", tmp_path / "paintings"


def test_large_pictures_are_seen_as_a_whole_and_from_near(config, large_folders, monkeypatch):
    for module in (pairs_of_pictures, evaluation):
        monkeypatch.setattr(module, "SEEN_PX", 96)
    monkeypatch.setattr(paint_metrics, "WINDOW_PX", 96)
    for module in (same_look, evaluation):
        monkeypatch.setattr(module, "REFERENCE_PX", 80)
        monkeypatch.setattr(module, "BETWEEN_PX", 120)
    config = replace(
        config,
        contents=(large_folders[0],),
        styles=(large_folders[1],),
        sizes_px=(96, 192),
        pairs=4,
        same_look_pairs=3,
        precisions=("fp32",),
        slider_pairs=0,
    )
    report = evaluate(config, peers={"darker": darker})
    small, large = report["sizes"]
    # The photo of 160 px is left out at both sizes, so that both are about the same pairs.
    assert [(at["size_px"], at["seen_px"], at["pairs"]) for at in (small, large)] == [
        (96, 96, 4), (192, 96, 4),
    ]  # fmt: skip
    records = json.loads((config.out / "records.json").read_text())
    assert {record["content"] for record in records} == {"photos/0.png", "photos/2.png"}
    near = {
        (record["system"], record["style"]): record["paint_loss"]
        for record in records
        if record["size_px"] == 192
    }
    assert near["darker", "paintings/0.png"] > 0
    assert near["darker", "paintings/1.png"] is None  # it has no paint at this size
    assert near["content unchanged", "paintings/0.png"] is None
    assert all(record["paint_loss"] is None for record in records if record["size_px"] == 96)
    assert large["systems"]["content unchanged"]["content_loss"]["mean"] == 0

    look = report["same_look"]
    assert (look["pairs"], look["reference_px"]) == (3, 80)
    assert list(look["systems"]) == ["tiny_model fp32", "darker"]
    assert len(json.loads((config.out / "same_look.json").read_text())) == 3 * 2 * 2
    text = (config.out / "quality.md").read_text()
    assert "### Means over 4 pairs at 192 px, seen at 96 px" in text
    assert "### Same look, 3 pairs: painted large and scaled down, against painted at 80 px" in text


def test_ready_made_pictures_are_a_system_and_choose_the_pairs(config, tmp_path):
    folder = tmp_path / "other program"
    folder.mkdir()
    pictures = load_pictures(config.contents, config.styles, pairs=12, size_px=64, seed=1)
    for content, style in ((0, 0), (1, 0), (1, 2)):
        names = pictures.content_names[content], pictures.style_names[style]
        slugs = [name.replace("/", "-").removesuffix(".png") for name in names]
        pictures.contents[content].save(folder / f"{slugs[0]}__{slugs[1]}.png")
    config = replace(
        config, ready_made=(folder,), pairs=12, precisions=("fp32",), slider_pairs=0, shown=0
    )
    (at_64,) = evaluate(config)["sizes"]
    assert at_64["pairs"] == 3
    assert at_64["systems"]["other program"]["content_loss"]["mean"] == 0


def test_bad_input_is_refused_before_any_work(config, tmp_path):
    (tmp_path / "empty").mkdir()
    for change, message in (
        ({"contents": (tmp_path / "empty",)}, "No pictures in"),
        ({"vgg": tmp_path / "missing.pt"}, "There is no loss network"),
        ({"pairs": 0}, "at least one pair"),
        ({"precisions": ()}, "one precision and one size"),
        ({"sizes_px": ()}, "one precision and one size"),
        ({"sizes_px": (64, 200)}, "None of the 4 contents has a longer side of 200 px"),
        ({"ready_made": (tmp_path,), "sizes_px": (64, 80)}, "Ready-made pictures have one size"),
        ({"ready_made": (tmp_path / "empty",)}, "No pictures in"),
        ({"out": TINY_MODEL / "model.json" / "report"}, "cannot be made"),
    ):
        with pytest.raises(TrainingError, match=message):
            evaluate(replace(config, **change))


def test_a_full_disk_is_named(config, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*Free some space"):
        evaluate(config)
    assert list(config.out.iterdir()) == []


def test_a_place_for_pictures_that_is_taken_is_named(config):
    config.out.mkdir()
    (config.out / "pictures").write_text("a file")
    with pytest.raises(TrainingError, match="pictures cannot be made"):
        evaluate(config)


def test_a_result_of_another_size_is_refused(config):
    def smaller(content: Image.Image, style: Image.Image) -> Image.Image:
        return content.resize((8, 8))

    with pytest.raises(TrainingError, match=r"clumsy returned a picture of 8 x 8 px, RGB, for"):
        evaluate(config, peers={"clumsy": smaller})


def test_only_wanted_pictures_are_kept(picture_folders, loss_network, tmp_path):
    pictures = load_pictures(
        [picture_folders[0]], [picture_folders[1]], pairs=6, size_px=64, seed=1
    )
    meter = Meter(copy.deepcopy(loss_network), pictures.contents, pictures.styles)
    systems = {"darker": darker, "content unchanged": content_unchanged}
    records, agreements, shown = measure_pairs(systems, meter, pictures, shown=2, folder=tmp_path)
    assert (len(records), agreements, len(shown)) == (12, {}, 2)
    assert len(list(tmp_path.glob("*.jpg"))) == 2 * 3  # content, style, darker
    _, _, none = measure_pairs(systems, meter, pictures)
    assert none == []


def record(content: str, style: str, system: str, **measures: float | None) -> dict:
    return {metric.name: 0.0 for metric in METRICS} | {
        "content": content, "style": style, "system": system, **measures,
    }  # fmt: skip


def test_means_and_differences_of_hand_computed_records():
    records = []
    for number in range(25):
        content, style = f"c{number % 5}", f"s{number // 5}"
        base = float(number % 5)
        grid = None if number else 1.0
        records.append(record(content, style, "ours", style_loss=base, ssim=0.5, grid=grid))
        records.append(record(content, style, "theirs", style_loss=base + 1, ssim=0.5, grid=grid))
    found = summarize(records)
    assert found["baseline"] == "ours"
    assert found["systems"]["ours"]["style_loss"]["mean"] == 2
    assert found["systems"]["theirs"]["grid"]["mean"] == 1
    difference = found["differences"]["theirs"]
    # Contents differ much, but theirs is worse by 1 on every pair: that is sure.
    assert difference["style_loss"] == {"mean": 1, "low": 1, "high": 1, "real": True}
    assert not difference["ssim"]["real"]


def test_a_few_pairs_prove_nothing():
    records = [
        record(f"c{number}", f"s{number}", name, ssim=value)
        for number in range(19)
        for name, value in (("ours", 0.5), ("theirs", 0.25))
    ]
    found = summarize(records)["differences"]["theirs"]["ssim"]
    assert found == {"mean": -0.25, "low": -0.25, "high": -0.25, "real": False}


def test_measures_without_any_value_have_no_mean():
    found = summarize([record("c", "s", name, banding=None) for name in ("a", "b")])
    assert found["systems"]["a"]["banding"] is None
    assert found["differences"]["b"]["banding"] is None


def test_agreements_of_hand_computed_pairs():
    pairs = [
        {"psnr_db": 40.0, "ssim": 1.0, "style_loss": 0.0},
        {"psnr_db": 30.0, "ssim": 0.8, "style_loss": 0.2},
    ]
    assert summarize_agreements({"m": pairs}) == {
        "m": {
            "psnr_db_mean": 35,
            "psnr_db_min": 30,
            "ssim_mean": 0.9,
            "style_loss_mean": 0.1,
        }
    }


def test_the_style_copied_is_best_at_its_own_style(picture_folders, loss_network):
    pictures = load_pictures(
        [picture_folders[0]], [picture_folders[1]], pairs=12, size_px=64, seed=1
    )
    meter = Meter(copy.deepcopy(loss_network), pictures.contents, pictures.styles)
    records, _, _ = measure_pairs({"copied": style_copied, "darker": darker}, meter, pictures)
    found = {
        name: np.mean([r["own_style_found"] for r in records if r["system"] == name])
        for name in ("copied", "darker")
    }
    assert found["copied"] == 1
    assert found["darker"] <= 0.5
