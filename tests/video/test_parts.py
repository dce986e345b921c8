"""Where a film may be divided: only at cuts, and only at such that its painter finds."""

import numpy as np
import pytest

from stylize.controls import Controls
from stylize.video.film import FilmPainter
from stylize.video.parts import PartFinder
from stylize.video.timeline import Look
from tests.conftest import make_picture
from tests.video.conftest import moving_square

SIZE = 96, 64


def shot(count, seed):
    """A picture that goes to the left, another for each seed."""
    wide = np.asarray(make_picture(SIZE[0] + 2 * count, SIZE[1], seed=seed))
    return [wide[:, 2 * index : 2 * index + SIZE[0]] for index in range(count)]


def film(*counts):
    return [frame for seed, count in enumerate(counts) for frame in shot(count, seed)]


def beginnings(frames, **options):
    finder = PartFinder(**options)
    return [index for index, pixels in enumerate(frames) if finder.begins_part(pixels)]


def cuts_of_the_painter(style, frames):
    painter = FilmPainter(None, lambda _: Look(style, Controls()))
    followed = painter._follow((pixels, index / 24) for index, pixels in enumerate(frames))
    return [index for index, frame in enumerate(followed) if frame.begins_shot and index]


def test_parts_begin_at_cuts(style):
    frames = film(20, 40, 17)
    assert beginnings(frames) == cuts_of_the_painter(style, frames) == [20, 60]


def test_what_is_short_stays_with_what_lies_behind(style):
    frames = film(20, 3, 3, 30)
    assert cuts_of_the_painter(style, frames) == [20, 23, 26]
    assert beginnings(frames) == [20]
    assert beginnings(film(3, 20)) == []


def test_a_film_without_cuts_has_one_part():
    assert beginnings(moving_square(40, step=1)) == []
    assert beginnings([]) == []


def test_every_frame_can_begin_a_part_if_each_is_for_itself():
    assert beginnings(shot(50, 0), is_every=True) == [16, 32, 48]


@pytest.mark.parametrize("begins_shot", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_no_part_begins_where_the_painter_goes_on(style, seed, begins_shot):
    """Films of noise, fades and flashes: what one look back takes for a cut may be none."""
    rng = np.random.default_rng(seed)
    frames, pixels = [], rng.integers(0, 256, (64, 96, 3))
    for _ in range(90):
        share = rng.choice([0.02, 0.1, 0.3, 1.0], p=[0.6, 0.2, 0.15, 0.05])
        other = rng.integers(0, 256, (4, 6, 3)).repeat(16, 0).repeat(16, 1)
        pixels = pixels + share * (other - pixels)
        frames.append(pixels.astype(np.uint8))
    cuts = cuts_of_the_painter(style, frames)
    found = beginnings(frames, begins_shot=begins_shot)
    assert cuts
    assert set(found) <= set(cuts)


def test_what_is_not_known_hides_cuts():
    frames = film(20, 20)
    assert beginnings(frames) == [20]
    assert beginnings(frames, begins_shot=False) == [20]  # the look back is long enough
    assert beginnings(film(16, 20), begins_shot=False) in ([], [16])
