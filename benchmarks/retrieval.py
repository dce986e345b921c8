"""Which measure of likeness finds the other crops of the same painting?

    python benchmarks/retrieval.py styles_library FOLDER [FOLDER ...] [--limit 400] [-o FILE]

The first folder holds the bundled pictures, from which measures learn; the others hold pictures
that no measure has seen. Of every picture two random crops (60 % of each side, each with its own
place), its two halves and the whole are encoded. Then each crop searches for its counterpart among
those of all pictures, and recall@1 is the share that finds it.

The encoder is that of the installed model, or with ``--vgg FILE`` the VGG16 in a safetensors file
(keys of torchvision, input 0..255 minus the ImageNet mean), whose statistics the model's style
encoder was made of.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from machine import describe_machine
from numpy.typing import NDArray
from PIL import Image

from stylize.errors import ImageError
from stylize.images import READABLE_SUFFIXES, load_image
from stylize.library.bundled import style_views
from stylize.library.measure import Measure, References

Floats = NDArray[np.float32]
CROP = 0.6
TWINS = 0.9  # correlation of 16 x 16 px above which two pictures show the same painting


def vgg_encoder(weights_path: str) -> Callable[[Image.Image], Floats]:
    """Statistics of relu1_1 .. relu4_1 as in the model's style vectors; needs torch."""
    import torch
    import torch.nn.functional as functional
    from safetensors.torch import load_file

    weights = {key: value.float() for key, value in load_file(weights_path).items()}
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)

    def encode(image: Image.Image) -> Floats:
        pixels = np.array(image.convert("RGB"), np.float32)
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None] - mean
        means, deviations = [], []
        with torch.inference_mode():
            for layer in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, "pool", 17):
                if layer == "pool":
                    x = functional.max_pool2d(x, 2)
                    continue
                x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
                weight, bias = (weights[f"features.{layer}.{kind}"] for kind in ("weight", "bias"))
                x = functional.relu(functional.conv2d(x, weight, bias))
                if layer in (0, 5, 10, 17):
                    flat = x[0].flatten(1)
                    means.append(flat.mean(1))
                    deviations.append(flat.std(1, unbiased=False))
        return torch.cat(means + deviations).numpy()

    return encode


def model_encoder() -> Callable[[Image.Image], Floats]:
    """The style encoder of the installed model."""
    from stylize.engine import Engine

    engine = Engine()
    return lambda image: engine.encode_style(image).values


def views(image: Image.Image, seed: int, side_px: int | None) -> list[Image.Image]:
    """The five views that measures learn from, then two random crops for the test."""
    if side_px:
        scale = side_px / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    rng = random.Random(seed)
    width, height = round(CROP * image.width), round(CROP * image.height)
    crops = []
    for _ in range(2):
        x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
        crops.append(image.crop((x, y, x + width, y + height)))
    return [*style_views(image), *crops]


def paintings(folder: Path, limit: int | None) -> list[Path]:
    """The usable pictures of a folder, or a fixed random choice of them."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in READABLE_SUFFIXES)
    if limit is not None and len(files) > limit:
        files = sorted(random.Random(0).sample(files, limit))
    usable = []
    for file in files:
        try:
            load_image(file, min_side_px=128)
        except ImageError as error:
            print(error, file=sys.stderr)
        else:
            usable.append(file)
    return usable


def fingerprints(files: Sequence[Path]) -> Floats:
    """What pictures show, without style: (N, 768) normalized for correlation."""
    tiny = [load_image(file).convert("RGB").resize((16, 16)) for file in files]
    values = np.array([np.asarray(image, np.float32).ravel() for image in tiny])
    return unit(values - values.mean(axis=1, keepdims=True))


def encode_files(
    files: Sequence[Path], encode: Callable[[Image.Image], Floats], side_px: int | None
) -> Floats:
    """The vectors of pictures, (N, 7, D): in the order of `views`."""
    vectors = []
    for number, file in enumerate(files):
        image = load_image(file).convert("RGB")
        vectors.append([encode(view) for view in views(image, number, side_px)])
        if number % 25 == 24:
            print(f"{number + 1} of {len(files)}", file=sys.stderr, flush=True)
    return np.array(vectors, np.float32)


def unit(points: Floats) -> Floats:
    """Points scaled to length 1."""
    return points / np.maximum(np.linalg.norm(points, axis=-1, keepdims=True), 1e-9)


def recall(points: Floats, pairs: Sequence[tuple[int, int]]) -> float:
    """Recall@1 of finding view b of the same picture from view a, the mean over pairs."""
    hits = [
        ((points[:, a] @ points[:, b].T).argmax(axis=1) == np.arange(len(points))).mean()
        for a, b in pairs
    ]
    return round(float(np.mean(hits)), 4)


def candidates(learned: Floats) -> dict[str, Callable[[Floats], Floats]]:
    """Measures: each maps vectors (..., D) to unit points. They learn from (S, 5, D) vectors."""

    def roots(x: Floats) -> Floats:
        return np.sign(x) * np.sqrt(np.abs(x))

    whole = learned[:, 0]
    features = roots(whole)
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = spread + 0.1 * spread.mean()
    _, singular, axes = np.linalg.svd(features - centre, full_matrices=False)
    variances = singular[: len(whole) - 1] ** 2 / (len(whole) - 1)
    scales = 1 / np.sqrt(variances + 0.3 * variances.mean())
    whitening = (axes[: len(scales)] * scales[:, None]).T
    measure = Measure("", learned.shape[2], References("", learned))

    def shipped(x: Floats) -> Floats:
        return measure.points(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)

    return {
        "cosine of the vectors": lambda x: unit(x),
        "cosine, square roots": lambda x: unit(roots(x)),
        "square roots, channels standardized": lambda x: unit((roots(x) - centre) / spread),
        "square roots, PCA whitening": lambda x: unit((roots(x) - centre) @ whitening),
        "square roots, scatter of crops whitened": shipped,
    }


def score(points: Floats) -> dict[str, float]:
    """Recall@1 for the three kinds of pairs; points are (N, 7, D)."""
    return {
        "crops": recall(points, [(5, 6), (6, 5)]),
        "crop_to_whole": recall(points, [(5, 0), (6, 0)]),
        "halves": recall(points, [(1, 2), (2, 1)]),
    }


def main() -> None:
    """Compare the measures and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundled", type=Path, help="folder of the bundled pictures")
    parser.add_argument("held_out", type=Path, nargs="+", help="folders of other paintings")
    parser.add_argument("--limit", type=int, help="pictures of each other folder, at most")
    parser.add_argument("--vgg", help="VGG16 weights as a safetensors file")
    parser.add_argument("--cache", type=Path, help="keep the vectors in this .npz file")
    parser.add_argument("-o", "--output", type=Path, help="JSON file to write or extend")
    options = parser.parse_args()

    known = paintings(options.bundled, None)
    others = [file for folder in options.held_out for file in paintings(folder, options.limit)]
    if options.cache and options.cache.exists():
        with np.load(options.cache) as file:
            bundled, held_out = file["bundled"], file["held_out"]
    else:
        encode = vgg_encoder(options.vgg) if options.vgg else model_encoder()
        side_px = 288 if options.vgg else None  # the model scales pictures itself
        bundled, held_out = (encode_files(files, encode, side_px) for files in (known, others))
        if options.cache:
            np.savez(options.cache, bundled=bundled, held_out=held_out)

    # A painting that is there twice has two right answers, and bundled ones were learned from.
    marks = fingerprints([*known, *others])
    alike = np.tril(marks @ marks.T, -1)[len(known) :].max(axis=1)
    twins = alike > TWINS
    held_out = held_out[~twins]
    everything = np.concatenate([bundled, held_out])

    results = {}
    for name, map_points in candidates(bundled[:, :5]).items():
        points = unit(map_points(held_out))
        results[name] = {
            "dimensions": int(points.shape[-1]),
            "held_out": score(points),
            "all": score(unit(map_points(everything))),
        }
        shown = "  ".join(f"{k} {v:.3f}" for k, v in results[name]["held_out"].items())
        print(f"{name:<42} {results[name]['dimensions']:>5}  {shown}")
    report = {
        "what": "recall@1: views of a painting find the other view of it among all paintings",
        "encoder": "VGG16, relu1_1 to relu4_1" if options.vgg else "the model's style encoder",
        "bundled": len(bundled),
        "held_out": len(held_out),
        "left_out_as_twins": int(twins.sum()),
        "measures": results,
        "machine": describe_machine("stylize-studio", "numpy"),
    }
    if options.output:
        key = "vgg16" if options.vgg else "model"
        old = json.loads(options.output.read_text()) if options.output.exists() else {}
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(old | {key: report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
