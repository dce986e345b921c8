"""How soon optimisation comes as far from the engine's result as from the content.

    python benchmarks/finish.py --data FOLDER -o FOLDER [--weights FILE]

The folder holds the pictures of holdout.json. Needs ``stylize-studio[train]``; minutes on a
graphics card, an hour without.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from lab_results import ROOT, note
from machine import describe_machine
from PIL import Image
from torch import Tensor

from stylize.engine import Engine
from stylize.images import fit_within, load_image, resize_image
from stylize.lab.features import FeatureNetwork, load_features
from stylize.lab.finish import finish_picture
from stylize.lab.gatys import optimize, to_image
from stylize.lab.objective import Losses, Objective, Weights
from stylize.sheet import contact_sheet
from stylize.training.data import to_tensor
from stylize.training.metrics import Meter, load_loss_network

SIDE_PX, PAIRS = 384, 6
LARGE_PX, LARGE_STEPS = (2800, 1863), 50
STEPS = (0, 20, 50, 100, 150, 200, 300, 400, 500)
MEASURED = (0, 20, 50, 100)  # by the losses of the product's evaluation
SHOWN = {"engine": (0, 20, 100), "content": (20, 100)}


def main() -> None:
    """Measure, and note the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="VGG19; default: it is downloaded.")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    measure(options.data, options.weights, options.out)


def measure(data: Path, weights: Path | None, out: Path) -> None:
    """Measure what steps make of the engine's result, and of the content."""
    engine = Engine()
    network = load_features("vgg19", weights)
    held_out = json.loads((ROOT / "benchmarks" / "holdout.json").read_text("utf-8"))
    apart = len(held_out["styles"]) // PAIRS
    chosen = (held_out[kind][::apart][:PAIRS] for kind in ("contents", "styles"))
    pairs = list(zip(*chosen, strict=True))
    loss_network = load_loss_network(ROOT / "checkpoints" / "network.pt")
    sums: dict[str, list[Point]] = {}
    rows = []
    for content_name, style_name in pairs:
        content, style = (
            resize_image(picture, fit_within(picture.size, SIDE_PX))
            for picture in (load_image(data / content_name), load_image(data / style_name))
        )
        meter = Meter(loss_network, [content], [style])
        painted = engine.stylize(content, engine.encode_style(style))
        row = [(style, "style"), (content, "content")]
        for name, start in (("engine", painted), ("content", content)):
            points, pictures = follow(content, style, start, network, meter)
            sums.setdefault(name, []).extend(points)
            row += [(pictures[steps], f"{name} + {steps}") for steps in SHOWN[name]]
        rows.append(row)
        print(content_name, style_name, file=sys.stderr)
    note({"finish": {
        "side_px": SIDE_PX,
        "pairs": pairs,
        "features": list(network.style_layers),
        "machine": describe_machine("stylize-studio", "torch", "onnxruntime"),
        "device": str(network.device),
        "starts": {
            name: [mean_of([p for p in points if p.steps == steps]) for steps in STEPS]
            for name, points in sums.items()
        },
        "steps_from_content_for": {
            str(steps): steps_to_reach(sums, steps) for steps in STEPS
        },
        "large": measure_large(engine, network),
    }})  # fmt: skip
    contact_sheet(rows, cell=(200, 200), gap_px=8).save(out / "finish.jpg", quality=88)


def measure_large(engine: Engine, network: FeatureNetwork) -> dict[str, object] | None:
    """Finish one picture of many tiles; None without a graphics card, where it takes an hour."""
    if network.device.type != "cuda":
        return None
    content = load_image(ROOT / "stylize" / "studio" / "examples" / "chelsea.jpg")
    content = content.resize(LARGE_PX, Image.Resampling.LANCZOS)
    style = load_image(ROOT / "styles_library" / "starry-night.jpg")
    vector = engine.encode_style(style)
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    finish_picture(engine, content, vector, [(style, 1.0)], network, LARGE_STEPS)
    return {
        "size_px": LARGE_PX,
        "steps": LARGE_STEPS,
        "elapsed_s": round(time.perf_counter() - start, 2),
        "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
    }


class Point(NamedTuple):
    """Losses of one picture: the optimisation's own, and those of the product's evaluation."""

    steps: int
    total: float
    content: float
    style: float
    content_loss: float
    style_loss: float


def follow(
    content: Image.Image, style: Image.Image, start: Image.Image, network: FeatureNetwork,
    meter: Meter,
) -> tuple[list[Point], dict[int, Image.Image]]:  # fmt: skip
    """Optimise from a start; return the losses after each of the steps, and the pictures."""
    points: list[Point] = []
    pictures: dict[int, Image.Image] = {}
    objective = Objective(content, [(style, 1.0)], network, Weights())
    best = Losses(float("inf"), 0.0, 0.0)
    count = 0

    def see(losses: Losses, picture: Image.Image) -> None:
        pictures[count] = picture
        measured = meter.losses(picture, content, 0) if count in MEASURED else (0.0, 0.0)
        points.append(Point(count, *losses, *measured))

    def tell(losses: Losses, picture: Tensor) -> None:
        nonlocal best, count
        best = min(best, losses)
        count += 1
        if count in STEPS:
            see(best, to_image(picture))

    see(objective.backward(to_tensor([start]).to(network.device)), start)
    optimize(start, objective, "lbfgs", max(STEPS), tell)
    return points, pictures


def mean_of(points: Sequence[Point]) -> dict[str, float]:
    """Return the mean of the points of several pictures that have had the same steps."""
    means = (sum(column) / len(points) for column in zip(*points, strict=True))
    found = {name: round(mean, 4) for name, mean in zip(Point._fields, means, strict=True)}
    found["steps"] = points[0].steps
    if found["steps"] not in MEASURED:
        del found["content_loss"], found["style_loss"]
    return found


def steps_to_reach(sums: dict[str, list[Point]], steps: int) -> float | None:
    """Return the median of how many steps from the content it takes to come as far.

    None: more than were done.
    """
    at = {name: [p for p in points if p.steps == steps] for name, points in sums.items()}
    needed = []
    starts = [index for index, point in enumerate(sums["content"]) if point.steps == 0]
    for goal, begin in zip(at["engine"], starts, strict=True):
        curve = sums["content"][begin : begin + len(STEPS)]
        needed.append(min((p.steps for p in curve if p.total <= goal.total), default=10**9))
    found = sorted(needed)[len(needed) // 2]
    return found if found <= max(STEPS) else None


if __name__ == "__main__":
    main()
