import threading

import pytest

from stylize.video.ahead import read_ahead, worked_ahead


def test_items_come_in_order():
    assert list(read_ahead(iter(range(50)), 3)) == list(range(50))
    assert list(read_ahead([], 3)) == []


def test_no_more_than_a_few_are_fetched_ahead():
    fetched = []
    enough = threading.Event()

    def items():
        for number in range(100):
            fetched.append(number)
            if number == 4:
                enough.set()
            yield number

    reading = read_ahead(items(), 3)
    assert next(reading) == 0
    assert enough.wait(10)
    reading.close()
    assert len(fetched) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name == "read ahead"]


def test_errors_come_where_they_were():
    def items():
        yield 1
        raise ValueError("broken")

    reading = read_ahead(items(), 3)
    assert next(reading) == 1
    with pytest.raises(ValueError, match="broken"):
        next(reading)


def test_what_comes_of_items_is_in_their_order():
    """The first of two items is done only when the second one is."""
    done = [threading.Event() for _ in range(2)]

    def work(number):
        if number == 0:
            assert done[1].wait(10)
        if number < 2:
            done[number].set()
        return -number

    assert list(worked_ahead(work, range(6), 2)) == [0, -1, -2, -3, -4, -5]
    assert list(worked_ahead(work, [], 2)) == []


def test_one_thread_works_on_one_item_at_a_time():
    begun = []

    def items():
        for number in range(3):
            assert len(begun) == number
            yield number

    assert list(worked_ahead(lambda item: begun.append(item) or item, items(), 1)) == [0, 1, 2]


def test_errors_of_work_come_where_they_were():
    working = worked_ahead(lambda divisor: 6 // divisor, [3, 0, 2], 2)
    assert next(working) == 2
    with pytest.raises(ZeroDivisionError):
        next(working)
    assert not [item for item in threading.enumerate() if item.name.startswith("work ahead")]
