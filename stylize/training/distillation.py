"""A slimmer style encoder, distilled from the loss network.

A style vector is the statistics of four layers of VGG16; what lies between them is only a way
there, and half as wide it leads nearly to the same place at half the cost. Every layer is first
fitted to the teacher's by least squares, as in He et al., "Channel Pruning for Accelerating Very
Deep Neural Networks", 2017; then all are trained together on the features and their statistics
(Hinton et al., "Distilling the Knowledge in a Neural Network", 2015).
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stylize.errors import TrainingError
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
    save_checkpoint,
)
from stylize.training.data import STYLE_SIDE_PX, fit_area, read_style, to_tensor
from stylize.training.device import open_device
from stylize.training.style_bank import variant_of
from stylize.training.vgg import LAYER_NAMES, STYLE_LAYERS, LossNetwork, style_vector

logger = logging.getLogger(__name__)

# Outputs of the layers that are not measured: half of VGG16's.
SLIM = {"relu1_2": 32, "relu2_2": 64, "relu3_2": 128, "relu3_3": 128}
CROP_PX = 256
_POSITIONS = 900  # of a crop that a layer is fitted to
_RIDGE = 1e-4  # of the mean moment
_STATISTICS_WEIGHT = 4.0
_SAVE_STEPS = 100  # between two states of the checkpoint
_DECAY = 0.998  # of the averaged weights


def distill(
    checkpoint: Path,
    styles: Sequence[Path],
    *,
    steps: int = 2_000,
    batch: int = 16,
    learning_rate: float = 1e-3,
    channels: Mapping[str, int] = SLIM,
    device: str = "cpu",
    seed: int = 0,
) -> float:
    """Distill the style encoder of a checkpoint from its loss network; go on if it has one.

    Training, export and tuning encode styles by it from then on.

    Args:
        checkpoint: From training; gets the encoder, every ``_SAVE_STEPS``.
        styles: Pictures to learn from, in crops, three quarters of them in other colours.
        steps: Steps, in which the learning rate falls to nearly 0.
        batch: Crops of ``CROP_PX`` in a step.
        learning_rate: At the start.
        channels: Of the layers that are not measured.
        device: "cpu", "cuda" or "auto".
        seed: Of everything random.

    Returns:
        The mean square error of the statistics of the last tenth of the steps, in their variances
        over styles.

    Raises:
        TrainingError: The checkpoint, the device or all pictures are unusable.
    """
    state = load_checkpoint(checkpoint)
    where = open_device(device)
    teacher = load_loss_network(state).to(where)
    deviations = load_network(state).modulator.vector_std.to(where)
    rng = np.random.default_rng(seed)
    crops = _Crops(styles, rng)
    student = load_encoder(state).to(where)
    if {name: len(student.convolution(name).weight) for name in channels} != dict(channels):
        student = fit_layers(teacher, crops.draw(32).to(where), channels, seed=seed)
    learned = [p for name, p in student.named_parameters() if STYLE_LAYERS[0] not in name]
    for parameter in learned:
        parameter.requires_grad_(True)
    average = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.Adam(learned, betas=(0.9, 0.99))
    errors: list[float] = []
    for step in range(steps):
        share = step / steps
        fall = 0.5 * (1 + math.cos(math.pi * share)) + 0.005
        optimizer.param_groups[0]["lr"] = learning_rate * fall * min(1.0, (step + 1) / 50)
        loss, error = _loss(student, teacher, crops.draw(batch).to(where), deviations)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        decay = min(_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(student.parameters()), 1 - decay)
        errors.append(error)
        if (step + 1) % _SAVE_STEPS == 0 or step + 1 == steps:
            encoder = {name: value.cpu() for name, value in average.state_dict().items()}
            save_checkpoint(checkpoint, {**state, "encoder": encoder})
        if (step + 1) % 100 == 0:
            logger.info("step %d: error of the statistics %.4f", step + 1, np.mean(errors[-100:]))
    return float(np.mean(errors[-max(1, steps // 10) :]))


def _loss(
    student: LossNetwork, teacher: LossNetwork, crops: Tensor, deviations: Tensor
) -> tuple[Tensor, float]:
    """Return the loss of a batch, and the error of the statistics as a number."""
    with torch.no_grad():
        wanted = teacher(crops)
    found = student(crops)
    features = sum(
        (found[name] - wanted[name]).square().mean() / wanted[name].square().mean()
        for name in STYLE_LAYERS[1:]
    )
    apart = style_vector(found) - style_vector(wanted)
    error = (apart / deviations[: apart.shape[1]]).square().mean()
    return features + _STATISTICS_WEIGHT * error, error.item()


@torch.no_grad()
def fit_layers(
    teacher: LossNetwork, crops: Tensor, channels: Mapping[str, int], *, seed: int = 0
) -> LossNetwork:
    """Return a slimmer network, layer by layer fitted to the teacher's by least squares.

    Args:
        teacher: The network.
        crops: (N, 3, H, W) in [0, 1] to fit it on.
        channels: Of the layers that are to have less: those that the next one hears most are kept.
        seed: Of the choice of positions.
    """
    student = LossNetwork(channels).extend_borders_().to(crops.device)
    generator = torch.Generator().manual_seed(seed)
    seen, wanted = crops, crops
    for name, following in zip(LAYER_NAMES, [*LAYER_NAMES[1:], None], strict=True):
        if name.endswith("_1") and name != LAYER_NAMES[0]:
            seen, wanted = (functional.max_pool2d(x, 2) for x in (seen, wanted))
        layer, model = student.convolution(name), teacher.convolution(name)
        raw = model(wanted)
        kept = torch.arange(len(model.weight), device=crops.device)
        if following is not None and len(layer.weight) < len(model.weight):
            heard = teacher.convolution(following).weight.square().sum(dim=(0, 2, 3))
            kept = heard.topk(len(layer.weight)).indices.sort().values
        if seen.shape == wanted.shape:
            layer.weight.copy_(model.weight[kept])
            _bias(layer).copy_(_bias(model)[kept])
        else:
            _fit(layer, seen, raw[:, kept], generator)
        seen, wanted = functional.relu(layer(seen)), functional.relu(raw)
    return student.to(memory_format=torch.channels_last)


def _fit(layer: torch.nn.Conv2d, seen: Tensor, wanted: Tensor, generator: torch.Generator) -> None:
    """Set the weights with which a convolution makes most nearly what is wanted of what is seen."""
    inputs, outputs = [], []
    padded = functional.pad(seen, (1, 1, 1, 1), "replicate")
    for picture, target in zip(padded, wanted, strict=True):
        patches = functional.unfold(picture[None], 3)[0]
        count = min(_POSITIONS, patches.shape[1])
        some = torch.randperm(patches.shape[1], generator=generator)[:count].to(seen.device)
        inputs.append(patches[:, some].T)
        outputs.append(target.flatten(1)[:, some].T)
    x = functional.pad(torch.cat(inputs).double(), (0, 1), value=1.0)
    moments = x.T @ x
    moments += _RIDGE * moments.diagonal().mean() * torch.eye(len(moments)).to(moments)
    fitted = torch.linalg.solve(moments, x.T @ torch.cat(outputs).double()).float()
    layer.weight.copy_(fitted[:-1].T.reshape(layer.weight.shape))
    _bias(layer).copy_(fitted[-1])


def _bias(layer: torch.nn.Conv2d) -> Tensor:
    if layer.bias is None:
        raise TypeError("a layer has no bias")
    return layer.bias


class _Crops:
    """Draws crops of styles, as large as styles are looked at."""

    def __init__(self, paths: Sequence[Path], rng: np.random.Generator) -> None:
        self._paths, self._rng = list(paths), rng

    def draw(self, count: int) -> Tensor:
        """Return (N, 3, CROP_PX, CROP_PX) in [0, 1]."""
        crops: list[Image.Image] = []
        while len(crops) < count:
            if not self._paths:
                raise TrainingError("None of the style pictures can be read.")
            path = self._paths[int(self._rng.integers(len(self._paths)))]
            try:
                image = read_style(path)
            except TrainingError as error:
                logger.warning("Skipped: %s", error)
                self._paths.remove(path)
                continue
            draws = self._rng.random(11)
            crops.append(_square(variant_of(image, draws[:9]), draws[9:]))
        return to_tensor(crops)


def _square(image: Image.Image, draws: np.ndarray) -> Image.Image:
    """Cut a square of ``CROP_PX`` from the picture at the size at which styles are looked at."""
    width, height = fit_area(image.size, min(STYLE_SIDE_PX, round(math.prod(image.size) ** 0.5)))
    larger = max(1.0, CROP_PX / min(width, height))
    size = (math.ceil(width * larger), math.ceil(height * larger))
    left, top = ((side - CROP_PX) * at for side, at in zip(size, draws.tolist(), strict=True))
    scale = image.width / size[0], image.height / size[1]
    box = (left, top, left + CROP_PX, top + CROP_PX)
    within = tuple(edge * scale[index % 2] for index, edge in enumerate(box))
    return image.resize((CROP_PX, CROP_PX), Image.Resampling.BICUBIC, within)
