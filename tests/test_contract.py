import base64
import json
import math

import numpy as np
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
        {"ink_style": 0.0},
        {"posterizing_share": 1.5},
        {"contrast_share": 1.5},
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


@pytest.mark.parametrize("share", ["calming_share", "posterizing_share", "contrast_share"])
def test_a_model_of_before_a_share_paints_as_it_did(share):
    record = Contract(vector_length=4, halo_px=8).to_dict()
    del record[share]
    assert getattr(Contract.from_dict(record), share) == 0


def test_inks_are_read_from_the_logarithms_of_a_vector():
    weights = base64.b64encode(np.array([1, 0.5, 1], "<f2").tobytes()).decode()
    contract = Contract(vector_length=3, halo_px=8, ink_weights=weights)
    for vector, root in (
        ([0.58, 0.98, 100], 1 + math.log(0.6)),  # the third number does not count
        ([0.98, 0.23, -7], 1 + 0.5 * math.log(0.25)),
        ([0, -1, 0], 0),  # far below
        ([9, 9, 0], 1),  # far above
    ):
        found = contract.ink_share(np.array(vector, np.float32))
        assert found == pytest.approx(root**2, abs=1e-6)
    assert Contract.from_dict(contract.to_dict()) == contract


def test_a_contract_without_probe_calls_no_style_one_of_inks():
    assert Contract(vector_length=4, halo_px=8).ink_share(np.ones(4, np.float32)) == 0


@pytest.mark.parametrize("name", ["calm_weights", "color_weights", "ink_weights"])
@pytest.mark.parametrize(
    "weights", ["???", "AAAA", 3, *("AAAA" * count for count in (4, 100, 120, 180)), "AHw="]
)
def test_weights_that_cannot_be_are_refused(name, weights):
    record = Contract(vector_length=4, halo_px=8).to_dict() | {name: weights}
    with pytest.raises(ValueError, match=f"{name} of the contract cannot be read"):
        Contract.from_dict(record)


def test_the_contrast_of_a_style_stands_in_its_vector():
    vector = np.arange(13, dtype=np.float32)
    contract = Contract(vector_length=13, halo_px=8, contrast_at=2)
    assert contract.style_contrast(vector).tolist() == list(range(2, 12))
    assert Contract(vector_length=13, halo_px=8).style_contrast(vector) is None
    with pytest.raises(ValueError, match="contrast_at of the contract is not within its vectors"):
        Contract(vector_length=13, halo_px=8, contrast_at=4)
