"""The losses of Gatys et al.: values by hand, and the same gradient whole and in tiles."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from stylize.errors import ControlError  # noqa: E402
from stylize.lab import objective  # noqa: E402
from stylize.lab.objective import (  # noqa: E402
    Objective,
    Weights,
    content_loss,
    gram,
    plan_tiles,
    style_loss,
)
from stylize.training.data import to_tensor  # noqa: E402
from tests.conftest import make_picture  # noqa: E402

CONTENT, STYLE, OTHER = (make_picture(100, 76, seed=seed) for seed in (1, 2, 3))


def test_the_gram_matrix_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]])  # two channels, two positions
    assert torch.equal(gram(features), torch.tensor([[[2.5, 1.5], [1.5, 4.5]]]))


def test_the_style_loss_is_that_of_the_paper() -> None:
    features, other = torch.rand(1, 3, 4, 5), torch.rand(1, 3, 4, 5)
    raw = [x.flatten(2)[0] @ x.flatten(2)[0].T for x in (features, other)]
    channels, positions = 3, 20
    paper = (raw[0] - raw[1]).square().sum() / (4 * channels**2 * positions**2)
    torch.testing.assert_close(style_loss(gram(features), gram(other)), paper)


def test_the_content_loss_is_half_of_the_mean_square() -> None:
    assert content_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0])).item() == 2.5


def test_tiles_cover_a_picture_once_and_none_is_thin() -> None:
    assert len(plan_tiles((1024, 1024))) == 1
    for size in ((1025, 1024), (4961, 3508), (20_000, 100)):
        tiles = plan_tiles(size)
        assert len(tiles) > 1
        assert sum(tile.share for tile in tiles) == pytest.approx(1)
        for tile in tiles:
            for span in (tile.rows, tile.columns):
                assert span.outer_start % 32 == span.start % 32 == 0
                assert min(size) < 128 or span.outer_stop - span.outer_start >= 128


def losses_of(tiny_features, styles):
    picture = to_tensor([OTHER]).requires_grad_()
    found = Objective(CONTENT, styles, tiny_features, Weights()).backward(picture)
    return found, picture.grad


def test_tiles_have_the_losses_and_the_gradient_of_the_whole(tiny_features, monkeypatch) -> None:
    whole, gradient = losses_of(tiny_features, [(STYLE, 1)])
    for name, value in (("WHOLE_PIXELS", 64), ("TILE_PX", 32), ("HALO_PX", 16)):
        monkeypatch.setattr(objective, name, value)
    assert len(plan_tiles(CONTENT.size)) > 4
    tiled, tiled_gradient = losses_of(tiny_features, [(STYLE, 1)])
    assert tiled == pytest.approx(whole, rel=1e-3)
    # Only the reach of the network across borders is cut: the gradient comes from inside alone.
    torch.testing.assert_close(tiled_gradient[..., 4:28, 4:28], gradient[..., 4:28, 4:28],
                               rtol=1e-2, atol=1e-2 * float(gradient.abs().max()))  # fmt: skip
    difference = (tiled_gradient - gradient).norm() / gradient.norm()
    assert difference < 0.35


def test_large_styles_are_seen_in_tiles(tiny_features, monkeypatch) -> None:
    def targets():
        found = Objective(CONTENT, [(STYLE, 3), (CONTENT, 1)], tiny_features, Weights())
        return found._grams, found._scales

    whole, scales = targets()
    for name, value in (("WHOLE_PIXELS", 64), ("TILE_PX", 32), ("HALO_PX", 16)):
        monkeypatch.setattr(objective, name, value)
    largest = 0
    run = tiny_features._layers

    def watch(x):
        nonlocal largest
        largest = max(largest, x.shape[2] * x.shape[3])
        return run(x)

    tiny_features = replace(tiny_features, _layers=watch)
    tiled, tiled_scales = targets()
    assert 0 < largest <= 64 * 64 < CONTENT.width * CONTENT.height
    torch.testing.assert_close(tiled, whole, rtol=1e-3, atol=1e-3)
    assert tiled_scales == pytest.approx(scales, rel=1e-3)


def test_a_blend_pulls_like_its_styles_together(tiny_features) -> None:
    _, both = losses_of(tiny_features, [(STYLE, 3), (STYLE, 1)])
    _, one = losses_of(tiny_features, [(STYLE, 1)])
    torch.testing.assert_close(both, one)
    # The target is the mean: a picture half way is nearer to it than to either.
    blended, _ = losses_of(tiny_features, [(STYLE, 1), (OTHER, 1)])
    alone, _ = losses_of(tiny_features, [(STYLE, 1)])
    assert blended.style < alone.style


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"content": -1.0}, "content_weight must be 0 or more"),
        ({"style": float("nan")}, "style_weight must be 0 or more"),
        ({"content": 0.0, "style": 0.0}, "nothing to optimise"),
    ],
)
def test_impossible_weights_are_refused(weights, message) -> None:
    with pytest.raises(ControlError, match=message):
        Weights(**weights)
