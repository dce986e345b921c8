"""Is a large picture the same picture as the small one, in styles of the gallery?

    python benchmarks/same_look.py PHOTO... -o benchmarks/results/same_look.json

Every photograph, each of more than 1280 px, is painted at 640 px, 1280 px and full size with the
default controls, in styles as they are shipped; the larger results are scaled down and compared
with the smallest. Needs ``stylize-studio[train]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from gallery import find_styles
from machine import describe_machine, report
from PIL import Image

from stylize import Engine, StyleVector
from stylize.images import load_image
from stylize.training.same_look import compare_sizes

STYLES = ("starry-night", "great-wave", "composition-vii", "the-scream", "senecio")


def main() -> None:
    """Paint, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    engine = Engine(precision="int8")
    rows: list[dict[str, Any]] = []
    for name, (picture, vector) in zip(STYLES, find_styles(engine, STYLES), strict=True):

        def paint(content: Image.Image, _: object, vector: StyleVector = vector) -> Image.Image:
            return engine.stylize(content, vector)

        for photo in options.photos:
            content = load_image(photo).convert("RGB")
            rows += [{"style": name, **row} for row in compare_sizes(paint, content, picture)]
    result: dict[str, Any] = {
        "photos": len(options.photos),
        "largest_side_px": max(row["longer_side_px"] for row in rows),
        "styles": STYLES,
        "machine": describe_machine("onnxruntime", "numpy", "pillow"),
        "model_sha256": engine.model_sha256,
    }
    for painted in ("1280 px", "full size"):
        found = [row for row in rows if row["painted"] == painted]
        result[painted] = _summary(found)
    result["all"] = _summary(rows)
    report(result, options.out)


def _summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    decibels = [row["psnr_db"] for row in rows]
    return {
        "psnr_db": round(float(np.mean(decibels)), 2),
        "worst_psnr_db": round(min(decibels), 2),
        "ssim": round(float(np.mean([row["ssim"] for row in rows])), 4),
    }


if __name__ == "__main__":
    main()
