"""The folder contract/: this engine reproduces what every engine has to."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.make_contract import FOLDER, make

GOLDENS = sorted(FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("contract")
    make(folder)
    return folder


def load(path: Path):
    return json.loads(path.read_text())


def assert_same(found, golden, tolerance: float, place: str) -> None:
    if isinstance(golden, dict):
        assert list(found) == list(golden), place
        for key in golden:
            assert_same(found[key], golden[key], tolerance, f"{place}.{key}")
    elif isinstance(golden, list):
        assert len(found) == len(golden), place
        for index, (one, other) in enumerate(zip(found, golden, strict=True)):
            assert_same(one, other, tolerance, f"{place}[{index}]")
    elif isinstance(golden, float):
        assert math.isclose(found, golden, rel_tol=tolerance, abs_tol=tolerance), place
    else:
        assert found == golden, place


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_the_numbers_are_those_of_the_contract(path, made):
    golden = load(path)
    assert_same(load(made / path.name), golden, golden.get("tolerance", 1e-5), path.stem)


def cases_with_files() -> list[dict]:
    found = []
    for path in GOLDENS:
        record = load(path)
        found += [case for part in record.values() if isinstance(part, list) for case in part]
    return [case for case in found if "file" in case]


@pytest.mark.parametrize("case", cases_with_files(), ids=lambda case: case["file"])
def test_the_pictures_are_those_of_the_contract(case, made):
    found, golden = (Image.open(folder / case["file"]) for folder in (made, FOLDER))
    assert (found.size, found.mode) == (golden.size, golden.mode)
    difference = np.abs(np.asarray(found).astype(int) - np.asarray(golden))
    assert difference.max() <= case["levels"]
    assert difference.mean() <= case["mean_levels"]


def test_nothing_else_lies_there():
    named = {case["file"] for case in cases_with_files()}
    pictures = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.png")}
    assert {name for name in pictures if not name.startswith("inputs/")} == named
