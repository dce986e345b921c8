import numpy as np
import pytest
import torch
from PIL import Image

from stylize import calming, revision
from stylize.ground import calm
from stylize.training.data import to_tensor
from stylize.training.levels import (
    add_ground,
    calm_down,
    enlarge_window,
    ground_shares,
    keep_coarse,
    lay_over,
    low_pass,
)
from tests.conftest import make_picture


def rgbx(image: Image.Image) -> np.ndarray:
    return np.dstack([np.asarray(image), np.full(image.size[::-1], 255, np.uint8)])


def levels(images: torch.Tensor) -> np.ndarray:
    return (images[0].permute(1, 2, 0).numpy() * 255).round()


@pytest.mark.parametrize("detail", [0.0, 0.7, 1.3])
def test_training_and_painting_do_the_same_between_two_levels(detail):
    draft, content = make_picture(40, 32, seed=1), make_picture(80, 64)
    painted = make_picture(80, 64, seed=2).point(lambda v: 64 + v // 2)
    under = draft.resize((80, 64), Image.Resampling.BICUBIC).point(lambda v: 64 + v // 2)
    a, b, c = (to_tensor([picture]) for picture in (under, content, painted))
    found = revision.lay_over(rgbx(under), rgbx(content), detail)[..., :3]
    expected = levels(lay_over(a, b, torch.tensor([[detail]])))
    assert np.abs(found - expected).max() <= 3  # bytes in between
    found = revision.keep_coarse(rgbx(painted), rgbx(under), rgbx(under))[..., :3]
    assert np.abs(found - levels(keep_coarse(c, a).clamp(0, 1))).max() <= 2


def test_windows_are_enlarged_as_the_whole_is():
    draft = make_picture(48, 40)
    whole = draft.resize((96, 80), Image.Resampling.BICUBIC)
    window = enlarge_window(to_tensor([draft]), torch.tensor([[8, 12]]), 32)
    expected = np.asarray(whole)[24:56, 16:48]
    assert np.abs(levels(window) - expected).max() <= 1


def test_a_low_pass_leaves_flat_pictures_alone():
    flat = torch.full((1, 3, 16, 16), 0.3)
    torch.testing.assert_close(low_pass(flat), flat)


def test_ground_differs_between_samples_but_not_between_runs():
    flat = torch.full((3, 3, 32, 32), 0.5)
    amounts = torch.tensor([0.0, 8.0, 8.0])
    first, again = (add_ground(flat, amounts, torch.Generator().manual_seed(4)) for _ in range(2))
    assert (first == again).all()
    assert (first[0] == 0.5).all()
    assert (first[1] != first[2]).any()
    assert 2 < (first[1] * 255).std() < 12


def test_shares_of_the_ground_are_those_of_the_engine():
    pictures = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    pictures[0, :, :30] = 0.7
    pictures[1] = 0.5 + 0.03 * pictures[1]
    pictures = (255 * pictures).round() / 255
    for picture, found in zip(pictures, ground_shares(pictures), strict=True):
        pixels = (255 * picture).round().byte().permute(1, 2, 0).numpy()
        wanted = torch.from_numpy(calm(Image.fromarray(pixels)).copy())
        torch.testing.assert_close(found[0], wanted, atol=1e-5, rtol=0)


def test_drafts_are_calmed_in_training_as_when_painting():
    content = Image.new("RGB", (96, 80), (120, 150, 200))
    content.paste(make_picture(48, 80), (0, 0))
    painted = make_picture(96, 80, seed=3).point(lambda v: 64 + v // 2)
    both = to_tensor([painted] * 2), to_tensor([content] * 2)
    calmed = calm_down(*both, torch.tensor([0.3, 0.0]), torch.tensor([1.0, 0.6]))
    whole, least = painted.copy(), painted.copy()
    calming.calm_down(whole, content, 1.0, at_most=calming.EVEN_REACH, everywhere=calming.FLAT)
    calming.calm_down(least, content, 0.6 * calming.LEAST, at_most=calming.LEAST_REACH)
    assert len({picture.tobytes() for picture in (painted, whole, least)}) == 3
    assert np.abs(levels(calmed[:1]) - np.asarray(whole)).max() <= 3  # bytes in between
    assert np.abs(levels(calmed[1:]) - np.asarray(least)).max() <= 3
