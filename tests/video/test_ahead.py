import threading

import pytest

from stylize.video.ahead import read_ahead


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
