import base64
import contextlib
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import stylize
from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import ControlError, ImageError, StylizeError
from stylize.images import save_image
from stylize.recipe import (
    MAX_JSON_CHARS,
    PNG_KEY,
    Recipe,
    RecipeStyle,
    find_recipe,
    read_recipe,
)
from stylize.styles import StyleVector, blend

ENCODER, MODEL = "e" * 64, "d" * 64


def vector(seed: int, length: int = 1920) -> StyleVector:
    values = np.random.default_rng(seed).gamma(1.0, 1.0, length)
    return StyleVector(values.astype(np.float32), ENCODER)


def recipe(count: int = 2, length: int = 1920) -> Recipe:
    return Recipe(
        styles=tuple(
            RecipeStyle.of(vector(index, length), name=f"style-{index}", weight=index + 1)
            for index in range(count)
        ),
        controls=Controls(strength=0.8, color=0.25),
        max_side_px=1024,
        fast=True,
        precision="int8",
        model_sha256=MODEL,
        encoder_sha256=ENCODER,
        masks=1,
    )


def changed(**changes: object) -> str:
    return json.dumps(json.loads(recipe().to_json()) | changes)


def with_style(**changes: object) -> str:
    record = json.loads(recipe().to_json())
    record["styles"][0] |= changes
    return json.dumps(record)


def with_vector(**changes: object) -> str:
    record = json.loads(recipe().to_json())
    record["styles"][0]["vector"] |= changes
    return json.dumps(record)


def test_of_an_engine(tiny_engine: Engine, style: StyleVector) -> None:
    made = Recipe.of(tiny_engine, [RecipeStyle.of(style)], max_side_px=640, masks=2)
    assert Recipe.from_json(made.to_json()) == made
    assert (made.precision, made.max_side_px, made.masks) == ("fp32", 640, 2)
    assert made.model_sha256 == tiny_engine.model_sha256
    assert made.encoder_sha256 == tiny_engine.encoder_sha256
    assert made.controls == Controls()


@pytest.mark.parametrize("side", [15, 1_000_001, 512.5, float("nan"), "512"])
@pytest.mark.parametrize("name", ["max_side_px"])
def test_a_side_that_no_recipe_can_say(tiny_engine: Engine, name: str, side: object) -> None:
    with pytest.raises(ControlError, match=f"{name} must be a whole number from 16 to 1000000"):
        Recipe.of(tiny_engine, (), **{name: side})


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_round_trip_through_a_picture(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"a{suffix}"
    save_image(Image.new(mode, (20, 20)), path, recipe=recipe())
    found = read_recipe(path)
    assert found == recipe()
    assert found.version == stylize.__version__
    assert found.style() == blend([vector(0), vector(1)], [1, 2])
    assert read_recipe(path.read_bytes()) == found


def test_jpeg_rounds_vectors_that_do_not_fit_and_leaves_out_the_rest(tmp_path: Path) -> None:
    save_image(Image.new("RGB", (20, 20)), tmp_path / "a.jpg", recipe=recipe(9))
    found = read_recipe(tmp_path / "a.jpg")
    assert [style.sha256 for style in found.styles] == [vector(i).sha256 for i in range(9)]
    for index, style in enumerate(found.styles):
        assert style.vector is not None
        assert style.vector != vector(index)
        np.testing.assert_allclose(style.vector.values, vector(index).values, rtol=1e-3, atol=1e-6)
    save_image(Image.new("RGB", (20, 20)), tmp_path / "b.jpg", recipe=recipe(16))
    found = read_recipe(tmp_path / "b.jpg")
    assert [style.vector for style in found.styles] == [None] * 16
    with pytest.raises(StylizeError, match=r'"style-0" but does not hold it.* save as PNG'):
        replace(found, blend=None).style()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("count", [1, 8, 16])
def test_the_blend_is_exact_however_many_styles(tmp_path: Path, suffix: str, count: int) -> None:
    file = tmp_path / f"a{suffix}"
    save_image(Image.new("RGB", (20, 20)), file, recipe=recipe(count, length=2144))
    found = read_recipe(file)
    assert found.style() == recipe(count, length=2144).style()
    for again in ("b.jpg", "b.png"):
        save_image(Image.new("RGB", (20, 20)), tmp_path / again, recipe=found)
        assert read_recipe(tmp_path / again).style() == found.style()


def test_json_file(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(recipe().to_json(indent=2))
    assert read_recipe(path) == recipe()
    with pytest.raises(StylizeError, match="cannot be read as a recipe"):
        read_recipe(tmp_path / "missing.json")


def test_picture_without_recipe(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        save_image(Image.new("RGB", (20, 20)), tmp_path / f"a{suffix}")
        with pytest.raises(StylizeError, match="holds no recipe"):
            read_recipe(tmp_path / f"a{suffix}")
    assert find_recipe(Image.new("RGB", (20, 20))) is None
    with pytest.raises(ImageError, match="does not exist"):
        read_recipe(tmp_path / "b.png")


def test_xmp_rewritten_by_another_program() -> None:
    import html

    image = Image.new("RGB", (20, 20))
    text = html.escape(recipe().to_json())
    image.info["xmp"] = f'<rdf:Description stylize:recipe="{text}" tiff:Make="x"/>'.encode()
    assert find_recipe(image) == recipe()
    image.info["xmp"] = b"<x:xmpmeta><dc:title>other</dc:title></x:xmpmeta>"
    assert find_recipe(image) is None


def test_no_private_fields() -> None:
    record = json.loads(recipe().to_json())
    assert set(record) == {
        "format", "version", "styles", "controls", "max_side_px", "fast", "precision",
        "model_sha256", "encoder_sha256", "masks",
    }  # fmt: skip
    assert set(record["styles"][0]) == {"name", "weight", "sha256", "vector"}


names = st.text(
    st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20
) | st.none()  # fmt: skip


@given(
    st.lists(st.tuples(names, st.floats(0, 1e6)), min_size=1, max_size=5),
    st.integers(1, 40),
    st.floats(0, 1),
    st.none() | st.integers(16, 20_000),
)
def test_json_round_trip(
    styles: list[tuple[str | None, float]], length: int, strength: float, side: int | None
) -> None:
    made = Recipe(
        styles=tuple(
            RecipeStyle.of(vector(index, length), name=name, weight=weight)
            for index, (name, weight) in enumerate(styles)
        ),
        controls=Controls(strength=strength),
        max_side_px=side,
        precision="fp32",
        model_sha256=MODEL,
        encoder_sha256=ENCODER,
    )
    assert Recipe.from_json(made.to_json()) == made


def test_unknown_field_is_ignored_and_missing_control_has_its_default() -> None:
    assert Recipe.from_json(changed(mood="sunny")) == recipe()
    assert Recipe.from_json(changed(controls={})).controls == Controls()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"format": NaN}', "not valid JSON"),
        ("[1]", "not a JSON object"),
        ("{}", '"format"'),
        (" " * (MAX_JSON_CHARS + 1), "limit is 1000000"),
        (changed(format=4), "reads formats up to 3. Install a newer one"),
        (changed(format=True), '"format"'),
        (changed(styles=[]), '"styles"'),
        (changed(styles=[{}] * 17), '"styles"'),
        (changed(styles=["a"]), '"styles"'),
        (changed(styles="a"), '"styles"'),
        (changed(model_sha256="xyz"), '"model_sha256"'),
        (changed(encoder_sha256="E" * 64), '"encoder_sha256"'),
        (changed(precision="int4"), '"precision"'),
        (changed(max_side_px=15), '"max_side_px"'),
        (changed(max_side_px=1e3), '"max_side_px"'),
        (changed(masks=-1), '"masks"'),
        (changed(blend=[1]), '"blend"'),
        (changed(blend={"dtype": "float32", "length": 4, "data": "AAAA"}), '"data"'),
        (changed(version="1\n2"), '"version"'),
        (changed(controls=[]), '"controls"'),
        (changed(controls={"glitter": 1}), 'control "glitter", which this version'),
        (with_style(name=""), '"name"'),
        (with_style(name="x" * 201), '"name"'),
        (with_style(name="a\x1b[31m"), '"name"'),
        (with_style(weight="1"), '"weight"'),
        (with_style(weight=-1), '"weight"'),
        (with_style(weight=1e300), '"weight"'),
        (with_style(weight=10**400), '"weight"'),
        (with_style(sha256="0" * 64), '"sha256"'),
        (with_style(vector=[1]), '"vector"'),
        (with_vector(dtype="object"), '"dtype"'),
        (with_vector(length=10**9), '"length"'),
        (with_vector(length=1919), '"length"'),
        (with_vector(length=1921), '"length"'),
        (with_vector(data="###"), '"data"'),
        (with_vector(data="AAAA"), '"data"'),
        (
            with_vector(data=base64.b64encode(zlib.compress(bytes(10**7))).decode()),
            '"length"',
        ),
    ],
)
def test_damaged_recipe(text: str, message: str) -> None:
    with pytest.raises(StylizeError, match=message):
        Recipe.from_json(text)


@pytest.mark.parametrize("value", [2, -1, "much", None, True])
def test_control_out_of_range(value: object) -> None:
    with pytest.raises(ControlError, match="strength must be"):
        Recipe.from_json(changed(controls={"strength": value}))


def test_vector_with_nan_is_refused() -> None:
    values = np.full(4, np.nan, "<f2")
    planes = values.view(np.uint8).reshape(4, 2).T.tobytes()
    data = base64.b64encode(zlib.compress(planes)).decode()
    with pytest.raises(StylizeError, match="NaN"):
        Recipe.from_json(with_vector(dtype="float16", length=4, data=data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(json.loads(changed()))), json_values)
def test_hostile_values_give_a_recipe_or_our_error(key: str, value: object) -> None:
    with contextlib.suppress(StylizeError):
        Recipe.from_json(changed(**{key: value}))


def test_unpacking_is_limited_in_a_png(tmp_path: Path) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt(PNG_KEY, " " * 30_000_000, zip=True)
    Image.new("RGB", (20, 20)).save(tmp_path / "bomb.png", pnginfo=info)
    with pytest.raises(ImageError, match="damaged"):
        read_recipe(tmp_path / "bomb.png")


def test_recipe_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(recipe().to_json(), encoding="utf-8-sig")
    assert read_recipe(path) == recipe()
