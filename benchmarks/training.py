"""What the ways to train take: seconds a step, and memory.

    python benchmarks/training.py --contents FOLDER --styles FOLDER [-o FILE]

Each way trains in processes of its own, from the bundled network, on the same samples: first one
step, then some more, whose time counts. Two processes have a thread each, one has both.
Needs ``stylize-studio[train]``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from machine import describe_machine, report

ROOT = Path(__file__).parents[1]
SIDE_PX = 256
BATCH = 4  # of a process: two contents in two styles
STYLES = 8  # enough: what a step takes does not depend on them
WAYS: dict[str, dict[str, object]] = {
    "one process": {},
    "style side alone": {"style_first_steps": 1_000},
    "mixed precision": {"mixed_precision": True},
    "gradient checkpointing": {"checkpointing": True},
    "two processes, weights averaged": {"processes": 2},
    "two processes, gradients averaged": {"processes": 2, "average_steps": 0},
}


def main() -> None:
    """Measure all ways, or be one of the processes that train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contents", type=Path, required=True)
    parser.add_argument("--styles", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    if options.train:
        print(json.dumps(train_one(options)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        styles = folder / "styles"
        styles.mkdir()
        for path in sorted(options.styles.glob("*.jpg"))[:STYLES]:
            shutil.copy(path, styles)
        prepared = folder / "prepared"
        start(options, styles, prepared, "one process", steps=1)  # encodes the styles
        ways = {}
        for index, way in enumerate(WAYS):
            run = folder / str(index)
            shutil.copytree(prepared, run)
            (run / "checkpoint.pt").unlink()
            ways[way] = start(options, styles, run, way, steps=options.steps)
    result = {
        "machine": describe_machine("stylize-studio", "torch"),
        "side_px": SIDE_PX,
        "steps": options.steps,
        "ways": ways,
    }
    report(result, options.out)


def start(
    options: argparse.Namespace, styles: Path, run: Path, way: str, *, steps: int
) -> dict[str, float]:
    """Train in processes of their own; return what they report, of several the sum of memory."""
    processes = int(str(WAYS[way].get("processes", 1)))
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [
        *launcher, str(Path(__file__)), "--contents", str(options.contents),
        "--styles", str(styles), "--train", str(run), "--way", way, "--steps", str(steps),
    ]  # fmt: skip
    threads = {} if processes == 1 else {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {
        "processes": processes,
        "samples_per_step": processes * BATCH,
        "s_per_step": round(max(item["s_per_step"] for item in found), 2),
        "cpu_s_per_step": round(sum(item["cpu_s_per_step"] for item in found), 2),
        "peak_mb": sum(item["peak_mb"] for item in found),
    }


def train_one(options: argparse.Namespace) -> dict[str, float]:
    """Train; return seconds a step, on the clock and of all cores, and peak memory."""
    from stylize.training.config import TrainConfig
    from stylize.training.train import train

    settings = {name: value for name, value in WAYS[options.way].items() if name != "processes"}
    config = TrainConfig(
        contents=(options.contents,),
        styles=(options.styles,),
        out=options.train,
        init=ROOT / "checkpoints" / "network.pt",
        steps=10_000,
        stages=((0, SIDE_PX),),
        style_variants=1,
        sheet_steps=0,
        device="cpu",
    )
    config = replace(config, **settings)
    taken = []
    for steps in (1, 1, 1 + options.steps):  # the first one reads files and sets memory up
        begun = time.perf_counter(), time.process_time()
        train(config, stop_after=steps)
        taken.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    clock, cpu = ((taken[2][i] - taken[1][i]) / options.steps for i in range(2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"s_per_step": clock, "cpu_s_per_step": cpu, "peak_mb": peak}


if __name__ == "__main__":
    main()
