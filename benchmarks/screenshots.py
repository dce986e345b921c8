"""Photograph every tab for README and docs, at 1440 and 375 px.

    python benchmarks/screenshots.py [--url http://127.0.0.1:7860] [--out docs/screenshots]

Starts the page itself unless ``--url`` is given. Needs Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

MAX_BYTES = 290_000
LOOK = "/?style=starry-night:1&style=great-wave:0.5"


def create(tab: Page) -> None:
    """The picture opened with the page, half of it before."""
    tab.wait_for_selector(".st-stage:not([hidden])")
    tab.wait_for_timeout(2500)
    tab.locator(".st-handle").fill("38")
    tab.locator(".st-handle").blur()


def regions(tab: Page) -> None:
    """A painted region."""
    tab.wait_for_selector(".st-stage:not([hidden])")
    tab.get_by_role("tab", name="Regions").click()
    tab.wait_for_timeout(800)
    stroke(tab, "#regions .st-canvas", [(0.1, 0.1), (0.2, 0.8), (0.15, 0.3), (0.12, 0.9)])


def styles(tab: Page) -> None:
    """The gallery with one style described."""
    tab.wait_for_selector(".st-stage:not([hidden])")
    tab.get_by_role("tab", name="Styles").first.click()
    tab.locator("#library .st-tile[data-name=great-wave] .st-pick").click()
    tab.wait_for_timeout(1500)
    tab.evaluate("scrollTo(0, 0)")


def style_map(tab: Page) -> None:
    """The map of styles."""
    styles(tab)
    tab.get_by_role("tab", name="Map").click()
    tab.wait_for_timeout(800)


def batch(tab: Page) -> None:
    """A contact sheet in the making."""
    tab.wait_for_selector(".st-stage:not([hidden])")
    tab.get_by_role("tab", name="Batch").click()
    tab.locator("#batch-sheet").click()
    tab.wait_for_selector("#batch-pictures .st-picture >> nth=11", timeout=90_000)


def kids(tab: Page) -> None:
    """A house drawn with the finger."""
    tab.wait_for_selector(".st-kids .st-canvas")
    canvas = ".st-kids .st-canvas"
    for color, width, points in DRAWING:
        tab.locator(".st-swatch").nth(color).click()
        tab.locator(".st-dot").nth(width).click()
        stroke(tab, canvas, points)


def kids_styles(tab: Page) -> None:
    """The twelve tiles."""
    kids(tab)
    tab.get_by_role("button", name="Next").click()
    tab.wait_for_timeout(500)


def kids_done(tab: Page) -> None:
    """The drawing as a painting."""
    kids_styles(tab)
    tab.locator(".st-kid-tile").nth(3).click()
    tab.wait_for_selector(".st-kid-result:not([hidden])")
    tab.wait_for_timeout(800)


# Crayon, brush, and the stroke's points as shares of the canvas.
DRAWING = (
    (4, 2, [(0.0, 0.88), (0.3, 0.85), (0.6, 0.88), (1.0, 0.85)]),
    (4, 2, [(0.0, 0.96), (1.0, 0.96)]),
    (5, 2, [(0.02, 0.06), (0.5, 0.04), (0.98, 0.07)]),
    (3, 2, [(0.83, 0.2), (0.85, 0.18), (0.87, 0.2), (0.85, 0.23), (0.83, 0.2)]),
    (1, 1, [(0.25, 0.8), (0.25, 0.5), (0.55, 0.5), (0.55, 0.8), (0.25, 0.8)]),
    (8, 1, [(0.2, 0.5), (0.4, 0.28), (0.6, 0.5), (0.2, 0.5)]),
    (0, 0, [(0.36, 0.8), (0.36, 0.64), (0.44, 0.64), (0.44, 0.8)]),
    (6, 1, [(0.72, 0.82), (0.72, 0.62)]),
    (7, 2, [(0.72, 0.58), (0.69, 0.55), (0.75, 0.55), (0.72, 0.58)]),
)

SHOTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "create": (LOOK, create),
    "regions": ("/", regions),
    "styles": ("/", styles),
    "map": ("/", style_map),
    "batch": ("/", batch),
    "kids-draw": ("/kids", kids),
    "kids-pick": ("/kids", kids_styles),
    "kids-done": ("/kids", kids_done),
}


def stroke(tab: Page, selector: str, points: list[tuple[float, float]]) -> None:
    """Draw one stroke over a canvas."""
    tab.locator(selector).scroll_into_view_if_needed()
    box = tab.locator(selector).bounding_box()
    if box is None:
        raise RuntimeError(f"{selector} is not on screen")
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    for place in places[1:]:
        tab.mouse.move(*place, steps=6)
    tab.mouse.up()


def shoot(browser: Browser, url: str, name: str, out: Path, *, phone: bool, dark: bool) -> None:
    """Take one picture; it is saved as small as README and docs need it."""
    path, prepare = SHOTS[name]
    context = browser.new_context(
        viewport={"width": 375, "height": 812} if phone else {"width": 1440, "height": 900},
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
        color_scheme="dark" if dark else "light",
        locale="en-US",
    )
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.goto(url + path)
    prepare(tab)
    image = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    context.close()
    target = out / f"{name}-{375 if phone else 1440}{'-dark' if dark else ''}.jpg"
    for quality in (90, 80, 70, 60):
        image.save(target, quality=quality, optimize=True)
        if target.stat().st_size < MAX_BYTES:
            break
    print(target, target.stat().st_size // 1000, "kB")


def main() -> None:
    """Take all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*SHOTS, []], default=[])
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--dark", action="store_true", help="only in the dark")
    parser.add_argument("--width", type=int, choices=(375, 1440), help="only at this width")
    options = parser.parse_args()
    url = options.url
    if url is None:
        from stylize import Engine, StyleLibrary
        from stylize.studio import launch

        engine = Engine()
        library = StyleLibrary.in_memory(encoder=engine)
        url = launch(engine, library, block=False).local_url.rstrip("/")
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in options.names or SHOTS:
            for phone in (False, True):
                if options.width is None or phone == (options.width == 375):
                    shoot(browser, url, name, options.out, phone=phone, dark=options.dark)
        if not options.names and not options.dark:
            shoot(browser, url, "create", options.out, phone=False, dark=True)
        browser.close()


if __name__ == "__main__":
    main()
