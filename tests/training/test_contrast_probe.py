import numpy as np
import pytest

from stylize.contract import Contract
from stylize.contrast import NUMBERS
from stylize.training.contrast_probe import fit_contrast_probe


def test_the_contract_tells_the_contrast_of_a_vector():
    rng = np.random.default_rng(0)
    contrasts = rng.uniform(1, 20, (300, NUMBERS)).astype(np.float32)
    mixed = rng.normal(size=(NUMBERS, 40)) / 5
    vectors = np.repeat(np.sqrt(contrasts) @ mixed, 40, axis=1).astype(np.float32)
    weights = fit_contrast_probe(vectors, contrasts)
    contract = Contract(vector_length=2000, halo_px=8, contrast_weights=weights)
    for vector, wanted in zip(vectors[:20], contrasts, strict=False):
        found = contract.style_contrast(np.append(vector, np.zeros(400, np.float32)))
        assert found == pytest.approx(wanted, abs=0.5)
    assert Contract.from_dict(contract.to_dict()) == contract


def test_a_contract_without_probe_tells_nothing():
    assert Contract(vector_length=4, halo_px=8).style_contrast(np.ones(4, np.float32)) is None
