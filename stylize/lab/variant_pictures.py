"""Pictures of variants, measured by the product's harness."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageOps

from stylize.images import load_image
from stylize.lab.variant import Variant
from stylize.sheet import Cell, contact_sheet
from stylize.training.levels import calm_down
from stylize.training.measuring import measure_pairs
from stylize.training.metrics import Meter
from stylize.training.pairs import Pictures
from stylize.training.report import Shown
from stylize.training.samples import Samples
from stylize.training.summary import summarize
from stylize.training.tuning_contents import whole_content
from stylize.training.tuning_styles import style_samples
from stylize.training.vgg import LossNetwork

METRICS = ("content_loss", "style_loss", "ssim", "own_style_found")
_SHOWN, _CELL_PX = 3, 256  # of the sheet


def measure_variants(
    variants: Mapping[str, Variant],
    pictures: Pictures,
    networks: tuple[LossNetwork, LossNetwork],
    meter: Meter,
    *,
    folder: Path,
    seed: int,
) -> tuple[dict[str, Any], Image.Image]:
    """Measure pictures of all variants, and lay some of them out.

    Args:
        variants: What paints; the first is what the others are compared with.
        pictures: Contents on the grid of drafts, styles and pairs.
        networks: What the losses know of styles, and what encodes them.
        meter: Made with these pictures.
        folder: For the pictures that are shown; they lie in ``pictures`` there.
        seed: Of the bootstrap.

    Returns:
        The figures, and the sheet.
    """
    styles = {
        id(pictures.styles[index]): style_samples(*networks, [pictures.styles[index]])
        for index in sorted({style for _, style in pictures.pairs})
    }
    painters = {name: Painter(variant, styles) for name, variant in variants.items()}
    records, _, shown = measure_pairs(
        painters, meter, pictures, shown=_SHOWN, folder=folder / "pictures"
    )
    found = summarize(records, seed=seed)
    rows = {
        name: {
            "new_weights": sum(parameter.numel() for parameter in variant.own_parts()),
            "paint_cpu_ms": round(1000 * statistics.median(painters[name].cpu_s), 1),
            **{metric: found["systems"][name][metric] for metric in METRICS},
        }
        for name, variant in variants.items()
    }
    differences = {
        name: {metric: of_all[metric] for metric in METRICS}
        for name, of_all in found["differences"].items()
    }
    figures = {
        "pairs": len(pictures.pairs),
        "control": found["baseline"],
        "rows": rows,
        "differences": differences,
    }
    return figures, make_sheet(folder, shown)


class Painter:
    """A variant as a system of the harness: a draft, with ground and calm areas as usual.

    Attributes:
        cpu_s: CPU time of each call.
    """

    def __init__(self, variant: Variant, styles: Mapping[int, Samples]) -> None:
        """Take a variant, and what is known of each style by the ``id`` of its picture."""
        self.cpu_s: list[float] = []
        self._variant = variant
        self._styles = styles

    @torch.inference_mode()
    def __call__(self, content: Image.Image, style: Image.Image) -> Image.Image:
        """Paint; sides of contents are multiples of 16."""
        begun = time.process_time()
        network, whole = self._variant.network, whole_content(content)
        samples = replace(self._styles[id(style)], content=whole)
        own = samples.shares @ network.own_statistics(samples.pictures)
        vectors = torch.cat([samples.encoded, own], dim=1)
        painted = self._variant.paint_draft(network, samples, whole, vectors)
        calmed = calm_down(painted.raw.clamp(0, 1), whole.crops, samples.calm, samples.recolored)
        self.cpu_s.append(time.process_time() - begun)
        return Image.fromarray((calmed[0] * 255).round().byte().permute(1, 2, 0).numpy())


def make_sheet(folder: Path, shown: Sequence[Shown]) -> Image.Image:
    """Lay out the pictures of some pairs that the harness kept in a folder."""
    cell = (_CELL_PX, _CELL_PX)
    rows: list[list[Cell | None]] = [
        [
            (ImageOps.fit(load_image(folder / file), cell), name)
            for name, file in of_pair.files.items()
        ]
        for of_pair in shown
    ]
    return contact_sheet(rows, cell=cell, gap_px=8)
