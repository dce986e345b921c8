"""What a stylized picture is measured by, and the loss network that the losses are measured on.

Losses are those of :class:`stylize.training.vgg.LossNetwork`, VGG16 with every channel at mean
activation one over content pictures. They are comparable between systems measured with the same
network and at the same size, and with nothing else: papers use other networks and sizes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylize.errors import TrainingError
from stylize.training.data import Contents, list_pictures, to_tensor
from stylize.training.files import read_torch
from stylize.training.losses import instance_normalize
from stylize.training.picture_metrics import (
    banding,
    calm_share,
    darks_and_lights,
    flat_areas,
    foreign_colors,
    grid_strength,
    lightness,
    lightness_distance,
    marks,
    palette,
    palette_distance,
    ssim,
)
from stylize.training.vgg import LossNetwork, split_style_vector, style_vector

CONTENT_LAYER = "relu4_1"
NORMALIZING_BATCHES = 32  # of 8 pictures


class Features(NamedTuple):
    """What the loss network sees in a picture.

    Attributes:
        content: (1, 512, h, w), instance-normalised relu4_1.
        style: (1, 1920), means and standard deviations of relu1_1, 2_1, 3_1 and 4_1.
    """

    content: Tensor
    style: Tensor


def content_loss(a: Features, b: Features) -> float:
    """Mean squared error of instance-normalised relu4_1: 0 (same) to 2 (unrelated)."""
    return float((a.content - b.content).square().mean())


def style_losses(vector: Tensor, styles: Tensor) -> Tensor:
    """Mean over four layers of (MSE of means + MSE of standard deviations).

    Args:
        vector: (1, 1920), of a picture.
        styles: (S, 1920).

    Returns:
        (S,).
    """
    errors = split_style_vector((vector - styles).square())
    layers = [layer.mean.mean(dim=1) + layer.std.mean(dim=1) for layer in errors]
    return torch.stack(layers).mean(dim=0)


@dataclass(frozen=True)
class Measures:
    """What is measured of one result.

    Attributes:
        content_loss: See :func:`content_loss`.
        style_loss: See :func:`style_losses`.
        own_style_found: 1 if no other style of the evaluation is nearer by style loss, else 0.
        ssim: Structural similarity with the content.
        palette_distance: From the style's palette, in units of Lab.
        lightness_distance: From the style's distribution of L, in units of L.
        darks: L of the darkest 1 % less that of the style: above 0, darks are not dark enough.
        lights: L of the lightest 1 % less that of the style: below 0, lights are not light enough.
        marks: What stands out where the content is calm, see
            :func:`stylize.training.picture_metrics.marks`; None where nothing is calm.
        foreign_colors: How far colours are from the nearest of the style's, in units of Lab.
        calm: Share of cells of 32 px that are nearly empty.
        calm_distance: Difference of that share from the style's.
        grid: Strength of a repeating pattern in flat areas, in levels; None without flat areas.
        banding: Steps per 1000 flat pixels; None without flat areas.
        paint_loss: Style loss at full resolution, see :mod:`stylize.training.paint_metrics`; None
            where that is not measured.
    """

    content_loss: float
    style_loss: float
    own_style_found: float
    ssim: float
    palette_distance: float
    lightness_distance: float
    darks: float
    lights: float
    marks: float | None
    foreign_colors: float
    calm: float | None
    calm_distance: float | None
    grid: float | None
    banding: float | None
    paint_loss: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Return the measures by name, rounded to what they are worth."""
        return {
            name: None if value is None else round(value, 5) for name, value in asdict(self).items()
        }


class Meter:
    """Measures pictures; what was measured of a picture before is not measured again."""

    def __init__(
        self,
        network: LossNetwork,
        contents: Sequence[Image.Image],
        styles: Sequence[Image.Image],
        *,
        keep: int = 32,
    ) -> None:
        """Encode what results are compared with.

        Args:
            network: The normalized loss network.
            contents: RGB; their features are kept for good.
            styles: All styles of the evaluation, RGB.
            keep: Results whose features are kept, of up to 8 MB each at 512 px.
        """
        self._network = network.to(memory_format=torch.channels_last)  # 1.4 times faster on CPUs
        self._keep = keep
        self._contents = {_key(content): self._compute(content) for content in contents}
        self._flat = {_key(content): flat_areas(np.asarray(content)) for content in contents}
        self._results: OrderedDict[bytes, Features] = OrderedDict()
        self._styles = torch.cat([self._compute(style).style for style in styles])
        self._pictures = [np.asarray(style) for style in styles]
        self._palettes = [palette(style) for style in self._pictures]
        self._lightness = [lightness(style) for style in self._pictures]
        self._calm = [calm_share(style) for style in self._pictures]

    def features(self, image: Image.Image) -> Features:
        """Return the features of an RGB picture."""
        key = _key(image)
        if key in self._contents:
            return self._contents[key]
        found = self._results.pop(key, None) or self._compute(image)
        self._results[key] = found
        if len(self._results) > self._keep:
            self._results.popitem(last=False)
        return found

    @torch.inference_mode()
    def _compute(self, image: Image.Image) -> Features:
        features = self._network(to_tensor([image]), last=CONTENT_LAYER)
        return Features(instance_normalize(features[CONTENT_LAYER]), style_vector(features))

    def losses(self, result: Image.Image, content: Image.Image, style: int) -> tuple[float, float]:
        """Return content and style loss alone."""
        found = self.features(result)
        style_loss = style_losses(found.style, self._styles[style : style + 1])
        return content_loss(found, self.features(content)), float(style_loss)

    def measure(self, result: Image.Image, content: Image.Image, style: int) -> Measures:
        """Measure a result.

        Args:
            result: RGB, of the content's size.
            content: One of the contents.
            style: Number of its style.
        """
        found = self.features(result)
        losses = style_losses(found.style, self._styles)
        picture, original = np.asarray(result), np.asarray(content)
        flat = self._flat[_key(content)]
        light, wanted_light = lightness(picture), self._lightness[style]
        darks, lights = darks_and_lights(light)
        wanted_darks, wanted_lights = darks_and_lights(wanted_light)
        calm, wanted_calm = calm_share(picture), self._calm[style]
        return Measures(
            content_loss=content_loss(found, self.features(content)),
            style_loss=float(losses[style]),
            own_style_found=float(losses[style] <= losses.min()),
            ssim=ssim(picture, original),
            palette_distance=palette_distance(palette(picture), self._palettes[style]),
            lightness_distance=lightness_distance(light, wanted_light),
            darks=darks - wanted_darks,
            lights=lights - wanted_lights,
            marks=marks(picture, original),
            foreign_colors=foreign_colors(picture, self._pictures[style]),
            calm=calm,
            calm_distance=None if calm is None or wanted_calm is None else abs(calm - wanted_calm),
            grid=None if flat is None else grid_strength(picture, flat),
            banding=None if flat is None else banding(picture, flat),
        )


def _key(image: Image.Image) -> bytes:
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).digest()


def load_loss_network(
    path: Path | None = None, *, normalize_on: Sequence[Path] = ()
) -> LossNetwork:
    """Load the loss network, normalized.

    Args:
        path: ``loss_network.pt`` or ``checkpoint.pt`` of a training: taken as it is. Or VGG16 as
            safetensors, or None to download it: normalized as training does it.
        normalize_on: Folders of content pictures to normalize over.

    Raises:
        TrainingError: The file is unusable, or it needs normalizing and there are no folders.
    """
    if path is not None and path.suffix == ".pt":
        return _load_normalized(path)
    if not normalize_on:
        raise TrainingError(
            "VGG16 has to be normalized over content pictures: name their folders, or use the "
            "loss_network.pt of a training."
        )
    network = LossNetwork.load(path)
    contents = Contents(list_pictures(normalize_on), count=8, seed=1)
    network.normalize_(
        contents.batch(i, 256, max_ratio=1.0).crops for i in range(NORMALIZING_BATCHES)
    )
    return network


def _load_normalized(path: Path) -> LossNetwork:
    if not path.is_file():
        raise TrainingError(f"There is no loss network at {path}.")
    network = LossNetwork()
    state = read_torch(path, "a file of weights")
    try:
        network.load_state_dict(state.get("loss_network", state))
    except (RuntimeError, AttributeError, TypeError) as error:
        raise TrainingError(f"{path} does not hold a loss network: {error}") from error
    return network
