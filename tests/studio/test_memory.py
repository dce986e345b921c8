"""Large pictures are worked on one at a time."""

import threading

import pytest
from PIL import Image

from stylize.errors import ImageError
from stylize.studio import memory
from stylize.studio.memory import picture_at_work
from stylize.studio.settings import StudioSettings


@pytest.fixture
def large(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "LARGE_PIXELS", 1000)
    path = tmp_path / "large.png"
    Image.new("RGB", (40, 30)).save(path)
    return path


def open_in_thread(path):
    opened = threading.Event()

    def work():
        with picture_at_work(path, StudioSettings()):
            opened.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, opened


def test_a_large_picture_waits_for_another_one(large):
    with picture_at_work(large, StudioSettings()):
        thread, opened = open_in_thread(large)
        thread.join(0.1)
        assert not opened.is_set()
    thread.join(10)
    assert opened.is_set()


def test_a_small_picture_waits_for_none(large, tmp_path):
    small = tmp_path / "small.png"
    Image.new("RGB", (20, 20)).save(small)
    with picture_at_work(large, StudioSettings()):
        thread, opened = open_in_thread(small)
        thread.join(10)
        assert opened.is_set()


def test_a_broken_one_keeps_nobody_waiting(large, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(large.read_bytes()[:60])
    with pytest.raises(ImageError), picture_at_work(broken, StudioSettings()):
        pass
    thread, opened = open_in_thread(large)
    thread.join(10)
    assert opened.is_set()
