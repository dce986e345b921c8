"""How calm are painted films, beside those painted frame by frame?

    python benchmarks/video.py CLIP... -o benchmarks/results/video.json --sheets FOLDER
        [--styles NAME ...] [--max-side 640] [--seconds 1] [--network checkpoints/network.pt]

``stylize evaluate --video`` measures, see :mod:`stylize.training.evaluate_films`; this chooses
bundled styles, as they ship, and notes the machine. It needs the extras video and train.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

from machine import describe_machine, report

from stylize.engine import Engine
from stylize.library.bundled import load_bundled
from stylize.training.evaluate_films import FilmEvaluationConfig, evaluate_films

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Parse, paint, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--styles", nargs="+", default=["great-wave"], help="bundled styles")
    parser.add_argument("--max-side", type=int, default=640)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--stability", type=float, default=0.8)
    parser.add_argument("--network", type=Path, default=ROOT / "checkpoints" / "network.pt")
    parser.add_argument("--sheets", type=Path, required=True, help="folder for sheets of frames")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    records = load_bundled(Engine()).get_many(options.styles)
    vectors = {record.name: record.vector for record in records}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.styles:
            file = f"{name}.jpg"
            (Path(folder) / file).symlink_to(ROOT / "styles_library" / file)
        result = evaluate_films(
            FilmEvaluationConfig(
                films=tuple(options.clips),
                styles=(Path(folder),),
                out=options.sheets,
                vgg=options.network,
                size_px=options.max_side,
                seconds=options.seconds,
                stability=options.stability,
                vectors=vectors,
            )
        )
    machine = describe_machine("onnxruntime", "opencv-python-headless", "av")
    report({**result, "machine": machine}, options.out)


if __name__ == "__main__":
    main()
