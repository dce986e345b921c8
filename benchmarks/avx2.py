"""How fast is INT8 on a CPU without AVX-512 and VNNI, measured on one that has them?

    python benchmarks/avx2.py -o benchmarks/results/avx2.json [--threads 2] [--rounds 20]

Many ordinary machines have AVX2 and nothing newer; INT8 gains least there. ONNX Runtime chooses its
kernels once, by one test of the CPU's AVX-512 flag. In a copy of the library this test is made to
fail, so that it takes the AVX2 kernels. Both copies take turns, each in processes of its own. The
cores stay what they are: ratios carry over to other machines, milliseconds do not.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from machine import describe_machine, report
from speed import make_picture, take_turns

from stylize import Engine

SIDES_PX = (256, 512, 1024)
PRECISIONS = ("int8", "fp32")
TURNS = 3
# test r10d, 0x10000: bit 16 of what CPUID says in EBX, AVX512F, as compiled into this build.
_TEST = bytes.fromhex("41f7c200000100")
_NEVER = bytes.fromhex("41f7c200000000")
_XGETBV = bytes.fromhex("0f01d0")  # comes before it, in the same function
_REACH = 2_000


def copy_without_avx512(target: Path) -> None:
    """Copy the installed ONNX Runtime, blind to AVX-512.

    Args:
        target: Folder for the package; to be put first in ``PYTHONPATH``.
    """
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        sys.exit("ONNX Runtime is not installed.")
    source = Path(spec.origin).parent
    shutil.copytree(source, target / source.name)
    (library,) = (target / source.name / "capi").glob("onnxruntime_pybind11_state*.so")
    code = library.read_bytes()
    places = [
        place for place in _find_all(code, _TEST) if _XGETBV in code[max(0, place - _REACH) : place]
    ]
    if len(places) != 1:
        sys.exit(f"The test for AVX-512 was found {len(places)} times in this ONNX Runtime build.")
    end = places[0] + len(_TEST)
    library.write_bytes(code[: places[0]] + _NEVER + code[end:])


def _find_all(code: bytes, part: bytes) -> list[int]:
    places, place = [], code.find(part)
    while place >= 0:
        places.append(place)
        place = code.find(part, place + 1)
    return places


def measure(threads: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time whole calls in both precisions, taking turns: median ms by side and precision."""
    engines = {name: Engine(precision=name, threads=threads) for name in PRECISIONS}
    style = engines["int8"].encode_style(make_picture(256, 1))
    medians = {}
    for side_px in SIDES_PX:
        picture = make_picture(side_px, 2)
        tasks = {p: partial(engine.stylize, picture, style) for p, engine in engines.items()}
        times = take_turns(tasks, rounds)
        medians[str(side_px)] = {p: found["median_ms"] for p, found in times.items()}
    return medians


def _summarize(turns: list[dict[str, dict[str, float]]], side: str) -> dict[str, float]:
    int8, fp32 = (statistics.median(t[side][precision] for t in turns) for precision in PRECISIONS)
    return {
        "int8_ms": round(int8, 1),
        "fp32_ms": round(fp32, 1),
        "int8_times_faster": round(fp32 / int8, 2),
    }


def main() -> None:
    """Measure both copies in turns and report medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20, help="in each of three turns")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--out", type=Path, help="JSON file")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.threads, options.rounds)))
        return
    command = [sys.executable, __file__, "--child"]
    command += ["--threads", str(options.threads), "--rounds", str(options.rounds)]
    found: dict[str, list[dict[str, dict[str, float]]]] = {"avx2": [], "all_instructions": []}
    with tempfile.TemporaryDirectory() as folder:
        copy_without_avx512(Path(folder))
        for _ in range(TURNS):
            for turns, path in zip(found.values(), (folder, ""), strict=True):
                environment = {**os.environ, "PYTHONPATH": path}
                child = subprocess.run(
                    command, check=True, capture_output=True, text=True, env=environment
                )
                turns.append(json.loads(child.stdout))
    result: dict[str, object] = {
        "machine": describe_machine("onnxruntime", "stylize-studio"),
        "threads": options.threads,
        "rounds": TURNS * options.rounds,
    }
    for name, turns in found.items():
        result[name] = {str(side_px): _summarize(turns, str(side_px)) for side_px in SIDES_PX}
    report(result, options.out)


if __name__ == "__main__":
    main()
