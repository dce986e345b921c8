"""Whole films: from a file into a file, with their sound; from a folder into a folder."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import ControlError, VideoError
from stylize.video import run
from stylize.video.folder import FolderSink
from stylize.video.reading import open_film
from stylize.video.run import FilmProgress, StopFilm, paint_film
from stylize.video.source import Wanted
from stylize.video.timeline import Timeline
from tests.conftest import TINY_MODEL, make_picture
from tests.video.conftest import RATE, moving_square


@pytest.fixture
def timeline(style):
    return Timeline(style, Controls())


def frames_of(path, **wanted):
    with open_film(path, Wanted(**wanted)) as film:
        return list(film)


def packets_of(path):
    """The sound as it lies in a file."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.webm", "out.gif"])
def test_into_every_format(tiny_engine, timeline, make_film, tmp_path, name):
    film = make_film("a.mp4", moving_square(14), sound="aac")
    summary = paint_film(tiny_engine, film, tmp_path / name, timeline)
    assert (summary.size, summary.frames, summary.problems) == ((96, 64), 14, ())
    assert 2 <= summary.key_frames < 14
    painted = frames_of(tmp_path / name)
    # A WebM counts in milliseconds, a GIF in hundredths of a second.
    assert [float(frame.time) for frame in painted] == pytest.approx(
        [index / RATE for index in range(14)], abs=0.006
    )
    first = np.asarray(
        tiny_engine.stylize(Image.fromarray(frames_of(film)[0].pixels), timeline.look(0).style)
    )
    assert np.abs(painted[0].pixels.astype(int) - first).mean() < 12


def test_sound_is_not_touched(tiny_engine, timeline, make_film, tmp_path):
    film = make_film("a.mp4", moving_square(24), sound="aac")
    paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline)
    assert packets_of(tmp_path / "out.mp4") == packets_of(film)


def test_sound_that_a_format_cannot_hold_is_encoded_anew(
    tiny_engine, timeline, make_film, tmp_path
):
    film = make_film("a.mp4", moving_square(24), sound="aac")
    paint_film(tiny_engine, film, tmp_path / "out.webm", timeline)
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].codec_context.name == "opus"
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert len(heard) / 48_000 == pytest.approx(1, abs=0.1)
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.1)


def test_trimmed_sound_stays_beside_its_pictures(tiny_engine, timeline, make_film, tmp_path):
    film = make_film("a.mp4", moving_square(48), sound="aac")
    wanted = Wanted(start_s=0.5, end_s=1.0)
    paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline, wanted=wanted)
    sound, all_sound = packets_of(tmp_path / "out.mp4"), packets_of(film)
    assert len(sound) == pytest.approx(len(all_sound) / 4, abs=2)
    assert all_sound.index(sound[0]) == pytest.approx(len(all_sound) / 4, abs=2)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration / av.time_base == pytest.approx(0.5, abs=0.05)


def test_without_sound(tiny_engine, timeline, make_film, tmp_path):
    film = make_film("a.mp4", moving_square(4), sound="aac")
    paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline, sound=False)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_uneven_times_stay(tiny_engine, timeline, make_film, tmp_path):
    times = [Fraction(0), Fraction(1, 50), Fraction(1, 2), Fraction(3, 5)]
    film = make_film("a.mp4", moving_square(4), times=times)
    paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline)
    assert [frame.time for frame in frames_of(tmp_path / "out.mp4")] == times


@pytest.mark.parametrize(("name", "size"), [("a.mp4", (94, 62)), ("a.webm", (95, 63))])
def test_odd_sides(tiny_engine, timeline, make_animation, tmp_path, name, size):
    film = make_animation("a.gif", moving_square(3, (95, 63)), [40] * 3)
    paint_film(tiny_engine, film, tmp_path / name, timeline)
    assert frames_of(tmp_path / name)[0].pixels.shape == (size[1], size[0], 3)


def test_one_frame(tiny_engine, timeline, make_film, tmp_path):
    film = make_film("a.mp4", moving_square(1))
    assert paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline).frames == 1
    assert len(frames_of(tmp_path / "out.mp4")) == 1


def test_a_still_film_in_256_colors_is_still(tiny_engine, timeline, make_film, tmp_path):
    picture = np.asarray(make_picture(96, 64))
    film = make_film("a.mp4", [picture] * 15)
    paint_film(tiny_engine, film, tmp_path / "out.gif", timeline)
    first, *others = frames_of(tmp_path / "out.gif")
    for frame in others:
        assert (frame.pixels == first.pixels).all()


def test_progress(tiny_engine, timeline, make_film, tmp_path):
    told: list[FilmProgress] = []
    film = make_film("a.mp4", moving_square(5))
    paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline, progress=told.append)
    assert [state.done for state in told] == [1, 2, 3, 4, 5]
    assert told[0].count == 5
    assert told[-1].left_s == 0
    assert all(state.fps > 0 for state in told)


@pytest.mark.parametrize("end", [StopFilm, KeyboardInterrupt])
def test_what_is_done_can_be_played(tiny_engine, timeline, make_film, tmp_path, end):
    def stop(state):
        if state.done == 20:
            raise end

    film = make_film("a.mp4", moving_square(30), sound="aac")
    summary = paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline, progress=stop)
    assert (summary.frames, summary.is_stopped) == (20, True)
    assert len(frames_of(tmp_path / "out.mp4")) == 20
    assert 0.7 < len(packets_of(tmp_path / "out.mp4")) * 1024 / 48_000 < 1


def test_a_fault_leaves_the_old_file(tiny_engine, timeline, make_film, tmp_path):
    def fail(state):
        raise RuntimeError("a fault")

    film, out = make_film("a.mp4", moving_square(3)), tmp_path / "out.mp4"
    out.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="a fault"):
        paint_film(tiny_engine, film, out, timeline, progress=fail)
    assert out.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "out.mp4"]


def test_a_damaged_film_is_painted_as_far_as_it_goes(tiny_engine, timeline, make_film, tmp_path):
    film = make_film("a.mkv", moving_square(48))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    summary = paint_film(tiny_engine, film, tmp_path / "out.mp4", timeline)
    assert 5 < summary.frames < 48
    assert "cut off" in summary.problems[-1]
    assert len(frames_of(tmp_path / "out.mp4")) == summary.frames


@pytest.mark.parametrize(
    ("out", "options", "error", "message"),
    [
        ("out.avi", {}, VideoError, r'cannot be saved as "\.avi"'),
        ("none/out.mp4", {}, VideoError, "none"),
        ("out.mp4", {"wanted": Wanted(start_s=9)}, VideoError, "lies between start and end"),
        ("out.mp4", {"stability": 2}, ControlError, "from 0 to 1"),
    ],
)
def test_what_cannot_be(tiny_engine, timeline, make_film, tmp_path, out, options, error, message):
    film = make_film("a.mp4", moving_square(2))
    with pytest.raises(error, match=message):
        paint_film(tiny_engine, film, tmp_path / out, timeline, **options)
    assert os.listdir(tmp_path) == ["a.mp4"]


# ---------------------------------------------------------------------------------------- folders


def pictures_in(folder: Path) -> dict[str, np.ndarray]:
    return {file.name: np.asarray(Image.open(file)) for file in sorted(folder.glob("*.png"))}


def write_frames(folder: Path, frames) -> Path:
    folder.mkdir()
    for index, pixels in enumerate(frames):
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


def test_frames_are_those_of_the_film(tiny_engine, timeline, tmp_path):
    frames = moving_square(16)
    source = write_frames(tmp_path / "in", frames)
    paint_film(tiny_engine, source, tmp_path / "out", timeline, wanted=Wanted(fps=RATE))
    pictures = pictures_in(tmp_path / "out")
    assert list(pictures) == [f"frame-{number:06}.png" for number in range(1, 17)]
    seen: list[np.ndarray] = []
    from stylize.video.film import FilmPainter

    painter = FilmPainter(tiny_engine, timeline.look)
    for painted in painter.paint((pixels, i / RATE) for i, pixels in enumerate(frames)):
        seen.append(painted.pixels)
    for picture, wanted in zip(pictures.values(), seen, strict=True):
        assert (picture == wanted).all()
    assert sorted(os.listdir(tmp_path / "out")) == list(pictures)


def test_work_on_a_folder_goes_on_after_a_kill(timeline, tmp_path):
    frames = moving_square(40)
    source = write_frames(tmp_path / "in", frames)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    engine = Engine(TINY_MODEL, precision="fp32", threads=1)
    at_once = paint_film(engine, source, whole, timeline)
    code = """
import os, signal, sys
from pathlib import Path
import numpy as np
import stylize.video.run as run
from stylize.engine import Engine
from stylize.styles import StyleVector
from stylize.controls import Controls
from stylize.video.timeline import Timeline

run._SAVE_EVERY_S = 0
model, source, out, style = map(Path, sys.argv[1:])
engine = Engine(model, precision="fp32", threads=1)
vector = StyleVector(np.load(style), engine.encoder_sha256)

def kill(state):
    if state.done == 20:
        os.kill(os.getpid(), signal.SIGKILL)

run.paint_film(engine, source, out, Timeline(vector, Controls()), progress=kill)
"""
    np.save(tmp_path / "style.npy", timeline.look(0).style.values)
    arguments = map(str, (TINY_MODEL, source, killed, tmp_path / "style.npy"))
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    first = (killed / "frame-000001.png").stat().st_mtime_ns
    summary = paint_film(engine, source, killed, timeline)
    assert summary.frames == 40
    assert (killed / "frame-000001.png").stat().st_mtime_ns == first  # not painted again
    assert summary.key_frames < at_once.key_frames
    for name, picture in pictures_in(whole).items():
        assert (np.asarray(Image.open(killed / name)) == picture).all()
    assert len(os.listdir(killed)) == 40


def test_another_look_begins_anew(tiny_engine, style, other_style, tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.video.run._SAVE_EVERY_S", -1)

    def stop(state):
        if state.done == 3:
            raise StopFilm

    source = write_frames(tmp_path / "in", [np.asarray(make_picture(96, 64))] * 4)
    out = tmp_path / "out"
    paint_film(tiny_engine, source, out, Timeline(style, Controls()), comment="a", progress=stop)
    summary = paint_film(tiny_engine, source, out, Timeline(other_style, Controls()), comment="b")
    assert summary.key_frames == 2
    wanted = tiny_engine.stylize(make_picture(96, 64), other_style)
    assert (pictures_in(out)["frame-000001.png"] == np.asarray(wanted)).all()


def test_half_a_film_of_another_method_begins_anew(tiny_engine, style, tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.video.run._SAVE_EVERY_S", -1)
    frames = [np.asarray(make_picture(96, 64, seed=seed)) for seed in (1, 2, 3)]
    source, timeline = write_frames(tmp_path / "in", frames), Timeline(style, Controls())

    def stop(state):
        if state.done == 2:
            raise StopFilm

    for method, painted in ((run._METHOD, 2), (run._METHOD + 1, 3)):
        out = tmp_path / f"out-{method}"
        paint_film(tiny_engine, source, out, timeline, progress=stop)
        with monkeypatch.context() as patch:
            patch.setattr(run, "_METHOD", method)
            assert paint_film(tiny_engine, source, out, timeline).key_frames == painted


def test_a_damaged_state_begins_anew(tmp_path):
    folder = FolderSink(tmp_path)
    (tmp_path / ".stylize-film.npz").write_bytes(b"PK no zip")
    assert folder.restore("x") is None
    folder.count = 2
    folder.save({"pixels": np.zeros(3)}, "x")
    assert folder.restore("x") is None  # two frames were written, but are not there
    assert folder.restore("y") is None
