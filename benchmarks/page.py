"""How soon the page can be used with many styles, and what the server sends for it.

    python benchmarks/page.py [--styles 10000] [--visits 5] [-o benchmarks/results/page.json]

Fills a library in a temporary folder with synthetic styles that have the thumbnails of the bundled
ones, serves the page and opens it in Chromium with an empty cache. "Usable" is the moment at which
the first picture is painted and the gallery shows its first styles with their thumbnails. Until
then the processor's time is counted too, of the server (with what drives the browser) and of the
browser: on a busy machine it says more than the clock. Bytes are those that went over the network,
Gradio's own scripts and fonts counted apart. Needs Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
from machine import describe_machine, report
from playwright.sync_api import Browser, Page, sync_playwright

from stylize import Engine, StyleLibrary
from stylize.library import Entry, StyleRecord
from stylize.styles import StyleVector

BARS = {"usable_s": 2.0, "sent_mb": 1.0}
GRADIO = ("/assets/", "/static/", "/svelte/", "/_app/", "/theme.css")
USABLE = """() => {
  const shown = (image) => image && image.complete && image.naturalWidth > 0;
  const tiles = [...document.querySelectorAll("#picker .st-tile img")].slice(0, 6);
  const stage = document.querySelector(".st-stage:not([hidden]) .st-after");
  return tiles.length === 6 && tiles.every(shown) && shown(stage);
}"""
MAP = """() => {
  const images = [...document.querySelectorAll("#map .st-map img")];
  return images.length > 1 && images.every((image) => image.complete && image.naturalWidth > 0);
}"""


def fill(library: StyleLibrary, count: int) -> None:
    """Add styles that lie between the bundled ones."""
    rng = np.random.default_rng(0)
    bundled = library.list(bundled=True)
    values = np.stack([record.vector.values for record in bundled])
    for first in range(0, count, 1000):
        entries = []
        for i in range(first, min(first + 1000, count)):
            one, other = rng.integers(len(bundled), size=2)
            share = rng.uniform(0, 0.5)
            mixed = (1 - share) * values[one] + share * values[other]
            record = bundled[one]
            entries.append(
                Entry(
                    StyleRecord(
                        name=f"style-{i:06}",
                        vector=StyleVector(mixed, library.encoder.encoder_sha256),
                        title=f"{record.label} {i}",
                        artist=record.artist,
                        year=record.year,
                        tags=record.tags,
                        thumbnail=record.thumbnail,
                        palette=record.palette,
                    )
                )
            )
        library.put(entries)


def visit(browser: Browser, url: str) -> dict[str, float]:
    """Open the page with an empty cache, then its map; times and what was sent."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    tab = context.new_page()
    sent = count_bytes(tab)
    before = browser_cpu_s(browser), time.process_time()
    start = time.perf_counter()
    tab.goto(url, wait_until="commit")
    tab.wait_for_function(USABLE, polling=100)
    usable_s = time.perf_counter() - start
    server_cpu_s = time.process_time() - before[1]
    cpu_s = browser_cpu_s(browser) - before[0]
    tab.wait_for_timeout(1500)
    figures = {
        "usable_s": usable_s,
        "server_cpu_s": server_cpu_s,
        "browser_cpu_s": cpu_s,
        "sent_mb": sent["page"] / 1e6,
        "gradio_mb": sent["gradio"] / 1e6,
    }
    tab.get_by_role("tab", name="Styles").first.click()
    start = time.perf_counter()
    tab.get_by_role("tab", name="Map").click()
    tab.wait_for_function(MAP, polling=20)
    figures["map_s"] = time.perf_counter() - start
    context.close()
    return figures


def browser_cpu_s(browser: Browser) -> float:
    """Return how long all processes of the browser have computed."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in processes)


def count_bytes(tab: Page) -> dict[str, int]:
    """Count what arrives from now on, by where it comes from."""
    sent = {"page": 0, "gradio": 0, "inside": 0}
    kinds: dict[str, str] = {}
    network = tab.context.new_cdp_session(tab)
    network.send("Network.enable")

    def respond(event: dict[str, Any]) -> None:
        url = urlsplit(event["response"]["url"])
        kind = "gradio" if url.path.startswith(GRADIO) else "page"
        kinds[event["requestId"]] = kind if url.scheme.startswith("http") else "inside"

    def finish(event: dict[str, Any]) -> None:
        sent[kinds.get(event["requestId"], "page")] += int(event["encodedDataLength"])

    network.on("Network.responseReceived", respond)
    network.on("Network.loadingFinished", finish)
    return sent


def answer_ms(ask: Callable[[], httpx.Response], runs: int = 15) -> float:
    """Median time of a request."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        ask().raise_for_status()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 1)


def main() -> None:
    """Fill, serve, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--styles", type=int, default=10_000)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    from stylize.studio import launch
    from stylize.studio.gallery import PREFIX, SHARED

    engine = Engine()
    with tempfile.TemporaryDirectory() as folder:
        library = StyleLibrary.open(folder, encoder=engine)
        fill(library, options.styles)
        page = launch(engine, library, block=False)
        url = page.local_url.rstrip("/")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            visits = [visit(browser, url) for _ in range(options.visits + 1)][1:]
            browser.close()
        shared = f"{url}{PREFIX}/{SHARED}"
        with httpx.Client(timeout=60) as client:
            answers = {
                "first_page_ms": answer_ms(lambda: client.get(shared)),
                "search_ms": answer_ms(lambda: client.get(shared, params={"text": "wave 1831"})),
                "like_ms": answer_ms(lambda: client.get(shared, params={"like": "great-wave"})),
                "map_ms": answer_ms(lambda: client.get(f"{shared}/map")),
                "thumbnail_ms": answer_ms(lambda: client.get(f"{shared}/thumb/style-000007")),
            }
        page.close()
        library.close()
    medians = {
        name: round(statistics.median(visit[name] for visit in visits), 3) for name in visits[0]
    }
    report(
        {
            "styles": options.styles,
            "visits": options.visits,
            **medians,
            "best": {name: round(min(v[name] for v in visits), 3) for name in visits[0]},
            **answers,
            "bars": BARS,
            "load_at_end": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
            "machine": describe_machine("stylize-studio", "gradio", "playwright"),
        },
        options.out,
    )


if __name__ == "__main__":
    main()
