"""Scores beside the answers: counted by hand, kept in the file, told with the picture's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from stylize.errors import ImageError, StylizeError
from stylize.lab.ab import Comparison
from stylize.lab.ab_scores import Verdict, score_pairs, verdicts

SCORES = {
    "one": {"brisque": {"a": 10.0, "b": 20.0}},
    "two": {"brisque": {"a": 30.0, "b": 20.0}},
    "three": {"brisque": {"a": 5.0, "b": 5.0}},
    "four": {"brisque": {"a": 1.0, "b": 9.0}},
}


def test_a_verdict_by_hand() -> None:
    answers = {"one": "a", "two": "a", "three": "b", "four": "equal"}
    assert Verdict.of("brisque", SCORES, answers) == Verdict(11.5, 13.5, 2, 1, decided=3, agrees=1)
    more_is_better = {pair: {"nima": of["brisque"]} for pair, of in SCORES.items()}
    found = Verdict.of("nima", more_is_better, answers)
    assert (found.prefers_a, found.prefers_b, found.agrees) == (1, 2, 1)


def compare(path: Path) -> Comparison:
    return Comparison.open(path, {"a": "x", "b": "y"}, list(SCORES), 1)


def test_scores_are_kept_beside_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    made = compare(path)
    for index in range(4):
        made.answer(index, "left")
    assert verdicts(compare(path)) == {}
    made.keep_scores(SCORES)
    compare(path).keep_scores({pair: {"nima": {"a": 5.0, "b": 4.0}} for pair in SCORES})
    again = compare(path)
    assert again.answers == made.answers
    assert again.scores["one"] == {"brisque": {"a": 10, "b": 20}, "nima": {"a": 5, "b": 4}}
    assert list(verdicts(again)) == ["brisque", "nima"]
    assert verdicts(again)["nima"].prefers_a == 4


def test_a_file_of_before_has_no_scores_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    compare(path)
    record = json.loads(path.read_text())
    del record["scores"]
    path.write_text(json.dumps(record))
    assert compare(path).scores == {}
    for damaged in ([], {"one": {"brisque": {"a": 1}}}, {"one": {"brisque": {"a": 1, "b": "x"}}}):
        path.write_text(json.dumps(record | {"scores": damaged}))
        with pytest.raises(StylizeError, match="is no comparison"):
            compare(path)


def test_pictures_are_scored_as_their_files_have_them(tmp_path: Path, caplog) -> None:
    files = {}
    for pair, width in (("one", 40), ("two", 60)):
        files[pair] = {who: tmp_path / f"{pair}-{who}.png" for who in ("a", "b")}
        for who, path in files[pair].items():
            Image.new("RGB", (width + (who == "b"), 32)).save(path)
    shares: list[float] = []
    found = score_pairs({"nima": lambda picture: picture.width}, files, progress=shares.append)
    assert found == {"one": {"nima": {"a": 40, "b": 41}}, "two": {"nima": {"a": 60, "b": 61}}}
    assert shares == [0.5, 1]

    def refuse(picture: Image.Image) -> float:
        raise ImageError("too small")

    measures = {"brisque": refuse, "nima": lambda picture: picture.height}
    found = score_pairs(measures, files)
    assert found == {pair: {"nima": {"a": 32, "b": 32}} for pair in files}
    assert "one is not scored: too small" in caplog.text


def test_pairs_without_a_score_count_for_nothing() -> None:
    some = {"one": SCORES["one"], "two": {}}
    assert Verdict.of("brisque", some, {"one": "a", "two": "b"}).decided == 1
