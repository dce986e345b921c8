"""``stylize style tune``, with networks that see little and a tuning that is made up."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from stylize.cli import style
from stylize.library import StyleLibrary
from stylize.training import tuning
from stylize.training.tuning_contents import CONTENTS
from tests.cli.conftest import Tool
from tests.conftest import make_picture
from tests.make_tiny_model import make_networks


def networks() -> tuning.Networks:
    network, encoder = make_networks()
    return tuning.Networks(network, encoder, encoder)


@pytest.fixture
def library(tmp_path, tiny_engine, monkeypatch) -> StyleLibrary:
    def opened(data: object = None) -> StyleLibrary:
        return StyleLibrary.open(tmp_path / "library", encoder=tiny_engine, bundled=False)

    monkeypatch.setattr(style, "library_with_engine", opened)
    monkeypatch.setattr(tuning, "load_networks", lambda path: networks())
    for name, seed in (("a", 1), ("b", 2)):
        make_picture(64, 64, seed=seed).save(tmp_path / f"{name}.png")
    with opened() as library:
        yield library


@pytest.fixture
def asked(monkeypatch) -> dict[str, object]:
    """What the tuning was asked for; it adds 0.25 to everything."""
    found: dict[str, object] = {}

    def tune(networks, pictures, contents, *, contract, seconds, progress):
        progress(0.5)
        found.update(pictures=len(pictures), contents=len(contents), seconds=seconds)
        assert contract.vector_length > 128
        return tuning.Tuned(
            torch.full((networks.network.tuning,), 0.25), (1.0, 0.5), (0.8, 0.8), 12
        )

    monkeypatch.setattr(tuning, "tune_style", tune)
    return found


def test_a_new_style_of_two_pictures(tool: Tool, library, asked, tmp_path, tiny_engine) -> None:
    result = tool(
        "style", "tune", "mine", "--from", tmp_path / "a.png", "--from", tmp_path / "b.png",
        "--minutes", 0.5, "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert json.loads(result.out)["steps"] == 12
    assert asked == {"pictures": 2, "contents": CONTENTS, "seconds": pytest.approx(25, abs=5)}
    values = library.get("mine").vector.values
    assert (values[-128:] == 0.25).all()
    both = [tiny_engine.encode_style(make_picture(64, 64, seed=seed)).values for seed in (1, 2)]
    np.testing.assert_allclose(values[:-128], np.mean(both, axis=0)[:-128], rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("asked")
def test_a_style_that_is_there_keeps_what_is_noted(tool: Tool, library, tmp_path) -> None:
    library.add("mine", make_picture(64, 64, seed=1), title="Mine", tags=["ink"])
    before = library.get("mine")
    result = tool("style", "tune", "mine", "--content", tmp_path / "b.png")
    assert result.code == 0, result.err
    assert result.out == "Tuned mine in 12 steps: style loss 1.000 -> 0.500.\n"
    after = library.get("mine")
    assert (after.title, after.tags) == ("Mine", ("ink",))
    assert not np.array_equal(after.vector.values, before.vector.values)


@pytest.mark.usefixtures("asked")
def test_what_cannot_be_tuned(tool: Tool, library, tmp_path, monkeypatch) -> None:
    library.add("bare", make_picture(64, 64), keep_original=False)
    result = tool("style", "tune", "bare")
    assert result.code == 2
    assert "Only your own styles whose picture is kept" in result.err
    result = tool("style", "tune", "bare", "--from", tmp_path / "a.png")
    assert result.code == 2
    assert '"bare"' in result.err
    assert "There is" in tool("style", "tune", "nobody").err
    monkeypatch.setattr(style, "CHECKPOINT", tmp_path / "nowhere.pt")
    result = tool("style", "tune", "mine", "--from", tmp_path / "a.png")
    assert result.code == 2
    assert "--checkpoint FILE" in result.err
