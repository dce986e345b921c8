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


def size_mb(folder: Path) -> int:
    """Return what the files of a folder take on the disk, in millions of bytes."""
    blocks = sum(path.lstat().st_blocks for path in folder.rglob("*"))
    return round(blocks * 512 / 10**6)


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        empty_mb = size_mb(Path(folder))
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", str(ROOT)]
        subprocess.run(pip, check=True)
        result = {
            "machine": describe_machine("onnxruntime", "numpy", "pillow"),
            "base_mb": size_mb(Path(folder)) - empty_mb,
        }
    file = ROOT / "benchmarks" / "results" / "install.json"
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
