"""Make contract/: what every engine has to reproduce, see docs/engines.md.

``python -m tests.make_contract`` writes the files anew, to be looked at before they are committed;
``--inputs`` the input pictures too.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from stylize.calming import calm_down
from stylize.contract import Contract
from stylize.contrast import NUMBERS as CONTRAST_NUMBERS
from stylize.contrast import contrast_of, raise_contrast
from stylize.controls import Controls
from stylize.engine import Engine
from stylize.ground import add_ground, relief
from stylize.matrices import matrix_power
from stylize.painting import Canvas, thumbnail_size, zoom_of
from stylize.plan import make_plan
from stylize.posterizing import crisp, posterize
from stylize.recoloring import recolor
from stylize.revision import enlarge, keep_coarse, lay_over
from stylize.style_colors import LUMA, NUMBERS, QUANTILES, StyleColors
from stylize.styles import StyleVector, blend

FOLDER = Path(__file__).parents[1] / "contract"
INPUTS = FOLDER / "inputs"
Record = dict[str, Any]

SIZES = (
    *((16, 16), (17, 31), (64, 48), (100, 76), (256, 256), (300, 20), (500, 333), (512, 384)),
    *((520, 390), (522, 392), (523, 392), (640, 427), (724, 724), (768, 1024), (800, 8000)),
    *((1023, 767), (1024, 768), (1025, 769), (1280, 720), (1365, 2048), (1600, 1200)),
    *((1920, 1080), (2048, 1365), (3000, 2000), (4032, 3024), (6000, 4000), (12000, 8000)),
    *((9000, 16), (2001, 1001), (1111, 1777)),
)
STROKES = (0.5, 1.0, 1.5, 2.5, 4.0)
SEEDS = (1, 7, 2**32 - 1)
GREY = np.array([128.0] * 3 + [0.0] * 6 + [128.0] * (NUMBERS - 9))  # a style of one colour
EVERY = 32  # numbers of the bundled encoder's vectors
INKS = {"posterizing_share": 0.65, "ink_weights": "ADw="}  # by which all styles are of a few inks
CONTRAST = {"contrast_share": 0.8}
EXACT = {"levels": 1, "mean_levels": 0.05}
FP32 = {"levels": 8, "mean_levels": 0.5}  # measured with another provider: 5 and 0.29
INT8 = {"levels": 24, "mean_levels": 1.0}


def read(name: str) -> Image.Image:
    """Read an input picture."""
    with Image.open(INPUTS / f"{name}.png") as image:
        image.load()
    return image


def make_plans(folder: Path) -> Record:
    """Levels, canvases, thumbnails and zooms of pictures of many sizes."""
    contract = Contract(vector_length=1, halo_px=72)
    cases = []
    for size in SIZES:
        for stroke_size in STROKES if size in SIZES[::4] else (1.0,):
            plan = make_plan(size, contract, stroke_size=stroke_size)
            levels: list[Record] = [{"size": plan.draft}]
            levels += [asdict(revision) for revision in plan.revisions]
            for level in levels:
                width, height = level["size"]
                revised = "share" in level
                margin_px = contract.revision_margin_px if revised else contract.margin_px
                canvas = Canvas(height, width, margin_px)
                level["canvas"] = canvas.grid_width, canvas.grid_height
                level["thumbnail"] = thumbnail_size(level["size"], contract)
                level["zoom"] = zoom_of(level["size"], contract)
            cases.append({"size": size, "stroke_size": stroke_size, "levels": levels})
    return {"contract": contract.to_dict(), "cases": cases}


def make_ground(folder: Path) -> Record:
    """The relief at some places, and pictures with the ground put under."""
    cases = []
    for seed in SEEDS:
        levels = np.rint(8 * relief(seed)).astype(np.int8)
        places = [(x * 37 % 512, x * 101 % 512) for x in range(24)]
        cases.append(
            {
                "seed": seed,
                "values": [[x, y, float(relief(seed)[y, x])] for x, y in places],
                "sha256_of_8_times_as_int8": hashlib.sha256(levels.tobytes()).hexdigest(),
            }
        )
    pictures = []
    for name, amount, seed in (("paper", 10.0, 1), ("paper", 20.0, 7), ("content", 10.0, 1)):
        file = f"ground/{name}-{amount:g}-{seed}.png"
        save(add_ground(read(name), amount, seed=seed), folder / file)
        pictures.append({"input": name, "amount": amount, "seed": seed, "file": file} | EXACT)
    return {"relief": cases, "pictures": pictures}


def make_calming(folder: Path) -> Record:
    """What was painted, smoothed where the content is calm."""
    made = {}
    for content in ("paper", "content"):
        for amount, at_most, everywhere in ((0.5, 1, 0), (1, 1, 0), (1, 0.25, 0), (0.5, 1, 0.7)):
            painted = read("painted")
            calm_down(painted, read(content), amount, at_most, everywhere)
            name = f"{content}-{amount:g}-{at_most:g}"
            made[f"{name}-{everywhere:g}" if everywhere else name] = painted
    return {"cases": save_all(made, folder, "calming", EXACT)}


def make_recoloring(folder: Path) -> Record:
    """What was painted, drawn towards the colours that the content has in a style."""
    made, records = {}, []
    for content, style, share, amount in (
        ("content", "style", 0.75, 1.0),
        ("content", "other", 1.0, 0.5),
        ("paper", "style", 0.75, 1.0),
        ("content", "grey", 0.75, 1.0),
    ):
        numbers = GREY if style == "grey" else color_numbers(read(style))
        painted = read("painted")
        recolor(painted, read(content), StyleColors.of(numbers), share, amount)
        name = f"{content}-{style}-{share:g}-{amount:g}"
        made[name] = painted
        records.append({"content": content, "numbers": numbers, "share": share, "amount": amount})
    cases = save_all(made, folder, "recoloring", EXACT)
    return {"cases": [record | case for record, case in zip(records, cases, strict=True)]}


def make_contrast(folder: Path) -> Record:
    """What was painted, with as much contrast as styles have."""
    of_styles = {"style": contrast_of(read("style")), "loud": np.full(CONTRAST_NUMBERS, 60.0)}
    made, records = {}, []
    for painting, content, style, amount, size in (
        ("painted", "content", "style", 1.0, (100, 76)),
        ("painted", "content", "loud", 0.7, (37, 75)),
        ("paper", "paper", "loud", 1.0, (99, 69)),
        ("painted", "paper", "loud", 1.0, (17, 16)),
        ("content", "painted", "loud", 1.0, (5, 1)),
    ):
        painted, shown = (read(name).crop((0, 0, *size)) for name in (painting, content))
        raise_contrast(painted, shown, of_styles[style], amount)
        made[f"{painting}-{content}-{style}"] = painted
        record = {"painting": painting, "content": content, "numbers": of_styles[style]}
        records.append(record | {"amount": amount, "size": size})
    cases = save_all(made, folder, "contrast", EXACT)
    return {"cases": [record | case for record, case in zip(records, cases, strict=True)]}


def make_posterizing(folder: Path) -> Record:
    """What was painted, parted into ink and paper, and what keeps the edges crisp."""
    print_of_two = Image.new("RGB", (10, 10), (236, 222, 190))
    print_of_two.paste((30, 42, 90), (0, 0, 10, 3))
    styles = {"print": print_of_two, "style": read("style")}
    of_styles = {name: color_numbers(picture) for name, picture in styles.items()} | {"grey": GREY}
    made, records = {}, []
    for painting, content, style, amount, size in (
        ("painted", "content", "print", 0.8, (100, 76)),
        ("painted", "paper", "print", 1.0, (99, 69)),
        ("paper", "paper", "print", 1.0, (100, 76)),
        ("painted", "content", "style", 0.6, (37, 75)),
        ("painted", "content", "grey", 1.0, (17, 16)),
    ):
        numbers = of_styles[style]
        painted, shown = (read(name).crop((0, 0, *size)) for name in (painting, content))
        posterize(painted, shown, StyleColors.of(numbers), amount)
        made[f"{painting}-{content}-{style}"] = painted
        record = {"painting": painting, "content": content, "numbers": numbers}
        records.append(record | {"amount": amount, "size": size})
    cases = save_all(made, folder, "posterizing", EXACT)
    table = crisp(StyleColors.of(of_styles["print"]), 0.7)
    edges = save_all({"crisp": read("under").filter(table)}, folder, "posterizing", EXACT)
    return {
        "cases": [record | case for record, case in zip(records, cases, strict=True)],
        "crisp": [edge | {"numbers": of_styles["print"], "amount": 0.7} for edge in edges],
    }


def color_numbers(picture: Image.Image) -> np.ndarray:
    """Return what `StyleColors.of` takes, of a picture."""
    pixels = np.asarray(picture, np.float64).reshape(-1, 3)
    root = matrix_power(np.cov(pixels.T), 0.5, 0.0)[np.triu_indices(3)]
    return np.concatenate([pixels.mean(axis=0), root, np.quantile(pixels @ LUMA, QUANTILES)])


def make_resampling(folder: Path) -> Record:
    """The ways in which pictures are scaled."""
    content = read("content")
    bicubic, lanczos = Image.Resampling.BICUBIC, Image.Resampling.LANCZOS
    made = {
        "reduce-2": content.reduce(2),
        "draft-64x48": content.resize((64, 48), bicubic, reducing_gap=3.0),
        "draft-24x16": content.resize((24, 16), bicubic, reducing_gap=3.0),
        "thumbnail-32x24": content.resize((32, 24), bicubic, reducing_gap=1.0),
        "enlarged-200x152": enlarge(content, (200, 152)).crop((0, 0, 200, 152)),
        "enlarged-199x151": enlarge(content, (199, 151)).crop((0, 0, 199, 151)),
        "enlarged-160x120": enlarge(content, (160, 120)).crop((0, 0, 160, 120)),
        "full-90x70": content.resize((90, 70), lanczos),
    }
    return {"input": "content", "cases": save_all(made, folder, "resampling", EXACT)}


def make_revision(folder: Path) -> Record:
    """What happens to pixels before and after the network paints over them."""
    under, content, painted = (rgbx(read(name)) for name in ("under", "content", "painted"))
    seen = lay_over(under, content, 1.0)
    made = {
        f"laid-over-{detail:g}": lay_over(under, content, detail) for detail in (0.5, 1.0, 2.0)
    } | {f"kept-{share:g}": keep_coarse(painted, seen, under, share) for share in (0.4, 1.0)}
    pictures = {name: Image.fromarray(pixels[..., :3]) for name, pixels in made.items()}
    return {"cases": save_all(pictures, folder, "revision", EXACT)}


def make_styles(engine: Engine, bundled: Engine) -> Record:
    """Style vectors and blends of them; of the bundled encoder every so many numbers."""
    vectors = [
        {
            "input": name,
            "stroke_size": stroke_size,
            "vector": engine.encode_style(read(name), stroke_size=stroke_size).values,
        }
        for name, stroke_size in (("style", 1.0), ("style", 0.5), ("other", 1.0))
    ]
    both = [engine.encode_style(read(name)) for name in ("style", "other")]
    blends = [
        {"inputs": ["style", "other"], "weights": weights, "vector": blend(both, weights).values}
        for weights in ([1.0, 1.0], [0.2, 0.6], [1.0, 0.0])
    ]
    sparse = {
        "input": "other",
        "every": EVERY,
        "numbers": bundled.encode_style(read("other")).values[::EVERY],
        "tolerance": 0.02,
    }
    return {"tolerance": 0.002, "vectors": vectors, "blends": blends, "bundled": sparse}


def make_affines(engine: Engine) -> Record:
    """What the network does to a picture, for one style and for two."""
    cases = []
    for styles, controls, size, revision in (
        (["style"], {}, None, False),
        (["style"], {"strength": 0.4, "content_weight": 2.0, "fine_weight": 0.25}, None, False),
        (["style", "other"], {}, [800, 608], True),
    ):
        vectors = [engine.encode_style(read(name)) for name in styles]
        measurement = engine.measure(
            read("content"),
            vectors,
            Controls(**controls),
            size=None if size is None else (size[0], size[1]),
            revision=revision,
        )
        cases.append(
            {
                "input": "content",
                "styles": styles,
                "controls": controls,
                "size": size,
                "revision": revision,
                "affine_quarter": measurement.quarter[..., 0, 0],
                "affine_eighth": measurement.eighth[..., 0, 0],
                "peaks": measurement.peaks,
            }
        )
    return {"tolerance": 0.002, "cases": cases}


def make_pictures(engines: dict[str, Engine], folder: Path) -> Record:
    """Painted pictures, in both precisions."""
    cases: list[Record] = [
        {"name": "draft-only", "max_side_px": 64},
        {"name": "one-revision"},
        {"name": "two-revisions", "controls": {"stroke_size": 2.0}},
        {"name": "strip", "content": "strip"},
        {"name": "half-strength", "controls": {"strength": 0.5}},
        {"name": "faded", "controls": {"strength": 0.1}},
        {
            "name": "weights",
            "controls": {
                "content_weight": 2.0,
                "style_weight": 4.0,
                "fine_weight": 0.5,
                "coarse_weight": 2.0,
            },
        },
        {"name": "paper", "content": "paper"},
        {"name": "brushwork", "content": "paper", "controls": {"brushwork": 2.0}},
        {"name": "calm", "content": "content", "controls": {"brushwork": 0.0}},
        {"name": "crisp", "controls": {"detail": 2.0}},
        {"name": "smooth", "controls": {"detail": 0.3}},
        {"name": "own-colours", "controls": {"color": 0.7}},
        {"name": "palette-only", "controls": {"texture": 0.2}},
        {"name": "fast", "fast": True},
        {"name": "blend", "weights": {"style": 0.4, "other": 0.6}},
        {"name": "transparent", "content": "transparent"},
        {"name": "inks", "contract": INKS},
        {"name": "contrast", "contract": CONTRAST, "controls": {"strength": 0.8}},
        {"name": "half-inks", "contract": INKS, "controls": {"brushwork": 1.5}},
    ]
    precisions = {"fp32": cases, "int8": cases[:3]}
    made = []
    for precision, chosen in precisions.items():
        for case in chosen:
            given = {"content": "content", "weights": {"style": 1.0}, "controls": {}} | case
            picture = paint(engines[precision], given)
            file = f"pictures/{given['name']}-{precision}.png"
            save(picture, folder / file)
            tolerance = FP32 if precision == "fp32" else INT8
            made.append(given | {"precision": precision, "file": file} | tolerance)
    return {"cases": made}


def paint(engine: Engine, case: Record) -> Image.Image:
    """Paint one of the cases of pictures.json."""
    if "contract" in case:
        engine = Engine(FOLDER / "tiny_model", precision=engine.precision, threads=1)
        engine.contract = replace(engine.contract, **case["contract"])
    vectors: Sequence[StyleVector] = [engine.encode_style(read(n)) for n in case["weights"]]
    return engine.stylize(
        read(case["content"]),
        blend(vectors, list(case["weights"].values())),
        controls=Controls(**case["controls"]),
        max_side_px=case.get("max_side_px"),
        fast=case.get("fast", False),
    )


def make(folder: Path) -> None:
    """Write all that follows from the inputs and the model."""
    model = FOLDER / "tiny_model"
    engines = {name: Engine(model, precision=name, threads=1) for name in ("fp32", "int8")}
    records = {
        "plan": make_plans(folder),
        "ground": make_ground(folder),
        "calming": make_calming(folder),
        "recoloring": make_recoloring(folder),
        "posterizing": make_posterizing(folder),
        "contrast": make_contrast(folder),
        "resampling": make_resampling(folder),
        "revision": make_revision(folder),
        "styles": make_styles(engines["fp32"], Engine(threads=1)),
        "affines": make_affines(engines["fp32"]),
        "pictures": make_pictures(engines, folder),
    }
    for name, record in records.items():
        text = json.dumps(_plain(record), indent=1)
        (folder / f"{name}.json").write_text(_compact(text) + "\n")


def _plain(value: Any) -> Any:
    """Make plain lists and rounded numbers, the same on every machine."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _compact(text: str) -> str:
    """Set lists of numbers in one line."""
    lines: list[str] = []
    for line in text.split("\n"):
        number = line.strip().rstrip(",").lstrip("-").replace(".", "").replace("e-", "")
        if lines and (number.isdigit() or line.strip() in ("]", "],")) and lines[-1][-1] in "[,":
            lines[-1] += ("" if lines[-1][-1] == "[" else " ") + line.strip()
        elif lines and line.strip() in ("]", "],") and lines[-1].rstrip()[-1].isdigit():
            lines[-1] += line.strip()
        else:
            lines.append(line)
    return "\n".join(lines)


def save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def save_all(
    pictures: dict[str, Image.Image], folder: Path, part: str, tolerance: Record
) -> list[Record]:
    made = []
    for name, picture in pictures.items():
        save(picture, folder / part / f"{name}.png")
        made.append({"name": name, "file": f"{part}/{name}.png"} | tolerance)
    return made


def rgbx(image: Image.Image) -> np.ndarray:
    rgb = np.asarray(image)
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def make_inputs() -> None:
    """Draw the input pictures."""
    from tests.conftest import make_picture

    content = make_picture(100, 76)
    made = {
        "content": content,
        "strip": make_picture(24, 200, seed=2),
        "style": make_picture(80, 64, seed=5),
        "other": make_picture(64, 64, seed=9).rotate(90),
        "under": content.reduce(2).resize(content.size, Image.Resampling.BICUBIC),
        "painted": make_picture(100, 76, seed=12),
    }
    made["paper"] = paper = Image.new("RGB", (100, 76), (244, 240, 230))
    draw = ImageDraw.Draw(paper)
    draw.ellipse((12, 10, 60, 58), fill=(90, 150, 210), outline=(20, 20, 30), width=2)
    draw.line((70, 5, 95, 70), fill=(200, 40, 30), width=3)
    made["transparent"] = clear = content.convert("RGBA")
    alpha = (np.mgrid[0:76, 0:100][1] * 2.55).astype(np.uint8)
    alpha[:, :20] = 0
    clear.putalpha(Image.fromarray(alpha))
    for name, picture in made.items():
        save(picture, INPUTS / f"{name}.png")


if __name__ == "__main__":
    if "--inputs" in sys.argv:
        make_inputs()
    make(FOLDER)
