import pytest
import torch

from stylize.training.fake_quantization import fake_quantize_activation, fake_quantize_weight


def test_weights_have_63_levels_of_their_own_in_every_output():
    weight = torch.randn(2, 3, 3, 3) * torch.tensor([1.0, 100.0])[:, None, None, None]
    rounded = fake_quantize_weight(weight)
    for of_output, found in zip(weight, rounded, strict=True):
        step = of_output.abs().max() / 63
        levels = found / step
        torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
        assert (found - of_output).abs().max() <= step / 2 + 1e-6


@pytest.mark.parametrize(("signed", "levels"), [(False, 255), (True, 127)])
def test_activations_have_steps_by_the_peak_of_their_picture(signed, levels):
    x = torch.rand(2, 4, 5, 5) * torch.tensor([1.0, 50.0])[:, None, None, None]
    found = fake_quantize_activation(x, signed=signed, fixed=False)
    steps = x.amax(dim=(1, 2, 3), keepdim=True) / levels
    assert ((found - x).abs() <= steps / 2 + 1e-6).all()
    of_all = fake_quantize_activation(x, signed=signed, fixed=True)
    torch.testing.assert_close(of_all[1], found[1])
    assert (of_all[0] - x[0]).abs().max() > steps[0].max()


def test_zeros_stay_and_gradients_pass():
    x = torch.zeros(1, 1, 2, 2, requires_grad=True)
    found = fake_quantize_activation(x, signed=True, fixed=False)
    assert (found == 0).all()
    (3 * found).sum().backward()
    assert (x.grad == 3).all()
