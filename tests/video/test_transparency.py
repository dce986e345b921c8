"""Transparent films: read, painted and written with their opacity, or laid on white."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.video.reading import open_film
from stylize.video.run import paint_film
from stylize.video.source import Wanted
from stylize.video.timeline import Timeline
from stylize.video.transparency import Layers, joined
from stylize.video.writing import VideoSink
from tests.conftest import make_picture
from tests.video.conftest import RATE

SIZE = 96, 64


def moving_hole(count=6):
    """Frames with a square that goes to the right and a half transparent band; no more is seen."""
    picture = np.asarray(make_picture(*SIZE, seed=2))
    frames = []
    for index in range(count):
        alpha = np.zeros(SIZE[::-1], np.uint8)
        alpha[24:48, 8 + 4 * index : 40 + 4 * index] = 255
        alpha[:16] = 128
        frames.append(np.dstack([picture, alpha]))
    return frames


@pytest.fixture
def clip(tmp_path):
    """A WebM with opacity."""
    path = tmp_path / "clip.webm"
    write(path, moving_hole())
    return path


def write(path, frames):
    sink = VideoSink(
        path, "webm", size=SIZE, rate=Fraction(RATE), time_base=Fraction(1, 1000), quality=95,
        is_transparent=True,
    )  # fmt: skip
    for index, pixels in enumerate(frames):
        sink.write(pixels, Fraction(index, RATE), Fraction(1, RATE))
    sink.close()


def read(path, *, keeps_alpha=True, **wanted):
    with open_film(path, Wanted(**wanted), keeps_alpha=keeps_alpha) as film:
        return film.is_transparent, list(film)


def test_opacity_lies_in_the_file_and_comes_back(clip):
    with av.open(str(clip)) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
    is_transparent, frames = read(clip)
    assert is_transparent
    assert len(frames) == 6
    for frame, wanted in zip(frames, moving_hole(), strict=True):
        assert np.abs(frame.alpha.astype(int) - wanted[..., 3]).mean() < 3
    assert [float(frame.time) for frame in frames] == pytest.approx(
        [index / RATE for index in range(6)], abs=0.001
    )


def test_a_part_of_the_film_smaller_than_it_is(clip):
    _, frames = read(clip, start_s=0.08, max_side_px=48)
    assert len(frames) == 4
    assert frames[0].alpha.shape == (32, 48)
    assert frames[0].alpha[18, 8 + 6] > 200


def test_without_room_for_opacity_it_is_laid_on_white(clip):
    _, (first, *_) = read(clip, keeps_alpha=False)
    assert first.alpha is None
    assert first.pixels[40, 90].min() > 245


def test_a_film_is_painted_with_its_opacity(tiny_engine, style, clip, tmp_path):
    timeline = Timeline(style, Controls())
    paint_film(tiny_engine, clip, tmp_path / "out.webm", timeline, quality=95)
    is_transparent, frames = read(tmp_path / "out.webm")
    assert is_transparent
    for frame, wanted in zip(frames, moving_hole(), strict=True):
        assert np.abs(frame.alpha.astype(int) - wanted[..., 3]).mean() < 4
    summary = paint_film(tiny_engine, clip, tmp_path / "frames", timeline)
    assert summary.frames == 6
    with Image.open(tmp_path / "frames" / "frame-000001.png") as first:
        assert first.mode == "RGBA"
    paint_film(tiny_engine, tmp_path / "frames", tmp_path / "again.webm", timeline)
    assert read(tmp_path / "again.webm")[0]
    paint_film(tiny_engine, clip, tmp_path / "out.mp4", timeline)
    assert not read(tmp_path / "out.mp4")[0]


@pytest.mark.parametrize("name", ["a.webp", "a.png"])
def test_animated_pictures_keep_theirs(make_animation, name):
    path = make_animation(name, moving_hole(), [100] * 6)
    is_transparent, frames = read(path)
    assert is_transparent
    for frame, wanted in zip(frames, moving_hole(), strict=True):
        assert (frame.alpha == wanted[..., 3]).all()
    _, (first, *_) = read(path, keeps_alpha=False)
    assert (first.pixels[40, 90] == 255).all()


def test_what_nobody_sees_has_the_mean_colour_and_keeps_it():
    layers = Layers(keeps_alpha=True)
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0], pixels[0, 1] = (200, 100, 0, 255), (0, 100, 50, 255)
    colors, alpha = layers.split(Image.fromarray(pixels))
    assert colors[1].tolist() == [[100, 100, 25]] * 2
    assert colors[0].tolist() == [[200, 100, 0], [0, 100, 50]]
    assert alpha.tolist() == [[255, 255], [0, 0]]
    pixels[0] = (9, 9, 9, 255)
    colors, _ = layers.split(Image.fromarray(pixels))
    assert colors[1].tolist() == [[100, 100, 25]] * 2
    unseen, _ = Layers(keeps_alpha=True).split(Image.new("RGBA", (16, 16), (8, 8, 8, 0)))
    assert (unseen == 8).all()


def test_joining():
    colors = np.zeros((2, 3, 3), np.uint8)
    assert joined(colors, None) is colors
    assert joined(colors, np.ones((2, 3), np.uint8)).shape == (2, 3, 4)
