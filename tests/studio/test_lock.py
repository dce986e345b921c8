"""The teacher's code cannot be tried out."""

import pytest

from stylize.studio import StudioSettings
from stylize.studio.lock import CodeLock
from stylize.studio.settings import LimitError


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lock(clock):
    return CodeLock("k7mq-01hd", clock=clock)


def fail(lock, address="a"):
    """Try a wrong code; returns what was said."""
    with pytest.raises(LimitError) as caught:
        lock.open("wrong", address)
    return str(caught.value)


@pytest.mark.parametrize("given", ["k7mq-01hd", "K7MQ 01HD", " k7mqOIhd\n", "k7mqolhd"])
def test_case_dashes_and_lookalikes_do_not_matter(lock, given):
    lock.open(given, "a")


@pytest.mark.parametrize("given", ["", "-", "k7mq-01h", "k7mq-01hdx", "ä", "k7mq-01he"])
def test_another_code_does_not_open(lock, given):
    with pytest.raises(LimitError, match="not the teacher's code"):
        lock.open(given, "a")


def test_codes_are_new_readable_and_long():
    codes = {StudioSettings().teacher_code for _ in range(50)}
    assert len(codes) == 50
    assert {len(code) for code in codes} == {9}
    assert not set("".join(codes)) & set("ilouIO")


def test_failures_cost_more_and_more_time(lock, clock):
    waits = []
    for _ in range(16):
        assert "not the teacher's code" in fail(lock)
        start = clock.now
        while "Too many wrong codes" in _try(lock):
            clock.now += 1
        waits.append(clock.now - start)
        lock._failures["a"] = (len(waits), clock.now)  # the try that found it open is not counted
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


def _try(lock):
    try:
        lock.open("wrong", "a")
    except LimitError as error:
        return str(error)
    return ""


def test_while_locked_the_right_code_does_not_open_and_no_other_address_waits(lock, clock):
    for _ in range(5):
        fail(lock)
    with pytest.raises(LimitError, match="in 5 seconds"):
        lock.open("k7mq-01hd", "a")
    lock.open("k7mq-01hd", "b")
    clock.now += 5
    lock.open("k7mq-01hd", "a")
    assert "not the teacher's code" in fail(lock)  # the right one took the failures back


def test_failures_are_forgotten_after_an_hour(lock, clock):
    for _ in range(5):
        fail(lock)
    clock.now += 3700
    for _ in range(4):
        fail(lock)
    lock.open("k7mq-01hd", "a")


def test_a_million_addresses_do_not_fill_the_memory(lock):
    for number in range(10_050):
        fail(lock, f"{number}")
    assert len(lock._failures) == 10_000
