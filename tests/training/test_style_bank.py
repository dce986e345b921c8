import numpy as np
import pytest
from PIL import Image

from stylize.errors import TrainingError
from stylize.training.data import list_pictures
from stylize.training.style_bank import StyleBank, _recolor, load_style_bank

# Draws with which saturation and contrast stay as they are.
NEUTRAL = (np.log(1 / 0.6) / np.log(2.8), np.log(1 / 0.8) / np.log(1.56))


def bank_of(vectors):
    count = len(vectors)
    return StyleBank(
        vectors,
        vectors,
        np.zeros((count, 2, 64, 64), np.float16),
        np.zeros((count, 256, 256, 3), np.uint8),
        np.zeros((count, 9, 32), np.float32),
        np.zeros(count, np.float32),
    )


def test_loud_styles_are_drawn_more_often_and_none_is_left_out():
    vectors = np.ones((3, 1920), np.float32) * np.array([[1], [2], [5]], np.float32)
    bank = bank_of(vectors)
    counts = np.bincount(bank.draw(np.random.default_rng(3), 8000), minlength=3)
    np.testing.assert_allclose(counts / 8000, [1 / 8, 2 / 8, 5 / 8], atol=0.02)


def test_the_style_bank_is_computed_once(picture_folders, loss_network, tmp_path, monkeypatch):
    paths = list_pictures(picture_folders[1:])
    bank = load_style_bank(paths, loss_network, loss_network, variants=2, seed=1, cache=tmp_path)
    assert len(bank) == 6
    assert bank.vectors.shape == (6, 1920)
    assert bank.covariances.shape == (6, 2, 64, 64)
    assert bank.pictures.shape == (6, 256, 256, 3)
    assert np.isfinite(bank.vectors).all()
    assert (bank.vectors[:3] != bank.vectors[3:]).any(axis=1).all()
    monkeypatch.setattr(
        "stylize.training.style_bank.style_vector", lambda _: pytest.fail("computed again")
    )
    again = load_style_bank(paths, loss_network, loss_network, variants=2, seed=1, cache=tmp_path)
    np.testing.assert_array_equal(again.vectors, bank.vectors)
    np.testing.assert_array_equal(again.pictures, bank.pictures)
    np.testing.assert_array_equal(again.tones, bank.tones)


def test_a_damaged_cache_is_computed_again(picture_folders, loss_network, tmp_path):
    paths = list_pictures(picture_folders[1:])
    bank = load_style_bank(paths, loss_network, loss_network, variants=1, seed=1, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    again = load_style_bank(paths, loss_network, loss_network, variants=1, seed=1, cache=tmp_path)
    np.testing.assert_array_equal(again.vectors, bank.vectors)
    np.testing.assert_array_equal(again.pictures, bank.pictures)


def test_a_cache_that_cannot_be_written_is_an_error_with_a_remedy(
    picture_folders, loss_network, tmp_path
):
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(TrainingError, match=r"cannot be written.*Free some space"):
        load_style_bank(
            list_pictures(picture_folders[1:]), loss_network, loss_network, variants=1, seed=1,
            cache=tmp_path / "cache",
        )  # fmt: skip


def test_a_folder_of_other_styles_leaves_the_cache_of_the_first(
    picture_folders, loss_network, tmp_path
):
    paths = list_pictures(picture_folders[1:])
    load_style_bank(paths, loss_network, loss_network, variants=1, seed=1, cache=tmp_path / "cache")
    others = tmp_path / "others"
    others.mkdir()
    Image.new("RGB", (40, 40), "red").save(others / "red.png")
    (others / "bad.png").write_text("no picture")
    paths += list_pictures([others])
    bank = load_style_bank(
        paths, loss_network, loss_network, variants=1, seed=1, cache=tmp_path / "cache"
    )
    assert len(bank) == 4
    assert bank.calm[-1] == 1
    np.testing.assert_allclose(bank.tones[-1, 0], 0.299, atol=1e-3)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_no_style_at_all_is_an_error(loss_network, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(TrainingError, match="None of the style pictures"):
        load_style_bank(
            [tmp_path / "bad.png"],
            loss_network,
            loss_network,
            variants=1,
            seed=1,
            cache=tmp_path / "cache",
        )


@pytest.mark.parametrize(
    ("draws", "color"),
    [
        # stays, turned by a third, exchanged lights and darks, less saturation
        ((0.2, 0, 0, 0, 0, 0), (200, 100, 50)),
        ((0.5, 1 / 3, 0, *NEUTRAL, 0.5), (50, 200, 100)),
        ((0.5, 0, 0.9, *NEUTRAL, 0), (55, 155, 205)),
        ((0.5, 0, 0.9, 0, NEUTRAL[1], 0.5), (170, 110, 80)),
    ],
)
def test_other_colours_are_turned_stretched_or_exchanged(draws, color):
    image = Image.new("RGB", (4, 4), (200, 100, 50))
    found = _recolor(image, np.array(draws)).getpixel((0, 0))
    np.testing.assert_allclose(found, color, atol=1.01)
