"""How fast a folder is painted by one process, by several, and by a Ray cluster of this computer.

    python benchmarks/batch.py [--pictures 160] [--side 512] [--out benchmarks/results/batch.json]

Runs the command itself, start and saving included, on the same photographs in several sizes, and
compares every byte of the results with those of one process. Ray is left out where it is not
installed. Pinned to two cores where the system allows it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe_machine, report
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "stylize" / "studio" / "examples"
CORES = 2
RUNS = {
    "one process, one thread": ["--threads", "1"],
    "one process, two threads": ["--threads", "2"],
    "two processes": ["--workers", "2"],
    "Ray, two processes": ["--cluster", "auto", "--workers", "2"],
}


def make_contents(folder: Path, count: int, side_px: int) -> None:
    """Write photographs of about one size, no two the same."""
    folder.mkdir()
    photos = [Image.open(path).convert("RGB") for path in sorted(EXAMPLES.glob("*.jpg"))]
    for number in range(count):
        photo = photos[number % len(photos)].copy()
        photo.thumbnail((side_px - number // len(photos), side_px))
        photo.save(folder / f"{number:04}.jpg", quality=92)


def run(options: list[str], contents: Path, out: Path) -> float:
    """Paint the folder; returns seconds."""
    # Ray gives its processes less of a busy computer than others have.
    environment = {**os.environ, "RAY_worker_niceness": "0"}
    command = [sys.executable, "-m", "stylize.cli", "image", str(contents), "-o", str(out)]
    start = time.perf_counter()
    subprocess.run([*command, "-s", "starry-night", *options], env=environment, check=True)
    return time.perf_counter() - start


def same(one: Path, other: Path) -> bool:
    """Whether both folders hold the same pictures, byte by byte."""
    names = [sorted(path.name for path in folder.glob("*.jpg")) for folder in (one, other)]
    return names[0] == names[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names[0]
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=160)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_contents(folder / "in", options.pictures, options.side)
        for number, (way, arguments) in enumerate(RUNS.items()):
            if "--cluster" in arguments and importlib.util.find_spec("ray") is None:
                continue
            seconds = run(arguments, folder / "in", folder / f"out{number}")
            rate = options.pictures / seconds
            results[way] = {
                "seconds": round(seconds, 1),
                "pictures_per_second": round(rate, 2),
                "times_one": 1.0,
                "same_bytes": same(folder / "out0", folder / f"out{number}"),
            }
    slowest = results["one process, one thread"]["pictures_per_second"]
    for result in results.values():
        result["times_one"] = round(result["pictures_per_second"] / slowest, 2)
    about = {"pictures": options.pictures, "side_px": options.side, "cores": CORES}
    machine = describe_machine("onnxruntime", "ray")
    report({**about, "runs": results, "machine": machine}, options.out)


if __name__ == "__main__":
    main()
