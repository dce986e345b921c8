import base64
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from stylize.cache import CACHE_VARIABLE
from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import (
    ControlError,
    ImageError,
    ModelFileError,
    ProviderError,
    StyleVectorError,
)
from stylize.plan import make_plan
from stylize.posterizing import inks_of
from stylize.regions import Region
from stylize.runtime import Runtime
from stylize.styles import StyleVector, blend
from tests.conftest import TINY_MODEL, make_picture


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(pixels(a) - pixels(b)).mean())


# ------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (64, 64), (101, 67), (300, 20)])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_result_has_the_size_of_the_content(size, precision, style):
    engine = Engine(TINY_MODEL, precision=precision, threads=1)
    result = engine.stylize(make_picture(*size), style)
    assert result.size == size
    assert result.mode == "RGB"


@pytest.mark.parametrize(("limit", "expected"), [(0.0, "paint.onnx"), (1e9, "paint.int8.onnx")])
def test_pictures_that_8_bits_are_too_few_for_are_painted_in_fp32(limit, expected, tmp_path, style):
    model = shutil.copytree(TINY_MODEL, tmp_path / "model")
    description = json.loads((model / "model.json").read_text())
    description["contract"] |= {"int8_index": 1, "int8_limit": limit}
    (model / "model.json").write_text(json.dumps(description))
    engine = Engine(model, precision="int8", threads=1)
    engine.stylize(make_picture(40, 40), style)
    assert [name for name in engine._runtime.loaded() if name.startswith("paint")] == [expected]


class Untied:
    """A continuity that changes nothing."""

    def known(self, level):
        return None

    def measured(self, level, measurement):
        return measurement

    def steadied(self, name, numbers):
        return numbers

    def painted(self, level, painting):
        return painting


def test_revisions_of_frames_are_painted_in_8_bits(tmp_path, style):
    model = shutil.copytree(TINY_MODEL, tmp_path / "model")
    description = json.loads((model / "model.json").read_text())
    description["contract"] |= {"int8_index": 1, "int8_limit": 0.0}
    (model / "model.json").write_text(json.dumps(description))
    engine = Engine(model, precision="int8", threads=1)
    engine.stylize(make_picture(128, 128), style)
    assert "paint.int8.onnx" not in engine._runtime.loaded()
    engine.stylize(make_picture(128, 128), style, continuity=Untied())
    assert "paint.int8.onnx" in engine._runtime.loaded()


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "I;16", "F"])
def test_any_mode_can_be_content_and_style(mode, tiny_engine, style):
    picture = make_picture(40, 32)
    if mode == "I;16":
        image = Image.fromarray((pixels(picture.convert("L")) * 257).astype(np.uint16))
    else:
        image = picture.convert("L").convert("RGBA" if mode == "LA" else "RGB").convert(mode)
    assert tiny_engine.stylize(image, style).size == (40, 32)
    assert tiny_engine.encode_style(image).values.shape == (tiny_engine.vector_length,)


def test_transparency_is_kept(tiny_engine, style):
    content = make_picture(48, 40, mode="RGBA")
    alpha = Image.fromarray((np.mgrid[0:40, 0:48][1] * 5).astype(np.uint8))
    content.putalpha(alpha)
    for controls in (Controls(), Controls(strength=0), Controls(texture=0.3, color=0.5)):
        result = tiny_engine.stylize(content, style, controls=controls)
        np.testing.assert_array_equal(pixels(result.getchannel("A")), pixels(alpha))


def test_colours_that_nobody_sees_decide_nothing(tiny_engine, style):
    content = make_picture(48, 40)
    alpha = Image.new("L", content.size, 255)
    alpha.paste(0, (0, 0, 30, 40))
    results = []
    for hidden in ("black", "yellow"):
        cut_out = content.copy()
        cut_out.paste(hidden, (0, 0, 30, 40))
        cut_out.putalpha(alpha)
        results.append(pixels(tiny_engine.stylize(cut_out, style)))
    np.testing.assert_array_equal(*results)


def test_a_fully_transparent_picture_is_painted(tiny_engine, style):
    clear = Image.new("RGBA", (40, 32), (90, 20, 10, 0))
    assert tiny_engine.stylize(clear, style).getchannel("A").getextrema() == (0, 0)


def test_transparency_of_a_style_counts_as_white(tiny_engine):
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert tiny_engine.encode_style(clear) == tiny_engine.encode_style(
        Image.new("RGB", (40, 40), "white")
    )


def test_the_content_is_turned_upright(tiny_engine, style):
    content = make_picture(48, 32)
    exif = Image.Exif()
    exif[0x0112] = 6
    content.info["exif"] = exif.tobytes()
    assert tiny_engine.stylize(content, style).size == (32, 48)


def test_max_side_scales_down_but_never_up(tiny_engine, style):
    content = make_picture(120, 60)
    assert tiny_engine.stylize(content, style, max_side_px=40).size == (40, 20)
    assert tiny_engine.stylize(content, style, max_side_px=500).size == (120, 60)


# ------------------------------------------------------------------------------------- values


def test_the_same_inputs_give_the_same_bytes(tiny_engine, tiny_int8_engine, style):
    content = make_picture(70, 50)
    for engine in (tiny_engine, tiny_int8_engine):
        assert difference(engine.stylize(content, style), engine.stylize(content, style)) == 0


def test_styles_differ(tiny_engine, style, other_style):
    content = make_picture(64, 64)
    results = [tiny_engine.stylize(content, vector) for vector in (style, other_style)]
    assert difference(*results) > 1.5


def test_strength_runs_from_the_content_to_the_style(tiny_engine, style):
    content = make_picture(64, 48)
    full = tiny_engine.stylize(content, style)
    steps = [
        tiny_engine.stylize(content, style, strength=strength)
        for strength in (0, 0.05, 0.1, 0.15, 0.2, 0.25)
    ]
    distances = [difference(content, step) for step in steps]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert difference(full, tiny_engine.stylize(content, style, strength=1)) == 0


def test_strength_overrides_the_control(tiny_engine, style):
    content = make_picture(40, 40)
    both = tiny_engine.stylize(content, style, strength=0, controls=Controls(strength=1))
    assert difference(both, content) == 0


def test_int8_is_close_to_fp32(tiny_engine, tiny_int8_engine, style):
    content = make_picture(96, 96)
    a, b = (pixels(e.stylize(content, style)) for e in (tiny_engine, tiny_int8_engine))
    assert 10 * np.log10(255**2 / ((a - b) ** 2).mean()) > 30


def test_both_precisions_share_style_vectors(tiny_engine, tiny_int8_engine):
    picture = make_picture(64, 64)
    assert tiny_engine.encode_style(picture) == tiny_int8_engine.encode_style(picture)
    assert tiny_engine.model_sha256 == tiny_int8_engine.model_sha256


@pytest.fixture
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.mark.usefixtures("_own_cache")
def test_auto_picks_one_of_both(style):
    engine = Engine(TINY_MODEL, precision="auto", threads=1)
    assert engine.precision in ("int8", "fp32")
    assert engine.stylize(make_picture(32, 32), style).size == (32, 32)
    again = Engine(TINY_MODEL, precision="auto", threads=1)
    assert again.precision == engine.precision
    assert again._runtime.loaded() == [], "it is remembered, not measured"


def test_the_best_provider_of_a_plain_installation_is_the_cpu():
    engine = Engine(TINY_MODEL, provider="auto", threads=1)
    assert (engine.provider, engine.precision) == ("cpu", "int8")
    with pytest.raises(ProviderError, match="cuda is not there"):
        Engine(TINY_MODEL, provider="cuda")
    with pytest.raises(ValueError, match="provider must be one of"):
        Engine(TINY_MODEL, provider="gpu")


def test_only_the_painting_is_done_by_another_provider(monkeypatch, style):
    opened = []
    make = onnxruntime.InferenceSession

    def open_session(graph, options, providers):
        opened.append(providers)
        session = make(graph, options, providers=["CPUExecutionProvider"])
        session.get_providers = lambda: providers
        return session

    monkeypatch.setattr(onnxruntime, "InferenceSession", open_session)
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    engine = Engine(TINY_MODEL, provider="cuda", threads=1)
    engine.stylize(make_picture(40, 40), style)
    assert (engine.provider, engine.precision) == ("cuda", "fp32")
    assert engine._runtime.loaded() == ["modulate.onnx", "paint.onnx"]
    assert opened == [names[1:], names]


def test_a_provider_that_does_not_work_is_not_passed_over_in_silence(monkeypatch, style):
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda graph, options, providers: make(graph, options, providers=providers[-1:]),
    )
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    engine = Engine(TINY_MODEL, provider="cuda", threads=1)
    with pytest.raises(ProviderError, match="installed but does not work here"):
        engine.stylize(make_picture(40, 40), style)


def test_an_engine_can_be_shared_by_threads(tiny_engine, style, other_style):
    jobs = [(make_picture(50 + i, 40, seed=i), (style, other_style)[i % 2]) for i in range(12)]
    expected = [tiny_engine.stylize(*job) for job in jobs]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda job: tiny_engine.stylize(*job), jobs))
    for a, b in zip(expected, found, strict=True):
        assert difference(a, b) == 0


def test_blends_lie_between_their_styles(tiny_engine, style, other_style):
    content = make_picture(64, 64)
    ends = [tiny_engine.stylize(content, vector) for vector in (style, other_style)]
    middle = tiny_engine.stylize(content, blend([style, other_style]))
    assert difference(middle, ends[0]) < difference(*ends)
    assert difference(middle, ends[1]) < difference(*ends)


# ------------------------------------------------------------------------------------- controls


@pytest.mark.parametrize(
    "controls",
    [
        Controls(content_weight=4),
        Controls(style_weight=4),
        Controls(fine_weight=0.25),
        Controls(coarse_weight=4),
        Controls(color=1),
        Controls(texture=0),
        Controls(stroke_size=2),
        Controls(stroke_size=0.5),
        Controls(brushwork=0),
        Controls(brushwork=2),
        Controls(detail=0),
        Controls(detail=2),
    ],
    ids=str,
)
def test_every_control_changes_the_picture(controls, tiny_engine, style):
    content = make_picture(64, 48)
    result = tiny_engine.stylize(content, style, controls=controls)
    assert result.size == content.size
    assert difference(result, tiny_engine.stylize(content, style)) > 0.2


def test_color_1_keeps_the_luma_of_the_stylized_image_exactly(tiny_engine, style):
    content = make_picture(61, 47)
    painted, recolored = (
        pixels(tiny_engine.stylize(content, style, controls=Controls(color=color)))
        @ [0.2126, 0.7152, 0.0722]
        for color in (0, 1)
    )
    np.testing.assert_allclose(recolored, painted, atol=0.51)


def test_color_moves_the_chroma_to_the_contents(tiny_engine, style):
    content = make_picture(64, 48)
    chroma = [
        np.abs(
            pixels(
                tiny_engine.stylize(content, style, controls=Controls(color=color)).convert("YCbCr")
            )
            - pixels(content.convert("YCbCr"))
        )[..., 1:].mean()
        for color in (0, 0.5, 1)
    ]
    assert chroma[0] > chroma[1] > chroma[2]


@pytest.mark.parametrize("stroke_size", [0.5, 1, 2])
def test_detail_goes_from_smooth_to_crisp(stroke_size, tiny_engine, style):
    content = make_picture(96, 80)
    roughness = [
        np.abs(np.diff(pixels(tiny_engine.stylize(content, style, controls=controls)), axis=1))
        for controls in (
            Controls(detail=detail, stroke_size=stroke_size) for detail in (0, 0.5, 1, 1.5, 2)
        )
    ]
    means = [values.mean() for values in roughness]
    assert means == sorted(means)


def test_styles_that_leave_places_empty_get_less_ground(tiny_engine, style, monkeypatch):
    paper = Image.new("RGB", (64, 64), "white")

    def painted(brushwork):
        return pixels(tiny_engine.stylize(paper, style, controls=Controls(brushwork=brushwork)))

    usual, most = painted(0.1), painted(2)
    calm = replace(tiny_engine.contract, calm_weights="AAA=", calm_bias=1.0)
    monkeypatch.setattr(tiny_engine, "contract", calm)
    # The ground is the same; of a calm style all of the paper is smoothed, here a tenth is not.
    np.testing.assert_allclose(painted(1), usual, atol=2)
    np.testing.assert_array_equal(painted(2), most)


def test_brushwork_fills_calm_areas_and_leaves_busy_ones(tiny_engine, style):
    content = make_picture(64, 64)
    content.paste("white", (0, 0, 32, 64))
    plain, vivid = (
        pixels(tiny_engine.stylize(content, style, controls=Controls(brushwork=amount)))
        for amount in (0, 2)
    )
    changed = np.abs(vivid - plain).mean(axis=(0, 2))
    assert changed[:20].mean() > 1.5 * changed[-20:].mean()


# ------------------------------------------------------------------------------------- levels


def small(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_large_picture_scaled_down_is_the_small_one(precision, style):
    engine = Engine(TINY_MODEL, precision=precision, threads=1)
    content = small(make_picture(64, 48), (512, 384))
    # An untrained network changes colours at random, further than a revision may.
    controls = Controls(strength=0.5)
    draft = engine.stylize(small(content, (64, 48)), style, controls=controls)
    for size in ((96, 72), (128, 96), (256, 192), (512, 384)):
        large = engine.stylize(small(content, size), style, controls=controls)
        error = pixels(small(large, (64, 48))) - pixels(draft)
        assert 10 * np.log10(255**2 / (error**2).mean()) > 27, size


def test_levels_are_shown_as_they_are_painted(tiny_engine, style):
    content = make_picture(256, 130)
    levels: list[Image.Image] = []
    result = tiny_engine.stylize(content, style, on_level=levels.append)
    assert [level.size for level in levels] == [(64, 32), (128, 65)]
    assert result.size == (256, 130)


def test_progress_rises_over_all_levels(tiny_engine, style):
    shares: list[float] = []
    tiny_engine.stylize(make_picture(256, 130), style, progress=shares.append)
    assert len(shares) == 3
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.fixture
def measured(monkeypatch, tiny_engine) -> list[bool]:
    """Which levels the engine measures: whether they are revisions."""
    measured: list[bool] = []
    measure = tiny_engine.measure
    monkeypatch.setattr(
        tiny_engine,
        "measure",
        lambda *args, revision, **more: (
            measured.append(revision) or measure(*args, revision=revision, **more)
        ),
    )
    return measured


def test_fast_enlarges_the_draft(tiny_engine, style, measured):
    content = make_picture(256, 192)
    slow = tiny_engine.stylize(content, style)
    measured.clear()
    quick = tiny_engine.stylize(content, style, fast=True)
    assert measured == [False]
    assert difference(quick, slow) > 0.5


def test_small_pictures_are_drafted_larger(tiny_engine, style):
    content = make_picture(32, 24)
    enlarged = content.resize((64, 48), Image.Resampling.BICUBIC)
    result = tiny_engine.stylize(content, style)
    assert difference(result, small(tiny_engine.stylize(enlarged, style), (32, 24))) < 3


def test_a_strip_is_painted_as_its_parts_are(tiny_engine, style, monkeypatch):
    monkeypatch.setattr(tiny_engine, "contract", replace(tiny_engine.contract, draft_side_px=256))
    part = make_picture(128, 256)
    strip = Image.new("RGB", (128, 256 * 6))
    for index in range(6):
        strip.paste(part, (0, 256 * index))
    no_ground = Controls(brushwork=0)  # which is another at every place
    single = tiny_engine.stylize(part, style, controls=no_ground)
    painted = tiny_engine.stylize(strip, style, controls=no_ground)
    inner = (0, 96, 128, 160)  # away from where the copies meet
    for index in range(6):
        copy = painted.crop((0, 256 * index, 128, 256 * (index + 1)))
        assert difference(copy.crop(inner), single.crop(inner)) < 4


# -------------------------------------------------------------------------------------- inks


@pytest.fixture
def inks(monkeypatch, tiny_engine, measured):
    """An engine for which every style is of a few inks, and the revisions that it measures."""
    contract = replace(tiny_engine.contract, posterizing_share=0.8, ink_weights="ADw=")
    monkeypatch.setattr(tiny_engine, "contract", contract)
    return tiny_engine, measured


def test_a_style_of_inks_is_revised_without_the_brush(inks, style, monkeypatch):
    engine, measured = inks
    content = make_picture(256, 192)
    parted = engine.stylize(content, style)
    assert measured == [False]
    assert engine.stylize(content, style, fast=True) == parted
    monkeypatch.setattr(engine, "contract", replace(engine.contract, posterizing_share=0.0))
    measured.clear()
    assert difference(engine.stylize(content, style), parted) > 5
    assert measured == [False, True, True]


def test_a_broad_brush_paints_between_the_inks(inks, style):
    engine, measured = inks
    engine.stylize(make_picture(128, 96), style, controls=Controls(brushwork=1.5))
    assert measured == [False, True]


def test_edges_between_inks_are_crisp_in_what_is_enlarged(inks, style, monkeypatch):
    engine, _ = inks
    content = make_picture(128, 96)
    smooth = Controls(detail=0)
    pictures = [engine.stylize(content, style, controls=smooth)]
    monkeypatch.setattr("stylize.engine.edges", lambda *_: None)
    pictures.append(engine.stylize(content, style, controls=smooth))
    dark, light, _ = inks_of(engine.contract.style_colors(style.values))
    axis = (light - dark) / np.square(light - dark).sum()
    crisp, soft = (np.abs((pixels(picture) - dark) @ axis - 0.5) for picture in pictures)
    between = soft < 0.4
    assert crisp[between].mean() > 1.05 * soft[between].mean()


def test_crisp_edges_leave_the_draft_as_it_was(inks, style, monkeypatch):
    engine, _ = inks
    content, drafts = make_picture(512, 384), []
    smooth = Controls(detail=0)
    large = engine.stylize(content, style, controls=smooth, on_level=drafts.append)
    assert len(drafts) > 1
    reduced = large.resize(drafts[0].size, Image.Resampling.BOX)
    # 2 levels between inks as far apart as statistics say; they are a quarter farther.
    assert np.abs(pixels(reduced) - pixels(drafts[0])).mean() < 2.5


@pytest.mark.parametrize("brushwork", [1, 1.5])
def test_tiles_of_a_style_of_inks_equal_the_whole_picture(brushwork, inks, style, monkeypatch):
    engine, _ = inks
    content, controls = make_picture(333, 290), Controls(brushwork=brushwork)
    whole = engine.stylize(content, style, controls=controls)
    monkeypatch.setattr(engine, "contract", replace(engine.contract, tile_pixels=20_000))
    tiled = engine.stylize(content, style, controls=controls)
    assert np.abs(pixels(whole) - pixels(tiled)).max() <= 1


@pytest.mark.parametrize("size", [(16, 17), (300, 20)])
def test_small_and_narrow_pictures_in_a_style_of_inks(size, inks, style):
    assert inks[0].stylize(make_picture(*size), style).size == size


def test_revisions_in_styles_of_several_regions_are_painted_as_ever(inks, style, monkeypatch):
    """Each style would need edges of its own."""
    engine, measured = inks
    monkeypatch.setattr("stylize.engine.edges", lambda *_: pytest.fail("these are the base's"))
    region = Region(half_mask((128, 96)), style)
    engine.stylize(make_picture(128, 96), style, regions=[region])
    assert measured == [False, True]


def test_a_region_that_keeps_the_content_changes_nothing_beside_it(inks, style):
    engine, _ = inks
    content, mask = make_picture(128, 96), Image.new("L", (128, 96))
    mask.paste(255, (0, 0, 8, 8))
    whole = pixels(engine.stylize(content, style))
    kept = pixels(engine.stylize(content, style, regions=[Region(mask, None)]))
    assert np.abs(kept - whole)[:, 32:].max() == 0


def test_nearly_full_inks_need_no_brush_either(inks, style):
    engine, measured = inks
    engine.stylize(make_picture(128, 96), style, strength=0.995)
    assert measured == [False]


# ------------------------------------------------------------------------------------- tiles


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_tiles_equal_the_whole_picture(precision, style, monkeypatch):
    engine = Engine(TINY_MODEL, precision=precision, threads=1)
    content = make_picture(333, 290)
    whole = engine.stylize(content, style)
    seen: list[float] = []
    monkeypatch.setattr(engine, "contract", replace(engine.contract, tile_pixels=20_000))
    tiled = engine.stylize(content, style, progress=seen.append)
    assert len(seen) > 4
    assert np.abs(pixels(whole) - pixels(tiled)).max() <= (0 if precision == "int8" else 1)


@pytest.mark.parametrize("size", [(301, 283), (16, 613), (757, 17)])
@pytest.mark.parametrize("stroke_size", [0.5, 1, 3])
def test_tiles_equal_the_whole_picture_with_regions(
    size, stroke_size, tiny_engine, style, other_style, monkeypatch
):
    content = make_picture(*size)
    diagonal = Image.fromarray((np.add(*np.mgrid[0:28, 0:31]) > 28).astype(np.uint8) * 255)
    regions = [
        Region(diagonal, other_style, 20),
        Region(half_mask((7, 3)), blend([style, other_style])),
        Region(half_mask((3, 7)).rotate(180), None, 0),
    ]
    controls = Controls(stroke_size=stroke_size, detail=0.5, color=0.3, texture=0.8)
    whole = tiny_engine.stylize(content, style, controls=controls, regions=regions)
    tiles = replace(tiny_engine.contract, tile_pixels=9_000, region_tile_pixels=9_000)
    monkeypatch.setattr(tiny_engine, "contract", tiles)
    tiled = tiny_engine.stylize(content, style, controls=controls, regions=regions)
    assert np.abs(pixels(whole) - pixels(tiled)).max() <= 1


@pytest.fixture
def given_back(monkeypatch):
    """Whether memory was given back, after each run of the painting graph."""
    seen = []
    run = Runtime.run

    def watched(self, name, feeds, *, give_back=False):
        if name.startswith("paint"):
            seen.append(give_back)
        return run(self, name, feeds, give_back=give_back)

    monkeypatch.setattr(Runtime, "run", watched)
    return seen


def test_after_a_large_picture_no_memory_is_kept_for_the_next(
    tiny_engine, style, given_back, monkeypatch
):
    tiny_engine.stylize(make_picture(200, 150), style)
    assert given_back == [False] * len(given_back)  # a small one leaves it for the next
    given_back.clear()
    contract = replace(tiny_engine.contract, tile_pixels=60_000)
    monkeypatch.setattr(tiny_engine, "contract", contract)
    tiny_engine.stylize(make_picture(800, 600), style)
    assert given_back[-1]
    levels = 1 + len(make_plan((800, 600), contract).revisions)
    assert 1 < given_back.count(True) <= levels  # one for each level of several tiles


def test_after_the_draft_of_a_large_frame_none_is_kept_either(
    tiny_engine, style, given_back, monkeypatch
):
    frame = make_picture(200, 150)
    tiny_engine.stylize(frame, style, continuity=Untied())
    assert not any(given_back)
    monkeypatch.setattr("stylize.engine._LARGE_FRAME_PIXELS", 1000)
    given_back.clear()
    tiny_engine.stylize(frame, style, continuity=Untied())
    assert given_back[0]


def test_a_picture_can_be_cancelled_in_the_middle(tiny_engine, style, monkeypatch):
    class Cancelled(Exception):
        pass

    def cancel(share: float) -> None:
        seen.append(share)
        if share > 0.5:
            raise Cancelled

    content = make_picture(333, 290)
    before, expected = content.copy(), tiny_engine.stylize(content, style)
    seen: list[float] = []
    with monkeypatch.context() as context:
        tiles = replace(tiny_engine.contract, tile_pixels=20_000)
        context.setattr(tiny_engine, "contract", tiles)
        with pytest.raises(Cancelled):
            tiny_engine.stylize(content, style, progress=cancel)
    assert 0.5 < seen[-1] < 1
    assert difference(content, before) == 0
    assert difference(tiny_engine.stylize(content, style), expected) == 0


def test_what_progress_raises_ends_the_work(tiny_engine, style):
    class Cancelled(Exception):
        pass

    def cancel(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        tiny_engine.stylize(make_picture(32, 32), style, progress=cancel)


# ------------------------------------------------------------------------------------- regions


def half_mask(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return mask


def test_a_region_that_covers_all_is_its_style(tiny_engine, style, other_style):
    content = make_picture(64, 64)
    everywhere = Region(Image.new("L", (9, 9), 255), other_style)
    result = tiny_engine.stylize(content, style, regions=[everywhere])
    assert np.abs(pixels(result) - pixels(tiny_engine.stylize(content, other_style))).max() <= 1


@pytest.mark.parametrize("calm_one", [0, 1])
def test_each_region_is_as_calm_as_its_style(
    calm_one, tiny_engine, style, other_style, monkeypatch
):
    """One style leaves places empty, the other covers all with strokes."""
    calm, busy = (style, other_style)[:: 1 - 2 * calm_one]
    apart = calm.values[:100] - busy.values[:100]
    weights = np.where(np.abs(apart) == np.abs(apart).max(), 1 / (apart + 1e-9), 0)
    weights = weights.astype(np.float16)
    told = replace(
        tiny_engine.contract,
        calm_weights=base64.b64encode(weights.tobytes()).decode(),
        calm_bias=-float(busy.values[:100] @ weights),
    )
    monkeypatch.setattr(tiny_engine, "contract", told)
    paper = Image.new("RGB", (96, 64), (240, 238, 230))
    everywhere = Region(Image.new("L", (9, 9), 255), other_style)
    result = pixels(tiny_engine.stylize(paper, style, regions=[everywhere]))
    alone = pixels(tiny_engine.stylize(paper, other_style))
    assert np.abs(result - alone).max() <= 1
    monkeypatch.setattr(tiny_engine, "contract", replace(told, calm_weights="AAA=", calm_bias=0))
    untold = pixels(tiny_engine.stylize(paper, other_style))
    assert (np.abs(untold - alone).max() > 1) == calm_one


def test_an_empty_region_changes_nothing(tiny_engine, style, other_style):
    content = make_picture(64, 64)
    empty = Region(Image.new("L", (9, 9), 0), other_style)
    result = tiny_engine.stylize(content, style, regions=[empty])
    assert np.abs(pixels(result) - pixels(tiny_engine.stylize(content, style))).max() <= 1


def test_a_region_without_style_keeps_the_content(tiny_engine, style):
    content = make_picture(128, 64)
    result = tiny_engine.stylize(content, style, regions=[Region(half_mask((128, 64)), None)])
    left, right = (0, 0, 48, 64), (80, 0, 128, 64)
    assert difference(result.crop(left), content.crop(left)) == 0
    full = tiny_engine.stylize(content, style)
    assert difference(result.crop(right), full.crop(right)) == 0


def test_repainting_one_region_leaves_the_far_side_alone(tiny_engine, style, other_style):
    content = make_picture(512, 64)
    base = tiny_engine.stylize(content, style)
    mask = Image.new("L", (512, 64), 0)
    mask.paste(255, (0, 0, 64, 64))
    result = tiny_engine.stylize(content, style, regions=[Region(mask, other_style)])
    far = (400, 0, 512, 64)
    # Not 0: tones are matched, and revisions measured, over the whole draft.
    assert difference(result.crop(far), base.crop(far)) < 1.5
    near = (0, 0, 24, 64)
    assert difference(result.crop(near), base.crop(near)) > 1


def test_the_base_style_does_not_shine_through_between_a_style_and_a_kept_region(
    tiny_engine, style, other_style
):
    content = make_picture(128, 64)
    left = half_mask((128, 64))
    right = Image.eval(left, lambda value: 255 - value)
    regions = [Region(left, other_style, 32), Region(right, None, 32)]
    result = tiny_engine.stylize(content, style, regions=regions)
    # Together the regions cover all: the base style must not matter anywhere.
    other_base = tiny_engine.stylize(content, other_style, regions=regions)
    assert difference(result, other_base) < 1


def test_edges_of_regions_are_as_wide_with_large_strokes(tiny_engine, style, other_style):
    content = make_picture(512, 32)
    regions = [Region(half_mask((512, 32)), other_style, 16)]
    controls = Controls(stroke_size=2, detail=0)
    mixed = tiny_engine.stylize(content, style, controls=controls, regions=regions)
    plain = tiny_engine.stylize(content, style, controls=controls)
    # Behind the edge come the strokes that reach over it, and the tones of the whole, no more.
    far = (256 + 8 + 3 * 80, 0, 512, 32)
    assert difference(mixed.crop(far), plain.crop(far)) < 3


def test_the_widest_edges_of_regions_fit_a_small_picture(tiny_engine, style, other_style):
    content = make_picture(32, 32)  # drafted at twice its size, edges included
    regions = [Region(half_mask((32, 32)), other_style, 1000)]
    assert tiny_engine.stylize(content, style, regions=regions).size == (32, 32)


def test_too_many_regions_are_refused(tiny_engine, style):
    regions = [Region(Image.new("L", (8, 8)), None)] * 7
    with pytest.raises(ControlError, match="up to 6 regions; got 7"):
        tiny_engine.stylize(make_picture(32, 32), style, regions=regions)


# ------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_strips_do_not_show(mode, tiny_engine, style, monkeypatch):
    content = make_picture(120, 90, mode=mode)
    regions = [Region(half_mask((120, 90)), None)]
    wanted = [
        (Controls(texture=0.5, color=0.4, strength=0.1), regions),
        (Controls(stroke_size=2.5), []),
    ]
    whole = [tiny_engine.stylize(content, style, controls=c, regions=r) for c, r in wanted]
    monkeypatch.setattr("stylize.finishing._STRIP_PIXELS", 1000)
    strips = [tiny_engine.stylize(content, style, controls=c, regions=r) for c, r in wanted]
    for a, b in zip(whole, strips, strict=True):
        assert np.abs(pixels(a) - pixels(b)).max() <= 1


# ------------------------------------------------------------------------------------- errors


def test_styles_of_another_encoder_are_refused(tiny_engine, style):
    foreign = StyleVector(style.values, "0" * 64)
    with pytest.raises(StyleVectorError, match=r"another style encoder.*encode its picture again"):
        tiny_engine.stylize(make_picture(32, 32), foreign)
    with pytest.raises(StyleVectorError, match="another style encoder"):
        tiny_engine.stylize(
            make_picture(32, 32), style, regions=[Region(Image.new("L", (8, 8)), foreign)]
        )


@pytest.mark.parametrize("name", ["starry-night", None])
def test_what_is_no_style_is_refused(name, tiny_engine, style):
    with pytest.raises(TypeError, match="must be a StyleVector, from encode_style or a library"):
        tiny_engine.stylize(make_picture(32, 32), name)


def test_vectors_of_another_length_are_refused(tiny_engine):
    short = StyleVector(np.ones(3), tiny_engine.encoder_sha256)
    with pytest.raises(StyleVectorError, match="has 3 values; this model needs"):
        tiny_engine.stylize(make_picture(32, 32), short)


@pytest.mark.parametrize("size", [(15, 40), (40, 15), (1, 1)])
def test_tiny_pictures_are_refused(size, tiny_engine, style):
    with pytest.raises(ImageError, match="16"):
        tiny_engine.stylize(make_picture(*size), style)
    with pytest.raises(ImageError, match="16"):
        tiny_engine.encode_style(make_picture(*size))


def test_a_part_is_painted_in_the_scale_of_the_whole(tiny_engine, style):
    whole = make_picture(640, 480)
    part = whole.crop((0, 0, 160, 160))
    drafts = []
    painted = tiny_engine.stylize(part, style, part_of=whole.size, on_level=drafts.append)
    assert painted.size == part.size
    assert drafts[0].size == (16, 16)  # a tenth, as of the whole
    again = tiny_engine.stylize(part, style, part_of=part.size)
    assert again.tobytes() == tiny_engine.stylize(part, style).tobytes()


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range_is_refused(strength, tiny_engine, style):
    with pytest.raises(ControlError, match="strength must be a number from 0 to 1"):
        tiny_engine.stylize(make_picture(32, 32), style, strength=strength)


def test_other_arguments_out_of_range_are_refused(tiny_engine, style):
    for side in (8, float("nan")):
        with pytest.raises(ControlError, match=f"max_side_px must be at least 16; got {side}"):
            tiny_engine.stylize(make_picture(32, 32), style, max_side_px=side)
    with pytest.raises(ControlError, match=r"stroke_size of a style must be from 0\.5 to 2"):
        tiny_engine.encode_style(make_picture(32, 32), stroke_size=3)
    with pytest.raises(ValueError, match="precision must be"):
        Engine(TINY_MODEL, precision="int4")
    with pytest.raises(ValueError, match="threads must be at least 1"):
        Engine(TINY_MODEL, threads=0)


def test_a_missing_model_is_reported(tmp_path):
    with pytest.raises(ModelFileError, match=r"model\.json is missing"):
        Engine(tmp_path)


def test_controls_can_be_derived():
    assert replace(Controls(), strength=0.5).strength == 0.5
