"""``stylize style tune``, with networks that see little and a tuning that is made up."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from stylize.cli import network_file, style
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
    """What the tuning was asked for; it adds 0.25 to everything, or nothing if `share` is 0."""
    found: dict[str, object] = {"share": 1.0}

    def tune(networks, pictures, contents, *, kept, earlier, contract, seconds, progress):
        progress(0.5)
        found.update(
            pictures=len(pictures), contents=len(contents), kept=len(kept), seconds=seconds,
            earlier=earlier,
        )  # fmt: skip
        assert contract.vector_length > 128
        return tuning.Tuned(
            torch.full((networks.network.tuning,), 0.25 * found["share"]),
            found["share"],
            (1.0, 0.5),
            (0.8, 0.8),
            12,
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
    assert json.loads(result.out)["share"] == 1
    assert asked == {
        "share": 1, "pictures": 2, "contents": CONTENTS, "kept": 6, "earlier": None,
        "seconds": pytest.approx(25, abs=5),
    }  # fmt: skip
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


def test_a_tuning_that_does_not_help_is_dropped(tool: Tool, library, asked) -> None:
    library.add("mine", make_picture(64, 64, seed=1))
    assert tool("style", "tune", "mine").code == 0
    assert not asked["earlier"].any()
    tuned = library.get("mine").vector.values
    asked["share"] = 0.0
    result = tool("style", "tune", "mine")
    assert result.code == 0, result.err
    assert result.out.startswith("Left mine as it was: after 12 steps, pictures that were kept")
    np.testing.assert_array_equal(library.get("mine").vector.values, tuned)
    assert (asked["earlier"] == 0.25).all()
    assert len(asked["earlier"]) == 128
    assert json.loads(tool("style", "tune", "mine", "--json").out)["share"] == 0


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
    monkeypatch.setattr(network_file, "CHECKPOINT", tmp_path / "nowhere.pt")
    result = tool("style", "tune", "mine", "--from", tmp_path / "a.png")
    assert result.code == 2
    assert "--checkpoint FILE" in result.err
