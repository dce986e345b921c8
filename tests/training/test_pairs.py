import json
from collections import Counter
from itertools import islice

import pytest
from PIL import Image

from stylize.errors import TrainingError
from stylize.training.pairs import fit_longer_side, load_pictures, pair_order


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
    with pytest.raises(TrainingError, match=r"broken\.png cannot be read"):
        load((picture_folders[0], tmp_path))
    with pytest.raises(TrainingError, match="at least 64 px"):
        load(picture_folders, size_px=32)
