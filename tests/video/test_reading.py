"""Reading films: upright, in their colours and at their times, however damaged they are."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from stylize.errors import VideoError
from stylize.video.reading import open_film
from stylize.video.source import Wanted
from tests.video.conftest import RATE, moving_square


def read(path, **wanted):
    with open_film(path, Wanted(**wanted)) as film:
        return film, list(film)


def test_frames_with_their_times(make_film):
    frames = moving_square(5)
    film, found = read(make_film("a.mp4", frames))
    assert (film.size, film.rate, film.count, film.problems) == ((96, 64), RATE, 5, [])
    assert [frame.time for frame in found] == [Fraction(index, RATE) for index in range(5)]
    assert found[0].duration == Fraction(1, RATE)
    for frame, wanted in zip(found, frames, strict=True):
        assert np.abs(frame.pixels.astype(int) - wanted).mean() < 4  # colours at half resolution


@pytest.mark.parametrize("tag", [(1, 1), (5, 1), (1, 2)], ids=["709", "601", "full range"])
def test_colors_of_all_tags(make_film, tag):
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:64], pixels[:, 64:] = (200, 40, 30), (30, 180, 60), (20, 60, 220)
    _, (frame,) = read(make_film("a.mp4", [pixels], tag=tag))
    for x in (16, 48, 80):
        assert np.abs(frame.pixels[32, x].astype(int) - pixels[32, x]).max() <= 3


@pytest.mark.parametrize(("turn", "size"), [(90, (64, 96)), (180, (96, 64)), (-90, (64, 96))])
def test_turned_films_are_upright(make_film, turn, size):
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:20, :40] = 255  # a corner
    film, (frame,) = read(make_film("a.mp4", [pixels], turn=turn))
    assert film.size == size
    upright = np.rot90(pixels, turn // 90)  # both turn counterclockwise
    assert np.abs(frame.pixels.astype(int) - upright).mean() < 2


def test_uneven_times_stay(make_film):
    times = [Fraction(0), Fraction(1, 50), Fraction(1, 2), Fraction(3, 5)]
    _, found = read(make_film("a.mp4", moving_square(4), times=times))
    assert [frame.time for frame in found] == times


def test_start_end_size_and_rate(make_film):
    path = make_film("a.mp4", moving_square(24))
    film, found = read(path, start_s=0.25, end_s=0.75, max_side_px=48)
    assert film.size == (48, 32)
    assert found[0].pixels.shape == (32, 48, 3)
    assert [frame.time for frame in found] == [Fraction(index, RATE) for index in range(6, 18)]
    film, found = read(path, fps=8)
    assert (film.rate, film.count) == (8, 8)
    assert [frame.time for frame in found] == [Fraction(3 * index, RATE) for index in range(8)]


def test_more_frames_than_there_are_are_not_made_up(make_film):
    film, found = read(make_film("a.mp4", moving_square(4)), fps=60)
    assert (film.rate, len(found)) == (RATE, 4)


def test_odd_sides(make_film):
    film, found = read(make_film("a.webm", moving_square(2, (95, 63)), codec="libvpx-vp9"))
    assert film.size == (95, 63)
    assert found[0].pixels.shape == (63, 95, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_animated_pictures(make_animation, name):
    frames = moving_square(4)
    film, found = read(make_animation(name, frames, [40, 200, 40, 100]))
    assert film.size == (96, 64)
    assert [float(frame.time) for frame in found] == pytest.approx([0, 0.04, 0.24, 0.28])
    assert found[3].duration == Fraction(1, 10)
    assert np.abs(found[2].pixels.astype(int) - frames[2]).mean() < 6


def test_a_picture_that_does_not_move_is_a_film_of_one_frame(tmp_path):
    Image.new("RGB", (32, 24), "red").save(tmp_path / "a.webp")
    film, found = read(tmp_path / "a.webp")
    assert (film.count, len(found)) == (1, 1)


def test_numbered_frames(tmp_path):
    for number in (10, 2, 1):
        Image.new("RGB", (32, 24), (number, 0, 0)).save(tmp_path / f"shot2-{number}.png")
    (tmp_path / "notes.txt").write_text("7")
    film, found = read(tmp_path, fps=10)
    assert (film.size, film.rate, film.count) == ((32, 24), 10, 3)
    assert [frame.pixels[0, 0, 0] for frame in found] == [1, 2, 10]
    assert [frame.time for frame in found] == [0, Fraction(1, 10), Fraction(1, 5)]


def test_two_frames_of_one_number(tmp_path):
    for name in ("a1.png", "b1.png"):
        Image.new("RGB", (32, 24)).save(tmp_path / name)
    with pytest.raises(VideoError, match=r"a1\.png and b1\.png .* same number"):
        open_film(tmp_path)


def test_a_film_that_is_cut_off_gives_what_there_is(make_film):
    whole = make_film("a.mkv", moving_square(48))
    cut = whole.with_name("cut.mkv")
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    film, found = read(cut)
    assert 5 < len(found) < 48
    assert "cut off" in film.problems[-1]


def test_a_damaged_middle_is_left_out(make_film):
    path = make_film("a.mp4", moving_square(48))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    film, found = read(path)
    assert len(found) > 20
    assert found[-1].time > 1.5
    assert film.problems


@pytest.mark.parametrize("data", [b"", b"no film at all" * 100], ids=["empty", "text"])
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_what_is_no_film(tmp_path, data, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    with pytest.raises(VideoError, match="is empty" if not data else "cannot be read as a video"):
        open_film(path)


def test_what_is_not_there(tmp_path):
    with pytest.raises(VideoError, match="There is no file"):
        open_film(tmp_path / "none.mp4")
    with pytest.raises(VideoError, match="no numbered pictures"):
        open_film(tmp_path)


def test_an_end_before_the_start(make_film):
    with pytest.raises(VideoError, match="must be later than the start"):
        open_film(make_film("a.mp4", moving_square(2)), Wanted(start_s=2, end_s=1))


def test_too_small(make_film):
    path = make_film("a.mp4", moving_square(2))
    with pytest.raises(VideoError, match="at least 16 px"):
        open_film(path, Wanted(max_side_px=20))
