"""A contact sheet: contents across, styles down, results between."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from stylize.errors import TrainingError
from stylize.sheet import contact_sheet, uncaptioned
from stylize.training.data import STYLE_SIDE_PX, fit_area, read_content, read_style, to_tensor
from stylize.training.graphs import EncodeStyle
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork, paint_mirrored
from stylize.training.vgg import LossNetwork

logger = logging.getLogger(__name__)

CELL_PX = 384


@dataclass(frozen=True)
class SheetPictures:
    """The pictures of a contact sheet."""

    contents: tuple[Path, ...]
    styles: tuple[Path, ...]

    @classmethod
    def choose(
        cls, contents: Sequence[Path], styles: Sequence[Path], *, seed: int
    ) -> SheetPictures:
        """Choose five contents and six styles."""
        rng = np.random.default_rng([seed, 5])

        def some(paths: Sequence[Path], count: int) -> tuple[Path, ...]:
            indices = rng.permutation(len(paths))[:count]
            return tuple(paths[int(i)] for i in indices)

        return cls(some(contents, 5), some(styles, 6))


@torch.no_grad()
def stylize_tensor(
    network: TransferNetwork,
    encoder: LossNetwork,
    content: Image.Image,
    style: Image.Image,
) -> Image.Image:
    """Stylize with the torch network, content sides being multiples of 8."""
    device = next(network.parameters()).device
    small = style.resize(fit_area(style.size, STYLE_SIDE_PX), Image.Resampling.BICUBIC)
    encode = EncodeStyle(encoder, network)
    vector = encode(to_tensor([small]).to(device))
    x = to_tensor([content]).to(device)
    one = torch.ones(1, 1, device=device)
    affines = network.modulate(x, vector, torch.zeros(1, len(CONDITIONS), device=device), one)
    output = paint_mirrored(network, x, affines).clamp(0, 1)[0].permute(1, 2, 0)
    return Image.fromarray((output * 255).round().byte().cpu().numpy())


def write_contact_sheet(
    network: TransferNetwork, encoder: LossNetwork, pictures: SheetPictures, path: Path
) -> None:
    """Stylize all pairs at 256 px and write them as one picture.

    What cannot be read or written is only logged: a sheet is not worth the end of a training.
    """
    try:
        _write(network, encoder, pictures, path)
    except (TrainingError, OSError) as error:
        logger.warning("No contact sheet: %s", error)


def _write(
    network: TransferNetwork, encoder: LossNetwork, pictures: SheetPictures, path: Path
) -> None:
    cell = (CELL_PX, CELL_PX)
    contents = [ImageOps.fit(read_content(file), cell) for file in pictures.contents]
    styles = [read_style(file) for file in pictures.styles]
    rows = [[None, *contents]]
    rows += [
        [style, *(stylize_tensor(network, encoder, content, style) for content in contents)]
        for style in styles
    ]
    contact_sheet(uncaptioned(rows), cell=cell, gap_px=0).save(path, quality=90)
