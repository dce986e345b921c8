import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylize.contract import Contract
from stylize.painting import GRID_PX, Canvas, paint_tiles, plan_tiles, thumbnail_size

MARGIN_PX = 48
CONTRACT = Contract(vector_length=1, halo_px=64)

sides = st.integers(1, 300)


def no_change(canvas, image):
    """The three steps of painting that give the picture back."""
    return (
        lambda tile: (canvas.cut(image, tile.outer_rows, tile.outer_columns),),
        lambda seen, _: seen,
        lambda painted, _: painted,
    )


@given(sides, sides, st.sampled_from([8, 16, 64]), st.integers(64, 40_000))
def test_tiles_cover_the_canvas_once_and_lie_on_the_grid(height, width, halo_px, tile_pixels):
    canvas = Canvas(height, width, MARGIN_PX)
    covered = np.zeros((canvas.grid_height, canvas.grid_width), int)
    for tile in plan_tiles(canvas, halo_px=halo_px, tile_pixels=tile_pixels):
        covered[tile.rows, tile.columns] += 1
        for part, outer, length in (
            (tile.rows, tile.outer_rows, canvas.grid_height),
            (tile.columns, tile.outer_columns, canvas.grid_width),
        ):
            assert part.start % GRID_PX == part.stop % GRID_PX == 0
            assert outer.start % GRID_PX == outer.stop % GRID_PX == 0
            assert outer.start == max(0, part.start - halo_px)
            assert outer.stop == min(length, part.stop + halo_px)
    assert (covered == 1).all()
    tiles = plan_tiles(canvas, halo_px=halo_px, tile_pixels=tile_pixels)
    assert [tile.is_last for tile in tiles[:-1]] == [False] * (len(tiles) - 1)
    assert tiles[-1].is_last == (len(tiles) > 1)


@pytest.mark.parametrize(
    ("size", "tile_pixels", "columns", "rows"),
    [
        ((800, 600), 1_000_000, 1, 1),  # with its margins exactly as large as it may be, or less
        ((3840, 2160), 2_500_000, 2, 2),
        ((12000, 8333), 2_500_000, 9, 6),
        ((16, 4000), 100_000, 1, 6),  # strips are cut across
    ],
)
def test_tiles_are_as_few_and_as_square_as_they_can_be(size, tile_pixels, columns, rows):
    canvas = Canvas(size[1], size[0], MARGIN_PX)
    tiles = plan_tiles(canvas, halo_px=80, tile_pixels=tile_pixels)
    assert len({tile.columns.start for tile in tiles}) == columns
    assert len({tile.rows.start for tile in tiles}) == rows
    for tile in tiles:
        outer = (tile.outer_rows, tile.outer_columns)
        height, width = (part.stop - part.start for part in outer)
        assert height * width <= tile_pixels


@given(sides, sides, st.integers(64, 40_000))
@settings(max_examples=40)
def test_painting_that_changes_nothing_gives_the_picture_back(height, width, tile_pixels):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    canvas, image = Canvas(height, width, MARGIN_PX), Image.fromarray(picture)

    result = paint_tiles(canvas, *no_change(canvas, image), halo_px=8, tile_pixels=tile_pixels)
    np.testing.assert_array_equal(result, picture)


def test_the_margin_mirrors_the_picture_without_repeating_its_border():
    picture = np.arange(40, dtype=np.uint8)[:, None, None].repeat(40, 1).repeat(3, 2)
    canvas = Canvas(40, 40, MARGIN_PX)
    whole = canvas.cut(
        Image.fromarray(picture), slice(0, canvas.grid_height), slice(0, canvas.grid_width)
    )[..., :3]
    column = whole[:, MARGIN_PX, 0].tolist()
    assert column[MARGIN_PX - 3 : MARGIN_PX + 2] == [3, 2, 1, 0, 1]
    assert column[MARGIN_PX + 38 : MARGIN_PX + 42] == [38, 39, 38, 37]
    expected = np.pad(picture, ((MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0)), "reflect")
    np.testing.assert_array_equal(whole, expected)


def test_a_margin_wider_than_the_picture_folds_again_and_again():
    picture = np.arange(3, dtype=np.uint8)[:, None, None].repeat(1, 1).repeat(3, 2)
    canvas = Canvas(3, 1, MARGIN_PX)
    whole = canvas.cut(
        Image.fromarray(picture), slice(0, canvas.grid_height), slice(0, canvas.grid_width)
    )[..., :3]
    assert set(whole.ravel().tolist()) == {0, 1, 2}
    assert whole[MARGIN_PX : MARGIN_PX + 3, 0, 0].tolist() == [0, 1, 2]


def test_progress_rises_to_one_and_can_cancel():
    canvas = Canvas(200, 200, MARGIN_PX)
    steps = no_change(canvas, Image.new("RGB", (200, 200)))
    seen: list[float] = []
    paint_tiles(canvas, *steps, halo_px=8, tile_pixels=5000, progress=seen.append)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == 1

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint_tiles(canvas, *steps, halo_px=8, tile_pixels=5000, progress=cancel)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_what_goes_wrong_in_any_step_of_any_tile_is_told(step):
    canvas = Canvas(200, 200, MARGIN_PX)
    steps = list(no_change(canvas, Image.new("RGB", (200, 200))))
    works, calls = steps[step], []

    def fails_once(*args):
        calls.append(None)
        if len(calls) == 2:
            raise MemoryError("no room")
        return works(*args)

    steps[step] = fails_once
    with pytest.raises(MemoryError, match="no room"):
        paint_tiles(canvas, *steps, halo_px=8, tile_pixels=5000)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((512, 512), (256, 256)),
        ((256, 200), (256, 200)),
        ((400, 300), (256, 192)),
        ((1024, 512), (512, 256)),
        ((700, 1400), (256, 512)),
        ((800, 400), (400, 200)),
        ((100, 100), (96, 96)),
        ((16, 16), (16, 16)),
        ((17, 4000), (16, 4000)),
        ((800, 24000), (256, 7680)),
        ((2000, 20000), (256, 2560)),
    ],
)
def test_thumbnails_are_half_as_large_within_bounds_and_keep_the_shape_on_the_grid(size, expected):
    assert thumbnail_size(size, CONTRACT) == expected
