"""How long do large pictures take, and how much memory?

    python benchmarks/large.py -o benchmarks/results/large.json [--threads 2] [--megapixels 100]

Each size is painted in a process of its own. Memory is the peak of the process less what it held
with the engine warm and the content loaded: what painting itself needs, the result included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from machine import describe_machine, report
from PIL import Image

from stylize import Engine

SIZES = ((1920, 1080), (3840, 2160), (7680, 4320), (12000, 8333))


def peak_mb() -> int:
    """Return the largest memory this process has held so far, and start counting anew."""
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    Path("/proc/self/clear_refs").write_text("5")
    return peak


def resident_mb() -> int:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def paint(width: int, height: int, precision: str, threads: int, repeats: int) -> dict[str, float]:
    """Paint one size a few times in this process."""
    engine = Engine(precision=precision, threads=threads)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (90, 160, 3), np.uint8))
    style = engine.encode_style(noise.resize((256, 256)))
    content = noise.resize((width, height), Image.Resampling.BICUBIC)
    engine.stylize(content, style, max_side_px=64)
    before = resident_mb()
    peak_mb()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        engine.stylize(content, style)
        times.append(time.perf_counter() - start)
    return {
        "median_s": round(statistics.median(times), 3),
        "min_s": round(min(times), 3),
        "peak_mb": peak_mb() - before,
        "result_mb": round(width * height * 3 / 2**20),
    }


def main() -> None:
    """Parse, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--megapixels", type=float, default=100, help="leave larger sizes out")
    parser.add_argument("-o", "--out", type=Path, help="JSON file to write")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        width, height, precision, threads, repeats = options.child
        print(json.dumps(paint(int(width), int(height), precision, int(threads), int(repeats))))
        return
    sizes: dict[str, dict[str, object]] = {}
    for width, height in SIZES:
        if width * height > options.megapixels * 1e6:
            continue
        for precision in ("int8", "fp32"):
            repeats = 5 if width < 5000 else 2
            child = [width, height, precision, options.threads, repeats]
            done = subprocess.run(
                [sys.executable, __file__, "--child", *map(str, child)],
                check=True,
                capture_output=True,
                text=True,
            )
            sizes.setdefault(f"{width}x{height}", {})[precision] = json.loads(done.stdout)
    result = {
        "machine": describe_machine("stylize-studio", "onnxruntime", "numpy", "pillow"),
        "threads": options.threads,
        "model_sha256": Engine().model_sha256,
        "sizes": sizes,
    }
    report(result, options.out)


if __name__ == "__main__":
    main()
