import json

import numpy as np
import pytest
import torch
from PIL import Image

from stylize.errors import TrainingError
from stylize.images import load_image
from stylize.training.data import (
    Contents,
    fit_area,
    list_pictures,
    read_content,
    read_exclusions,
    read_style,
    to_tensor,
)
from tests.profiles import wide_profile


def test_a_training_picture_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_content(tmp_path / "turned.jpg").size == (20, 40)


def test_pictures_for_training_have_the_colours_that_the_engine_sees(tmp_path):
    file = tmp_path / "seen.png"
    picture = Image.new("RGBA", (20, 20), (200, 100, 50, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 10, 20))  # nobody sees that it is black
    picture.save(file)
    assert read_content(file).getpixel((0, 0)) == (200, 100, 50)
    assert read_style(file).getpixel((0, 0)) == (255, 255, 255)
    Image.new("RGB", (20, 20), (200, 100, 50)).save(file, icc_profile=wide_profile())
    seen = read_content(file)
    assert seen.getpixel((0, 0)) == load_image(file).getpixel((0, 0)) != (200, 100, 50)


def test_pictures_are_listed_without_the_excluded(picture_folders, tmp_path):
    content, style = picture_folders
    file = tmp_path / "holdout.json"
    lists = {"contents": ["content/0.png"], "styles": ["style/2.png"]}
    file.write_text(json.dumps(lists | {"pairs": [["content/0.png", "style/2.png"]]}))
    exclude = read_exclusions(file)
    names = [path.name for path in list_pictures([content, style], exclude=exclude)]
    assert names == ["1.png", "2.png", "3.png", "0.png", "1.png"]
    assert read_exclusions(None) == frozenset()


def test_bad_folders_and_lists_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="There is no folder"):
        list_pictures([tmp_path / "none"])
    with pytest.raises(TrainingError, match=r"No pictures in .*\.jpg"):
        list_pictures([tmp_path])
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(TrainingError, match="not a JSON object of lists"):
        read_exclusions(tmp_path / "list.json")
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(TrainingError, match=r"not a picture of a known format.* Or remove it"):
        read_content(tmp_path / "no.png")


def test_batches_have_shape_range_and_are_repeatable(picture_folders):
    paths = list_pictures(picture_folders[:1])
    first, second = (Contents(paths, count=3, seed=4).batch(0, 32) for _ in range(2))
    for images in (first.crops, first.thumbnails):
        assert images.shape == (3, 3, 32, 32)
        assert 0 <= images.min() <= images.max() <= 1
    assert (first.crops == second.crops).all()
    other = Contents(paths, count=3, seed=5).batch(0, 32)
    assert (first.crops != other.crops).any()


def test_a_ratio_of_one_makes_crop_and_thumbnail_the_same(picture_folders):
    paths = list_pictures(picture_folders[:1])
    batch = Contents(paths, count=4, seed=0).batch(0, 32, max_ratio=1.0)
    assert (batch.crops == batch.thumbnails).all()
    assert batch.windows.tolist() == [[0, 0, 1]] * 4


def test_a_crop_is_that_window_of_its_square(tmp_path):
    x, y = np.meshgrid(np.arange(128), np.arange(128))
    pixels = np.stack([2 * x, 2 * y, np.zeros_like(x)], axis=2)  # colours tell the place
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "places.png")
    batch = Contents([tmp_path / "places.png"], count=8, seed=3).batch(1, 32, max_ratio=2.0)
    assert len(set(batch.windows[:, 2].tolist())) > 2
    for crop, square, window in zip(batch.crops, batch.thumbnails, batch.windows, strict=True):
        left, top, side = window.tolist()
        corners = square[:2, [0, -1], [0, -1]]  # of the square: red left to right, green downwards
        for of_axis, start in ((0, left), (1, top)):
            first, last = corners[of_axis].tolist()
            middle = first + (start + side / 2) * (last - first)
            assert crop[of_axis].mean().item() == pytest.approx(middle, abs=0.01)


def test_revisions_see_the_whole_and_a_part_of_it_twice_as_large(tmp_path):
    picture = Image.effect_noise((300, 260), 90).convert("RGB")
    picture.resize((600, 520)).save(tmp_path / "large.png")
    picture.resize((100, 90)).save(tmp_path / "small.png")
    contents = Contents(list_pictures([tmp_path]), count=6, seed=1)
    batch = contents.revision(0, 64, 128)
    assert batch.crops.shape == (6, 3, 64, 64)
    assert batch.wholes.shape == (6, 3, 128, 128)
    for crop, whole, (x, y) in zip(batch.crops, batch.wholes, batch.places.tolist(), strict=True):
        part = whole[:, y : y + 32, x : x + 32]
        halved = torch.nn.functional.avg_pool2d(crop[None], 2)[0]
        torch.testing.assert_close(halved, part, atol=2 / 255, rtol=0)
    again = Contents(list_pictures([tmp_path]), count=6, seed=1).revision(0, 64, 128)
    assert (again.crops == batch.crops).all()
    with pytest.raises(TrainingError, match=r"need contents of 1946 px a side.*revision_share=0"):
        contents.revision(0, 64, 1024)


def test_windows_are_not_empty_skies(tmp_path):
    street = np.random.default_rng(1).integers(0, 256, (60, 200), dtype=np.uint8)
    picture = np.concatenate([np.full((140, 200), 128, np.uint8), street])
    Image.fromarray(picture).save(tmp_path / "sky.png")
    batch = Contents([tmp_path / "sky.png"], count=40, seed=2).batch(0, 32)
    part = (batch.crops != batch.thumbnails).flatten(1).any(dim=1)
    contrast = batch.crops.std(dim=(1, 2, 3)) / batch.thumbnails.std(dim=(1, 2, 3))
    assert 10 < part.sum() < 30
    assert (contrast[part] > 0.5).float().mean() > 0.8


def test_unreadable_pictures_are_skipped(tmp_path, caplog):
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(TrainingError, match="None of the content pictures"):
        Contents([tmp_path / "bad.png"], count=1, seed=0).batch(0, 16)
    Image.new("RGB", (40, 40)).save(tmp_path / "good.png")
    paths = list_pictures([tmp_path])
    assert Contents(paths, count=4, seed=0).batch(0, 16).crops.shape == (4, 3, 16, 16)
    assert "bad.png" in caplog.text


def test_areas_and_tensors():
    assert fit_area((512, 512), 256) == (256, 256)
    assert fit_area((1000, 10), 16) == (160, 16)
    tensor = to_tensor([Image.new("RGB", (5, 4), (255, 0, 51))])
    assert tensor.shape == (1, 3, 4, 5)
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([1, 0, 0.2])


def test_tiny_pictures_and_lists_that_are_none_are_refused(tmp_path):
    Image.new("RGB", (40, 15)).save(tmp_path / "tiny.png")
    with pytest.raises(TrainingError, match="40 x 15 px; each side must have at least 16 px"):
        read_content(tmp_path / "tiny.png")
    (tmp_path / "list.json").write_text('{"contents": "content/0.png"}')
    with pytest.raises(TrainingError, match="not a JSON object of lists"):
        read_exclusions(tmp_path / "list.json")
