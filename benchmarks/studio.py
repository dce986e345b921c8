"""The studio as a visitor meets it: on slow lines, with large pictures, beside a class.

    python benchmarks/studio.py [--visits 3] [--children 30] [-o benchmarks/results/studio.json]

Serves the page in a process of its own and uses it in Chromium. Pages are opened with an empty
cache over lines of 1.6 and 5 Mbit/s with 40 ms, as Chromium makes them; "usable" is the moment at
which the first picture is painted and all tiles in sight show their style. An upload ends with its
result on the screen, a save with the file. Children send a drawing each at the same moment.
Needs Playwright and Chromium, and Linux for the memory.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from live import MEASURE
from load import memory_mb
from machine import describe_machine, report
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

BARS = {"first_paint_s": 2.0, "usable_s": 5.0, "html_kb": 150}
LINES_MBIT_S = (1.6, 5.0)
DELAY_MS = 40
MEGAPIXELS = {12: (4000, 3000), 40: (7300, 5475)}
PORT = 7917
EXAMPLE = Path(__file__).parents[1] / "stylize/studio/examples/astronaut.jpg"
SERVER = """
import sys
from stylize import Engine, StyleLibrary
from stylize.studio import launch
engine = Engine()
launch(engine, StyleLibrary.in_memory(encoder=engine), port=int(sys.argv[1]))
"""
USABLE = """() => {
  const shown = (image) => image && image.complete && image.naturalWidth > 0;
  const grid = document.querySelector("#picker .st-grid");
  if (!grid) return false;
  const { top, bottom } = grid.getBoundingClientRect();
  const tiles = [...grid.querySelectorAll(".st-tile img")].filter((image) => {
    const box = image.getBoundingClientRect();
    return box.bottom > top && box.top < Math.min(bottom, innerHeight);
  });
  const stage = document.querySelector(".st-stage:not([hidden]) .st-after");
  return tiles.length >= 6 && tiles.every(shown) && shown(stage);
}"""
PAINTED = "(old) => document.querySelector('.st-after').src !== old"


def open_slowly(browser: Browser, url: str, mbit_s: float) -> dict[str, float]:
    """Open the page with an empty cache over a slow line."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    tab = context.new_page()
    network = context.new_cdp_session(tab)
    network.send("Network.enable")
    rate = mbit_s * 1e6 / 8
    line = {"latency": DELAY_MS, "downloadThroughput": rate, "uploadThroughput": rate}
    network.send("Network.emulateNetworkConditions", {"offline": False, **line})
    sent: list[float] = []
    network.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    start = time.perf_counter()
    tab.goto(url, wait_until="commit")
    tab.wait_for_function(USABLE, polling=50)
    usable_s = time.perf_counter() - start
    paints = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)"
    first_paint_s = tab.evaluate(paints)[0] / 1000
    tab.wait_for_timeout(1500)  # what is still under way counts, too
    context.close()
    return {
        "first_paint_s": round(first_paint_s, 2),
        "usable_s": round(usable_s, 2),
        "sent_kb": round(sum(sent) / 1000),
        "requests": len(sent),
    }


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}


def html_kb(url: str) -> dict[str, float]:
    """How large the page itself is, on the line and unpacked."""
    with httpx.stream("GET", url, headers={"Accept-Encoding": "gzip"}, timeout=60) as answer:
        packed = sum(map(len, answer.iter_raw()))
    return {"packed": round(packed / 1000, 1), "whole": round(len(httpx.get(url).content) / 1000)}


def slider(tab: Page) -> dict[str, float]:
    """Time from a slider's move to the picture that follows it."""
    times = sorted(tab.evaluate(MEASURE, 30))
    return {"median_ms": round(statistics.median(times), 1), "p95_ms": round(times[28], 1)}


def upload_and_save(tab: Page, folder: Path, megapixels: int) -> dict[str, float]:
    """Time from choosing a photograph to its result, and from saving to the file."""
    path = folder / f"photo-{megapixels}.jpg"
    with Image.open(EXAMPLE) as image:
        image.convert("RGB").resize(MEGAPIXELS[megapixels], Image.Resampling.BICUBIC).save(
            path, quality=88
        )
    old = tab.locator(".st-after").get_attribute("src")
    start = time.perf_counter()
    tab.locator("#content-picture input[type=file]").set_input_files(path)
    tab.wait_for_function(PAINTED, arg=old)
    upload_s = time.perf_counter() - start
    tab.wait_for_timeout(500)
    tab.get_by_role("button", name="Save picture").click()
    dialogue = tab.locator(".st-dialog[open]")
    dialogue.locator("label:has-text('JPEG')").click()
    start = time.perf_counter()
    with tab.expect_download(timeout=300_000):
        dialogue.get_by_role("button", name="Save").click()
    return {"upload_s": round(upload_s, 2), "save_s": round(time.perf_counter() - start, 2)}


def children(url: str, count: int) -> dict[str, float]:
    """Let so many children send a drawing at the same moment; times to their pictures."""
    config = httpx.get(f"{url}/config", timeout=60).json()
    functions = {one["id"]: one for one in config["dependencies"]}
    number = next(
        id_
        for id_ in config["page"]["kids"]["dependencies"]
        if functions[id_]["api_name"].startswith("paint")
    )
    buffer = io.BytesIO()
    with Image.open(EXAMPLE) as image:
        image.convert("RGB").resize((960, 720)).save(buffer, "JPEG", quality=90)
    drawing = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()

    def child(index: int) -> float:
        visit = f"child-{index}"
        data = {"drawing": drawing, "style": "great-wave", "freedom": "painted"}
        body = {"data": [data], "fn_index": number, "session_hash": visit}
        start = time.perf_counter()
        with httpx.Client(base_url=f"{url}/gradio_api/queue", timeout=300) as client:
            client.post("/join", json=body).raise_for_status()
            stream = client.get("/data", params={"session_hash": visit}).text
        answers = [json.loads(line[6:]) for line in stream.splitlines() if line[:6] == "data: "]
        done = next(one for one in answers if one["msg"] == "process_completed")
        if not done["success"]:
            raise RuntimeError(f"A child got no picture: {done['output']}")
        return time.perf_counter() - start

    with ThreadPoolExecutor(count) as pool:
        times = sorted(pool.map(child, range(count)))
    return {
        "children": count,
        "first_s": round(times[0], 2),
        "median_s": round(statistics.median(times), 2),
        "last_s": round(times[-1], 2),
    }


def peak_mb(pid: int) -> float:
    """Largest resident memory of a process so far (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def wait_for(url: str) -> None:
    """Return once the server answers."""
    for _ in range(240):
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise RuntimeError(f"{url} does not answer.")


def measure(url: str, pid: int, visits: int, count: int) -> dict[str, Any]:
    """Measure everything on a server."""
    result: dict[str, Any] = {"html_kb": html_kb(url), "visits": visits, "delay_ms": DELAY_MS}
    memory = {"start_mb": round(memory_mb(pid))}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        open_slowly(browser, url, 50)  # the server's first page does not count
        for mbit_s in LINES_MBIT_S:
            runs = [open_slowly(browser, url, mbit_s) for _ in range(visits)]
            result[f"load_{mbit_s:g}_mbit_s"] = medians(runs)
        tab = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        tab.goto(url)
        tab.wait_for_function(USABLE)
        tab.wait_for_timeout(1500)
        result["slider"] = slider(tab)
        for megapixels in MEGAPIXELS:
            result[f"photo_{megapixels}_mp"] = upload_and_save(tab, Path(folder), megapixels)
            memory[f"peak_after_{megapixels}_mp_mb"] = round(peak_mb(pid))
        browser.close()
    result["children_at_once"] = children(url, count)
    memory |= {"peak_mb": round(peak_mb(pid)), "end_mb": round(memory_mb(pid))}
    return result | {"memory": memory}


def main() -> None:
    """Serve, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--children", type=int, default=30)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    url = f"http://127.0.0.1:{PORT}"
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(PORT)])
    try:
        wait_for(url)
        result = measure(url, server.pid, options.visits, options.children)
    finally:
        server.terminate()
        server.wait(20)
    report(
        {
            **result,
            "bars": BARS,
            "load_at_end": round(os.getloadavg()[0], 1),
            "machine": describe_machine("stylize-studio", "gradio", "playwright"),
        },
        options.out,
    )


if __name__ == "__main__":
    main()
