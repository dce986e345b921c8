"""What a command of the lab wrote becomes a committed result, with the machine, and its pictures.

    python benchmarks/lab_results.py FOLDER

It is the folder that ``stylize lab compress``, ``search``, ``variants`` or ``johnson-compress``
wrote to.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from machine import describe_machine, report
from PIL import Image

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "lab.json"


def main() -> None:
    """Keep what lies in the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    keep(parser.parse_args().folder)


def keep(folder: Path) -> None:
    """Keep results of the commands that write one, and their sheets."""
    for name in ("compress", "search", "variants"):
        path, sheet = folder / f"{name}.json", folder / "sheet.png"
        if path.is_file():
            found = json.loads(path.read_text("utf-8"))
            machine = describe_machine("stylize-studio", "torch", "onnxruntime")
            report({"machine": machine, **found}, RESULT.with_name(path.name))
            if sheet.is_file():
                with Image.open(sheet) as picture:
                    picture.save(ROOT / "docs" / f"{name}.jpg", quality=80)
    if (folder / "bits.json").is_file():
        found = json.loads((folder / "bits.json").read_text("utf-8"))
        machine = describe_machine("torch", "onnxruntime")
        note({"one_style_bits": {"machine": machine, **found}})


def note(result: dict[str, object]) -> None:
    """Put what was measured beside what was measured before."""
    known = json.loads(RESULT.read_text("utf-8")) | result
    RESULT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
