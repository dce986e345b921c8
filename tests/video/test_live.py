"""Painting what comes, while it comes: calm, the newest first, until it ends."""

import itertools
import threading

import numpy as np
import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.video.live import LivePainter, newest, paint_live
from stylize.video.timeline import Look
from tests.conftest import make_picture
from tests.video.conftest import moving_square


@pytest.fixture
def look(style):
    return Look(style, Controls())


def still(seed=0):
    return np.asarray(make_picture(96, 64, seed=seed))


def paint(engine, look, frames, **options):
    painter = LivePainter(engine, look, **options)
    return [painter.paint(pixels) for pixels in frames]


def test_a_still_picture_stays_to_the_byte(tiny_engine, look, style):
    painted = paint(tiny_engine, look, [still()] * 20)
    alone = np.asarray(tiny_engine.stylize(Image.fromarray(still()), style))
    assert all((frame == alone).all() for frame in painted)


def test_every_frame_for_itself(tiny_engine, look, style):
    frames = moving_square(3)
    for shown, pixels in zip(paint(tiny_engine, look, frames, stability=0), frames, strict=True):
        assert (shown == np.asarray(tiny_engine.stylize(Image.fromarray(pixels), style))).all()


def test_a_cut_begins_anew(tiny_engine, look, style):
    other = 255 - still(1)
    *_, last = paint(tiny_engine, look, [still()] * 3 + [other], stability=1)
    assert (last == np.asarray(tiny_engine.stylize(Image.fromarray(other), style))).all()


def test_paint_moves_with_the_picture(tiny_engine, look):
    wide = np.asarray(make_picture(160, 64, seed=4))
    frames = [wide[:, 2 * index : 2 * index + 96] for index in range(20)]
    errors = {}
    for stability in (0, 0.8):
        painted = paint(tiny_engine, look, frames, stability=stability)
        errors[stability] = np.mean(
            [
                np.abs(after[:, :-2].astype(int) - before[:, 2:])[8:-8, 8:-8].mean()
                for before, after in itertools.pairwise(painted)
            ]
        )
    assert errors[0.8] < errors[0] / 2


def test_most_frames_are_not_painted_as_a_whole(tiny_engine, look, monkeypatch):
    calls = []
    whole = tiny_engine.stylize

    def count(picture, *arguments, **options):
        calls.append(picture.size)
        return whole(picture, *arguments, **options)

    monkeypatch.setattr(tiny_engine, "stylize", count)
    paint(tiny_engine, look, moving_square(34, step=1))
    assert 2 <= sum(size == (96, 64) for size in calls) < 12


def test_only_the_newest_is_taken():
    asked, taken = threading.Event(), threading.Event()

    def items():
        yield 0
        asked.wait(10)
        yield from range(1, 50)
        taken.set()

    coming = newest(items())
    assert next(coming) == 0
    asked.set()
    assert taken.wait(10)
    assert next(coming) == 49
    assert list(coming) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "newest"]


def test_errors_come_after_what_was_there_before():
    def items():
        yield 1
        raise ValueError("unplugged")

    coming = newest(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="unplugged"):
        next(coming)


def test_left_early_nothing_is_left_behind():
    is_closed = threading.Event()

    def items():
        try:
            yield from itertools.count()
        finally:
            is_closed.set()

    coming = newest(items())
    next(coming)
    coming.close()
    assert is_closed.is_set()


def test_a_camera_until_it_ends_or_is_ended(tiny_engine, look):
    shown = []
    summary = paint_live(LivePainter(tiny_engine, look), moving_square(5), shown.append)
    assert 1 <= summary.frames == len(shown) <= 5
    assert not summary.is_stopped
    assert 0 < summary.latency_s(0.5) <= summary.latency_s(0.95)
    assert summary.fps > 0

    def interrupt(pixels):
        raise KeyboardInterrupt

    summary = paint_live(LivePainter(tiny_engine, look), itertools.repeat(still()), interrupt)
    assert (summary.frames, summary.is_stopped) == (0, True)
