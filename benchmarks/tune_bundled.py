"""Tune the bundled styles, for encode_bundled.py to put into the vectors that are shipped.

    python benchmarks/tune_bundled.py --contents FOLDER -o FOLDER [--checkpoint FILE]

Some three minutes a style on two cores; what is there already is left. The folder gets NAME.npy
with what is added to scales and shifts, and NAME.json with the losses before and after. Styles with
empty places show every dash: they are tuned with more weight against blots and foreign colours.
The tunings that are shipped are of an earlier way, by which drafts were not recolored: see
`tuned_styles` in results/ablations.json. Needs ``stylize-studio[train]``.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np

from stylize.engine import Engine
from stylize.errors import StylizeError
from stylize.library import StyleLibrary
from stylize.library.bundled import bundled_folder
from stylize.training.data import list_pictures, read_content, read_exclusions, read_style
from stylize.training.tuning import load_networks, tune_style
from stylize.training.tuning_contents import CONTENTS, kept_aside, tuning_contents

HERE = Path(__file__).parent
SEED = 1
CALM_SHARE = 0.08  # from which on a style has empty places
OF_EMPTY = {"blot": 55.0, "gamut": 1500.0}  # weights for those
STEPS = 100


def main() -> None:
    """Parse and tune, one style after another."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contents", type=Path, required=True, help="photographs; some are drawn")
    parser.add_argument(
        "--checkpoint", type=Path, default=HERE.parent / "checkpoints" / "network.pt"
    )
    parser.add_argument("--only", nargs="*", default=[], help="names of styles")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        tune(options)
    except StylizeError as error:
        sys.exit(f"Error: {error}")


def tune(options: argparse.Namespace) -> None:
    """Tune the styles that are not there yet."""
    engine = Engine()
    library = StyleLibrary.in_memory(encoder=engine)
    networks = load_networks(options.checkpoint)
    photos, aside = kept_aside(photographs(options.contents, CONTENTS))
    fitted, kept = tuning_contents(photos), tuning_contents(aside, len(aside))
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only or library.names():
        target = options.out / f"{name}.npy"
        if target.exists():
            continue
        calm = engine.contract.calm_share(library.get(name).vector.values)
        weights = OF_EMPTY if calm >= CALM_SHARE else {}
        picture = read_style(bundled_folder() / f"{name}.jpg")
        tuned = tune_style(
            networks,
            [picture],
            fitted,
            kept=kept,
            contract=engine.contract,
            steps=STEPS,
            weights=weights,
        )
        record = {"style_loss": tuned.style_loss, "content_loss": tuned.content_loss}
        target.with_suffix(".json").write_text(json.dumps(record) + "\n", encoding="utf-8")
        np.save(target, tuned.tuning.numpy())
        logging.info("%s: %s", name, record)


def photographs(folder: Path, count: int) -> list[Any]:
    """Draw some that are not held out."""
    paths = list_pictures([folder], exclude=read_exclusions(HERE / "holdout.json"))
    chosen = np.random.default_rng(SEED).choice(len(paths), count, replace=False)
    return [read_content(paths[index]) for index in chosen]


if __name__ == "__main__":
    main()
