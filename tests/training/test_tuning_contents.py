from stylize.training.tuning_contents import (
    CONTENT_SIDE_PX,
    CONTENTS,
    GRID_PX,
    KEPT,
    kept_aside,
    tuning_contents,
    whole_content,
)
from tests.conftest import make_picture


def test_two_photographs_are_many_contents_of_a_drafts_size():
    made = tuning_contents([make_picture(800, 600), make_picture(100, 70, seed=1)])
    assert len(made) == CONTENTS
    assert made[0].size == (CONTENT_SIDE_PX, 3 * CONTENT_SIDE_PX // 4)
    for content in made:
        assert max(content.size) == CONTENT_SIDE_PX
        assert not any(side % GRID_PX for side in content.size)
    assert len({content.tobytes() for content in made}) == CONTENTS


def test_photographs_enough_are_taken_as_they_are():
    photographs = [make_picture(64, 64, seed=seed) for seed in range(3)]
    assert len(tuning_contents(photographs, 2)) == 3
    assert not tuning_contents([])


def test_a_few_photographs_are_kept_aside():
    photographs = [make_picture(16, 16, seed=seed) for seed in range(100)]
    fitted, kept = kept_aside(photographs[:14])
    assert kept == [photographs[index] for index in (2, 8)]
    assert fitted == [photo for photo in photographs[:14] if photo not in kept]
    assert len(kept_aside(photographs)[1]) == KEPT
    assert kept_aside(photographs[:2]) == (photographs[:2], [])


def test_the_same_photographs_are_the_same_contents():
    photographs = [make_picture(80, 60)]
    once, again = (tuning_contents(photographs, 4) for _ in range(2))
    assert [content.tobytes() for content in once] == [content.tobytes() for content in again]


def test_a_whole_content_is_its_own_thumbnail():
    whole = whole_content(make_picture(70, 50))
    assert whole.crops.shape == (1, 3, 48, 64)
    assert whole.thumbnails is whole.crops
