import json
import math

import pytest

from stylize.contract import Contract


def test_a_contract_survives_json():
    for limit in (math.inf, 12.5):
        contract = Contract(vector_length=2144, halo_px=64, int8_index=1, int8_limit=limit)
        record = json.loads(json.dumps(contract.to_dict(), allow_nan=False))
        assert Contract.from_dict(record) == contract


def test_numbers_of_later_versions_are_passed_over():
    record = Contract(vector_length=10, halo_px=8).to_dict() | {"later": 3}
    assert Contract.from_dict(record).vector_length == 10


@pytest.mark.parametrize(
    "change",
    [
        {"vector_length": "long"},
        {"vector_length": 0},
        {"vector_length": 10**9},
        {"halo_px": 7},
        {"halo_px": -8},
        {"halo_px": None},
        {"margin_px": 4},
        {"grid_px": 0},
        {"grid_px": 8.5},
        {"draft_side_px": True},
        {"draft_side_px": 10**9},
        {"max_zoom": math.nan},
        {"calm_style": 0.0},
        {"revision_share": 1.5},
        {"max_zoom": []},
        {"int8_index": 1.5},
    ],
    ids=str,
)
def test_numbers_that_cannot_be_are_refused(change):
    record = Contract(vector_length=10, halo_px=8).to_dict()
    with pytest.raises(ValueError, match="contract"):
        Contract.from_dict(record | change)


def test_an_incomplete_contract_is_refused():
    for record in ({"halo_px": 8}, [], None, 3):
        with pytest.raises(ValueError, match="contract"):
            Contract.from_dict(record)


def test_a_model_of_before_calming_paints_as_it_did():
    record = Contract(vector_length=4, halo_px=8).to_dict()
    del record["calming_share"]
    assert Contract.from_dict(record).calming_share == 0
