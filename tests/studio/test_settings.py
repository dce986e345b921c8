import pytest

from stylize.studio.settings import LimitError, RateLimit, StudioSettings


def test_a_visit_is_stopped_at_its_limit_and_let_in_again():
    rate = RateLimit(2)
    rate.check("a", now=0)
    rate.check("a", now=1)
    with pytest.raises(LimitError, match="2 pictures in a minute"):
        rate.check("a", now=2)
    rate.check("a", now=61)


def test_visits_do_not_count_for_each_other():
    rate = RateLimit(1)
    rate.check("a", now=0)
    rate.check("b", now=0)


def test_old_visits_are_forgotten():
    rate = RateLimit(1, visits=2)
    for visit in "abc":
        rate.check(visit, now=0)
    rate.check("a", now=0)  # its window was dropped
    with pytest.raises(LimitError):
        rate.check("c", now=0)


def test_a_space_is_public(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert not StudioSettings.from_environment().public
    monkeypatch.setenv("SPACE_ID", "someone/studio")
    assert StudioSettings.from_environment().public


def test_strangers_files_live_shorter():
    assert StudioSettings.for_space().retention_s < StudioSettings().retention_s
    assert StudioSettings.for_classroom().retention_s < StudioSettings().retention_s


def test_the_class_wall_is_off_by_default():
    assert not StudioSettings.for_classroom().class_wall
