"""The search for another table of layers."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")

from stylize.errors import ControlError  # noqa: E402
from stylize.lab import search as searching  # noqa: E402
from stylize.lab.search import Candidate, Search, choose, kendall, mark, search  # noqa: E402
from tests.lab.test_retraining import SIZE, school  # noqa: E402, F401


def test_kendall_by_hand() -> None:
    assert kendall([1, 2, 3], [10, 20, 30]) == 1
    assert kendall([1, 2, 3], [3, 2, 1]) == -1
    assert kendall([1, 2, 3], [1, 3, 2]) == 0.33  # two of three pairs agree
    assert kendall([1], [1]) is None


def test_a_candidate_is_cut_as_it_says(school) -> None:  # noqa: F811
    candidate = Candidate(half=4, quarter=8, eighth=8, blocks=1, stem=3, mix_half=1)
    assert str(candidate) == "4-8-8 x1 k31"
    rows = {row.name: row for row in candidate.cut_from(school.teacher).layers.convolutions}
    assert (rows["stem"].kernel, rows["mix_half"].kernel) == (3, 1)
    assert "blocks.1" in rows


def test_the_whole_network_is_as_near_to_itself_as_can_be(school) -> None:  # noqa: F811
    assert mark(school.teacher, school) > 99
    other = Candidate(4, 4, 4, 1, 3, 1).cut_from(school.teacher)
    assert 0 < mark(other, school) < 60


@pytest.fixture
def quick(monkeypatch) -> None:
    """Every candidate takes as many ms as it has channels at 1/2 resolution."""
    monkeypatch.setattr(
        searching, "paint_ms",
        lambda network: float(network.convolution("stem").out_channels),
    )  # fmt: skip
    monkeypatch.setattr(searching, "_JUDGED_STEPS", 1)


def test_candidates_keep_to_the_limit(quick, school) -> None:  # noqa: F811
    found = choose(Search(limit_ms=6, candidates=5), school.teacher)
    assert len(found) == 5
    assert {ms for _, ms in found} <= {4.0, 6.0}
    assert len({str(candidate) for candidate, _ in found}) == 5
    with pytest.raises(ControlError, match=r"whole network takes 8\.0 ms"):
        choose(Search(limit_ms=3, candidates=2), school.teacher)


@pytest.mark.parametrize("check", [False, True])
def test_the_better_half_goes_on(check, quick, school, tmp_path) -> None:  # noqa: F811
    shares = []
    config = Search(limit_ms=6, candidates=4, samples=4, check=check)
    result = search(config, school, tmp_path, progress=shares.append)
    assert json.loads((tmp_path / "search.json").read_text()) == result
    first, second = result["rounds"]
    assert (first["samples"], second["samples"]) == (4, 12)
    assert second["order"][0] == result["best"]
    assert set(second["order"]) == set(first["order"][:2])
    seen = [len(row["marks_db"]) for row in result["candidates"].values()]
    assert sorted(seen) == ([3, 3, 3, 3] if check else [2, 2, 3, 3])
    marks = [result["candidates"][name]["marks_db"][1] for name in first["order"]]
    assert marks == sorted(marks, reverse=True)
    assert len(result["order_held"]) == 1
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_search_that_is_stopped_keeps_its_rounds(quick, school, tmp_path) -> None:  # noqa: F811
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(Search(limit_ms=6, candidates=4, samples=4), school, tmp_path, progress=stop)
    kept = json.loads((tmp_path / "search.json").read_text())
    assert [part["samples"] for part in kept["rounds"]] == [4]
    assert kept["best"] == kept["rounds"][0]["order"][0]


def test_a_limit_that_the_network_keeps_is_none(quick, school, tmp_path) -> None:  # noqa: F811
    with pytest.raises(ControlError, match=r"itself takes 8\.0 ms .* smaller --limit-ms"):
        search(Search(limit_ms=8, candidates=2), school, tmp_path)


def test_one_candidate_is_no_search() -> None:
    with pytest.raises(ControlError, match="two candidates"):
        Search(limit_ms=5, candidates=1)


def test_an_int8_graph_is_timed(school, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(searching, "SIDE_PX", 64)
    assert searching.paint_ms(school.teacher) > 0
