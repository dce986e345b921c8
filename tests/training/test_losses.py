import pytest
import torch

from stylize.training import losses
from stylize.training.style_bank import projections
from stylize.training.vgg import covariance, split_style_vector, style_vector


@pytest.fixture
def features(loss_network):
    return loss_network(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)))


def test_a_picture_has_no_distance_to_itself(features):
    targets = split_style_vector(style_vector(features))
    style = losses.style_loss(features, targets)
    matrices = projections()
    covariances = torch.stack(
        [
            covariance(features[name], matrix)
            for name, matrix in zip(losses.COVARIANCE_LAYERS, matrices, strict=True)
        ],
        dim=1,
    )
    shape = losses.covariance_loss(features, covariances, matrices)
    for value in (losses.content_loss(features, features), style.fine, style.coarse, shape.fine):
        torch.testing.assert_close(value, torch.zeros(2))


def test_unrelated_features_have_a_content_loss_of_two():
    generator = torch.Generator().manual_seed(2)
    a, b = (
        {name: torch.randn(1, 8, 64, 64, generator=generator) for name in losses.CONTENT_LAYERS}
        for _ in range(2)
    )
    assert losses.content_loss(a, b).item() == pytest.approx(2, abs=0.05)


def test_the_content_loss_ignores_scale_and_shift_of_channels():
    features = {name: torch.randn(2, 8, 16, 16) for name in losses.CONTENT_LAYERS}
    moved = {name: 3 * x + 5 for name, x in features.items()}
    assert losses.content_loss(moved, features).max() < 1e-3


def test_a_covariance_of_a_hand_computed_case():
    features = torch.tensor([[[[1.0, -1.0]], [[2.0, -2.0]]]])
    torch.testing.assert_close(
        covariance(features, torch.eye(2)), torch.tensor([[[1.0, 2.0], [2.0, 4.0]]])
    )


def test_pixel_losses_of_hand_computed_cases():
    black, white = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    assert losses.pixel_loss(black, white).item() == 1
    assert losses.smoothness_loss(white).item() == 0
    stripes = torch.tensor([0.0, 1.0]).expand(1, 3, 2, 2)
    assert losses.smoothness_loss(stripes).item() == 1
    assert losses.range_loss(white + 0.5).item() == 0.5
    assert losses.range_loss(black - 0.25).item() == 0.25
    assert losses.range_loss(white).item() == 0


def test_the_edge_loss_ignores_brightness_and_contrast():
    image = torch.rand(1, 3, 16, 16)
    assert losses.edge_loss(0.5 * image + 0.2, image).item() < 1e-2
    assert losses.edge_loss(image.flip(3), image).item() > 0.1


def test_the_blot_loss_sees_coarse_structure_that_the_content_lacks():
    content = torch.full((1, 3, 64, 64), 0.5)
    content[..., :32, :] = torch.rand(32, 64, generator=torch.Generator().manual_seed(3))
    assert losses.blot_loss(0.3 * content + 0.4, content).item() == 0
    blotted = content.clone()
    blotted[..., 40:56, 16:40] = 0
    assert losses.blot_loss(blotted, content).item() > 0.02
    grain = content.clone()
    grain[..., 32:, ::2] += 0.4
    grain[..., 32:, 1::2] -= 0.4
    assert losses.blot_loss(grain, content).item() < 0.01


def test_clipping_lets_the_gradient_through_where_it_leads_back():
    x = torch.tensor([-0.5, -0.5, 0.5, 1.5, 1.5], requires_grad=True)
    y = losses.clip(x)
    assert y.tolist() == [0, 0, 0.5, 1, 1]
    # Descent moves against the gradient.
    y.backward(torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0]))
    assert x.grad is not None
    assert x.grad.tolist() == [0, -1, 1, 1, 0]


@pytest.mark.parametrize("period", [2, 4, 8])
def test_the_grid_loss_sees_patterns_where_the_content_is_calm(period):
    content = torch.full((2, 3, 64, 72), 0.5)
    content[1] = torch.rand(3, 64, 72, generator=torch.Generator().manual_seed(4))
    pattern = torch.zeros(64, 72)
    pattern[::period, ::period] = 0.1
    plain = losses.grid_loss(content + 0.2, content)
    assert plain[0].item() < 1e-6
    chance = losses.grid_loss(content, content)[1].item()
    flat, busy = losses.grid_loss(content + pattern, content).tolist()
    # Mean absolute deviation of one in period x period pixels.
    share = 1 / period**2
    assert flat == pytest.approx(0.1 * 2 * share * (1 - share), rel=0.05)
    assert busy - chance < 0.05 * flat


def test_a_little_texture_does_not_hide_a_grid():
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(5))
    content = (0.5 + 4 / 255 * noise).expand(1, 3, 64, 64)
    pattern = torch.zeros(64, 64)
    pattern[::4, ::4] = 0.1
    hidden = losses.grid_loss(content + pattern, content) - losses.grid_loss(content, content)
    plain = losses.grid_loss(torch.full_like(content, 0.5) + pattern, torch.zeros_like(content))
    assert hidden.item() == pytest.approx(plain.item(), rel=0.2)


def test_the_grid_loss_lets_ramps_and_edges_be():
    content = torch.linspace(0, 0.2, 64).expand(1, 3, 64, 64)
    assert losses.grid_loss(3 * content, content).item() < 1e-3
    edge = torch.full((1, 3, 64, 64), 0.5)
    painted = edge.clone()
    painted[..., 30:] = 0.9
    assert losses.grid_loss(painted, edge).item() < 0.03


def test_colours_that_a_style_does_not_have_count_as_far_as_they_lie_outside():
    pink = torch.tensor([1.0, 0.2, 0.5])[:, None, None]
    style = torch.cat([pink.expand(3, 16, 8), torch.ones(3, 16, 8)], dim=2)[None]
    wanted = losses.tones(style)
    assert losses.gamut_loss(style, wanted).item() == 0
    assert losses.gamut_loss(style.lerp(style.flip(3), 0.5), wanted).item() == 0  # between the two
    dash = style.clone()
    dash[..., :2, :] = 0
    assert losses.gamut_loss(dash, wanted).item() > 0.01
    dash[..., :4, :] = 0
    twice = losses.gamut_loss(dash, wanted).item()
    dash[..., 2:4, :] = style[..., 2:4, :]
    assert twice == pytest.approx(2 * losses.gamut_loss(dash, wanted).item(), rel=1e-4)
