"""How much disk the base install takes: ``python benchmarks/install.py``.

It makes a virtual environment with this package alone; the result is
``benchmarks/results/install.json``.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import venv
from pathlib import Path

from machine import describe_machine

ROOT = Path(__file__).parents[1]


def sizes_mb(folder: Path) -> tuple[float, float]:
    """Return what the files of a folder hold, in millions of bytes: what comes, and bytecode.

    Bytecode is what Python makes of the modules; `pip install` does so at once.
    """
    found = [0, 0]
    for path in folder.rglob("*"):
        found[path.suffix == ".pyc"] += path.lstat().st_size
    return found[0] / 10**6, found[1] / 10**6


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        empty = sizes_mb(Path(folder))
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", str(ROOT)]
        subprocess.run(pip, check=True)
        result = {
            "machine": describe_machine("onnxruntime", "numpy", "pillow"),
        } | {
            name: round(after - before)
            for name, before, after in zip(
                ("base_mb", "bytecode_mb"), empty, sizes_mb(Path(folder)), strict=True
            )
        }
    file = ROOT / "benchmarks" / "results" / "install.json"
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
