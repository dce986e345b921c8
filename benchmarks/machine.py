"""What a result says of the machine and the versions that it was measured with."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")


def describe_machine(*packages: str) -> dict[str, object]:
    """Return CPU, cores, instruction sets and package versions."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    lines = dict(
        (part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line
    )
    flags = lines.get("flags", "").split()
    return {
        "cpu": lines.get("model name", platform.processor()),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "instructions": [name for name in FEATURES if name in flags],
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


def report(result: dict[str, object], out: Path | None) -> None:
    """Print a result as JSON and write it to a file, if one is given."""
    text = json.dumps(result, indent=2)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
