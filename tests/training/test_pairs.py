import json
from collections import Counter
from itertools import islice

import pytest
from PIL import Image

from stylize.errors import TrainingError
from stylize.training.pairs import fit_longer_side, load_pictures, pair_order, seen_whole


@pytest.mark.parametrize(("contents", "styles"), [(40, 40), (3, 4), (4, 6), (1, 5), (7, 1)])
def test_every_pair_comes_once(contents, styles):
    pairs = list(pair_order(contents, styles))
    assert len(pairs) == contents * styles == len(set(pairs))
    assert {c for c, _ in pairs} == set(range(contents))
    assert {s for _, s in pairs} == set(range(styles))


def test_any_beginning_uses_all_pictures_equally():
    pairs = list(islice(pair_order(40, 40), 400))
    assert set(Counter(c for c, _ in pairs).values()) == {10}
    assert set(Counter(s for _, s in pairs).values()) == {10}


@pytest.mark.parametrize(
    ("size", "expected"),
    [((384, 256), (512, 344)), ((300, 300), (512, 512)), ((2000, 1000), (512, 256))],
)
def test_the_longer_side_is_as_asked_and_sides_are_multiples_of_8(size, expected):
    assert fit_longer_side(Image.new("RGB", size), 512).size == expected


def load(folders, **options):
    settings = {"pairs": 6, "size_px": 64, "seed": 1} | options
    return load_pictures([folders[0]], [folders[1]], **settings)


def test_fewer_pairs_are_a_part_of_more(picture_folders):
    some, more = load(picture_folders, pairs=5), load(picture_folders, pairs=9)
    assert some.content_names == more.content_names
    assert set(some.pairs) < set(more.pairs)
    assert [style for _, style in more.pairs] == sorted(style for _, style in more.pairs)
    assert len(load(picture_folders, pairs=1000).pairs) == 12
    assert load(picture_folders, seed=2).content_names != some.content_names


def test_pictures_can_be_limited(picture_folders):
    pictures = load(picture_folders, most=2)
    assert (len(pictures.contents), len(pictures.styles), len(pictures.pairs)) == (2, 2, 4)


def test_only_the_listed_pictures_are_used(picture_folders, tmp_path):
    only = tmp_path / "held-out.json"
    only.write_text(json.dumps({"contents": ["content/2.png"], "styles": ["style/0.png"]}))
    pictures = load(picture_folders, only=only)
    assert (pictures.content_names, pictures.style_names) == (("content/2.png",), ("style/0.png",))
    assert pictures.pairs == ((0, 0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a JSON object"),
        ('{"contents": ["content/0.png"]}', 'a list "styles"'),
        ('{"contents": ["content/0.png", "content/9.png"], "styles": []}', "content/9.png"),
        ('{"contents": ["content/0.png"], "styles": []}', "0 of the 0 styles"),
        ("[1]", "is not a JSON object"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(picture_folders, tmp_path, text, message):
    only = tmp_path / "held-out.json"
    only.write_text(text)
    with pytest.raises(TrainingError, match=message):
        load(picture_folders, only=only)


def test_bad_folders_are_refused(picture_folders, tmp_path):
    with pytest.raises(TrainingError, match="No pictures in"):
        load((tmp_path, picture_folders[1]))
    with pytest.raises(TrainingError, match="There is no folder"):
        load((picture_folders[0], tmp_path / "missing"))
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(TrainingError, match=r"broken\.png is not a picture"):
        load((picture_folders[0], tmp_path))
    with pytest.raises(TrainingError, match="at least 64 px"):
        load(picture_folders, size_px=32)


def test_listed_pairs_alone_are_used(picture_folders, tmp_path):
    only = tmp_path / "pairs.json"
    listed = [["content/2.png", "style/0.png"], ["content/1.png", "style/2.png"]]
    names = {
        "contents": [f"content/{index}.png" for index in range(4)],
        "styles": [f"style/{index}.png" for index in range(3)],
    }
    only.write_text(json.dumps(names | {"pairs": listed}))
    pictures = load(picture_folders, only=only)
    found = {
        (pictures.content_names[content], pictures.style_names[style])
        for content, style in pictures.pairs
    }
    assert found == {tuple(pair) for pair in listed}
    assert (len(pictures.contents), len(pictures.styles)) == (2, 2)
    fewer = load(picture_folders, only=only, among={("content/1", "style/2"), ("content/0", "x/0")})
    assert (fewer.content_names, fewer.style_names) == (("content/1.png",), ("style/2.png",))
    with pytest.raises(TrainingError, match="None of the pairs"):
        load(picture_folders, among={("content/0", "style/9")})
    only.write_text(json.dumps(names | {"pairs": [["content/2.png"]]}))
    with pytest.raises(TrainingError, match=r"not a list of \[content, style\]"):
        load(picture_folders, only=only)


def test_small_contents_are_left_out(picture_folders, caplog):
    # They have 72, 80, 88 and 96 px.
    caplog.set_level("INFO")
    assert set(load(picture_folders, at_least_px=88).content_names) == {
        "content/2.png",
        "content/3.png",
    }
    assert "2 of 4 contents have 88 px" in caplog.text
    with pytest.raises(TrainingError, match="None of the 4 contents has a longer side of 97 px"):
        load(picture_folders, at_least_px=97)


def test_small_styles_are_not_enlarged_beyond_what_is_seen(picture_folders):
    styles = load(picture_folders, size_px=1024).styles
    assert {max(style.size) for style in styles} == {512}
    assert {max(style.size) for style in load(picture_folders, size_px=256).styles} == {256}


def test_pictures_can_stay_as_they_are(picture_folders):
    pictures = load(picture_folders, size_px=None)
    assert sorted(picture.size for picture in pictures.contents) == [
        (72, 64), (80, 64), (88, 64), (96, 64),
    ]  # fmt: skip


def test_large_pictures_are_seen_at_512_px():
    assert seen_whole(Image.new("RGB", (2048, 1024))).size == (512, 256)
    small = Image.new("RGB", (500, 20))
    assert seen_whole(small) is small
