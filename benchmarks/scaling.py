"""How many visitors a machine holds, and what many machines would cost: simulated, on paper.

    python benchmarks/scaling.py [-o benchmarks/results/scaling.json] [--plot docs/scaling.png]

A studio with so many workers is a queue with so many servers: questions come by chance (Poisson),
each takes one worker for a time drawn from the distribution that was measured
(``batch.json``: pictures per core-second), and waits in line before. What is simulated is the time
from question to picture over the load; what the page's own process does is not in it. From the same
figures follow the machines for a million pictures a day, and their price; that is an assumption,
written into the result.
"""

from __future__ import annotations

import argparse
import heapq
import json
from math import ceil
from pathlib import Path

import numpy as np
from machine import report

RESULTS = Path(__file__).parent / "results"
WORKERS = (1, 2, 4, 8, 16, 32)
LOADS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
QUESTIONS = 40_000
SPREAD = 0.3  # of the time of a picture: contents and styles differ
BOUND_S = 1.0  # within which 95 % of all visitors shall have their picture
VISITOR_S = 8.0  # between two questions of a visitor, as in load.py
MILLION_A_DAY = 1e6 / 86_400
PEAK = 3.0  # busiest hour against the mean of a day
MACHINES = {"2 cores": 2, "8 cores": 8, "32 cores": 32}
DOLLARS_A_CORE_HOUR = 0.04  # assumed, not measured: about what clouds ask for such machines


def simulate(
    workers: int, load: float, service_s: float, *, questions: int = QUESTIONS, seed: int = 0
) -> np.ndarray:
    """Return how long each question took, from asking to the picture.

    Args:
        workers: Each paints one picture at a time.
        load: Share of the time that they are busy, below 1.
        service_s: Mean time of a picture.
        questions: How many.
        seed: Of the chance.

    Returns:
        (questions,) seconds, without the first tenth, in which the queue fills.
    """
    chance = np.random.default_rng(seed)
    arrivals = np.cumsum(chance.exponential(service_s / (workers * load), questions))
    sigma = np.sqrt(np.log(1 + SPREAD**2))
    services = service_s * np.exp(sigma * chance.normal(size=questions) - sigma**2 / 2)
    free_at = [0.0] * workers
    taken = np.empty(questions)
    for i in range(questions):
        start = max(arrivals[i], heapq.heappop(free_at))
        heapq.heappush(free_at, start + services[i])
        taken[i] = start + services[i] - arrivals[i]
    return taken[questions // 10 :]


def curves(service_s: float) -> dict[str, list[float]]:
    """Return the 95th percentile over the load, for each number of workers."""
    return {
        str(workers): [
            round(float(np.percentile(simulate(workers, load, service_s), 95)), 3) for load in LOADS
        ]
        for workers in WORKERS
    }


def most_load(p95_s: list[float]) -> float:
    """Return the highest load of the list at which the bound still holds."""
    return max((load for load, s in zip(LOADS, p95_s, strict=True) if s <= BOUND_S), default=0.0)


def core_seconds() -> dict[str, float]:
    """Return the core-seconds of a picture by size: of a batch, and of single calls above it."""
    batch, speed, large = (
        json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
        for name in ("batch", "speed", "large")
    )
    rate = batch["runs"]["two processes"]["pictures_per_second"]
    found = {f"{batch['side_px']} px": batch["cores"] / rate}
    ours = speed["stylize"]["1024"]["int8"]["median_ms"] / 1000
    found["1024 px"] = ours * speed["threads"]
    found["3840 x 2160 px"] = large["sizes"]["3840x2160"]["int8"]["median_s"] * speed["threads"]
    return {name: round(seconds, 3) for name, seconds in found.items()}


def costs(core_s: float, load: float) -> dict[str, object]:
    """Return what a million pictures a day take: spread over the day, and as visitors come."""
    cores = MILLION_A_DAY * core_s
    return {
        "core_seconds_a_picture": core_s,
        "machines_for_a_batch": {n: ceil(cores / size) for n, size in MACHINES.items()},
        "machines_for_visitors": {
            n: ceil(PEAK * cores / load / size) for n, size in MACHINES.items()
        },
        "dollars_a_million": round(1e6 * core_s / 3600 * DOLLARS_A_CORE_HOUR, 2),
    }


def plot(result: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Draw the curves; without a library for plots, by hand, since there are six lines."""
    from PIL import Image, ImageDraw, ImageFont

    scale, width, height = 2, 820, 460
    left, right, top, bottom = 70, 150, 40, 60
    image = Image.new("RGB", (scale * width, scale * height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=14 * scale)
    most_s = 2.0

    def at(load: float, seconds: float) -> tuple[float, float]:
        x = left + load * (width - left - right)
        y = height - bottom - min(seconds, most_s) / most_s * (height - top - bottom)
        return scale * x, scale * y

    for seconds in (0, 0.5, 1.0, 1.5, 2.0):
        draw.line([at(0, seconds), at(1, seconds)], fill="#dddddd", width=scale)
        x, y = at(0, seconds)
        draw.text((x - 10 * scale, y), f"{seconds:g} s", "#444444", font, anchor="rm")
    for load in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = at(load, 0)
        draw.text((x, y + 8 * scale), f"{load:.0%}", "#444444", font, anchor="mt")
    x, y = at(0.5, 0)
    label = "load: share of the time that the workers are busy"
    draw.text((x, y + 32 * scale), label, "#222222", font, anchor="mt")
    title = "95 % of the pictures are there within"
    draw.text((scale * 10, scale * 10), title, "#222222", font)
    lowest = 0.0  # of the names so far, so that none lies on another
    colors = ("#c8553d", "#d9a441", "#7a9e5f", "#2f7396", "#5b4a8a", "#222222")
    for (workers, p95), color in zip(result["p95_s"].items(), colors, strict=True):
        points = [at(load, s) for load, s in zip(LOADS, p95, strict=True) if s <= most_s]
        draw.line(points, fill=color, width=3 * scale, joint="curve")
        x, y = points[-1]
        name = f"{workers} worker{'s' * (workers != '1')}"
        if len(points) < len(LOADS):  # it leaves the picture: there is room on the left
            draw.text((x - 8 * scale, y), name, color, font, anchor="rm")
        else:
            lowest = max(lowest, y) if lowest < y - 18 * scale else lowest + 18 * scale
            draw.text((x + 8 * scale, lowest), name, color, font, anchor="lm")
    image.resize((width, height), Image.Resampling.LANCZOS).save(path, optimize=True)


def main() -> None:
    """Simulate, print, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    sizes = core_seconds()
    core_s = next(iter(sizes.values()))
    p95 = curves(core_s)
    load = {workers: most_load(values) for workers, values in p95.items()}
    result: dict[str, object] = {
        "bound_s": BOUND_S,
        "seconds_between_questions": VISITOR_S,
        "loads": list(LOADS),
        "p95_s": p95,
        "most_load": load,
        "visitors": {
            workers: int(int(workers) * share / core_s * VISITOR_S)
            for workers, share in load.items()
        },
        "peak_to_mean": PEAK,
        "assumed_dollars_a_core_hour": DOLLARS_A_CORE_HOUR,
        "a_million_a_day": {
            name: costs(seconds, min(load["8"], 0.8)) for name, seconds in sizes.items()
        },
    }
    report(result, options.output)
    if options.plot:
        plot(result, options.plot)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
