"""Very many styles: a collection of Milvus beside the SQLite file.

    python benchmarks/library_scale.py --styles 10000 --index 300000 [-o library_scale.json]

Fills both with the same synthetic styles (see library.py), and measures time to fill, memory, and
the ten nearest with and without conditions; how many of the true ten nearest Milvus finds
(recall@10) against exact search. Milvus runs in this process, on a file, by an implementation in
Python (milvus-lite) that is far slower than a server; so the index of the kind and the settings
that a server builds is measured by itself, too, by faiss (``--index``). Pictures are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from library import DIMENSION, ENCODER, memory_mb, synthetic_entry, synthetic_values, timed
from machine import describe_machine, report

from stylize.library import StyleFilter
from stylize.library.measure import Measure, References
from stylize.library.milvus_rows import HNSW
from stylize.library.milvus_store import LEAST_EF, MilvusStore
from stylize.library.sqlite_store import SqliteStore
from stylize.library.store import StyleStore
from stylize.styles import StyleVector

BATCH = 1000
QUERIES = 200
EFS = (128, 512, 2048, LEAST_EF)  # how many neighbours are looked at
FILTERED = StyleFilter(tags=("tag-7",), year_from=1600)


def make_measure() -> Measure:
    """The measure of likeness, as the bundled paintings would make it."""
    references = synthetic_values(np.random.default_rng(0), 34 * 5).reshape(34, 5, DIMENSION)
    return Measure(ENCODER, DIMENSION, References("synthetic", references))


def fill(store: StyleStore, styles: int) -> float:
    """Fill a store; returns the seconds that its own work took."""
    rng = np.random.default_rng(1)
    elapsed_s = 0.0
    for first in range(0, styles, BATCH):
        count = min(BATCH, styles - first)
        values = synthetic_values(rng, count)
        entries = [synthetic_entry(rng, f"style-{first + i:07}", values[i]) for i in range(count)]
        entries = [entry._replace(record=replace(entry.record, thumbnail=b"")) for entry in entries]
        start = time.perf_counter()
        store.put(entries)
        elapsed_s += time.perf_counter() - start
    return elapsed_s


def queries() -> list[StyleVector]:
    """Styles that are in no store."""
    values = synthetic_values(np.random.default_rng(2), QUERIES)
    return [StyleVector(value, ENCODER) for value in values]


def measure_store(make: Callable[[], StyleStore], styles: int) -> dict[str, object]:
    """Fill a store and search it."""
    before_mb = memory_mb()
    store = make()
    fill_s = fill(store, styles)
    store.close()
    start = time.perf_counter()
    store = make()
    asked = queries()
    found = [[name for name, _ in store.nearest(q, 10, StyleFilter())] for q in asked]
    filtered = [[name for name, _ in store.nearest(q, 10, FILTERED)] for q in asked[:50]]
    first_s = time.perf_counter() - start
    result = {
        "fill_s": round(fill_s, 1),
        "memory_mb": round(memory_mb() - before_mb),
        "open_and_search_once_s": round(first_s, 1),
        "search_ms": timed(lambda i: store.nearest(asked[i], 10, StyleFilter()), 100),
        "search_filtered_ms": timed(lambda i: store.nearest(asked[i], 10, FILTERED), 50),
        "page_ms": timed(lambda i: store.find(StyleFilter(), after="style-0010", limit=48), 20),
        "text_ms": timed(lambda i: store.find(StyleFilter(text=f"artist {i}"), limit=48), 10),
    }
    store.close()
    return result | {"found": found, "filtered": filtered}


def one(kind: str, styles: int) -> dict[str, object]:
    """Measure one kind of store with so many styles, in this process."""
    measure = make_measure()
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            path = Path(folder) / "library.sqlite3"
            result = measure_store(lambda: SqliteStore(path, measure), styles)
        else:
            path = Path(folder) / "styles.db"
            result = measure_store(lambda: MilvusStore(f"milvus://{path}", measure), styles)
        files = [path] if path.is_file() else list(path.rglob("*"))
        result["disk_mb"] = round(sum(f.stat().st_size for f in files if f.is_file()) / 2**20)
    return result


def measure_index(styles: int) -> dict[str, object]:
    """Build the index that a server would build, by faiss, and compare it with exact search."""
    import faiss

    measure, rng = make_measure(), np.random.default_rng(1)
    points = np.zeros((styles, measure.point_size), np.float32)
    for first in range(0, styles, 5000):
        part = points[first : first + 5000]
        part[:] = measure.points(synthetic_values(rng, len(part)))
    before_mb = memory_mb()
    index = faiss.IndexHNSWFlat(measure.point_size, HNSW["M"], faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = HNSW["efConstruction"]
    start = time.perf_counter()
    index.add(points)
    build_s = time.perf_counter() - start
    memory = memory_mb() - before_mb
    asked = measure.points(synthetic_values(np.random.default_rng(2), QUERIES))
    exact = [np.argsort(-(points @ point))[:10].tolist() for point in asked]
    searched = {}
    for ef in EFS:
        index.hnsw.efSearch = ef
        found = [index.search(point[None], 10)[1][0].tolist() for point in asked]
        searched[str(ef)] = {
            "recall_at_10": recall(found, exact),
            "search_ms": timed(lambda i: index.search(asked[i][None], 10), 100),
        }
    return {
        "build_s": round(build_s),
        "threads": faiss.omp_get_max_threads(),
        "memory_mb": round(memory),
        "ef": searched,
    }


def recall(found: list[list[object]], exact: list[list[object]]) -> float:
    """The share of the true nearest that were found."""
    right = sum(len(set(a) & set(b)) for a, b in zip(found, exact, strict=True))
    return round(right / sum(len(b) for b in exact), 4)


def compare(styles: int) -> dict[str, dict[str, object]]:
    """Measure both stores with so many styles, each in a process of its own."""
    rows: dict[str, dict[str, object]] = {}
    for kind in ("sqlite", "milvus"):
        command = [sys.executable, __file__, "--one", kind, "--styles", str(styles)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        rows[kind] = json.loads(done.stdout.splitlines()[-1])
    for key, name in (("found", "recall_at_10"), ("filtered", "recall_at_10_filtered")):
        rows["milvus"][name] = recall(rows["milvus"].pop(key), rows["sqlite"].pop(key))
    return rows


def main() -> None:
    """Run what is asked for; what the file held before stays."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--styles", type=int, action="append")
    parser.add_argument("--index", type=int, action="append", default=[])
    parser.add_argument("--one", choices=("sqlite", "milvus"), help="only for this script itself")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    if options.one:
        json.dump(one(options.one, options.styles[0]), sys.stdout)
        return
    there: dict[str, dict[str, object]] = {"styles": {}, "index": {}}
    if options.output and options.output.exists():
        there |= json.loads(options.output.read_text("utf-8"))
    for styles in options.styles or []:
        there["styles"][str(styles)] = compare(styles)
    for styles in options.index:
        there["index"][str(styles)] = measure_index(styles)
    there["load_at_end"] = round(os.getloadavg()[0], 1)
    there["machine"] = describe_machine("numpy", "pymilvus", "milvus-lite", "faiss-cpu")
    report(there, options.output)


if __name__ == "__main__":
    main()
