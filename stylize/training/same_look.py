"""Is a large picture the same picture as the small one?

A photo is painted small and large, and the large result scaled down is compared with the small one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from stylize.errors import TrainingError
from stylize.images import fit_within, resize_image
from stylize.training.pairs import Pictures
from stylize.training.picture_metrics import psnr_db, ssim
from stylize.training.systems import System

logger = logging.getLogger(__name__)

REFERENCE_PX = 640  # longer side of the picture that larger ones are compared with
BETWEEN_PX = 1280
FULL_SIZE = "full size"
Record = dict[str, Any]


def measure_same_look(systems: Mapping[str, System], pictures: Pictures) -> list[Record]:
    """Paint photos at 640 px, at 1280 px and at full size and compare.

    Args:
        systems: By name.
        pictures: Their contents as large as they are, all above 1280 px.

    Returns:
        For each pair, system and larger size: ``content``, ``style``, ``system``, ``painted``
        (``1280 px`` or ``full size``), ``longer_side_px``, ``psnr_db`` and ``ssim`` (of the luma).

    Raises:
        TrainingError: A photo is too small.
    """
    records = []
    for number, (content, style) in enumerate(pictures.pairs, start=1):
        names = {
            "content": pictures.content_names[content],
            "style": pictures.style_names[style],
        }
        for name, system in systems.items():
            found = compare_sizes(system, pictures.contents[content], pictures.styles[style])
            records += [{**names, "system": name, **row} for row in found]
        if number % 5 == 0:
            logger.info("Same look: %d of %d pairs", number, len(pictures.pairs))
    return records


def compare_sizes(system: System, photo: Image.Image, style: Image.Image) -> list[Record]:
    """Compare the results of one photo, see :func:`measure_same_look`."""
    if max(photo.size) <= BETWEEN_PX:
        raise TrainingError(
            f"The same look is measured on photos of more than {BETWEEN_PX} px; one has "
            f"{photo.width} x {photo.height} px."
        )
    reference = system(resize_image(photo, fit_within(photo.size, REFERENCE_PX)), style)
    found = []
    for painted, size in (
        (f"{BETWEEN_PX} px", fit_within(photo.size, BETWEEN_PX)),
        (FULL_SIZE, photo.size),
    ):
        result = resize_image(system(resize_image(photo, size), style), reference.size)
        seen, wanted = np.asarray(result), np.asarray(reference)
        found.append(
            {
                "painted": painted,
                "longer_side_px": max(size),
                "psnr_db": round(psnr_db(seen, wanted), 3),
                "ssim": round(ssim(seen, wanted), 5),
            }
        )
    return found


def summarize_same_look(records: Sequence[Record]) -> Record:
    """Return system -> size -> mean and worst PSNR and SSIM, and the number of pairs."""
    rows: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        rows.setdefault(record["system"], {}).setdefault(record["painted"], []).append(record)
    return {
        system: {
            painted: {
                "pairs": len(found),
                **{
                    f"{key}_{name}": round(float(of([record[key] for record in found])), 4)
                    for key in ("psnr_db", "ssim")
                    for name, of in (("mean", np.mean), ("worst", np.min))
                },
            }
            for painted, found in sizes.items()
        }
        for system, sizes in rows.items()
    }
