"""A film over a pool: what comes of it is what one process paints, to the byte."""

import os
from functools import partial

import numpy as np
import pytest

from stylize.controls import Controls
from stylize.errors import TaskLostError, VideoError
from stylize.video.film import FilmPainter
from stylize.video.pooled import Manner, Part, PooledPainter
from stylize.video.run import StopFilm, paint_film
from stylize.video.timeline import KeyPoint, Timeline
from stylize.workers.engines import EngineStart
from stylize.workers.pool import WorkerPool
from tests.conftest import TINY_MODEL, make_picture
from tests.video.conftest import RATE, moving_square
from tests.video.test_run import packets_of
from tests.workers import tasks

SHOTS = (20, 18, 33)


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(EngineStart(TINY_MODEL, "fp32", "cpu", 1), 2) as pool:
        yield pool


@pytest.fixture
def timeline(style, other_style):
    points = [KeyPoint(1.0, {"strength": 1.0}, "a"), KeyPoint(2.5, {"strength": 0.4}, "b")]
    return Timeline(style, Controls(), points, {"a": style, "b": other_style})


def shots(*counts):
    """Frames with cuts between pictures that move."""
    for seed, count in enumerate(counts):
        wide = np.asarray(make_picture(96 + 2 * count, 64, seed=seed))
        yield from (wide[:, 2 * index :][:, :96] for index in range(count))


@pytest.fixture
def clip(make_film):
    return make_film("a.mp4", list(shots(*SHOTS)), sound="aac")


class Here:
    """Runs tasks in this process."""

    size = 2

    def __init__(self, engine, *, shares_files=True):
        self.engine, self.shares_files = engine, shares_files
        self.tasks = []

    def call(self, task, *arguments, progress=None):
        self.tasks.append((task, *arguments))
        return task(self.engine, *arguments, progress=progress)


def test_the_file_is_that_of_one_process(tiny_engine, pool, timeline, clip, tmp_path):
    for name, options in (("one.gif", {}), ("two.gif", {"pool": pool})):  # x264 may differ by bits
        paint_film(tiny_engine, clip, tmp_path / name, timeline, **options)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()


def test_sound_is_not_touched(tiny_engine, timeline, clip, tmp_path):
    paint_film(tiny_engine, clip, tmp_path / "out.mp4", timeline, pool=Here(tiny_engine))
    assert packets_of(tmp_path / "out.mp4") == packets_of(clip)


@pytest.mark.parametrize("stability", [0.0, 0.8])
@pytest.mark.parametrize("shares_files", [True, False])
def test_frames_are_those_of_one_painter(tiny_engine, timeline, stability, shares_files):
    frames = [(pixels, index / RATE) for index, pixels in enumerate(shots(*SHOTS))]
    pool = Here(tiny_engine, shares_files=shares_files)
    pooled = PooledPainter(pool, Manner(timeline, stability), lambda _: None)
    one = FilmPainter(tiny_engine, timeline.look, stability=stability)
    ends = []
    for ours, theirs in zip(pooled.paint(frames), one.paint(frames), strict=True):
        assert (ours.pixels == theirs.pixels).all()
        assert (ours.time_s, ours.is_key, ours.is_cut) == (
            theirs.time_s,
            theirs.is_key,
            theirs.is_cut,
        )
        ends.append(pooled.can_be_left)
    assert pooled.parts == len(pool.tasks) == sum(ends) == (3 if stability else 5)
    assert ends[-1]


def test_a_killed_process_loses_nothing_and_paints_nothing_twice(
    tiny_engine, timeline, clip, tmp_path
):
    (notes := tmp_path / "notes").mkdir()
    with WorkerPool(partial(tasks.DyingEngine, notes), 2) as pool:
        summary = paint_film(tiny_engine, clip, tmp_path / "a.gif", timeline, pool=pool)
        assert pool.restarts == 1
    assert (notes / "death").exists()
    assert summary.frames == sum(SHOTS)
    paint_film(tiny_engine, clip, tmp_path / "b.gif", timeline)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_progress_counts_what_waits_for_its_turn(tiny_engine, timeline, clip, tmp_path):
    told = []
    pool = Here(tiny_engine)
    paint_film(tiny_engine, clip, tmp_path / "a.gif", timeline, pool=pool, progress=told.append)
    done = [state.done for state in told]
    assert done == sorted(done)
    assert done[-1] == told[-1].count == sum(SHOTS)


@pytest.mark.parametrize("end", [StopFilm, KeyboardInterrupt])
def test_what_is_done_can_be_played(tiny_engine, pool, timeline, clip, tmp_path, end):
    out = tmp_path / "out"

    def stop(state):
        # Others may be painted before the first ones, which are written first.
        if any(out.glob("*.png")):
            raise end

    summary = paint_film(tiny_engine, clip, out, timeline, pool=pool, progress=stop)
    assert summary.is_stopped
    assert len(list(out.glob("*.png"))) == summary.frames < sum(SHOTS)
    assert pool.busy == 0


def test_what_ends_before_the_first_frame_leaves_nothing(
    tiny_engine, pool, timeline, clip, tmp_path
):
    def stop(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint_film(tiny_engine, clip, tmp_path / "out.mp4", timeline, pool=pool, progress=stop)
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("first", ["pool", "one"])
def test_a_folder_is_gone_on_with_by_pool_and_by_one(
    tiny_engine, timeline, clip, tmp_path, monkeypatch, first
):
    monkeypatch.setattr("stylize.video.run._SAVE_EVERY_S", -1)
    ways = {"pool": {"pool": Here(tiny_engine)}, "one": {}}
    second = {"pool": "one", "one": "pool"}[first]

    def stop(state):
        if state.done >= 30:
            raise StopFilm

    out, whole = tmp_path / "out", tmp_path / "whole"
    before = paint_film(tiny_engine, clip, out, timeline, progress=stop, **ways[first])
    assert before.is_stopped
    at_once = paint_film(tiny_engine, clip, whole, timeline)
    after = paint_film(tiny_engine, clip, out, timeline, **ways[second])
    assert after.frames == sum(SHOTS)
    assert after.key_frames < at_once.key_frames
    for file in whole.iterdir():
        assert (out / file.name).read_bytes() == file.read_bytes()
    assert sorted(os.listdir(out)) == sorted(os.listdir(whole))


def test_faults_of_processes_end_the_film(tiny_engine, timeline, clip, tmp_path):
    class Gone(Here):
        def call(self, *_, **__):
            raise TaskLostError("gone")

    with pytest.raises(TaskLostError, match="gone"):
        paint_film(tiny_engine, clip, tmp_path / "b.mp4", timeline, pool=Gone(tiny_engine))
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_no_room_for_what_waits(tiny_engine, timeline, tmp_path):
    part = Part(tmp_path / "none" / "1.frames", (64, 96, 3))
    with pytest.raises(VideoError, match="none"):
        part.add(np.zeros((64, 96, 3), np.uint8), 0.0)


def test_too_few_parts_are_told(tiny_engine, timeline, caplog):
    frames = [(pixels, index / RATE) for index, pixels in enumerate(moving_square(4))]
    painter = PooledPainter(Here(tiny_engine), Manner(timeline, 0.8), lambda _: None)
    assert len(list(painter.paint(frames))) == 4
    assert "this film has 1: fewer than processes" in caplog.text
    assert list(painter.paint([])) == []


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tiny_engine, timeline, clip, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for shares_files in (True, False):
        pool = Here(tiny_engine, shares_files=shares_files)
        paint_film(tiny_engine, clip, tmp_path / "a.gif", timeline, pool=pool)
        assert len(pool.tasks) == len(SHOTS)
        assert os.listdir(tmp_path / "temporary") == []
