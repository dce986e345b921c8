"""How much memory small but hostile files take in a server: peak and afterwards, above idle.

    python benchmarks/memory.py [-o benchmarks/results/memory.json]

Each case has a process of its own with a warm engine, and at most two minutes. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe_machine
from PIL import Image

LIMIT_MB = 1000
TIMEOUT_S = 120


def png(mode: str, width: int, height: int) -> Callable[[], bytes]:
    """A PNG of one colour."""
    return lambda: encoded(Image.new(mode, (width, height)), "PNG")


def float_tiff(width: int, height: int) -> Callable[[], bytes]:
    """A TIFF of zeros with 32 bits a pixel."""
    return lambda: encoded(
        Image.fromarray(np.zeros((height, width), np.float32)), "TIFF", compression="tiff_deflate"
    )


def webp(width: int, height: int) -> Callable[[], bytes]:
    """A transparent WebP of 34 bytes: one colour, whatever size its head tells."""

    def make() -> bytes:
        data = bytearray(encoded(Image.new("RGBA", (16, 16)), "WEBP", lossless=True))
        at = data.index(b"VP8L") + 9
        flags = int.from_bytes(data[at : at + 4], "little") >> 28 << 28
        head = flags | (width - 1) | (height - 1) << 14
        data[at : at + 4] = head.to_bytes(4, "little")
        return bytes(data)

    return make


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The file of a picture."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@dataclass(frozen=True)
class Case:
    """A file, and what is done with it.

    Attributes:
        make: Makes the file.
        work: ``encode`` it as a style, as the package does, or ``paint`` it, as the studio does.
        at_once: How many requests come at the same time.
    """

    make: Callable[[], bytes]
    work: str
    at_once: int = 1


CASES = {
    "thin PNG, 2490000 x 16, as a style": Case(png("L", 2_490_000, 16), "encode"),
    "PNG of 100 MP, as a style": Case(png("RGB", 10_000, 10_000), "encode"),
    "PNG of 100 MP, RGBA, as a style": Case(png("RGBA", 10_000, 10_000), "encode"),
    "WebP of 98 MP, RGBA, as a style": Case(webp(9900, 9900), "encode"),
    "WebP of 58 MP, RGBA, as a style": Case(webp(7616, 7616), "encode"),
    "TIFF of 99 MP, floats, as a style": Case(float_tiff(9950, 9950), "encode"),
    "PNG of 40 MP, painted": Case(png("RGB", 8000, 5000), "paint"),
    "PNG of 40 MP, RGBA, painted": Case(png("RGBA", 8000, 5000), "paint"),
    "two PNG of 40 MP, RGBA, painted at once": Case(png("RGBA", 8000, 5000), "paint", at_once=2),
    "WebP of 40 MP, RGBA, painted": Case(webp(8000, 5000), "paint"),
}


def measure(case: Case, path: Path) -> dict[str, object]:
    """Do what a case says; return what it took."""
    from stylize.engine import Engine
    from stylize.errors import StylizeError
    from stylize.images import load_image
    from stylize.memory import give_back_memory
    from stylize.studio.memory import picture_at_work
    from stylize.studio.settings import StudioSettings

    give_back_memory()
    engine = Engine(threads=2)
    small = Image.linear_gradient("L").convert("RGB")
    style = engine.encode_style(small)
    engine.stylize(small, style)
    idle = resident_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    figures: dict[str, object] = {"bytes": path.stat().st_size}

    def request() -> None:
        try:
            if case.work == "encode":
                engine.encode_style(load_image(path))
            else:
                with picture_at_work(path, StudioSettings()) as picture:
                    engine.stylize(picture, style).save(io.BytesIO(), "PNG", compress_level=1)
        except StylizeError as error:
            figures["refused"] = str(error).replace(str(path), "It")

    threads = [threading.Thread(target=request) for _ in range(case.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures["peak_mb"] = resident_mb("VmHWM") - idle
    figures["after_mb"] = resident_mb("VmRSS") - idle
    return figures


def resident_mb(key: str) -> int:
    """A figure of this process in megabytes: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 // 1_000_000
    raise KeyError(key)


def run(name: str) -> dict[str, object]:
    """Measure a case in a process of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(CASES[name].make())
        file.flush()
        command = [sys.executable, __file__, "--case", name, "--file", file.name]
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"not done in {TIMEOUT_S} s"}
    result: dict[str, object] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--case", help="measure this one in this process")
    parser.add_argument("--file", type=Path, help="its file")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(CASES[options.case], options.file)))
        return
    report = {}
    for name in CASES:
        report[name] = run(name)
        print(name, report[name], flush=True)
    if options.out:
        result = {
            "machine": describe_machine("onnxruntime", "pillow"),
            "limit_mb": LIMIT_MB,
            "cases": report,
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
