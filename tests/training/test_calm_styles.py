import numpy as np

from stylize.contract import Contract
from stylize.training.calm_styles import calm_share, fit_calm_probe


def pictures_with(shares):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (len(shares), 64, 64, 3), dtype=np.uint8)
    for picture, share in zip(pictures, shares, strict=True):
        picture[: round(8 * share) * 8] = 200
    return pictures


def test_shares_are_those_of_the_cells():
    shares = [calm_share(picture) for picture in pictures_with([0, 0.25, 1])]
    assert shares == [0, 0.25, 1]


def test_the_probe_of_the_contract_reads_the_share_from_a_vector():
    shares = np.arange(200) % 9 / 8
    vectors = np.random.default_rng(1).normal(size=(200, 12)).astype(np.float32)
    vectors[:, 3] = 40 + 7 * np.sqrt(shares)  # 200 samples and much ridge: large numbers help
    vectors = np.repeat(vectors, 60, axis=1)
    probe = fit_calm_probe(vectors, shares.astype(np.float32))
    contract = Contract(vector_length=800, halo_px=8, **probe.to_contract())
    found = [contract.calm_share(np.append(row, np.zeros(80, np.float32))) for row in vectors]
    assert np.corrcoef(found, shares)[0, 1] > 0.95
    assert Contract.from_dict(contract.to_dict()) == contract


def test_a_contract_without_probe_calls_no_style_calm():
    assert Contract(vector_length=4, halo_px=8).calm_share(np.ones(4, np.float32)) == 0
