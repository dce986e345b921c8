"""How fast the style library is with many styles, and how much memory it takes.

    python benchmarks/library.py [--styles 100000] [-o benchmarks/results/library.json]

Fills a library with synthetic styles of the model's size in a temporary folder and times opening
it, adding to it, and searching it with and without conditions. Each figure is a median, with the
10th and 90th percentile. No model is needed. An addition cannot be faster than the disk makes
sure of a write (``disk_sync_ms``).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe_machine
from PIL import Image

from stylize.library import Entry, StyleLibrary, StyleRecord
from stylize.library.measure import Measure, References
from stylize.library.palette import Swatch
from stylize.library.sqlite_store import SqliteStore
from stylize.styles import StyleVector

DIMENSION = 2144
ENCODER = "0" * 64
TARGETS = {"search_filtered_ms": 50, "add_ms": 2, "open_ms": 1500}


@dataclass(frozen=True)
class Encoder:
    """Stands for the engine; nothing here is encoded."""

    encoder_sha256: str = ENCODER

    def encode_style(self, image: Image.Image) -> StyleVector:
        """Not used."""
        raise NotImplementedError


def synthetic_values(rng: np.random.Generator, count: int) -> np.ndarray:
    """Vectors with the spread and correlation of style vectors, (count, DIMENSION) float32."""
    mixed = rng.normal(size=(count, 200)) @ synthetic_values.basis
    return np.exp(0.4 * mixed).astype(np.float32)


synthetic_values.basis = np.random.default_rng(1).normal(size=(200, DIMENSION)) / 14


def synthetic_entry(rng: np.random.Generator, name: str, values: np.ndarray) -> Entry:
    """A style with credits, a palette and a thumbnail of usual size."""
    colors = rng.integers(0, 256, (6, 3))
    shares = rng.dirichlet(np.ones(6))
    record = StyleRecord(
        name=name,
        vector=StyleVector(values, ENCODER),
        title=f"Untitled {name}",
        artist=f"Artist {rng.integers(500)}",
        year=str(rng.integers(1400, 2000)),
        movement=f"Movement {rng.integers(30)}",
        license="Public domain",
        source="synthetic",
        tags=tuple(sorted({f"tag-{tag}" for tag in rng.integers(0, 40, 3)})),
        thumbnail=rng.bytes(6000),
        palette=tuple(
            Swatch(f"#{r:02x}{g:02x}{b:02x}", round(float(share), 4))
            for (r, g, b), share in zip(colors, shares, strict=True)
        ),
        content_sha256=rng.bytes(32).hex(),
        created_at="2025-01-01T00:00:00+00:00",
        updated_at="2025-01-01T00:00:00+00:00",
    )
    return Entry(record)


def timed(action: Callable[[int], object], count: int) -> dict[str, float]:
    """Run an action some times; median, 10th and 90th percentile in ms."""
    action(-1)  # the first one warms up
    elapsed = []
    for i in range(count):
        start = time.perf_counter()
        action(i)
        elapsed.append(1000 * (time.perf_counter() - start))
    p10, median, p90 = np.percentile(elapsed, [10, 50, 90])
    return {"median": round(median, 2), "p10": round(p10, 2), "p90": round(p90, 2), "runs": count}


def sync_once(path: Path) -> Callable[[int], object]:
    """What any durable write costs on this disk: 40 kB appended and synchronized."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY)

    def write(_: int) -> None:
        os.write(file, bytes(40_000))
        os.fsync(file)

    return write


def memory_mb() -> float:
    """What this process holds in memory now (Linux)."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) / 1024, 1)
    except OSError:
        pass
    return float("nan")


def main() -> None:
    """Fill, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--styles", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    references = synthetic_values(rng, 34 * 5).reshape(34, 5, DIMENSION)
    measure = Measure(ENCODER, DIMENSION, References("synthetic", references))

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "library.sqlite3"
        store = SqliteStore(path, measure)
        start = time.perf_counter()
        batch = 2000
        for first in range(0, options.styles, batch):
            names = [f"style-{i}" for i in range(first, min(first + batch, options.styles))]
            values = synthetic_values(rng, len(names))
            store.put([synthetic_entry(rng, *pair) for pair in zip(names, values, strict=True)])
            print(f"\rfilled {first + len(names)}", end="", flush=True)
        fill_s = time.perf_counter() - start
        store.close()
        del store
        print(f" in {fill_s:.0f} s; {path.stat().st_size / 2**20:.0f} MiB on disk")

        queries = [StyleVector(v, ENCODER) for v in synthetic_values(rng, 64)]
        fresh = [
            synthetic_entry(rng, f"new-{i}", v) for i, v in enumerate(synthetic_values(rng, 201))
        ]
        gc.collect()
        before_mb = memory_mb()
        opened: list[SqliteStore] = []

        def reopen(_: int) -> None:
            while opened:
                opened.pop().close()
            opened.append(SqliteStore(path, measure))

        results = {"open_ms": timed(reopen, 7)}
        gc.collect()
        library = StyleLibrary(Encoder(), opened[0])
        library.search(queries[0], 10)
        memory = {"styles_in_memory_mb": round(memory_mb() - before_mb, 1)}
        results |= {
            "search_ms": timed(lambda i: library.search(queries[i % 64], 10), 100),
            "search_filtered_ms": timed(
                lambda i: library.search(
                    queries[i % 64], 10, tags=(f"tag-{i % 40}",), year_from=1600
                ),
                100,
            ),
            "search_filtered_by_text_ms": timed(
                lambda i: library.search(queries[i % 64], 10, text=f"artist {i} untitled"), 50
            ),
            "search_palette_ms": timed(
                lambda i: library.search_palette(["#1d3557", "gold"], 10), 30
            ),
            "get_ms": timed(lambda i: library.get(f"style-{31 * i % options.styles}"), 200),
            "disk_sync_ms": timed(sync_once(Path(folder) / "sync"), 200),
            "add_ms": timed(lambda i: library.put([fresh[i + 1]]), 200),
        }
        disk_mb = round(path.stat().st_size / 2**20, 1)
        library.close()

    for name, figure in results.items():
        target = f"   (target {TARGETS[name]})" if name in TARGETS else ""
        spread = f"{figure['p10']:.2f} .. {figure['p90']:.2f}"
        print(f"{name:<28} {figure['median']:>8.2f}  {spread}{target}")
    print(f"memory for the styles        {memory['styles_in_memory_mb']:>8.1f} MB")
    report = {
        "styles": options.styles,
        "vector_length": DIMENSION,
        "point_length": measure.point_size,
        "fill_styles_per_s": round(options.styles / fill_s),
        "disk_mb": disk_mb,
        **memory,
        **results,
        "load_at_end": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "machine": describe_machine("stylize-studio", "numpy"),
        "sqlite": sqlite3.sqlite_version,
    }
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
