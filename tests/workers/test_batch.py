import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from stylize.errors import ImageError, WorkerError
from stylize.images import load_image, save_image
from stylize.recipe import Recipe, RecipeStyle
from stylize.regions import Region
from stylize.workers.batch import Manner, Painted, Picture, paint_batch, paint_file
from stylize.workers.engines import EngineStart
from stylize.workers.manifest import FILE_NAME, Manifest
from stylize.workers.pool import WorkerPool
from tests.conftest import TINY_MODEL, make_picture
from tests.fakes import FakeEngine
from tests.workers import tasks

COLORS = ("red", "lime", "blue", "yellow", "cyan")


class SamePool:
    """Runs tasks in this process."""

    size = 1
    shares_files = True

    def __init__(self) -> None:
        self.engine = FakeEngine()

    def call(self, task, *arguments, progress=None):
        return task(self.engine, *arguments, progress=progress)


def manner_of(engine, style) -> Manner:
    return Manner(Recipe.of(engine, [RecipeStyle.of(style)]))


@pytest.fixture
def manner() -> Manner:
    engine = FakeEngine()
    return manner_of(engine, engine.encode_style(make_picture(32, 32)))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    found = []
    for color in COLORS:
        content = tmp_path / f"{color}.png"
        Image.new("RGB", (24, 16), color).save(content)
        found.append(Picture(content, tmp_path / "out" / f"{color}.png"))
    return found


def run(pool, pictures, manner):
    folder = pictures[0].out.parent
    outcomes = list(paint_batch(pool, pictures, manner, folder))
    assert [outcome.picture for outcome in outcomes] == pictures
    return outcomes


def manifest_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / FILE_NAME).read_text().splitlines()]


def test_many_processes_write_what_one_writes(tmp_path, tiny_int8_engine):
    style = tiny_int8_engine.encode_style(make_picture(80, 64, seed=5))
    manner = manner_of(tiny_int8_engine, style)
    pictures = []
    for seed, name in enumerate(("a.png", "b.jpg", "c.webp")):
        make_picture(70 + seed, 40, seed=seed).save(tmp_path / name)
        pictures.append(Picture(tmp_path / name, tmp_path / "out" / name))
    with WorkerPool(EngineStart(TINY_MODEL, "int8", "cpu", 1), 2) as pool:
        assert not any(outcome.error for outcome in run(pool, pictures, manner))
    for content, out in pictures:
        result = tiny_int8_engine.stylize(load_image(content), style)
        save_image(result, tmp_path / out.name, recipe=manner.recipe)
        assert out.read_bytes() == (tmp_path / out.name).read_bytes()


def test_a_killed_process_loses_nothing_and_paints_nothing_twice(tmp_path, pictures, manner):
    with WorkerPool(partial(tasks.NotingEngine, tmp_path), 2) as pool:
        outcomes = run(pool, pictures, manner)
        assert pool.restarts == 1
    assert not any(outcome.error for outcome in outcomes)
    painted = (tmp_path / "painted").read_text().split()
    assert len(painted) == len(set(painted)) == len(COLORS)
    assert sorted(line["out"] for line in manifest_of(tmp_path / "out")) == sorted(
        f"{color}.png" for color in COLORS
    )
    engine = FakeEngine()
    for content, out in pictures:
        with Image.open(out) as result:
            expected = engine.stylize(load_image(content), manner.recipe.style())
            assert result.tobytes() == expected.tobytes()


def test_a_later_run_paints_what_is_not_done(tmp_path, pictures, manner):
    pool = SamePool()
    (broken := pictures[0].content).write_bytes(b"no picture")
    first = run(pool, pictures, manner)
    assert [outcome.error is None for outcome in first] == [False, True, True, True, True]
    assert str(broken) in str(first[0].error)

    Image.new("RGB", (24, 16), "red").save(broken)  # mended
    pictures[1].out.write_bytes(b"cut")
    pictures[2].out.unlink()
    Image.new("RGB", (30, 20)).save(pictures[3].content)  # changed
    pool.engine.calls.clear()
    second = run(pool, pictures, manner)
    assert [outcome.is_new for outcome in second] == [True, True, True, True, False]
    assert second[4].about == first[4].about
    assert len(pool.engine.calls) == 4
    assert not any(outcome.is_new for outcome in run(pool, pictures, manner))


def test_another_way_to_paint_is_another_job(tmp_path, pictures, manner):
    content = pictures[0].content
    style = manner.recipe.style()
    mask = Image.new("L", (4, 4), 255)
    ways = [
        manner,
        replace(manner, embed_recipe=False),
        replace(manner, recipe=replace(manner.recipe, max_side_px=20)),
        replace(manner, recipe=replace(manner.recipe, fast=True)),
        replace(manner, regions=(Region(mask, None),)),
        replace(manner, regions=(Region(mask, style),)),
        replace(manner, regions=(Region(Image.new("L", (4, 4), 9), style),)),
    ]
    jobs = {way.job(content) for way in ways}
    assert len(jobs) == len(ways)
    assert manner.job(content) == replace(manner).job(content)


def test_the_manifest_says_what_failed_and_why(tmp_path, pictures, manner):
    pictures[1].content.unlink()
    pictures[2].content.write_bytes(b"")
    run(SamePool(), pictures, manner)
    lines = {line["out"]: line for line in manifest_of(tmp_path / "out")}
    assert lines["lime.png"]["state"] == lines["blue.png"]["state"] == "failed"
    assert "lime.png does not exist" in lines["lime.png"]["error"]
    assert lines["red.png"] | {"job": "", "elapsed_ms": 0} == {
        "content": str(pictures[0].content),
        "out": "red.png",
        "state": "done",
        "job": "",
        "bytes": pictures[0].out.stat().st_size,
        "width": 24,
        "height": 16,
        "elapsed_ms": 0,
    }


def test_half_a_line_of_a_killed_run_does_no_harm(tmp_path, pictures, manner):
    run(SamePool(), pictures, manner)
    path = tmp_path / "out" / FILE_NAME
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], "[1]\n", "null\n", *lines[1:4], lines[4][:30]]))
    outcomes = run(SamePool(), pictures, manner)
    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert not any(outcome.is_new for outcome in run(SamePool(), pictures, manner))


def test_two_runs_do_not_paint_into_one_folder(tmp_path, pictures, manner):
    pytest.importorskip("fcntl")
    (tmp_path / "out").mkdir()
    with (
        Manifest(tmp_path / "out"),
        pytest.raises(ImageError, match=r"Another run is painting into .*out"),
    ):
        run(SamePool(), pictures, manner)
    run(SamePool(), pictures, manner)


def test_results_that_cannot_be_written_are_told(tmp_path, pictures, manner):
    pictures[0].out.mkdir(parents=True)
    outcomes = run(SamePool(), pictures, manner)
    assert "is a folder" in str(outcomes[0].error)
    assert outcomes[1].error is None
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="cannot be made"):
        list(paint_batch(SamePool(), pictures, manner, tmp_path / "file" / "out"))


def test_processes_that_cannot_be_had_end_the_batch(pictures, manner):
    class Gone(SamePool):
        def call(self, *_, **__):
            raise WorkerError("gone")

    with pytest.raises(WorkerError, match="gone"):
        run(Gone(), pictures, manner)


def test_a_batch_that_is_left_ends_what_it_paints(tmp_path, pictures, manner):
    let, begun, ended = threading.Event(), threading.Event(), threading.Event()

    class Slow(SamePool):
        size = len(COLORS)  # else the first picture might wait for one that never ends

        def call(self, *arguments, progress=None):
            if "red.png" in arguments:
                return super().call(*arguments, progress=progress)
            begun.set()
            try:
                while not let.wait(0.001):
                    progress(0.1)
            finally:
                ended.set()

    outcomes = paint_batch(Slow(), pictures, manner, tmp_path / "out")
    try:
        assert next(outcomes).picture == pictures[0]
        begun.wait()
        outcomes.close()
        assert ended.is_set()
    finally:
        let.set()
    assert [line["out"] for line in manifest_of(tmp_path / "out")] == ["red.png"]


def test_progress_counts_pictures_and_shares(pictures, manner):
    told = []
    folder = pictures[0].out.parent
    list(paint_batch(SamePool(), pictures, manner, folder, show=lambda *share: told.append(share)))
    assert told[-1] == (5, 0)
    assert max(done + share for done, share in told) == 5


def test_a_pool_elsewhere_gets_the_bytes(pictures, manner):
    class Elsewhere(SamePool):
        shares_files = False

        def call(self, task, source, *arguments, progress=None):
            assert isinstance(source, bytes)
            return super().call(task, source, *arguments, progress=progress)

    pictures[0].content.write_bytes(b"no picture")
    outcomes = run(Elsewhere(), pictures, manner)
    assert str(outcomes[0].error).startswith(f"{pictures[0].content}: The picture ")
    assert all(outcome.error is None for outcome in outcomes[1:])


def test_notes_on_a_content_come_back(tmp_path, manner):
    content = tmp_path / "a.jpg"
    make_picture(32, 32).save(content)
    content.write_bytes(content.read_bytes()[:-2])  # without its end
    painted = paint_file(FakeEngine(), content, str(content), "a.png", manner)
    assert isinstance(painted, Painted)
    assert len(painted.notes) == 1
    assert str(content) in painted.notes[0]
