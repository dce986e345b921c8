import pytest
from PIL import Image

from stylize.controls import Controls
from stylize.errors import ImageError
from stylize.regions import Region
from stylize.workers.engines import EngineStart
from stylize.workers.pool import WorkerPool
from stylize.workers.pooled_engine import PooledEngine
from tests.conftest import TINY_MODEL, make_picture


@pytest.fixture(scope="module")
def engine():
    start = EngineStart(TINY_MODEL, "int8", "cpu", 1)
    with WorkerPool(start, 1) as pool:
        yield PooledEngine(start, pool)


def test_it_paints_as_an_engine_does(engine, tiny_int8_engine):
    picture = make_picture(80, 64, seed=5)
    style = engine.encode_style(picture)
    assert style == tiny_int8_engine.encode_style(picture)
    assert engine.encoder_sha256 == tiny_int8_engine.encoder_sha256
    content = make_picture(90, 70, mode="RGBA")
    content.putalpha(make_picture(90, 70, seed=3, mode="L"))
    options = {
        "controls": Controls(color=0.5),
        "max_side_px": 60,
        "regions": [Region(Image.linear_gradient("L"), None)],
        "fast": True,
    }
    shares = []
    painted = engine.stylize(content, style, progress=shares.append, **options)
    assert painted.tobytes() == tiny_int8_engine.stylize(content, style, **options).tobytes()
    assert shares[-1] == 1.0
    assert engine._runtime.loaded() == []  # the page's process holds no graphs


def test_what_follows_a_picture_is_painted_here(engine, tiny_int8_engine):
    style = tiny_int8_engine.encode_style(make_picture(64, 64))
    levels = []
    engine.stylize(make_picture(1100, 40), style, on_level=levels.append)
    assert len(levels) >= 1
    assert engine._runtime.loaded() != []


def test_errors_come_back(engine, tiny_int8_engine):
    style = tiny_int8_engine.encode_style(make_picture(64, 64))
    with pytest.raises(ImageError, match="least"):
        engine.stylize(Image.new("RGB", (8, 8)), style)
    with pytest.raises(InterruptedError):
        engine.stylize(make_picture(64, 64), style, progress=_stop)


def _stop(share):
    raise InterruptedError
