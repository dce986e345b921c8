"""Thirty visitors at once: does the page stay quick, correct and small?

    python benchmarks/load.py [--clients 30] [--minutes 5] [--pause 8] [--out load.json]

Starts one server with the real engine in a process of its own, pinned to two cores where the
system allows it. Each client is a visitor of the API: it uploads a photograph of 512 px, asks for a
random style, waits for the picture, looks at it for a while (``--pause``, an exponential wait as
of people), and goes on. Reports the latency from question to picture, errors, and the server's
memory over time. Exit status 1 where an error occurred, p95 is above 5 s or memory has grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from gradio_client import Client, handle_file
from PIL import Image

SIDE_PX = 512
LIMIT_S = 5.0
GROWTH = 1.15  # memory of the last fifth against that of the second fifth

SERVER = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
from stylize import Engine, StyleLibrary
from stylize.studio import StudioSettings, launch
engine = Engine()
library = StyleLibrary.in_memory(encoder=engine)
launch(engine, library, settings=StudioSettings.for_space(), port=int(sys.argv[1]))
"""


def memory_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def visitor(
    url: str, photo: Path, seed: int, end: float, pause_s: float, times: list[float], errors: list
) -> None:
    """Be one visitor until the end."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            client = Client(url, verbose=False, download_files=folder)
            styles = [style["name"] for style in client.predict(api_name="/list_styles")]
        except Exception as error:  # counted, whatever it is
            errors.append(repr(error))
            return
        while time.monotonic() < end:
            time.sleep(chance.expovariate(1 / pause_s))
            start = time.monotonic()
            try:
                path = client.predict(
                    handle_file(photo), chance.choice(styles), api_name="/stylize"
                )
                times.append(time.monotonic() - start)
                with Image.open(path) as image:
                    if max(image.size) != SIDE_PX:
                        errors.append(f"a result of {image.size}")
                os.unlink(path)
            except Exception as error:
                errors.append(repr(error))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--pause", type=float, default=8, help="mean seconds between questions")
    parser.add_argument("--port", type=int, default=7899)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.port}"
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(options.port)])
    times: list[float] = []
    errors: list[str] = []
    memory: list[float] = []
    try:
        wait_for(url)
        with tempfile.TemporaryDirectory() as folder:
            photo = Path(folder) / "photo.jpg"
            example = Path(__file__).parents[1] / "stylize/studio/examples/astronaut.jpg"
            Image.open(example).resize((SIDE_PX, SIDE_PX)).save(photo)
            end = time.monotonic() + 60 * options.minutes
            arguments = (end, options.pause, times, errors)
            threads = [
                threading.Thread(target=visitor, args=(url, photo, seed, *arguments), daemon=True)
                for seed in range(options.clients)
            ]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                memory.append(memory_mb(server.pid))
                time.sleep(2)
    finally:
        server.terminate()
        server.wait(20)
    times.sort()
    fifth = max(1, len(memory) // 5)
    early, late = statistics.mean(memory[fifth : 2 * fifth]), statistics.mean(memory[-fifth:])
    result = {
        "clients": options.clients,
        "minutes": options.minutes,
        "side_px": SIDE_PX,
        "pictures": len(times),
        "pictures_per_second": round(len(times) / (60 * options.minutes), 2),
        "median_s": round(statistics.median(times), 2),
        "p95_s": round(times[int(0.95 * (len(times) - 1))], 2),
        "slowest_s": round(times[-1], 2),
        "errors": len(errors),
        "first_errors": errors[:3],
        "memory_mb": {"early": round(early), "late": round(late), "peak": round(max(memory))},
        "load_average_at_end": os.getloadavg(),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    if errors or result["p95_s"] > LIMIT_S or late > GROWTH * early:
        sys.exit(1)


def wait_for(url: str, seconds: float = 120) -> None:
    """Wait until the server answers."""
    import urllib.error
    import urllib.request

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise TimeoutError(f"{url} does not answer")


if __name__ == "__main__":
    main()
