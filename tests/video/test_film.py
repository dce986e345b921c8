"""Painting in time: still pictures stay, cuts reset, and the paint moves with the picture."""

import itertools

import numpy as np
import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.video import keys
from stylize.video.film import FilmPainter
from stylize.video.frames import Frame
from stylize.video.keys import MOST_BETWEEN, most_between
from stylize.video.timeline import Look
from tests.conftest import make_picture
from tests.video.conftest import moving_square

SIZE = 96, 64


def paint(engine, look, frames, **options):
    looks = look if callable(look) else lambda time: look
    painter = FilmPainter(engine, looks, **options)
    return list(painter.paint((pixels, index / 24) for index, pixels in enumerate(frames)))


@pytest.fixture
def look(style):
    return Look(style, Controls())


def still(seed=0, size=SIZE):
    return np.asarray(make_picture(*size, seed=seed))


@pytest.mark.parametrize("size", [SIZE, (17, 16), (95, 63), (16, 200)])
@pytest.mark.parametrize("stability", [0.0, 0.3, 1.0])
def test_a_still_picture_is_the_same_in_every_frame(tiny_engine, look, size, stability):
    painted = paint(tiny_engine, look, [still(size=size)] * 15, stability=stability)
    assert len(painted) == 15
    for frame in painted[1:]:
        assert (frame.pixels == painted[0].pixels).all()


def test_the_first_frame_is_painted_as_a_picture_is(tiny_engine, look, style):
    first, *_ = paint(tiny_engine, look, moving_square(3))
    picture = make_picture(*SIZE)
    (alone,) = paint(tiny_engine, look, [np.asarray(picture)])
    assert (alone.pixels == np.asarray(tiny_engine.stylize(picture, style))).all()
    assert first.is_key
    assert first.is_cut


def test_every_frame_for_itself(tiny_engine, look, style):
    frames = moving_square(4)
    painted = paint(tiny_engine, look, frames, stability=0)
    for frame, pixels in zip(painted, frames, strict=True):
        assert (
            frame.pixels == np.asarray(tiny_engine.stylize(Image.fromarray(pixels), style))
        ).all()


def test_times_and_order(tiny_engine, look):
    painted = paint(tiny_engine, look, moving_square(20))
    assert [frame.time_s for frame in painted] == [index / 24 for index in range(20)]


def test_key_frames_are_never_too_far_apart(tiny_engine, look):
    painted = paint(tiny_engine, look, moving_square(40, step=1))
    found = [index for index, frame in enumerate(painted) if frame.is_key]
    assert found[0] == 0
    assert found[-1] == 39
    assert max(b - a for a, b in itertools.pairwise(found)) == MOST_BETWEEN + 1


def test_a_cut_resets(tiny_engine, look, style):
    one, other = still(0), 255 - still(1)
    painted = paint(tiny_engine, look, [one] * 5 + [other] * 3, stability=1)
    assert [frame.is_cut for frame in painted] == [True, *[False] * 4, True, False, False]
    (alone,) = paint(tiny_engine, look, [other])
    for frame in painted[5:]:
        assert (frame.pixels == alone.pixels).all()
    assert (painted[4].pixels == painted[0].pixels).all()


def test_what_stands_still_beside_something_that_moves_stays(tiny_engine, look):
    painted = paint(tiny_engine, look, moving_square(16), stability=1)
    away = (slice(56, 64), slice(None))  # below the square
    for frame in painted[1:]:
        change = np.abs(frame.pixels[away].astype(int) - painted[0].pixels[away])
        assert change.mean() < 1


def test_paint_moves_with_the_picture(tiny_engine, look):
    """All moves by 2 px a frame: so does the paint, far more so than painted anew."""
    wide = np.asarray(make_picture(160, 64, seed=4))
    frames = [wide[:, 2 * index : 2 * index + 96] for index in range(13)]
    errors = {}
    for stability in (0, 1):
        painted = paint(tiny_engine, look, frames, stability=stability)
        errors[stability] = np.mean(
            [
                np.abs(after.pixels[:, :-2].astype(int) - before.pixels[:, 2:])[8:-8, 8:-8].mean()
                for before, after in itertools.pairwise(painted)
            ]
        )
    assert errors[1] < errors[0] / 2


def test_what_moves_too_fast_for_the_flow_is_painted(tiny_engine, look):
    """A bright block jumps about over a picture that stands still: no frame between tears it."""
    frames = []
    for index in range(14):
        frame = still().copy() // 2
        left, top = 4 + 37 * index % 70, 4 + 23 * index % 40
        frame[top : top + 20, left : left + 20] = 250
        frames.append(frame)
    painted = paint(tiny_engine, look, frames)
    assert sum(frame.is_key for frame in painted) > 7
    calm = paint(tiny_engine, look, moving_square(14))
    assert sum(frame.is_key for frame in calm) < 7


def test_strength_in_time(tiny_engine, style):
    def look(time):
        return Look(style, Controls(strength=min(1.0, time * 24 / 12)))

    frames = [still()] * 30
    painted = paint(tiny_engine, look, frames)
    assert (painted[0].pixels == frames[0]).all()  # strength 0
    distances = [np.abs(frame.pixels.astype(int) - frames[0]).mean() for frame in painted]
    assert distances[12] > distances[6] > 0
    (full,) = paint(tiny_engine, Look(style, Controls()), frames[:1])
    assert np.abs(painted[-1].pixels.astype(int) - full.pixels).mean() < 0.25 * distances[12]


def test_without_strength_the_film_stays_itself(tiny_engine, style):
    frames = moving_square(8)
    painted = paint(tiny_engine, Look(style, Controls(strength=0)), frames)
    for frame, pixels in zip(painted, frames, strict=True):
        assert (frame.pixels == pixels).all()


def test_going_on_from_a_state_is_the_same(tiny_engine, look):
    frames = moving_square(30)
    whole = paint(tiny_engine, look, frames)
    painter = FilmPainter(tiny_engine, lambda time: look)
    states = {}
    shots = painter.paint((pixels, index / 24) for index, pixels in enumerate(frames))
    for done, frame in enumerate(shots, 1):
        assert frame.is_key or not painter.can_be_left
        if painter.can_be_left:
            states[done] = painter.state()
    at = sorted(states)[1]
    again = FilmPainter(tiny_engine, lambda time: look)
    again.restore(states[at])
    rest = again.paint((frames[index], index / 24) for index in range(at, 30))
    for frame, wanted in zip(rest, whole[at:], strict=True):
        assert (frame.pixels == wanted.pixels).all()
        assert (frame.time_s, frame.is_key, frame.is_cut) == (
            wanted.time_s, wanted.is_key, wanted.is_cut,
        )  # fmt: skip


def test_a_state_only_at_a_key_frame(tiny_engine, look):
    with pytest.raises(ValueError, match="only at a key frame"):
        FilmPainter(tiny_engine, lambda time: look).state()


def test_frames_may_be_made_when_they_are_needed(tiny_engine, look):
    frames = moving_square(12)
    makers = [lambda pixels=pixels: pixels for pixels in frames]
    for frame, wanted in zip(
        paint(tiny_engine, look, makers), paint(tiny_engine, look, frames), strict=True
    ):
        assert (frame.pixels == wanted.pixels).all()


def test_large_frames_wait_in_smaller_numbers(tiny_engine, look, monkeypatch):
    assert most_between(Frame.of(still(), 0)) == MOST_BETWEEN
    monkeypatch.setattr(keys, "_MOST_WAITING_PIXELS", 5 * SIZE[0] * SIZE[1])
    painted = paint(tiny_engine, look, moving_square(24, step=1))
    found = [index for index, frame in enumerate(painted) if frame.is_key]
    assert max(b - a for a, b in itertools.pairwise(found)) == 6
