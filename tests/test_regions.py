import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from stylize.errors import ControlError, ImageError
from stylize.regions import (
    MAX_REGIONS,
    Region,
    content_weight,
    grid_weights,
    invert_mask,
    load_mask,
    masks_from_colors,
    mix_pictures,
    prepare_mask,
    soft_masks,
)
from stylize.styles import StyleVector


def left_half(width: int = 64, height: int = 32, value: int = 255) -> Image.Image:
    mask = Image.new("L", (width, height))
    mask.paste(value, (0, 0, width // 2, height))
    return mask


def hard(mask: Image.Image) -> Region:
    return Region(mask, None, feather_px=0)


def weights_of(regions: list[Region], size: tuple[int, int]) -> np.ndarray:
    return grid_weights(regions, size, size, factor=1)


def test_weights_have_shape_and_values() -> None:
    weights = weights_of([hard(left_half()), hard(left_half(value=51))], (64, 32))
    assert weights.shape == (2, 32, 64)
    assert weights.dtype == np.float32
    # Overlapping: 1 and 0.2 are scaled down to a sum of 1.
    np.testing.assert_allclose(weights[:, 5, 5], [1 / 1.2, 0.2 / 1.2], rtol=1e-6)
    np.testing.assert_array_equal(weights[:, :, 32:], 0)


def test_no_regions() -> None:
    assert weights_of([], (10, 20)).shape == (0, 20, 10)


def test_empty_and_full_mask() -> None:
    empty, full = Image.new("L", (5, 5), 0), Image.new("1", (5, 5), 1)
    weights = weights_of([Region(empty, None), Region(full, None)], (40, 30))
    np.testing.assert_array_equal(weights[0], 0)
    np.testing.assert_array_equal(weights[1], 1)


def test_one_pixel_mask_covers_everything() -> None:
    assert weights_of([Region(Image.new("L", (1, 1), 255), None)], (33, 17)).min() == 1


def test_feather_softens_the_edge_only() -> None:
    row = weights_of([Region(left_half(200, 100), None, feather_px=16)], (200, 100))[0, 50]
    assert (np.diff(row) <= 0).all()
    assert row[:88].min() > 0.98
    assert row[112:].max() < 0.02
    assert row[99] == pytest.approx(0.5, abs=0.06)
    assert 8 < ((row > 0.02) & (row < 0.98)).sum() < 24


def test_mask_and_its_inverse_share_the_whole() -> None:
    mask = left_half(100, 50)
    total = weights_of([Region(mask, None), Region(invert_mask(mask), None)], (100, 50)).sum(0)
    np.testing.assert_allclose(total, 1, atol=1.01 / 255)


def test_resized_mask_keeps_its_place() -> None:
    weights = weights_of([hard(left_half(8, 8))], (256, 100))[0]
    assert weights[:, :112].min() == 1
    assert weights[:, 144:].max() == 0


def test_pictures_are_mixed_by_the_weights_of_their_regions() -> None:
    pictures = [Image.new("RGB", (3, 1), level) for level in ("#000000", "#646464", "#c8c8c8")]
    weights = np.array([[[0, 1, 0.5]], [[0, 0, 0.25]]], np.float32)
    mixed = np.asarray(mix_pictures(pictures, weights))
    assert mixed[0, :, 0].tolist() == [0, 100, 100]


def test_grid_cells_are_means_and_padding_continues_the_border() -> None:
    mask = Image.fromarray(np.arange(20 * 30, dtype=np.uint16).reshape(20, 30).astype(np.uint8))
    grid = grid_weights([hard(mask)], (30, 20), (48, 32), factor=8, offset=(6, 4))
    assert grid.shape == (1, 4, 6)
    padded = np.pad(np.asarray(mask), ((4, 8), (6, 12)), mode="edge")
    means = padded.reshape(4, 8, 6, 8).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(grid[0], means, atol=0.51 / 255)


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 9), st.integers(0, 9),
    st.sampled_from([1, 4, 8]), st.lists(st.integers(0, 255), min_size=1, max_size=MAX_REGIONS),
)  # fmt: skip
def test_weights_never_exceed_one(
    width: int, height: int, left: int, top: int, factor: int, values: list[int]
) -> None:
    regions = [
        Region(left_half(2 + index, 3, value), None, feather_px=index)
        for index, value in enumerate(values)
    ]
    grid = (-(-(width + left) // factor) * factor, -(-(height + top) // factor) * factor)
    weights = grid_weights(regions, (width, height), grid, factor=factor, offset=(left, top))
    assert weights.shape == (len(values), grid[1] // factor, grid[0] // factor)
    assert weights.min() >= 0
    assert weights.sum(axis=0).max() <= 1 + 1e-6


@given(st.lists(st.tuples(st.integers(0, 255), st.booleans()), min_size=1, max_size=MAX_REGIONS))
def test_content_weight_is_the_sum_of_regions_without_style(
    values: list[tuple[int, bool]],
) -> None:
    style = StyleVector(np.ones(4), "e" * 64)
    regions = [
        Region(left_half(9 + index, 7, value), style if styled else None)
        for index, (value, styled) in enumerate(values)
    ]
    kept = [index for index, (_, styled) in enumerate(values) if not styled]
    expected = weights_of(regions, (33, 21))[kept].sum(axis=0)
    found = content_weight(regions, soft_masks(regions, (33, 21)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_grid_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="no multiple of 8"):
        grid_weights([], (30, 20), (36, 24), factor=8)
    with pytest.raises(ValueError, match="does not fit"):
        grid_weights([], (30, 20), (32, 24), factor=8, offset=(8, 0))


def test_too_many_regions() -> None:
    with pytest.raises(ControlError, match=r"up to 6 regions; got 7"):
        weights_of([hard(left_half())] * 7, (20, 20))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "F", "I;16"])
def test_mask_of_wrong_mode(mode: str) -> None:
    with pytest.raises(ControlError, match=f"greyscale .* mode {mode}"):
        Region(Image.new(mode, (20, 20)), None)


def test_what_is_no_mask() -> None:
    with pytest.raises(ControlError, match="at least one pixel"):
        Region(Image.new("L", (0, 5)), None)
    with pytest.raises(TypeError, match=r"load_mask reads one; got 'm\.png'"):
        Region("m.png", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("feather", [-1, 1001, float("nan")])
def test_feather_out_of_range(feather: float) -> None:
    with pytest.raises(ControlError, match="from 0 to 1000 px"):
        Region(left_half(), None, feather_px=feather)


def test_prepare_mask_takes_transparency_before_brightness() -> None:
    drawn = Image.new("RGBA", (10, 4), (0, 0, 0, 0))
    drawn.paste((0, 0, 0, 255), (0, 0, 5, 4))  # black strokes on nothing
    assert np.asarray(prepare_mask(drawn))[0].tolist() == [255] * 5 + [0] * 5
    opaque = Image.new("RGBA", (3, 3), (255, 255, 255, 255))
    assert prepare_mask(opaque).getextrema() == (255, 255)
    assert prepare_mask(Image.new("1", (3, 3), 1)).getextrema() == (255, 255)
    grey16 = Image.fromarray(np.full((3, 3), 65535, np.uint16))
    assert prepare_mask(grey16).getextrema() == (255, 255)


def test_load_mask(tmp_path) -> None:
    left_half(4, 2).save(tmp_path / "m.png")
    assert load_mask(tmp_path / "m.png").size == (4, 2)
    with pytest.raises(ImageError, match="does not exist"):
        load_mask(tmp_path / "n.png")


def painted() -> Image.Image:
    image = Image.new("RGB", (200, 100), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 49, 99), fill=(255, 0, 0))
    draw.ellipse((100, 20, 160, 80), fill=(0, 0, 255))
    return image


def test_masks_from_flat_colors() -> None:
    masks = masks_from_colors(painted())
    assert list(masks) == [(255, 255, 255), (255, 0, 0), (0, 0, 255)]
    assert all(mask.mode == "L" and mask.size == (200, 100) for mask in masks.values())
    np.testing.assert_array_equal(sum(np.asarray(mask, int) for mask in masks.values()), 255)
    assert np.asarray(masks[255, 0, 0])[:, :50].min() == 255
    assert np.asarray(masks[255, 0, 0])[:, 50:].max() == 0


def test_masks_from_blurred_and_compressed_colors(tmp_path) -> None:
    smooth = painted().resize((333, 166), Image.Resampling.LANCZOS)
    smooth.save(tmp_path / "a.jpg", quality=70)
    with Image.open(tmp_path / "a.jpg") as image:
        masks = masks_from_colors(image)
    assert len(masks) == 3
    red = masks[min(masks, key=lambda color: color[1] + color[2] - color[0])]
    assert np.asarray(red)[:, :80].mean() > 254
    assert np.asarray(red)[:, 90:].max() == 0


def test_masks_from_a_soft_brush() -> None:
    assert len(masks_from_colors(painted().filter(ImageFilter.GaussianBlur(3)))) == 3


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_near_colors_are_regions_of_their_own(tmp_path, suffix: str) -> None:
    image = Image.new("RGB", (90, 60), (192, 0, 0))
    image.paste((224, 0, 0), (0, 0, 40, 60))
    image.paste((224, 0, 20), (0, 0, 10, 60))
    image.save(tmp_path / f"a.{suffix}", quality=80)
    with Image.open(tmp_path / f"a.{suffix}") as opened:
        masks = masks_from_colors(opened)
    areas = [np.asarray(mask).mean() / 255 for mask in masks.values()]
    np.testing.assert_allclose(areas, [5 / 9, 3 / 9, 1 / 9], atol=0.02)


def test_masks_leave_transparent_pixels_out() -> None:
    image = Image.new("RGBA", (20, 20), (9, 9, 9, 0))
    assert masks_from_colors(image) == {}
    image.paste((0, 255, 0, 255), (0, 0, 10, 20))
    masks = masks_from_colors(image)
    assert list(masks) == [(0, 255, 0)]
    assert np.asarray(masks[0, 255, 0]).sum() == 200 * 255


def test_too_many_colors() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    with pytest.raises(ControlError, match=r"has \d+ colours; it may have at most 7"):
        masks_from_colors(Image.fromarray(noise))
    assert len(masks_from_colors(painted(), max_colors=3)) == 3
    with pytest.raises(ControlError, match="has 3 colours; it may have at most 2"):
        masks_from_colors(painted(), max_colors=2)


@given(st.integers(1, 30), st.integers(1, 30))
def test_masks_of_any_size_partition_the_picture(width: int, height: int) -> None:
    image = Image.new("RGB", (width, height), (10, 20, 30))
    image.putpixel((width - 1, height - 1), (250, 20, 30))
    masks = masks_from_colors(image)
    assert sum(np.asarray(mask, int).sum() for mask in masks.values()) == 255 * width * height
