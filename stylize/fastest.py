"""What paints fastest on this machine: measured once, then remembered."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from stylize.cache import cache_folder
from stylize.errors import ModelFileError, ProviderError
from stylize.files import write_whole
from stylize.model_files import Precision
from stylize.runtime import available_providers, check_provider

logger = logging.getLogger(__name__)

_ROUNDS = 3  # after one that loads the graphs


class Way(NamedTuple):
    """A way to paint.

    Attributes:
        provider: See :data:`stylize.runtime.PROVIDERS`.
        precision: Of the computation.
    """

    provider: str
    precision: Precision


def find_ways(provider: str, precision: Precision | Literal["auto"] | None) -> list[Way]:
    """Return the ways to paint that are asked for and are there.

    Args:
        provider: Of ``PROVIDERS``, or ``"auto"`` for all that are there.
        precision: ``"auto"`` for both; None for INT8 on the CPU and FP32 on all others.

    Raises:
        ProviderError: The provider is not there, or cannot do INT8.
        ValueError: There is no provider of that name.
    """
    if provider != "auto":
        check_provider(provider)
    ways = []
    for one in available_providers() if provider == "auto" else [provider]:
        if one != "cpu":
            precisions: list[Precision] = [] if precision == "int8" else ["fp32"]
        elif precision == "auto":
            precisions = ["int8", "fp32"]
        else:
            precisions = [precision or "int8"]
        ways += [Way(one, found) for found in precisions]
    if not ways:
        raise ProviderError(
            f"The provider {provider} cannot paint in INT8. Take the precision fp32, or the "
            "provider cpu."
        )
    return ways


def fastest(ways: Sequence[Way], measure: Callable[[Way], float], *, identity: str) -> Way:
    """Return the fastest way; what was measured before for the same identity is not done again.

    Args:
        ways: At least one.
        measure: Returns how long a way takes, in seconds.
        identity: Of the model and of what else the answer depends on beside this machine.

    Raises:
        ModelFileError, ProviderError: None of the ways works; what the first one says.
    """
    machine = (platform.node(), platform.machine(), platform.processor())
    record = json.dumps([identity, machine, ways])
    path = cache_folder() / f"fastest-{hashlib.sha256(record.encode()).hexdigest()[:16]}.json"
    known = _read(path)
    if known is not None and known in ways:
        logger.info("As measured before, %s in %s is the fastest here.", *known)
        return known
    best = _measure(ways, measure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(best._asdict()).encode())
    except OSError as error:
        logger.info("What is fastest here cannot be remembered: %s", error)
    return best


def _measure(ways: Sequence[Way], measure: Callable[[Way], float]) -> Way:
    best_s: dict[Way, float] = {}
    failures: dict[Way, ModelFileError | ProviderError] = {}
    for turn in range(1 + _ROUNDS):  # in turns: what else the machine does hits all of them
        for way in ways:
            if way in failures:
                continue
            try:
                elapsed_s = measure(way)
            except (ModelFileError, ProviderError) as error:
                failures[way] = error
                best_s.pop(way, None)
                logger.info("%s in %s cannot be used here: %s", *way, error)
                continue
            if turn:
                best_s[way] = min(elapsed_s, best_s.get(way, elapsed_s))
    if not best_s:
        raise failures[ways[0]]
    best = min(best_s, key=lambda way: best_s[way])
    found = ", ".join(f"{' '.join(way)}: {1000 * s:.0f} ms" for way, s in best_s.items())
    logger.info("%s in %s is the fastest here (%s).", *best, found)
    return best


def _read(path: Path) -> Way | None:
    try:
        return Way(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
