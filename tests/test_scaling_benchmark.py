"""The simulation behind docs/scaling.md, against what queueing theory says."""

import numpy as np
import pytest
import scaling


def test_one_worker_waits_as_theory_says(monkeypatch):
    monkeypatch.setattr(scaling, "SPREAD", 0.0)
    for load in (0.3, 0.6):  # Pollaczek and Khinchine, without any spread of the service
        waited = scaling.simulate(1, load, 2.0, questions=100_000) - 2.0
        assert waited.min() == pytest.approx(0, abs=1e-6)
        assert waited.mean() == pytest.approx(2.0 * load / (2 * (1 - load)), rel=0.05)


def test_more_workers_wait_less_at_the_same_load():
    p95 = [np.percentile(scaling.simulate(n, 0.8, 1.0, questions=5000), 95) for n in (1, 2, 8)]
    assert p95 == sorted(p95, reverse=True)


def test_the_bound_is_kept():
    p95 = [0.2] * (len(scaling.LOADS) - 2) + [1.0, 1.2]
    assert scaling.most_load(p95) == scaling.LOADS[-2]
    assert scaling.most_load([9.0] * len(scaling.LOADS)) == 0
