"""What training knows of every style: statistics, computed once and kept on the disk."""

from __future__ import annotations

import hashlib
import logging
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from stylize.errors import TrainingError
from stylize.training import parallel
from stylize.training.calm_styles import calm_share
from stylize.training.color_probe import color_numbers
from stylize.training.contrast import contrast_of
from stylize.training.data import STYLE_SIDE_PX, fit_area, read_style, to_tensor
from stylize.training.files import whole_file
from stylize.training.prints import print_of
from stylize.training.tones import LUMA, style_tones
from stylize.training.vgg import STYLE_CHANNELS, LossNetwork, covariance, style_vector

logger = logging.getLogger(__name__)

HALVED_SIDE_PX = STYLE_SIDE_PX // 2
COVARIANCE_LAYERS = ("relu2_1", "relu3_1")
COVARIANCE_SIZE = 64
_RULES = 5  # of the variants; another number when they change, so that no old file is taken for new


@dataclass(frozen=True)
class StyleBank:
    """Statistics of many styles, computed once.

    Attributes:
        vectors: (S, 1920) float32, what the loss network sees: means and standard deviations.
        encoded: (S, 1920) float32, what the style encoder sees, which may be a slimmer one.
        covariances: (S, 2, 64, 64) float16, covariances of randomly projected features of
            ``COVARIANCE_LAYERS``.
        pictures: (S, 256, 256, 3) uint8, the pictures in half their size, squeezed into squares:
            for what the network itself measures of a style.
        tones: (S, 9, 32) float32, quantiles of their colours, see :mod:`stylize.training.tones`.
        calm: (S,) float32, the share of calm cells, 0 to 1.
    """

    vectors: NDArray[np.float32]
    encoded: NDArray[np.float32]
    covariances: NDArray[np.float16]
    pictures: NDArray[np.uint8]
    tones: NDArray[np.float32]
    calm: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.vectors)

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw numbers of styles, loud ones more often; see :attr:`_thresholds`."""
        return np.searchsorted(self._thresholds, rng.random(count)).clip(max=len(self) - 1)

    @cached_property
    def colors(self) -> NDArray[np.float64]:
        """(S, 18), which colours they have, see :mod:`stylize.recoloring`."""
        return color_numbers(self.tones)

    @cached_property
    def _thresholds(self) -> NDArray[np.float64]:
        """Cumulated probabilities, each as the root of the style's mean square.

        Losses grow with the statistics' size, and the loudest styles are the rarest.
        """
        loudness = np.sqrt(np.square(self.vectors).mean(axis=1), dtype=np.float64)
        cumulated: NDArray[np.float64] = np.cumsum(loudness) / loudness.sum()
        return cumulated


def projections() -> list[Tensor]:
    """Return the fixed random projections (64, C), one for each of ``COVARIANCE_LAYERS``."""
    generator = torch.Generator().manual_seed(20)
    return [
        torch.randn(COVARIANCE_SIZE, channels, generator=generator) / channels**0.5
        for channels in (128, 256)
    ]


def load_style_bank(
    paths: Sequence[Path],
    network: LossNetwork,
    encoder: LossNetwork,
    *,
    variants: int,
    seed: int,
    cache: Path,
) -> StyleBank:
    """Compute, or read from the cache folder, the statistics of all styles.

    The first variant of a style is the whole picture, the second one a print of it, see
    :mod:`stylize.training.prints`. The others are crops of 35 to 100 % of its sides, most of them
    in other colours: a modulator that sees the same thousand styles again and again learns them by
    heart, and is worse in all others. Where several processes train, each
    computes a part, and all of them wait for each other.

    Args:
        paths: Style pictures; one that cannot be read is left out with a warning.
        network: The normalized loss network.
        encoder: What encodes styles: the same, or what was distilled from it.
        variants: Variants for each picture.
        seed: Seed of the random crops, colours and inks.
        cache: Folder for the computed statistics, one file for each folder and variant.

    Raises:
        TrainingError: No style can be read, or the disk is full.
    """
    folders = [tuple(of_folder) for _, of_folder in groupby(paths, key=lambda path: path.parent)]
    parts = [(folder, variant) for variant in range(variants) for folder in folders]
    for index, (folder, variant) in enumerate(parts):
        if index % parallel.count() == parallel.rank():
            _load_part(folder, network, encoder, variant, seed, cache)
    parallel.wait()
    banks = [
        _load_part(folder, network, encoder, variant, seed, cache) for folder, variant in parts
    ]
    joined = {
        item.name: np.concatenate([getattr(bank, item.name) for bank in banks])
        for item in fields(StyleBank)
    }
    if not len(joined["vectors"]):
        raise TrainingError("None of the style pictures can be read.")
    return StyleBank(**joined)


def _load_part(
    paths: Sequence[Path],
    network: LossNetwork,
    encoder: LossNetwork,
    variant: int,
    seed: int,
    cache: Path,
) -> StyleBank:
    names = "\n".join(f"{path.parent.name}/{path.name} {path.stat().st_size}" for path in paths)
    # What is kept of a style, and how it is measured at the border.
    kept = sorted(item.name for item in fields(StyleBank))
    names += f" {kept} {[layer.padding_mode for layer in network.convolutions.values()]} {_RULES}"
    first = [*list(network.parameters())[:4], *list(encoder.parameters())[2:4]]
    weights = b"".join(part.detach().cpu().numpy().tobytes() for part in first)
    digest = hashlib.sha256(names.encode() + weights + bytes([seed % 256, variant])).hexdigest()
    file = cache / f"styles-{digest[:16]}.npz"
    if file.is_file():
        try:
            with file.open("rb") as opened, np.load(opened) as arrays:
                return StyleBank(**{item.name: arrays[item.name] for item in fields(StyleBank)})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            logger.warning("Damaged cache %s is computed again: %s", file, error)
    logger.info("Computing the statistics of %d styles, variant %d", len(paths), variant)
    bank = _compute(paths, network, encoder, variant, np.random.default_rng([seed, variant]))
    then = ". Free some space and start again."
    with (
        whole_file(file, what=f"The cache {file}", then=then) as partial,
        partial.open("wb") as stream,
    ):
        np.savez(stream, **{item.name: getattr(bank, item.name) for item in fields(bank)})
    return bank


class MeasuredStyle(NamedTuple):
    """What the losses know of one style picture.

    Attributes:
        seen: (1, 1920), what the loss network sees: means and standard deviations.
        encoded: (1, 1920), what the style encoder sees.
        covariances: (1, 2, 64, 64) of randomly projected features of ``COVARIANCE_LAYERS``.
        halved: The picture in half its size, squeezed into a square.
        contrast: (1, 10), see :func:`stylize.training.contrast.contrast_of`.
    """

    seen: Tensor
    encoded: Tensor
    covariances: Tensor
    halved: Image.Image
    contrast: Tensor


def projected_covariances(features: dict[str, Tensor], matrices: Sequence[Tensor]) -> Tensor:
    """Return (N, 2, 64, 64) covariances of what the loss network sees, projected."""
    layers = zip(COVARIANCE_LAYERS, matrices, strict=True)
    return torch.stack([covariance(features[name], matrix) for name, matrix in layers], dim=1)


@torch.no_grad()
def measure_style(
    picture: Image.Image,
    network: LossNetwork,
    encoder: LossNetwork,
    matrices: Sequence[Tensor],
) -> MeasuredStyle:
    """Measure a style picture, RGB, at the size at which styles are looked at.

    Args:
        picture: Scaled to the area of a square of ``STYLE_SIDE_PX``, never enlarged.
        network: The normalized loss network.
        encoder: What encodes styles: the same, or what was distilled from it.
        matrices: The projections, on the network's device.
    """
    side_px = min(STYLE_SIDE_PX, round((picture.width * picture.height) ** 0.5))
    image = picture.resize(fit_area(picture.size, side_px), Image.Resampling.BICUBIC)
    pixels = to_tensor([image]).to(matrices[0].device)
    features = network(pixels)
    seen = style_vector(features)
    return MeasuredStyle(
        seen,
        seen if encoder is network else style_vector(encoder(pixels)),
        projected_covariances(features, matrices),
        image.resize((HALVED_SIDE_PX, HALVED_SIDE_PX), Image.Resampling.BOX),
        contrast_of(pixels),
    )


def _compute(
    paths: Sequence[Path],
    network: LossNetwork,
    encoder: LossNetwork,
    variant: int,
    rng: np.random.Generator,
) -> StyleBank:
    device = next(network.parameters()).device
    matrices = [matrix.to(device) for matrix in projections()]
    vectors, encoded, covariances, pictures = [], [], [], []
    for path in paths:
        draws = rng.random(9)
        try:
            image = read_style(path)
        except TrainingError as error:
            logger.warning("Skipped: %s", error)
            continue
        if variant == 1:
            image = print_of(image, rng.spawn(1)[0])
        elif variant:
            image = variant_of(image, draws)
        measured = measure_style(image, network, encoder, matrices)
        pictures.append(np.asarray(measured.halved))
        vectors.append(measured.seen[0].cpu().numpy())
        encoded.append(measured.encoded[0].cpu().numpy())
        covariances.append(measured.covariances[0].cpu().numpy())
    seen = np.array(pictures, np.uint8).reshape(-1, HALVED_SIDE_PX, HALVED_SIDE_PX, 3)
    side = COVARIANCE_SIZE
    return StyleBank(
        _rows(vectors),
        _rows(encoded),
        np.array(covariances, np.float16).reshape(len(seen), len(matrices), side, side),
        seen,
        style_tones(seen),
        np.array([calm_share(picture) for picture in seen], np.float32),
    )


def _rows(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.array(vectors, np.float32).reshape(-1, 2 * sum(STYLE_CHANNELS))


def variant_of(image: Image.Image, draws: NDArray[np.float64]) -> Image.Image:
    """Return a crop of a style in other colours, as nine draws from [0, 1) say."""
    return _recolor(_crop(image, draws[:3]), draws[3:])


def _crop(image: Image.Image, draws: NDArray[np.float64]) -> Image.Image:
    """Return a crop of 35 to 100 % of the sides."""
    share = 0.35 + 0.65 * draws[0]
    width, height = image.width * share, image.height * share
    left, top = (image.width - width) * draws[1], (image.height - height) * draws[2]
    return image.crop((round(left), round(top), round(left + width), round(top + height)))


def _recolor(image: Image.Image, draws: NDArray[np.float64]) -> Image.Image:
    """Return the picture in other colours; a quarter of the pictures stay as they are.

    Hues are turned, saturation is 0.6 to 1.7 and contrast 0.8 to 1.25 times as strong, and one
    picture in ten has its lights and darks exchanged. Stronger contrasts widen the activations, and
    8 bits are then too few for many pictures.
    """
    if draws[0] < 0.25:
        return image
    turned = _hue_rotation(2 * math.pi * draws[1]) if draws[2] < 0.6 else np.eye(3)
    saturation, contrast = 0.6 * 2.8 ** draws[3], 0.8 * 1.56 ** draws[4]
    grey = np.tile(LUMA, (3, 1))
    matrix = contrast * (grey + saturation * turned @ (np.eye(3) - grey))
    if draws[5] < 0.1:
        matrix = -matrix
    # The middle of the scale stays where it is.
    offset = 127.5 - 127.5 * matrix.sum(axis=1, keepdims=True)
    rows = np.concatenate([matrix, offset], axis=1)
    return image.convert("RGB", tuple(float(value) for value in rows.flat))


def _hue_rotation(angle: float) -> NDArray[np.float64]:
    """Return the matrix that turns colours about the axis of the greys."""
    cosine, sine = math.cos(angle), math.sin(angle) / 3**0.5
    rotation: NDArray[np.float64] = (
        cosine * np.eye(3)
        + (1 - cosine) / 3
        + sine * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], np.float64)
    )
    return rotation
