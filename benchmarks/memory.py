"""How much memory small but hostile files take: peak and afterwards, above the idle process.

    python benchmarks/memory.py [-o results/memory.json]

Each file is read and painted in a process of its own with a warm engine. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT_MB = 1000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The file of a picture."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "thin PNG, 2490000 x 16": lambda: encoded(Image.new("L", (2_490_000, 16)), "PNG"),
    "PNG of 100 MP, RGB": lambda: encoded(Image.new("RGB", (10_000, 10_000)), "PNG"),
    "PNG of 40 MP, RGBA": lambda: encoded(Image.new("RGBA", (8000, 5000), (9, 9, 9, 9)), "PNG"),
    "WebP of 98 MP, RGBA": lambda: encoded(Image.new("RGBA", (9900, 9900)), "WEBP", lossless=True),
    "TIFF of 99 MP, floats": lambda: encoded(
        Image.fromarray(np.zeros((9950, 9950), np.float32)), "TIFF", compression="tiff_deflate"
    ),
}  # fmt: skip


def measure(path: Path) -> None:
    """Read, encode and paint one file; print what it took."""
    from stylize.engine import Engine
    from stylize.errors import StylizeError
    from stylize.images import load_image

    engine = Engine(threads=2)
    small = Image.linear_gradient("L").convert("RGB")
    style = engine.encode_style(small)
    engine.stylize(small, style)
    idle = resident_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    figures: dict[str, object] = {}
    try:
        image = load_image(path)
        figures["reading_mb"] = resident_mb("VmHWM") - idle
        engine.encode_style(image)
        engine.stylize(image, style)
        del image
    except StylizeError as error:
        figures["refused"] = str(error).replace(str(path), "It")
    figures["peak_mb"] = resident_mb("VmHWM") - idle
    figures["after_mb"] = resident_mb("VmRSS") - idle
    print(json.dumps(figures))


def resident_mb(key: str) -> int:
    """A figure of this process in megabytes: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 // 1_000_000
    raise KeyError(key)


def main() -> None:
    """Measure all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--file", type=Path, help="measure this file alone")
    options = parser.parse_args()
    if options.file:
        measure(options.file)
        return
    report = {}
    for name, make in FILES.items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(make())
            file.flush()
            command = [sys.executable, __file__, "--file", file.name]
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            report[name] = {"bytes": Path(file.name).stat().st_size, **json.loads(text)}
        print(name, report[name], flush=True)
    if options.out:
        result = {"limit_mb": LIMIT_MB, "files": report}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
