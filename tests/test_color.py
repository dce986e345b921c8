import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from stylize import color
from stylize.color import (
    ColorStatistics,
    ColorTransfer,
    apply_palette,
    keep_colors,
    match_colors,
    oklab_to_srgb,
    srgb_to_oklab,
)
from stylize.matrices import least_motion

LUMA = np.array([0.2126, 0.7152, 0.0722])


def noise(seed: int, height: int = 33, width: int = 47) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def tinted(seed: int, mean: tuple[int, int, int], spread: float, side: int = 64) -> Image.Image:
    """Colours around a mean, well inside of what sRGB can show."""
    colors = np.random.default_rng(seed).normal(mean, spread, (side, side, 3))
    return Image.fromarray(colors.clip(0, 255).astype(np.uint8))


pixels = arrays.arrays(np.uint8, (1, 7, 3))


@given(pixels, pixels, st.floats(0, 1))
def test_luma_stays_that_of_the_stylized_image(
    stylized: np.ndarray, content: np.ndarray, amount: float
) -> None:
    result = keep_colors(stylized, content, amount)
    np.testing.assert_allclose(result @ LUMA, stylized @ LUMA, atol=0.51)


def test_at_one_the_chroma_is_that_of_the_content() -> None:
    rng = np.random.default_rng(3)
    content = rng.integers(100, 156, (20, 20, 3), np.uint8)  # no colour leaves the gamut
    stylized = np.repeat(rng.integers(90, 166, (20, 20, 1), np.uint8), 3, axis=2)
    result = keep_colors(stylized, content, 1.0).astype(float)
    chroma = content - (content @ LUMA)[..., None]
    np.testing.assert_allclose(result - (result @ LUMA)[..., None], chroma, atol=1.01)


def test_in_between_the_chroma_is_mixed() -> None:
    stylized = np.full((2, 2, 3), (150, 130, 110), np.uint8)
    content = np.full((2, 2, 3), (110, 130, 150), np.uint8)
    low, middle, high = (
        keep_colors(stylized, content, amount)[0, 0].astype(int) for amount in (0.0, 0.5, 1.0)
    )
    assert low.tolist() == [150, 130, 110]
    assert abs(middle - (low + high) / 2).max() <= 1
    assert high[2] > high[1] > high[0]


def test_colors_out_of_gamut_get_paler_but_keep_hue_and_luma() -> None:
    stylized = np.full((1, 1, 3), 250, np.uint8)
    content = np.array([[[0, 0, 255]]], np.uint8)
    red, green, blue = keep_colors(stylized, content, 1.0)[0, 0].tolist()
    assert blue == 255
    assert red == green
    assert (red * 0.9278 + blue * 0.0722) == pytest.approx(250, abs=0.5)


def test_same_picture_is_unchanged() -> None:
    picture = noise(1)
    np.testing.assert_array_equal(keep_colors(picture, picture, 0.7), picture)


def test_strips_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = keep_colors(noise(1), noise(2), 0.6)
    monkeypatch.setattr(color, "_STRIP_PIXELS", 10)
    np.testing.assert_array_equal(keep_colors(noise(1), noise(2), 0.6), whole)
    np.testing.assert_array_equal(keep_colors(noise(1)[5:9], noise(2)[5:9], 0.6), whole[5:9])


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3)])
def test_odd_shapes(shape: tuple[int, int, int]) -> None:
    assert keep_colors(np.zeros(shape, np.uint8), np.ones(shape, np.uint8), 0.5).shape == shape


def test_keep_colors_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="arrays expected"):
        keep_colors(noise(1), noise(1)[:5], 1.0)
    with pytest.raises(ValueError, match="arrays expected"):
        keep_colors(noise(1)[..., :2], noise(1)[..., :2], 1.0)
    for amount in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 1"):
            keep_colors(noise(1), noise(2), amount)


def test_oklab_has_the_published_values() -> None:
    colors = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]], np.uint8)
    expected = [
        [1, 0, 0],
        [0.628, 0.225, 0.126],
        [0.866, -0.234, 0.179],
        [0.452, -0.032, -0.312],
        [0, 0, 0],
    ]
    np.testing.assert_allclose(srgb_to_oklab(colors), expected, atol=6e-4)


def test_oklab_round_trip() -> None:
    colors = noise(5).reshape(-1, 3)
    np.testing.assert_allclose(oklab_to_srgb(srgb_to_oklab(colors)), colors, atol=0.05)


def test_statistics_ignore_transparent_pixels() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (0, 0, 10, 20))
    statistics = ColorStatistics.of(image)
    np.testing.assert_allclose(statistics.mean, [0.628, 0.225, 0.126], atol=6e-4)
    np.testing.assert_allclose(statistics.covariance, 0, atol=1e-9)
    assert np.isfinite(ColorStatistics.of(Image.new("RGBA", (9, 9), (0, 0, 0, 0))).mean).all()


def test_matched_colors_have_the_statistics_of_the_reference() -> None:
    image, reference = tinted(1, (100, 120, 150), 22), tinted(2, (150, 120, 100), 14)
    matched = ColorStatistics.of(match_colors(image, reference))
    wanted = ColorStatistics.of(reference)
    np.testing.assert_allclose(matched.mean, wanted.mean, atol=2e-3)
    np.testing.assert_allclose(matched.covariance, wanted.covariance, atol=1e-4)


def test_table_is_close_to_the_exact_map() -> None:
    image, reference = tinted(1, (60, 90, 200), 30), tinted(2, (150, 120, 60), 30)
    transfer = ColorTransfer(ColorStatistics.of(image), ColorStatistics.of(reference))
    matrix = least_motion(transfer.source.covariance, transfer.target.covariance, 1e-4)
    colors = srgb_to_oklab(np.asarray(image).reshape(-1, 3)) - transfer.source.mean
    exact = oklab_to_srgb((colors @ matrix + transfer.target.mean).astype(np.float32))
    error = np.abs(np.asarray(transfer.apply(image)).reshape(-1, 3) - exact)
    assert error.mean() < 0.6
    assert np.percentile(error, 99) < 3


def test_noise_of_a_grey_picture_is_not_blown_up() -> None:
    grey = tinted(1, (128, 128, 128), 1)
    matched = np.asarray(match_colors(grey, Image.fromarray(noise(1))), float)
    assert matched.std(axis=(0, 1)).max() < 16


def test_matching_to_itself_changes_next_to_nothing() -> None:
    image = tinted(4, (140, 110, 90), 30)
    difference = np.asarray(match_colors(image, image), int) - np.asarray(image, int)
    assert np.abs(difference).max() <= 3


def test_amount_of_matching() -> None:
    image, reference = tinted(1, (60, 90, 200), 20), tinted(2, (150, 120, 60), 20)
    assert match_colors(image, reference, 0) is image
    distances = [
        np.linalg.norm(
            ColorStatistics.of(match_colors(image, reference, amount)).mean
            - ColorStatistics.of(reference).mean
        )
        for amount in (0, 0.3, 0.7, 1)
    ]
    assert distances == sorted(distances, reverse=True)
    with pytest.raises(ValueError, match="from 0 to 1"):
        match_colors(image, reference, 2)


def test_transparency_survives() -> None:
    image = tinted(1, (60, 90, 200), 20)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    matched = match_colors(image, tinted(2, (150, 120, 60), 20))
    assert matched.mode == "RGBA"
    assert matched.getchannel("A").tobytes() == image.getchannel("A").tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 16)])
def test_palette_of_any_size(size: tuple[int, int]) -> None:
    content, stylized = Image.new("RGB", size, "navy"), Image.new("RGB", size, "gold")
    result = apply_palette(content, stylized)
    assert result.size == size
    difference = np.asarray(result, int) - np.asarray(stylized, int)
    assert np.abs(difference).max() <= 6


def test_texture_goes_from_palette_to_stylized() -> None:
    content, stylized = tinted(1, (60, 90, 200), 20), tinted(2, (150, 120, 60), 20)
    assert apply_palette(content, stylized, 1) is stylized
    palette = apply_palette(content, stylized, 0)
    # The structure is the content's, the colours are the stylized image's.
    grey = [np.asarray(image.convert("L"), float).ravel() for image in (palette, content, stylized)]
    assert np.corrcoef(grey[0], grey[1])[0, 1] > 0.8
    assert abs(np.corrcoef(grey[0], grey[2])[0, 1]) < 0.2
    middle = np.asarray(apply_palette(content, stylized, 0.5), float)
    expected = (np.asarray(palette, float) + np.asarray(stylized, float)) / 2
    assert np.abs(middle - expected).max() <= 1


def test_palette_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="same mode and size"):
        apply_palette(Image.new("RGB", (20, 20)), Image.new("RGB", (20, 21)))
    with pytest.raises(ValueError, match="from 0 to 1"):
        apply_palette(Image.new("RGB", (20, 20)), Image.new("RGB", (20, 20)), -1)
