import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from stylize.training import winograd
from stylize.training.winograd import FrozenConvReLU


def make_layer(inputs, outputs, *, bias=True):
    torch.manual_seed(inputs + outputs)
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias).requires_grad_(False)


@settings(max_examples=25)
@given(
    count=st.integers(1, 3),
    inputs=st.integers(1, 5),
    outputs=st.integers(1, 5),
    height=st.integers(1, 11),
    width=st.integers(1, 11),
)
def test_values_and_gradient_are_those_of_a_convolution(count, inputs, outputs, height, width):
    convolution = make_layer(inputs, outputs)
    images = torch.randn(count, inputs, height, width, requires_grad=True)
    expected = functional.relu(convolution(images))
    got = FrozenConvReLU(convolution)(images)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    # What ReLU does to values within rounding of zero is not the convolution's business.
    weights = torch.randn_like(expected) * (expected.detach().abs() > 1e-4) * (got.detach() > 1e-4)
    (wanted,) = torch.autograd.grad(expected, images, weights)
    (gradient,) = torch.autograd.grad(got, images, weights)
    torch.testing.assert_close(gradient, wanted, rtol=1e-4, atol=1e-5)


@given(height=st.integers(1, 11), width=st.integers(1, 11))
def test_borders_may_go_on_as_they_are(height, width):
    convolution = make_layer(3, 4)
    images = torch.randn(2, 3, height, width, requires_grad=True)
    # The copies at the border are constants: their gradient goes nowhere.
    inner = functional.pad(images, (1, 1, 1, 1))
    border = functional.pad(images.detach(), (1, 1, 1, 1), mode="replicate") - inner.detach()
    expected = functional.conv2d(inner + border, convolution.weight, convolution.bias).relu()
    convolution.padding_mode = "replicate"
    got = FrozenConvReLU(convolution)(images)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    weights = torch.randn_like(expected) * (expected.detach().abs() > 1e-4) * (got.detach() > 1e-4)
    (wanted,) = torch.autograd.grad(expected, images, weights)
    (gradient,) = torch.autograd.grad(got, images, weights)
    torch.testing.assert_close(gradient, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 3000, 10**9])
def test_chunks_do_not_show(monkeypatch, chunk):
    convolution = make_layer(4, 6, bias=False)
    images = torch.randn(3, 4, 17, 14)
    monkeypatch.setattr(winograd, "_CHUNK", chunk)
    got = FrozenConvReLU(convolution)(images)
    expected = functional.relu(convolution(images))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_nothing_is_kept_without_a_gradient():
    layer = FrozenConvReLU(make_layer(2, 2))
    images = torch.randn(1, 2, 8, 8, requires_grad=True)
    with torch.no_grad():
        assert not layer(images).requires_grad
    assert not layer(images.detach()).requires_grad
    assert layer(images).requires_grad
