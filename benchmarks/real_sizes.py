"""A model at real sizes, quickly: 512 px, the same look at every size, and the look at 2048 px.

    python benchmarks/real_sizes.py --data FOLDER --vgg network.pt [--model FOLDER] [-o FILE]

``--data`` has ``content`` and ``style`` (pairs at 512 px are those of holdout.json, or those that
``--ready-made`` has pictures of) and ``large/photos`` and ``large/paintings`` (real_sizes.json).
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stylize.errors import StylizeError
from stylize.training.data import read_rgb
from stylize.training.metrics import Meter, load_loss_network
from stylize.training.pairs import SEEN_PX, Pictures, fit_longer_side, load_pictures
from stylize.training.real_sizes import PaintMeter, measure_same_look
from stylize.training.systems import ReadyMade, System, open_model, ready_made_files
from stylize.training.vgg import LossNetwork

HERE = Path(__file__).parent
NAMES = {
    "content_loss": "content",
    "style_loss": "style",
    "ssim": "SSIM",
    "own_style_found": "found",
    "palette_distance": "palette",
    "lightness_distance": "L dist",
    "darks": "darks",
    "lights": "lights",
    "calm": "calm",
    "calm_distance": "calm dist",
    "paint_loss": "paint",
}


def pairs_at_512(data: Path, *, pairs: int = 48, ready_made: Path | None = None) -> Pictures:
    """Held-out pairs at 512 px: those of ready-made pictures if there are any."""
    return load_pictures(
        [data / "content"],
        [data / "style"],
        pairs=pairs,
        size_px=SEEN_PX,
        seed=1,
        only=HERE / "holdout.json",
        among=ready_made_files(ready_made) if ready_made else None,
        enlarge=True,
    )


def at_512(system: System, meter: Meter, pictures: Pictures) -> dict[str, float]:
    """Means over the pairs."""
    rows = []
    for c, s in pictures.pairs:
        result = system(pictures.contents[c], pictures.styles[s])
        rows.append(meter.measure(result, pictures.contents[c], s).as_dict())
    return _means(rows)


class RealSizes:
    """Photos x paintings at full size; what is compared with is encoded once."""

    def __init__(
        self,
        network: LossNetwork,
        data: Path,
        *,
        photos: int = 6,
        paintings: int = 4,
        paint: bool = False,
    ) -> None:
        names = json.loads((HERE / "real_sizes.json").read_text("utf-8"))
        large = data / "large"
        self.photos = [read_rgb(large / name) for name in names["contents"][:photos]]
        self.paintings = [read_rgb(large / name) for name in names["styles"][:paintings]]
        self.seen_photos = [fit_longer_side(photo, SEEN_PX) for photo in self.photos]
        seen_styles = [fit_longer_side(style, SEEN_PX) for style in self.paintings]
        self.meter = Meter(network, self.seen_photos, seen_styles)
        self.paint: PaintMeter | None = None
        if paint:
            self.paint = PaintMeter(network, self.paintings, size_px=max(self.photos[0].size))

    def measure(self, system: System) -> dict[str, Any]:
        """Same look, and the results of full size as a whole and from near."""
        rows, looks = [], []
        for s, style in enumerate(self.paintings):
            for photo, seen in zip(self.photos, self.seen_photos, strict=True):
                results = []

                def painted(content: Any, style: Any = style, results: Any = results) -> Any:
                    results.append(system(content, style))
                    return results[-1]

                looks += [
                    (i, asdict(found)) for i, found in enumerate(measure_same_look(painted, photo))
                ]
                whole = results[-1].resize(seen.size, 3)
                row = self.meter.measure(whole, seen, s).as_dict()
                if self.paint:
                    row["paint_loss"] = self.paint.measure(results[-1], s)
                rows.append(row)
        same = {}
        for i, name in enumerate(("1280 px", "full size")):
            found = [look for number, look in looks if number == i]
            for key in ("psnr_db", "ssim"):
                values = [look[key] for look in found]
                same[f"{name}: {key}"] = round(float(np.mean(values)), 4)
                same[f"{name}: {key}, worst"] = round(min(values), 4)
        return {"same_look": same, "at_2048": _means(rows)}


def _means(rows: Sequence[dict[str, float | None]]) -> dict[str, float]:
    means = {}
    for name in rows[0]:
        values = [row[name] for row in rows if row[name] is not None]
        if values:
            means[name] = round(float(np.mean(values)), 4)
    return means


def line(name: str, means: dict[str, float]) -> str:
    """Return a row to print."""
    cells = (f"{title} {means[key]:.3f}" for key, title in NAMES.items() if key in means)
    return f"{name}: " + "  ".join(cells)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="content, style, large")
    parser.add_argument("--vgg", type=Path, required=True, help="loss_network.pt or checkpoint")
    parser.add_argument(
        "--model", type=Path, nargs="*", default=[], help="default: the bundled one"
    )
    parser.add_argument("--precision", default="int8", choices=("int8", "fp32"))
    parser.add_argument("--pairs", type=int, default=48, help="at 512 px; 0: none")
    parser.add_argument("--photos", type=int, default=6, help="at full size; 0: none")
    parser.add_argument("--paintings", type=int, default=4)
    parser.add_argument("--paint", action="store_true", help="windows at full size too; slow")
    parser.add_argument("--ready-made", type=Path, help="folder of another program's pictures")
    parser.add_argument("-o", "--out", type=Path, help="JSON file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        found = measure(options)
    except StylizeError as error:
        sys.exit(f"Error: {error}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every model and the ready-made pictures."""
    from stylize.model_files import BUNDLED

    network = load_loss_network(options.vgg)
    models = options.model or [BUNDLED]
    systems: dict[str, System] = {str(m): open_model(m, options.precision) for m in models}
    found: dict[str, Any] = {name: {} for name in systems}
    start = time.monotonic()
    if options.pairs:
        pictures = pairs_at_512(options.data, pairs=options.pairs, ready_made=options.ready_made)
        meter = Meter(network, pictures.contents, pictures.styles)
        peers = (
            {"ready-made": ReadyMade(options.ready_made, pictures)} if options.ready_made else {}
        )
        for name, system in (systems | peers).items():
            means = at_512(system, meter, pictures)
            found.setdefault(name, {})["at_512"] = means
            print(line(f"{name}, {len(pictures.pairs)} pairs at 512 px", means), flush=True)
        print(f"{time.monotonic() - start:.0f} s", flush=True)
    if options.photos:
        real = RealSizes(
            network,
            options.data,
            photos=options.photos,
            paintings=options.paintings,
            paint=options.paint,
        )
        for name, system in systems.items():
            found[name] |= real.measure(system)
            print(f"{name}: {found[name]['same_look']}")
            print(line(f"{name}, full size seen at 512 px", found[name]["at_2048"]), flush=True)
        print(f"{time.monotonic() - start:.0f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
