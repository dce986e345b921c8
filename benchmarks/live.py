"""How long from a slider's move to the new picture, in a real browser on this machine.

    python benchmarks/live.py [--moves 40] [--url http://127.0.0.1:7860]

Starts the page itself unless ``--url`` is given. Needs Playwright and Chromium. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics

from playwright.sync_api import sync_playwright

# Waits for the picture that follows each move: loaded and drawn, not only arrived.
MEASURE = """
async (moves) => {
  const picture = document.querySelector(".st-after");
  const slider = document.querySelector("#control-strength input[type=range]");
  const times = [];
  for (let move = 0; move < moves; move++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const start = performance.now();
    const loaded = new Promise((done) => picture.addEventListener("load", done, { once: true }));
    slider.value = move % 2 ? 0.9 : 0.5 + 0.005 * move;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await loaded;
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - start);
  }
  return times;
}
"""


def measure(url: str, moves: int) -> dict[str, float]:
    """Move the strength slider and time each picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.goto(url)
        tab.wait_for_selector(".st-stage:not([hidden])")
        tab.wait_for_timeout(1500)
        times = sorted(tab.evaluate(MEASURE, moves))
        width_px = tab.evaluate('document.querySelector(".st-after").naturalWidth')
        browser.close()
    return {
        "moves": moves,
        "width_px": width_px,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))], 1),
        "best_ms": round(times[0], 1),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--url")
    options = parser.parse_args()
    url = options.url
    if url is None:
        from stylize import Engine, StyleLibrary
        from stylize.studio import launch

        engine = Engine()
        library = StyleLibrary.in_memory(encoder=engine)
        url = launch(engine, library, block=False).local_url
    print(json.dumps(measure(url, options.moves), indent=2))


if __name__ == "__main__":
    main()
