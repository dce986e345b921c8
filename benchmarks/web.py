"""The engine in the browser: time of a picture, start, transfer, memory.

    python benchmarks/web.py [--rounds 7] [--pictures 200] [-o benchmarks/results/web.json]

Writes the site with the bundled styles to a temporary folder, serves it, and opens it in Chromium:
once as it is, with one thread, and once isolated from other sites, with two. A picture's time goes
from its pixels to painted pixels in the page; sizes are interleaved, the least of some rounds is
told beside the median, since on a busy machine that says more. The time of a style's encoding
includes the download of the encoder. "First picture" is from the first request of a browser without
a cache to a stylized picture on screen. Memory is what the page's process holds of the computer's
(Linux only), after two pictures of 256 px and after many more.

The npm package of Magenta holds no weights, so there is nothing to compare with offline. Needs the
built pages, Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from machine import describe_machine, report
from playwright.sync_api import Browser, sync_playwright

from stylize import Engine, StyleLibrary
from stylize.model_files import BUNDLED, ModelFiles
from stylize.site import write_site

SIDES_PX = (256, 512, 1024)
ROOT = Path(__file__).parents[1]
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PREPARE = """async ({ model, precision }) => {
  const lib = await import("./engine.js");
  window.engine = await lib.load({ model, precision });
  const picture = async (name) => (await fetch(name)).blob();
  const painting = await (await fetch("painting.jpg")).blob();
  const begun = performance.now();
  window.style = await engine.encodeStyle(painting);
  window.encodedMs = performance.now() - begun;
  window.photo = await picture("photo.jpg");
  return [engine.description.threads, encodedMs];
}"""
PAINT = """async (side) => {
  window.prepared ??= {};
  prepared[side] ??= await (async () => {
    const bitmap = await createImageBitmap(photo);
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width, bitmap.height].map((px) => Math.round(px * scale));
    const pen = new OffscreenCanvas(width, height).getContext("2d");
    pen.drawImage(bitmap, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height);
  })();
  const begun = performance.now();
  await engine.stylize(prepared[side], style);
  return performance.now() - begun;
}"""


class Handler(SimpleHTTPRequestHandler):
    """Static files; isolated from other sites if the server says so."""

    def end_headers(self) -> None:
        """Add the headers of isolation."""
        if self.server.isolated:  # type: ignore[attr-defined]
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(folder: Path, *, isolated: bool) -> str:
    """Serve a folder on a free port; returns the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.isolated = isolated  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def measure_pictures(browser: Browser, url: str, precision: str, rounds: int) -> dict[str, Any]:
    """Time pictures of all sizes."""
    page = browser.new_page()
    page.goto(f"{url}/licenses.md")
    wish = {"model": "/models/model.json", "precision": precision}
    threads, encode_ms = page.evaluate(PREPARE, wish)
    times: dict[int, list[float]] = {side: [] for side in SIDES_PX}
    for _ in range(rounds + 1):  # the first does not count
        for side in SIDES_PX:
            times[side].append(page.evaluate(PAINT, side))
    page.close()
    return {
        "threads": threads,
        "precision": precision,
        "encode_style_ms": round(encode_ms),
        "picture_ms": {
            str(side): {"median": round(statistics.median(all_[1:])), "least": round(min(all_[1:]))}
            for side, all_ in times.items()
        },
    }


def measure_memory(browser: Browser, url: str, pictures: int) -> dict[str, Any]:
    """Memory after two pictures, and after many more."""
    page = browser.new_page()
    page.goto(f"{url}/licenses.md")
    page.evaluate(PREPARE, {"model": "/models/model.json", "precision": "fp32"})
    found = []
    for count in (2, pictures // 2, pictures // 2):
        for _ in range(count):
            page.evaluate(PAINT, 256)
        found.append(_renderer_mb(browser))
    page.close()
    return {"pictures": pictures, "mb": [round(one, 1) for one in found]}


def _renderer_mb(browser: Browser) -> float:
    """Return the resident memory of the largest process of a page."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [Path(f"/proc/{one['id']}/statm") for one in processes if one["type"] == "renderer"]
    kept = [int(path.read_text().split()[1]) for path in pages if path.is_file()]
    return max(kept) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure_start(browser: Browser, url: str, visits: int) -> dict[str, Any]:
    """Open the page without a cache: first paint, first picture, and what was sent until then."""
    paints, pictures = [], []
    sent_mb = 0.0
    for _ in range(visits):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        sizes: list[int] = []
        page.on("response", lambda answer, sizes=sizes: sizes.append(_length(answer.headers)))
        page.goto(f"{url}/index.html")
        page.wait_for_selector(".st-after[src]")
        pictures.append(page.evaluate("performance.now()"))
        paints.append(page.evaluate("performance.getEntriesByType('paint')[0].startTime"))
        sent_mb = sum(sizes) / 1e6
        context.close()
    return {
        "visits": visits,
        "first_paint_ms": round(min(paints)),
        "first_picture_ms": round(min(pictures)),
        "sent_mb": round(sent_mb, 2),
    }


def _length(headers: dict[str, str]) -> int:
    return int(headers.get("content-length", 0))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--visits", type=int, default=4)
    parser.add_argument("--parts", nargs="+", default=["pictures", "start", "memory"])
    parser.add_argument("-o", "--out", type=Path, help="its parts that are not measured stay")
    arguments = parser.parse_args()
    engine = Engine()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name) / "site"
        with StyleLibrary.open(":memory:", encoder=engine) as library:
            size = write_site(folder, ModelFiles.open(), library)
        shutil.copytree(BUNDLED, folder / "models")
        shutil.copy(ROOT / "styles_library" / "starry-night.jpg", folder / "painting.jpg")
        shutil.copy(ROOT / "stylize/studio/examples/astronaut.jpg", folder / "photo.jpg")
        alone, isolated = (serve(folder, isolated=isolated) for isolated in (False, True))
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        kept = arguments.out and arguments.out.is_file()
        result = json.loads(arguments.out.read_text("utf-8")) if kept else {}
        if "pictures" in arguments.parts:
            result["pictures"] = [
                measure_pictures(browser, url, precision, arguments.rounds)
                for precision in ("fp32", "int8")
                for url in (alone, isolated)
            ]
        if "start" in arguments.parts:
            result["start"] = measure_start(browser, alone, arguments.visits)
        if "memory" in arguments.parts:
            result["memory"] = measure_memory(browser, isolated, arguments.pictures)
        result |= {
            "site_mb": round(size / 1e6, 2),
            "chromium": browser.version,
            "load_at_end": round(os.getloadavg()[0], 1),
            "machine": describe_machine("stylize-studio", "playwright"),
        }
        browser.close()
    report(result, arguments.out)


if __name__ == "__main__":
    main()
