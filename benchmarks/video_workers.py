"""How fast a film with cuts is painted by one process, by several, and by a Ray cluster.

    python benchmarks/video_workers.py FILM [--max-side 640] [-o benchmarks/results/NAME.json]

Runs the command itself, start and saving included, and compares the bytes of the file with those
of one process. Ray is left out where it is not installed. Pinned to two cores where the system
allows it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import describe_machine, report

from stylize.video.parts import PartFinder
from stylize.video.reading import open_film

CORES = 2
RUNS = {
    "one process, one thread paints": ["--threads", "1"],
    "one process, two threads paint": ["--threads", "2"],
    "two processes": ["--workers", "2"],
    "Ray, two processes": ["--cluster", "auto", "--workers", "2"],
}


def run(film: Path, out: Path, options: list[str]) -> dict[str, Any]:
    """Paint the film into a file."""
    # Ray gives its processes less of a busy computer than others have.
    environment = {**os.environ, "RAY_worker_niceness": "0"}
    command = [sys.executable, "-m", "stylize.cli", "video", str(film), "-o", str(out), "--json"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "-s", "great-wave", "--no-embed-recipe", *options],
        env=environment, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    seconds, told = time.perf_counter() - start, json.loads(done.stdout)
    return {
        "seconds": round(seconds, 1),
        "fps": round(told["frames"] / seconds, 2),
        "fps_once_started": round(told["frames"] / told["elapsed_s"], 2),
        "frames": told["frames"],
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--max-side", type=int, default=640)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (way, arguments) in enumerate(RUNS.items()):
            if "--cluster" in arguments and importlib.util.find_spec("ray") is None:
                continue
            size = ["--max-side", str(options.max_side)]
            out = folder / f"{number}.mp4"
            results[way] = run(options.film, out, [*size, *arguments])
            first = (folder / "0.mp4").read_bytes()
            results[way]["same_bytes"] = out.read_bytes() == first
    with open_film(options.film) as film:
        finder = PartFinder()
        cuts = sum(finder.begins_part(frame.pixels) for frame in film)
    about = {
        "cuts": cuts,
        "film": options.film.stem,
        "max_side_px": options.max_side,
    }
    machine = describe_machine("onnxruntime", "opencv-python-headless", "ray")
    report({**about, "cores": CORES, "runs": results, "machine": machine}, options.out)


if __name__ == "__main__":
    main()
