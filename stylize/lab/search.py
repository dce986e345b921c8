"""A search in small for another table of layers: successive halving under a limit of time.

Candidates are cut out of the product's network and learn to paint what it paints. All of them get
few samples, the better half of them more, and so on (Jamieson and Talwalkar, "Non-stochastic Best
Arm Identification and Hyperparameter Optimization", 2016). What is asked of a candidate is the time
that its INT8 graph takes on this processor, not its count of operations.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from stylize.errors import ControlError
from stylize.files import write_whole
from stylize.lab.pruning import crop_kernels, keep_channels
from stylize.lab.retraining import School, distance_to_teacher, retrain_
from stylize.training.int8_graph import write_int8_graph
from stylize.training.network import TransferNetwork
from stylize.training.samples import draw_samples

logger = logging.getLogger(__name__)

SIDE_PX = 512
_RUNS = 15
_LEAST = 0.6  # share of the limit that a candidate takes at least: less only loses
_JUDGED_FROM = 1_000_000  # numbers of the steps whose samples nobody learns from
_JUDGED_STEPS = 6
_RATE = 1e-3


@dataclass(frozen=True)
class Candidate:
    """Another table of layers.

    Attributes:
        half: Channels at 1/2 resolution.
        quarter: At 1/4.
        eighth: At 1/8.
        blocks: Residual blocks.
        stem: Side of the first kernel.
        mix_half: Side of the kernel at 1/2 resolution.
    """

    half: int
    quarter: int
    eighth: int
    blocks: int
    stem: int
    mix_half: int

    def __str__(self) -> str:
        widths = f"{self.half}-{self.quarter}-{self.eighth}"
        return f"{widths} x{self.blocks} k{self.stem}{self.mix_half}"

    def cut_from(self, network: TransferNetwork) -> TransferNetwork:
        """Return what is left of a network."""
        size = network.size
        widths = {size.half: self.half, size.quarter: self.quarter, size.eighth: self.eighth}
        narrow = keep_channels(network, widths, blocks=self.blocks)
        return crop_kernels(narrow, {"stem": self.stem, "mix_half": self.mix_half})


@dataclass(frozen=True, kw_only=True)
class Search:
    """How to search.

    Attributes:
        limit_ms: Longest CPU time of the INT8 graph at 512 px, one thread.
        candidates: That are tried.
        samples: Of the first round; each further one has twice as many.
        check: Train those that fell out on, too, to see whether the order held.
        seed: Of the choice of candidates.

    Raises:
        ControlError: There is nothing to halve.
    """

    limit_ms: float
    candidates: int = 8
    samples: int = 240
    check: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if self.candidates < 2:
            raise ControlError("A search needs at least two candidates.")


def search(
    config: Search,
    school: School,
    out: Path,
    *,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Search, and write ``search.json`` after every round.

    Args:
        config: How.
        school: Whose teacher is cut, and whose pictures are learned from.
        out: Folder for the result.
        progress: Called with the share done.

    Returns:
        What ``search.json`` holds: every candidate with its time, operations and marks (dB of its
        pictures to the teacher's after each round), the rounds, and how well the order held.

    Raises:
        ControlError: Too few candidates keep to the limit, or the teacher does.
    """
    teacher_ms = paint_ms(school.teacher)
    if config.limit_ms >= teacher_ms:
        raise ControlError(
            f"The network itself takes {teacher_ms:.1f} ms on this machine: within "
            f"{config.limit_ms:g} ms there is nothing to look for. Give a smaller --limit-ms."
        )
    chosen = choose(config, school.teacher)
    networks = {str(candidate): candidate.cut_from(school.teacher) for candidate, _ in chosen}
    candidates: dict[str, dict[str, Any]] = {
        str(candidate): {
            **asdict(candidate),
            "ms": ms,
            "macs_512": networks[str(candidate)].layers.count_macs(SIDE_PX, SIDE_PX),
            "marks_db": [mark(networks[str(candidate)], school)],
        }
        for candidate, ms in chosen
    }
    left, seen, samples = list(networks), 0, config.samples
    rounds: list[dict[str, Any]] = []
    result: dict[str, Any] = {}
    while len(left) > 1:
        for name in list(networks) if config.check else left:
            logger.info("%s: %d samples", name, samples)
            retrain_(
                networks[name], school, samples, "pictures",
                learning_rate=_RATE, first_step=seen // school.config.batch,
            )  # fmt: skip
            candidates[name]["marks_db"].append(mark(networks[name], school))
        seen += samples
        order = sorted(left, key=lambda name: -candidates[name]["marks_db"][-1])
        rounds.append({"samples": seen, "order": order})
        left, samples = order[: len(order) // 2], 2 * samples
        result = {
            "limit_ms": config.limit_ms,
            "teacher_ms": teacher_ms,
            "check": config.check,
            "candidates": candidates,
            "rounds": rounds,
            "order_held": _held(candidates, rounds, check=config.check),
            "best": left[0],
        }
        # After every round: who stops an hour's search keeps what it found.
        write_whole(out / "search.json", f"{json.dumps(result, indent=1)}\n".encode())
        if progress is not None:
            progress(1 - (len(left) - 1) / len(networks))
    return result


def choose(config: Search, network: TransferNetwork) -> list[tuple[Candidate, float]]:
    """Draw candidates that keep to the limit, with their times in ms.

    Raises:
        ControlError: There are too few.
    """
    size = network.size
    halves, quarters, eighths = (
        (width // 2, width * 3 // 4, width) for width in (size.half, size.quarter, size.eighth)
    )
    every = [
        Candidate(*values)
        for values in itertools.product(
            halves, quarters, eighths, range(1, size.blocks + 1), (3, 5), (1, 3)
        )
    ]
    found: list[tuple[Candidate, float]] = []
    for index in np.random.default_rng(config.seed).permutation(len(every)):
        ms = paint_ms(every[index].cut_from(network))
        if _LEAST * config.limit_ms <= ms <= config.limit_ms:
            found.append((every[index], ms))
        if len(found) == config.candidates:
            return found
    raise ControlError(
        f"Only {len(found)} candidates take {_LEAST * config.limit_ms:.1f} to "
        f"{config.limit_ms:g} ms on this machine; {config.candidates} were asked for. Give another "
        f"--limit-ms: the whole network takes {paint_ms(network):.1f} ms."
    )


def paint_ms(network: TransferNetwork) -> float:
    """Return the CPU time of one thread that a network's INT8 graph takes at 512 px, in ms.

    Of some runs the shortest, since what a busy machine adds is not the graph's.
    """
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE_PX, SIDE_PX, 4), np.uint8)
    names = [*network.layers.activations, *network.layers.fixed]
    graph = write_int8_graph(network, dict.fromkeys(names, 1.0), {})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options)
    feeds = {
        entry.name: np.ones(entry.shape, np.float32)
        for entry in session.get_inputs()
        if entry.name != "bytes"
    }
    times = []
    for _ in range(_RUNS):
        begun = time.process_time()
        session.run(None, {"bytes": picture, **feeds})
        times.append(1000 * (time.process_time() - begun))
    return round(min(times), 2)


@torch.no_grad()
def mark(network: TransferNetwork, school: School) -> float:
    """Return how near a network's pictures are to its teacher's, in dB, on samples kept back."""
    distances = []
    for step in range(_JUDGED_FROM, _JUDGED_FROM + _JUDGED_STEPS):
        samples = draw_samples(school.contents, school.bank, school.config, step)
        distances.append(distance_to_teacher(network, school.teacher, samples).item() / 1000)
    return round(-10 * math.log10(max(statistics.fmean(distances), 1e-10)), 2)


def _held(
    candidates: dict[str, dict[str, Any]], rounds: Sequence[dict[str, Any]], *, check: bool
) -> list[float | None]:
    """Return, for every round but the last, how well its order held in the last that all saw.

    With ``check`` that is the last round, for all candidates; without, the next round, for those
    that were still there. Kendall's tau: 1 the same order, 0 none, -1 the other way around.
    """
    found = []
    for index in range(len(rounds) - 1):
        names = list(candidates) if check else rounds[index + 1]["order"]
        later = len(rounds) if check else index + 2
        marks = [candidates[name]["marks_db"] for name in names]
        found.append(kendall([m[index + 1] for m in marks], [m[later] for m in marks]))
    return found


def kendall(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return Kendall's tau of two rows of numbers; None of fewer than two pairs of numbers."""
    pairs = list(itertools.combinations(zip(a, b, strict=True), 2))
    if not pairs:
        return None
    agree = sum(np.sign((x[0] - y[0]) * (x[1] - y[1])) for x, y in pairs)
    return round(float(agree) / len(pairs), 2)
