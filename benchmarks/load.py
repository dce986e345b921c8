"""Thirty visitors at once: does the page stay quick, correct and small?

    python benchmarks/load.py [--clients 30] [--minutes 5] [--pause 8] [--out load.json]
    python benchmarks/load.py --workers 2 --kill-every 5 --name "two workers, killed" --out ...

Starts one server with the real engine in a process of its own, pinned to two cores where the
system allows it. Each client is a visitor of the API: it uploads a photograph of 512 px, asks for a
random style, waits for the picture, looks at it for a while (``--pause``, an exponential wait as
of people), and goes on. Reports the latency from question to picture, errors, and the server's
memory over time. Exit status 1 where an error occurred, p95 is above 5 s or memory has grown.

``--workers`` lets processes of their own paint, ``--kill-every`` kills one of them by chance every
so many seconds. At the end the server is told to end while visitors go on asking: what it had
taken must be finished, what comes later may be refused. With ``--name`` the result is put beside
others into ``--out``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
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
from stylize.cli.many import pooled_engine
from stylize.studio import StudioSettings, launch

def serve(engine):
    library = StyleLibrary.in_memory(encoder=engine)
    launch(engine, library, settings=StudioSettings.for_space(), port=int(sys.argv[1]))

workers = int(sys.argv[2])
if workers:
    with pooled_engine(Engine(), None, workers, None, None) as engine:
        serve(engine)
else:
    serve(Engine())
"""


def memory_of_all_mb(pid: int) -> float:
    """Resident memory of a process and of those that it started (Linux)."""
    return memory_mb(pid) + sum(memory_mb(child) for child in children(pid))


def core_seconds(pid: int) -> float:
    """Time of cores that a process and those that it started have taken so far (Linux)."""
    total = 0.0
    for one in (pid, *children(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # those that ended, too
    return total


def children(pid: int, *, workers: bool = False) -> list[int]:
    """The processes that a process has started; only those that paint, if asked for (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            found += [int(child) for child in (task / "children").read_text().split()]
    if workers:
        found = [
            child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    return found


def keep_killing(pid: int, every_s: float, end: float, killed: list[int]) -> None:
    """Kill one of the workers of a server now and then, until the end."""
    chance = random.Random(0)
    while time.monotonic() + every_s < end:
        time.sleep(every_s)
        there = children(pid, workers=True)
        if there:
            killed.append(chance.choice(there))
            os.kill(killed[-1], signal.SIGKILL)


def memory_mb(pid: int) -> float:
    """Resident memory of a process (Linux); 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    sizes = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(sizes[0].split()[1]) / 1024 if sizes else 0.0


def visitor(
    url: str,
    photo: Path,
    seed: int,
    end: float,
    pause_s: float,
    times: list[float],
    errors: list[str],
    late: list[str],
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
        while True:
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
                is_refused = "Queue is full" in str(error) and time.monotonic() > end
                if start < end and not is_refused:
                    errors.append(repr(error))
                else:
                    late.append(repr(error))
            if time.monotonic() > end:
                return


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--pause", type=float, default=8, help="mean seconds between questions")
    parser.add_argument("--workers", type=int, default=0, help="processes that paint")
    parser.add_argument("--kill-every", type=float, default=0, help="seconds between kills")
    parser.add_argument("--name", help="put the result under this name beside others")
    parser.add_argument("--port", type=int, default=7899)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.port}"
    command = [sys.executable, "-c", SERVER, str(options.port), str(options.workers)]
    server = subprocess.Popen(command)
    killed: list[int] = []
    late: list[str] = []
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
            arguments = (end, options.pause, times, errors, late)
            threads = [
                threading.Thread(target=visitor, args=(url, photo, seed, *arguments), daemon=True)
                for seed in range(options.clients)
            ]
            if options.kill_every:
                killing = (server.pid, options.kill_every, end, killed)
                threads.append(threading.Thread(target=keep_killing, args=killing, daemon=True))
            before_s = core_seconds(server.pid)
            for thread in threads:
                thread.start()
            while time.monotonic() < end:
                memory.append(memory_of_all_mb(server.pid))
                time.sleep(2)
            taken_s = core_seconds(server.pid) - before_s
            done = len(times)
            server.terminate()
            stopping = time.monotonic()
            server.wait(90)
            stop_s = time.monotonic() - stopping
            for thread in threads:
                thread.join(60)
    finally:
        if server.poll() is None:
            server.kill()
    times.sort()
    fifth = max(1, len(memory) // 5)
    early_mb = statistics.mean(memory[fifth : 2 * fifth])
    late_mb = statistics.mean(memory[-fifth:])
    result = {
        "clients": options.clients,
        "minutes": options.minutes,
        "side_px": SIDE_PX,
        "pictures": len(times),
        "pictures_per_second": round(len(times) / (60 * options.minutes), 2),
        "median_s": round(statistics.median(times), 2),
        "p95_s": round(times[int(0.95 * (len(times) - 1))], 2),
        "slowest_s": round(times[-1], 2),
        "core_seconds_a_picture": round(taken_s / done, 3),
        "errors": len(errors),
        "first_errors": errors[:3],
        "memory_mb": {
            "early": round(early_mb),
            "late": round(late_mb),
            "peak": round(max(memory)),
        },
        "workers": options.workers,
        "killed": len(killed),
        "refused_at_the_end": len(late),
        "end_s": round(stop_s, 1),
        "load_average_at_end": os.getloadavg(),
    }
    print(json.dumps(result, indent=2))
    if options.out and options.name:
        others = json.loads(options.out.read_text()) if options.out.exists() else {}
        options.out.write_text(json.dumps(others | {options.name: result}, indent=2) + "\n")
    elif options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")
    if errors or result["p95_s"] > LIMIT_S or late_mb > GROWTH * early_mb:
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
