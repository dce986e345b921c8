from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.contract import Contract
from stylize.plan import make_plan, seen_side_px

CONTRACT = Contract(vector_length=1, halo_px=64)


def sizes(plan):
    return [plan.draft, *(revision.size for revision in plan.revisions)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((512, 512), [(512, 512)]),
        ((512, 384), [(512, 384)]),
        ((640, 427), [(512, 344), (640, 427)]),
        ((1024, 768), [(512, 384), (1024, 768)]),
        ((2048, 1365), [(512, 344), (1024, 683), (2048, 1365)]),
        ((3000, 2000), [(512, 344), (750, 500), (1500, 1000), (3000, 2000)]),
        ((256, 256), [(512, 512)]),
        ((16, 16), [(64, 64)]),
        ((800, 8000), [(256, 2560), (400, 4000), (800, 8000)]),
    ],
)
def test_a_draft_of_one_size_is_doubled_to_the_full_size(size, expected):
    assert sizes(make_plan(size, CONTRACT)) == expected


def test_strokes_decide_how_large_the_draft_is():
    drafts = [
        make_plan((2048, 2048), CONTRACT, stroke_size=stroke).draft for stroke in (0.5, 1, 2, 4)
    ]
    assert drafts == [(1024, 1024), (512, 512), (256, 256), (128, 128)]


def test_the_first_revision_counts_the_less_the_less_it_enlarges():
    (first,) = make_plan((724, 724), CONTRACT).revisions
    assert first.share == pytest.approx(0.25, abs=0.01)
    first, second = make_plan((1448, 1448), CONTRACT).revisions
    assert (round(first.share, 2), second.share) == (0.25, 1)


sides = st.integers(16, 12_000)


@given(sides, sides, st.sampled_from([0.5, 1.0, 2.5, 4.0]))
def test_every_picture_has_a_plan(width, height, stroke_size):
    plan = make_plan((width, height), CONTRACT, stroke_size=stroke_size)
    assert all(side % 8 == 0 and side >= 16 for side in plan.draft)
    levels = sizes(plan)
    for smaller, larger in pairwise(levels):
        ratios = [b / a for a, b in zip(smaller, larger, strict=True)]
        assert max(ratios) <= 2.6
        assert min(ratios) <= 2.05
    for smaller, larger in pairwise(levels[1:]):
        assert all(2 * a - b in (0, 1) for a, b in zip(smaller, larger, strict=True))
    if plan.revisions:
        assert plan.revisions[-1].size == (width, height)
        assert plan.revisions[-1].exponent == 0
    assert all(0 < revision.share <= 1 for revision in plan.revisions)


@given(sides, sides)
def test_what_is_seen_at_once_is_at_most_twice_as_long_as_wide(width, height):
    seen = seen_side_px((width, height))
    assert min(width, height) <= seen <= max(width, height)
    assert seen <= 2 * min(width, height)


@pytest.mark.parametrize("size", [(640, 360), (1024, 768), (1920, 1080), (3000, 2000), (400, 4000)])
def test_a_part_is_painted_in_the_scales_of_the_whole(size):
    whole = make_plan(size, CONTRACT)
    part = whole.of_part((160, 240), CONTRACT)
    assert part.full == (160, 240)
    for of_part, of_whole in zip(sizes(part), sizes(whole), strict=True):
        assert of_part[1] / 240 == pytest.approx(max(of_whole) / max(size), abs=4 / 240)
    assert [r.share for r in part.revisions] == [r.share for r in whole.revisions]


def test_the_whole_is_a_part_of_itself():
    whole = make_plan((1920, 1080), CONTRACT)
    assert whole.of_part((1920, 1080), CONTRACT) == whole
