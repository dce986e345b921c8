"""``stylize bench``: a short check of the engine's speed on this machine."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from stylize.cli.common import (
    JsonOption,
    ModelOption,
    PrecisionOption,
    ProviderOption,
    ThreadsOption,
    open_engine,
)
from stylize.cli.output import print_json, say

SIDES_PX = (256, 512, 1024)

# A new process: start of Python, imports, reading the model, one style and one picture.
_COLD_START = """
import sys
from PIL import Image
from stylize.engine import Engine
from stylize.hub_model import model_folder
model, precision, threads, provider = sys.argv[1:]
engine = Engine(
    model_folder(model), precision=precision, threads=int(threads) or None, provider=provider
)
picture = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
engine.stylize(picture, engine.encode_style(picture))
"""


def bench(
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="Runs for each figure.")] = 7,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    provider: ProviderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast this machine paints: medians in milliseconds."""
    import numpy as np
    from PIL import Image

    engine = open_engine(precision, threads, model, provider)

    def median_ms(task: Callable[[], object]) -> float:
        task()  # the first run sets memory up
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            task()
            times.append((time.perf_counter() - start) * 1000)
        return round(statistics.median(times), 1)

    # Noise with large patches: no two pixels the same, and something to normalize.
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    pictures = {
        side: Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
        for side in SIDES_PX
    }
    style = engine.encode_style(pictures[512])
    result: dict[str, object] = {
        "provider": engine.provider,
        "precision": engine.precision,
        "threads": engine.threads,
    }
    result["encode_style_ms"] = median_ms(lambda: engine.encode_style(pictures[512]))
    for side, picture in pictures.items():
        result[f"stylize_{side}px_ms"] = median_ms(partial(engine.stylize, picture, style))
    chosen = precision.value if precision else engine.precision
    start = time.perf_counter()
    arguments = [model or "", chosen, str(threads or 0), provider or "cpu"]
    subprocess.run([sys.executable, "-c", _COLD_START, *arguments], check=True)
    result["cold_start_ms"] = round((time.perf_counter() - start) * 1000)
    if as_json:
        print_json(result)
        return
    for key, value in result.items():
        say(f"{key:<20} {value}")
