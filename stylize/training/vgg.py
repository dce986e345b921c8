"""The loss network: VGG16 up to relu4_1, with every channel scaled to unit mean activation.

It measures content and style during training and evaluation, and its statistics are the style
vector. Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015. Scaling each channel to a mean activation of one follows Gatys et al., 2015:
without it a few loud channels own the loss.
"""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.errors import TrainingError
from stylize.training.files import read_safetensors
from stylize.training.winograd import FrozenConvReLU

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
STYLE_CHANNELS = (64, 128, 256, 512)
VECTOR_LENGTH = 2 * sum(STYLE_CHANNELS)

# Name, index in torchvision's `features`, input and output channels. "pool" halves the size.
_LAYERS: tuple[tuple[str, int, int, int], ...] = (
    ("relu1_1", 0, 3, 64),
    ("relu1_2", 2, 64, 64),
    ("pool", 4, 0, 0),
    ("relu2_1", 5, 64, 128),
    ("relu2_2", 7, 128, 128),
    ("pool", 9, 0, 0),
    ("relu3_1", 10, 128, 256),
    ("relu3_2", 12, 256, 256),
    ("relu3_3", 14, 256, 256),
    ("pool", 16, 0, 0),
    ("relu4_1", 17, 256, 512),
)
LAYER_NAMES = tuple(name for name, _, n_in, _ in _LAYERS if n_in)
_MEAN_RGB = (123.68, 116.779, 103.939)  # of ImageNet, on the 0..255 scale of the original weights
_EPS = 1e-5  # added to variances


class Statistics(NamedTuple):
    """Per-channel mean and standard deviation over H and W, both (N, C)."""

    mean: Tensor
    std: Tensor


def statistics(features: Tensor) -> Statistics:
    """Return the statistics of features (N, C, h, w); the variance is that of the population."""
    if features.requires_grad and not torch.compiler.is_exporting():
        return Statistics(*_Measure.apply(features))
    return _measure(features)


def _measure(features: Tensor) -> Statistics:
    features = features.float()
    # Two passes over the data: E[x^2] - E[x]^2 loses too many digits where std << mean.
    mean = features.mean(dim=(2, 3))
    variance = (features - mean[:, :, None, None]).square().mean(dim=(2, 3))
    return Statistics(mean, (variance + _EPS).sqrt())


class _Measure(torch.autograd.Function):
    """The gradient in one pass: over large features PyTorch's chain takes six times as long."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = _measure(features)
        ctx.save_for_backward(features, mean, std)
        return mean, std

    @staticmethod
    def backward(ctx: Any, of_mean: Tensor, of_std: Tensor) -> Tensor:
        features, mean, std = ctx.saved_tensors
        count = features.shape[2] * features.shape[3]
        slope = of_std / (std * count)
        offset = of_mean / count - slope * mean
        gradient: Tensor = features * slope[:, :, None, None] + offset[:, :, None, None]
        return gradient.to(features.dtype)


class LossNetwork(nn.Module):
    """VGG16 up to relu4_1 on RGB pictures in [0, 1].

    Its parameters are frozen. After :meth:`normalize_` every channel of every layer has mean
    activation one over the given pictures.
    """

    def __init__(self, channels: Mapping[str, int] | None = None) -> None:
        """Make one.

        Args:
            channels: Outputs of layers between those of ``STYLE_LAYERS`` that are not those of
                VGG16.
        """
        super().__init__()
        self.convolutions = nn.ModuleDict()
        inputs = 3
        for name, _, n_in, n_out in _LAYERS:
            if n_in:
                outputs = (channels or {}).get(name, n_out)
                self.convolutions[name] = nn.Conv2d(inputs, outputs, 3, padding=1)
                inputs = outputs
        self.requires_grad_(False)
        self.eval()
        self._fast: dict[str, Callable[[Tensor], Tensor]] = {}

    @classmethod
    def load(cls, path: Path | None = None) -> LossNetwork:
        """Load the ImageNet weights.

        Args:
            path: A safetensors file with torchvision's key names, for machines without internet.
                Default: torchvision downloads ``VGG16_Weights.IMAGENET1K_FEATURES``.

        Raises:
            TrainingError: The file is missing or does not hold the weights.
        """
        state = _read_weights(path)
        network = cls()
        for name, index, n_in, _ in _LAYERS:
            if not n_in:
                continue
            try:
                weight, bias = state[f"features.{index}.weight"], state[f"features.{index}.bias"]
            except KeyError as error:
                raise TrainingError(
                    f"{path} holds no {error.args[0]!r}: it is not a VGG16 weights file."
                ) from None
            network.convolution(name).weight.copy_(weight.float())
            network.convolution(name).bias.copy_(bias.float())  # type: ignore[union-attr]
        # The preprocessing 255 * x - mean moves into the first layer, so that the network takes
        # pictures in [0, 1]. Zero padding then means black instead of the mean colour, which is
        # the same everywhere in this project.
        first = network.convolution("relu1_1")
        shift = torch.tensor(_MEAN_RGB).view(1, 3, 1, 1)
        first.bias.sub_((first.weight * shift).sum(dim=(1, 2, 3)))  # type: ignore[union-attr]
        first.weight.mul_(255.0)
        return network

    @classmethod
    def of(cls, weights: Mapping[str, Tensor]) -> LossNetwork:
        """Rebuild a network from its ``state_dict``, as wide as that says.

        Raises:
            KeyError: The weights are not all there.
            RuntimeError: They do not fit together.
        """
        network = cls({name: len(weights[f"convolutions.{name}.weight"]) for name in LAYER_NAMES})
        network.load_state_dict(dict(weights))
        return network

    def convolution(self, name: str) -> nn.Conv2d:
        """Return a convolution by its name."""
        module = self.convolutions[name]
        if not isinstance(module, nn.Conv2d):
            raise TypeError(name)
        return module

    def forward(self, images: Tensor, *, last: str = "relu4_1") -> dict[str, Tensor]:
        """Return the features of all layers by name, up to and including ``last``.

        Args:
            images: (N, 3, H, W) RGB in [0, 1], H and W at least 8.
            last: Name of the deepest layer wanted.
        """
        features: dict[str, Tensor] = {}
        x = images
        for name, *_ in _LAYERS:
            if name == "pool":
                x = functional.max_pool2d(x, 2)
                continue
            fast = self._fast.get(name)
            x = fast(x) if fast else functional.relu(self.convolution(name)(x))
            features[name] = x
            if name == last:
                break
        return features

    def extend_borders_(self) -> LossNetwork:
        """Let pictures and features go on beyond their borders as they are there; in place.

        To be called before :meth:`accelerate_`.

        With zeros around it a picture lies in a black frame, whose edges every layer sees: a third
        of the 12 x 12 values of relu4_1 at 96 px. A network that trains on such crops paints too
        little contrast, and too dark, to make up for the frame.

        Returns:
            This network.
        """
        for name in self.convolutions:
            self.convolution(name).padding_mode = "replicate"
        return self

    def accelerate_(self, *, half_precision: bool = False) -> None:
        """Get ready for many passes; weights and device must not change afterwards.

        Args:
            half_precision: Take 16-bit floats (bfloat16) behind the first layer, and hand them
                out as features, instead of Winograd convolutions; see
                :func:`half_precision_is_faster`.
        """
        names = [name for name, _, n_in, _ in _LAYERS if n_in >= 64]
        if half_precision:
            self._fast = {name: _HalfConvReLU(self.convolution(name)) for name in names}
        else:
            # At full resolution memory is the limit and not multiplications.
            names.remove("relu1_2")
            self._fast = {name: FrozenConvReLU(self.convolution(name)) for name in names}

    @torch.no_grad()
    def normalize_(self, batches: Iterable[Tensor]) -> None:
        """Scale every channel to mean activation one over the pictures of all batches, in place.

        ReLU is positively homogeneous, so the scale of one layer can be undone in the next and
        the features only change by that scale.

        Args:
            batches: Pictures (N, 3, H, W) in [0, 1].
        """
        sums: dict[str, Tensor] = {}
        count = 0
        for batch in batches:
            for name, features in self(batch).items():
                total = features.double().mean(dim=(2, 3)).sum(dim=0)
                sums[name] = sums.get(name, torch.zeros_like(total)) + total
            count += len(batch)
        if not count:
            raise TrainingError("Normalizing the loss network needs at least one picture.")
        previous = torch.ones(3, dtype=torch.float64)
        for name, *_ in _LAYERS:
            if name == "pool":
                continue
            mean = sums[name] / count
            # A channel that is nearly dead on these pictures must not become the loudest on others.
            mean = mean.clamp_min(0.05 * float(mean.mean()))
            convolution = self.convolution(name)
            weight = convolution.weight.double() * previous[None, :, None, None]
            convolution.weight.copy_(weight / mean[:, None, None, None])
            convolution.bias.div_(mean)  # type: ignore[union-attr]
            previous = mean


class _HalfConvReLU:
    """ReLU of a convolution in bfloat16."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        half = copy.deepcopy(convolution).bfloat16()
        self._layer = half.to(memory_format=torch.channels_last)

    def __call__(self, images: Tensor) -> Tensor:
        return functional.relu(self._layer(images.bfloat16()))


@functools.cache
def half_precision_is_faster() -> bool:
    """Measure whether this CPU convolves 16-bit floats faster than Winograd does 32-bit ones.

    Some processors have instructions for bfloat16, some of these are no faster with them.
    """
    convolution = nn.Conv2d(256, 256, 3, padding=1).requires_grad_(False)
    images = torch.rand(4, 256, 24, 24).contiguous(memory_format=torch.channels_last)

    def seconds(layer: Callable[[Tensor], Tensor]) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            result = layer(images.requires_grad_())
            torch.autograd.backward(result, torch.ones_like(result))
            times.append(time.perf_counter() - start)
        return min(times)

    return seconds(_HalfConvReLU(convolution)) < seconds(FrozenConvReLU(convolution))


def covariance(features: Tensor, projection: Tensor) -> Tensor:
    """Return the covariance (N, P, P) of features (N, C, h, w) projected by (P, C)."""
    flat = torch.einsum("pc,nchw->nphw", projection, features.to(projection)).flatten(2)
    centred = flat - flat.mean(dim=2, keepdim=True)
    return centred @ centred.transpose(1, 2) / flat.shape[2]


def style_vector(features: dict[str, Tensor]) -> Tensor:
    """Return the style vectors (N, 1920): means of the style layers, then standard deviations."""
    layers = [statistics(features[name]) for name in STYLE_LAYERS]
    return torch.cat([layer.mean for layer in layers] + [layer.std for layer in layers], dim=1)


def split_style_vector(vectors: Tensor) -> list[Statistics]:
    """Undo :func:`style_vector`: statistics of each style layer from vectors (N, 1920)."""
    parts = torch.split(vectors, list(STYLE_CHANNELS + STYLE_CHANNELS), dim=1)
    count = len(STYLE_CHANNELS)
    return [Statistics(parts[i], parts[i + count]) for i in range(count)]


def _read_weights(path: Path | None) -> dict[str, Tensor]:
    if path is None:
        from torchvision.models import VGG16_Weights, vgg16

        weights = VGG16_Weights.IMAGENET1K_FEATURES
        try:
            network = vgg16(weights=weights)
        except OSError as error:
            raise TrainingError(
                f"The VGG16 weights cannot be downloaded ({error}). Give a safetensors file of "
                f"them by --vgg."
            ) from error
        # torchvision's copy of these weights expects [0, 1] pictures scaled by 1/255: same network.
        return dict(network.state_dict())
    if not path.is_file():
        raise TrainingError(f"There is no VGG16 weights file at {path}.")
    return read_safetensors(path)
