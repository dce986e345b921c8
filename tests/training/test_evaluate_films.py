"""Painted films, measured: a report with its means, and sheets to look at."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from stylize.engine import Engine
from stylize.errors import VideoError
from stylize.training import evaluate_films as films
from stylize.training.evaluate_films import ALONE, CONTENT, OURS, FilmEvaluationConfig
from tests.conftest import TINY_MODEL, make_picture
from tests.video.conftest import make_film, moving_square  # noqa: F401  a fixture


@pytest.fixture
def config(make_film, picture_folders, loss_network, tmp_path, monkeypatch):  # noqa: F811
    torch.save({"loss_network": loss_network.state_dict()}, tmp_path / "loss_network.pt")
    monkeypatch.setattr(films, "peer", dict)
    return FilmEvaluationConfig(
        films=(make_film("a.mp4", moving_square(16, step=1)),),
        styles=(picture_folders[1],),
        out=tmp_path / "report",
        model=TINY_MODEL,
        vgg=tmp_path / "loss_network.pt",
        pairs=2,
        size_px=64,
        seconds=0.6,
    )


def test_a_report_of_films(config):
    report = films.evaluate_films(config)
    assert list(report["mean"]) == [CONTENT, OURS, ALONE]
    assert len(report["clips"]) == 2
    assert len(report["styles"]) == 2
    content, ours, alone = report["mean"].values()
    assert content["content_loss"] == 0
    assert ours["style_loss"] > 0
    assert ours["warping_error"] < alone["warping_error"]
    assert json.loads((config.out / "films.json").read_text()) == report
    assert f"| {OURS} |" in (config.out / "films.md").read_text()
    with Image.open(next(config.out.glob("a-*.png"))) as sheet:
        assert sheet.width == 3 * 64


def test_a_style_is_painted_as_it_was_tuned(config):
    config = replace(config, pairs=1)
    plain = films.evaluate_films(config)
    (name,) = plain["styles"]
    tuned = Engine(TINY_MODEL).encode_style(make_picture(64, 64, seed=5))
    other = films.evaluate_films(replace(config, vectors={name: tuned}))
    assert other["mean"][OURS] != plain["mean"][OURS]
    assert other["mean"][CONTENT] == plain["mean"][CONTENT]


def test_a_film_that_is_none(config, tmp_path):
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    with pytest.raises(VideoError, match="cannot be read"):
        films.evaluate_films(replace(config, films=(tmp_path / "b.mp4",)))


def test_means_leave_out_what_is_unknown():
    records = [{"a": {"still": None, "x": 1.0, "y": None}}] * 2
    records[1] = {"a": {"still": 2.0, "x": 3.0, "y": None}}
    assert films.mean_of(records) == {"a": {"still": 2.0, "x": 2.0, "y": None}}


def test_a_table_of_means():
    row = dict.fromkeys(films.MEASURES, 1.234) | {"still": None}
    *_, last = films.markdown({"mean": {"a": row}}).splitlines()
    assert last == "| a | 1.23 | 1.23 |  | 1.23 | 1.23 | 1.23 |"


def test_both_of_our_painters():
    engine = Engine(TINY_MODEL, threads=1)
    picture = make_picture(64, 64, seed=5)
    style = films.Style(picture, engine.encode_style(picture))
    film, times = moving_square(4), [0, 0.04, 0.08, 0.12]
    calm = films.ours(engine, 0.8)(film, times, style)
    alone = films.ours(engine, 0)(film, times, style)
    assert (calm[0] == alone[0]).all()
    assert not (np.asarray(calm[2]) == alone[2]).all()
