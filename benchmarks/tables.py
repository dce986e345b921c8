"""Write the tables of README, docs and model card: ``python benchmarks/tables.py``.

Figures are never typed: what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` in one of them
comes from ``benchmarks/results``. With ``--check`` nothing is written; the exit code says whether
all are up to date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]
OURS = {"int8": "**ours, INT8**", "fp32": "**ours, FP32**", "fast": "**ours, INT8, fast**"}
LAB = OURS | {"finish": "**ours, finished** (VGG19)"}
FILES = (
    ROOT / "README.md",
    ROOT / "stylize" / "models" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)


def speed() -> str:
    """Whole calls at three sizes, and what they were measured on."""
    result = _read("speed")
    sides = ("256", "512", "1024")
    rows = []
    for name in result["stylize"]["512"]:
        cells = [f"{result['stylize'][side][name]['median_ms']:.0f} ms" for side in sides]
        ratio = result["stylize"]["512"][name]["times_int8"]
        label = OURS.get(name, name)
        rows.append([label, *cells, f"{ratio:.1f} x"])
    px = [f"{side} px" for side in sides]
    lines = _table(["whole call, style encoded", *px, "against INT8 at 512 px"], rows)
    machine = result["machine"]
    encode = result["encode_style"]["median_ms"]
    lines += [
        "",
        f"Encoding a style takes {encode:.0f} ms. Medians of {result['rounds']} interleaved "
        f"rounds, each call after one that does not count, with {result['threads']} threads on "
        f"{machine['cores']} cores of an {machine['cpu']} "
        f"({', '.join(machine['instructions'])}), ONNX Runtime "
        f"{machine['versions']['onnxruntime']}; `benchmarks/results/speed.json`.",
    ]
    return "\n".join(lines)


def install() -> str:
    """What the base install takes."""
    found = _read("install")
    return (
        f"`pip install .` alone takes {found['base_mb']} MB, and {found['bytecode_mb']} MB of "
        "Python's bytecode (no Gradio): the Python package and the command line."
    )


def cold_start() -> str:
    """From a command in a new process to a saved picture."""
    rows = [
        [name, f"{row['median_ms'] / 1000:.2f} s", f"{row['peak_memory_mb']} MB"]
        for name, row in _read("speed")["cold_start"].items()
    ]
    header = ["from a cold command to a saved picture, 512 px", "median", "peak memory"]
    return "\n".join(_table(header, rows))


def large() -> str:
    """Large pictures: time and memory."""
    result = _read("large")
    rows = [
        [
            size.replace("x", " x "),
            f"{row['int8']['median_s']:.2f} s",
            f"{row['fp32']['median_s']:.2f} s",
            f"{row['int8']['peak_mb']} MB, of which the result {row['int8']['result_mb']} MB",
        ]
        for size, row in result["sizes"].items()
    ]
    return "\n".join(_table(["large pictures", "INT8", "FP32", "memory for painting, INT8"], rows))


def avx2() -> str:
    """INT8 against FP32 with and without AVX-512 and VNNI, on the same cores."""
    result = _read("avx2")
    names = {"avx2": "AVX2 alone", "all_instructions": "with AVX-512 and VNNI"}
    rows = [
        [
            label,
            *(
                f"{row['int8_ms']:.0f} and {row['fp32_ms']:.0f} ms, "
                f"{row['int8_times_faster']:.2f} x"
                for row in result[name].values()
            ),
        ]
        for name, label in names.items()
    ]
    px = [f"{side} px" for side in result["avx2"]]
    lines = _table(["INT8 and FP32", *px], rows)
    machine = result["machine"]
    lines += [
        "",
        f"Medians of three turns, {result['rounds']} rounds in all, with {result['threads']} "
        f"threads on {machine['cores']} cores of an {machine['cpu']}; the first row with ONNX "
        "Runtime kept from using the newer instructions (`benchmarks/avx2.py`).",
    ]
    return "\n".join(lines)


def quality() -> str:
    """Measures on held-out pairs, ours and others'."""
    (result,) = _read("quality")["sizes"]
    columns = {
        "content_loss": "content loss",
        "style_loss": "style loss",
        "ssim": "SSIM",
        "own_style_found": "own style found",
        "palette_distance": "palette",
    }
    rows = [
        [name, *(f"{row[key]['mean']:.3f}" if row.get(key) else "" for key in columns)]
        for name, row in result["systems"].items()
    ]
    lines = [
        *_table(["system", *columns.values()], rows),
        "",
        f"Means over {result['pairs']} held-out pairs at {result['size_px']} px; intervals, "
        "differences and all else: `benchmarks/results/quality.json`.",
    ]
    return "\n".join(lines)


def real_sizes() -> str:
    """Measures at 512 and 2048 px, and the same look at every size."""
    result = _read("real_sizes")
    columns = {
        "content_loss": "content loss",
        "style_loss": "style loss",
        "ssim": "SSIM",
        "own_style_found": "own style found",
        "paint_loss": "paint",
        "lightness_distance": "lights and darks",
        "marks": "marks",
        "foreign_colors": "foreign colours",
    }
    parts = [("held-out pairs", found) for found in result["pairs"]["sizes"]]
    parts += [("pairs of photographs and paintings", found) for found in result["photos"]["sizes"]]
    lines = []
    for what, found in parts:
        title = f"{found['size_px']} px, {found['pairs']} {what}"
        rows = [
            [name, *(f"{row[key]['mean']:.3f}" if row.get(key) else "" for key in columns)]
            for name, row in found["systems"].items()
        ]
        lines += [*_table([title, *columns.values()], rows), ""]
    look = result["photos"]["same_look"]
    rows = [
        [
            f"{name}, {painted}",
            *(f"{found[f'psnr_db_{which}']:.1f} dB" for which in ("mean", "worst")),
            *(f"{found[f'ssim_{which}']:.3f}" for which in ("mean", "worst")),
        ]
        for name, sizes in look["systems"].items()
        for painted, found in sizes.items()
    ]
    header = ["same look, painted at", "PSNR, mean", "worst", "SSIM, mean", "worst"]
    lines += [
        *_table(header, rows),
        "",
        "Larger pictures are scaled down to 512 px and measured as they are seen as a whole; paint "
        "is at full resolution. Same look: scaled down to, and against painted at, "
        f"{look['reference_px']} px. Intervals and all else: `benchmarks/results/real_sizes.json`.",
    ]
    return "\n".join(lines)


def sliders() -> str:
    """What the sliders do to the losses, and whether they go the right way."""
    result = _read("quality")["sliders"]
    rows = [
        [
            name,
            " → ".join(f"{loss:.3f}" for loss in found["mean_losses"]),
            f"{found['spearman']:.2f}",
            f"{found['monotone']:.0%}",
        ]
        for name, found in result["tests"].items()
    ]
    header = ["slider: loss", "over its range", "Spearman", "pairs all the right way"]
    lines = _table(header, rows)
    pairs = next(found["pairs"] for found in result["tests"].values())
    lines += ["", f"Means over {pairs} held-out pairs at {result['size_px']} px."]
    return "\n".join(lines)


def library() -> str:
    """The style library with many styles."""
    result = _read("library")
    names = {
        "open_ms": "open",
        "search_ms": "10 nearest",
        "search_filtered_ms": "10 nearest with tags and years",
        "search_filtered_by_text_ms": "10 nearest with words that match everything",
        "search_palette_ms": "by colours",
        "add_ms": "add one, safely on disk",
        "disk_sync_ms": "(a bare synchronized write on that disk)",
    }
    rows = [
        [label, f"{result[key]['median']:.1f} ms", f"{result[key]['p90']:.1f} ms"]
        for key, label in names.items()
    ]
    lines = _table([f"{result['styles']:,} styles", "median", "90 % below"], rows)
    return "\n".join([*lines, "", f"In memory: {result['styles_in_memory_mb']:.0f} MB."])


def load() -> str:
    """Thirty visitors at once, and the live picture of one."""
    result, live = _read("load"), _read("live")
    memory = result["memory_mb"]
    return (
        f"{result['clients']} visitors of the API on two cores for {result['minutes']:g} minutes, "
        f"{result['side_px']} px (`benchmarks/load.py`): {result['pictures']} pictures, "
        f"{result['errors']} errors, median {result['median_s']} s, 95 % within "
        f"{result['p95_s']} s, memory {memory['early']} MB early and {memory['late']} MB late. "
        f"From a slider's move to the new picture in Chromium (`benchmarks/live.py`): median "
        f"{live['median_ms']:.0f} ms at {live['width_px']} px."
    )


def studio() -> str:
    """The studio over slow lines, with large pictures, and beside a class."""
    result = _read("studio")
    lines = []
    for line in ("1.6", "5"):
        row = result[f"load_{line}_mbit_s"]
        lines.append(
            f"first paint {row['first_paint_s']} s, usable after {row['usable_s']} s at {line} "
            "Mbit/s"
        )
    row = result["load_1.6_mbit_s"]
    photos = ", ".join(
        f"{size} MP {result[f'photo_{size}_mp']['upload_s']} s and "
        f"{result[f'photo_{size}_mp']['save_s']} s"
        for size in (12, 40)
    )
    class_, memory = result["children_at_once"], result["memory"]
    slider_ms = result["slider"]["median_ms"]
    return (
        f"Opened with an empty cache (`benchmarks/studio.py`): {'; '.join(lines)}; "
        f"{row['sent_kb']:.0f} kB in {row['requests']:.0f} requests, the page itself "
        f"{result['html_kb']['packed']:.0f} kB. Slider to picture {slider_ms:.0f} ms. Upload to "
        f"result, and saving: {photos}. {class_['children']} children who send at the same "
        f"moment: the first picture after {class_['first_s']} s, the last after "
        f"{class_['last_s']} s. Memory: {memory['start_mb']} MB at the start, {memory['peak_mb']} "
        f"MB at most. Load of the machine at the end: {result['load_at_end']}."
    )


def library_scale() -> str:
    """Very many styles in a file and in Milvus."""
    result = _read("library_scale")
    rows = []
    for styles, stores in result["styles"].items():
        for kind, name in (("sqlite", "SQLite file"), ("milvus", "milvus-lite")):
            row = stores[kind]
            rows.append(
                [
                    f"{int(styles):,}, {name}",
                    f"{row['fill_s']:.0f} s",
                    f"{row['memory_mb']:,} MB",
                    f"{row['search_ms']['median']:.1f} ms",
                    f"{row['search_filtered_ms']['median']:.1f} ms",
                    f"{row['recall_at_10']:.3f}" if kind == "milvus" else "exact",
                ]
            )
    for styles, row in result["index"].items():
        for ef, searched in row["ef"].items():
            rows.append(
                [
                    f"{int(styles):,}, index alone, {ef} looked at",
                    f"{row['build_s']} s",
                    f"{row['memory_mb']:,} MB",
                    f"{searched['search_ms']['median']:.1f} ms",
                    "",
                    f"{searched['recall_at_10']:.3f}",
                ]
            )
    file = _read("library")
    times = 1_000_000 / file["styles"]
    header = ["styles", "to fill", "memory", "10 nearest", "with tags and years", "recall@10"]
    lines = _table(header, rows)
    lines += [
        "",
        "Synthetic styles without pictures. milvus-lite is Milvus in Python, for tests and small "
        "libraries; the index alone is one of the kind and settings of a server's, by faiss, which "
        "is asked to look at 4,096 neighbours. These points fill all directions evenly, which is "
        "the hardest case for an index. "
        f"Calculated, not measured, by proportion from {file['styles']:,}: a million in the SQLite "
        f"file would take {file['styles_in_memory_mb'] * times / 1000:.1f} GB of memory and "
        f"{file['disk_mb'] * times / 1000:.0f} GB on the disk. The machine did other work at "
        f"the same time (load {result['load_at_end']:.0f} on {result['machine']['cores']} cores): "
        "times are upper bounds; `benchmarks/library_scale.py`.",
    ]
    return "\n".join(lines)


def scaling() -> str:
    """A million pictures a day, calculated."""
    result = _read("scaling")
    found = result["a_million_a_day"]
    machines = list(next(iter(found.values()))["machines_for_a_batch"])
    rows = [
        [
            size,
            f"{row['core_seconds_a_picture']:.2f} s" if "core_seconds_a_picture" in row else "",
            *(str(row["machines_for_a_batch"][name]) for name in machines),
            *(str(row["machines_for_visitors"][name]) for name in machines),
            f"{row['dollars_a_million']:.2f} $",
        ]
        for size, row in found.items()
    ]
    header = [
        "a million a day of",
        "one core takes",
        *(f"batch, machines of {name}" for name in machines),
        *(f"visitors, machines of {name}" for name in machines),
        "cores' time",
    ]
    visitors = ", ".join(f"{n} at {w}" for w, n in result["visitors"].items())
    lines = _table(header, rows)
    lines += [
        "",
        "Calculated from measured core-seconds. Visitors: three times as many in the busiest hour "
        f"as in the mean, and workers at most 80 % busy; a core-hour is assumed at "
        f"{result['assumed_dollars_a_core_hour']} $. By the simulation, with 95 % of the pictures "
        f"within {result['bound_s']:g} s and one question each "
        f"{result['seconds_between_questions']:g} s, so many visitors find room at so many "
        f"workers: {visitors}; `benchmarks/scaling.py`.",
    ]
    return "\n".join(lines)


def load_workers() -> str:
    """Thirty visitors, painted for by one process and by workers, some of which are killed."""
    result = _read("load_workers")
    rows = [
        [
            name,
            str(row["pictures"]),
            f"{row['median_s']:.2f} s",
            f"{row['p95_s']:.2f} s",
            f"{row['core_seconds_a_picture']:.2f} s" if "core_seconds_a_picture" in row else "",
            str(row["errors"]),
            str(row["killed"]),
            f"{row['memory_mb']['peak']} MB",
            f"{row['load_average_at_end'][0]:.0f}",
        ]
        for name, row in result.items()
    ]
    first = next(iter(result.values()))
    header = [
        "",
        "pictures",
        "median",
        "95 % within",
        "cores' time",
        "errors",
        "killed",
        "memory",
        "load",
    ]
    lines = _table(header, rows)
    lines += [
        "",
        f"{first['clients']} visitors on two cores for {first['minutes']:g} to "
        f"{max(row['minutes'] for row in result.values()):g} minutes, {first['side_px']} px, "
        "visitors and server on the same cores; each server was told to end while visitors went "
        "on asking, and finished what it had taken. Cores' time: of all that the server does for "
        "a picture. Load: of the machine at the end, all of this included; `benchmarks/load.py`.",
    ]
    return "\n".join(lines)


def batch() -> str:
    """A folder, painted by one process and by several."""
    result = _read("batch")
    rows = [
        [name, f"{row['pictures_per_second']:.1f}", f"{row['times_one']:.2f} x"]
        for name, row in result["runs"].items()
    ]
    same = all(row["same_bytes"] for row in result["runs"].values())
    lines = _table(["", "pictures a second", "against one process, one thread"], rows)
    lines += [
        "",
        f"{result['pictures']} photographs of {result['side_px']} px, start and saving included, "
        f"on {result['cores']} cores of an {result['machine']['cpu']}; the bytes of the results "
        f"are {'the same' if same else 'NOT the same'}; `benchmarks/batch.py`.",
    ]
    return "\n".join(lines)


def same_look() -> str:
    """Is a large picture the same as the small one, in styles of the gallery?"""
    result = _read("same_look")
    rows = [
        [name, f"{row['psnr_db']:.1f} dB", f"{row['worst_psnr_db']:.1f} dB", f"{row['ssim']:.3f}"]
        for name, row in ((size, result[size]) for size in ("1280 px", "full size"))
    ]
    lines = _table(["same look, painted at", "PSNR, mean", "worst", "SSIM"], rows)
    styles = ", ".join(name.replace("-", " ") for name in result["styles"])
    lines += [
        "",
        f"{result['photos']} photographs of up to {result['largest_side_px']} px, each in "
        f"{len(result['styles'])} styles of the gallery ({styles}); `benchmarks/same_look.py`.",
    ]
    return "\n".join(lines)


def video() -> str:
    """How calm painted films are, beside those painted frame by frame."""
    result = _read("video")
    measures = result["measures"]
    rows = [
        [f"**{name}**" if name == "stylize video" else name]
        + [f"{row[measure]:.2f}" for measure in measures]
        for name, row in result["mean"].items()
    ]
    clips = len({name.split(", ")[0] for name in result["clips"]})
    lines = _table(["", *measures.values()], rows)
    lines += [
        "",
        f"Means of {clips} clips of {result['seconds']:g} s at {result['max_side_px']} px, in the "
        f"style of {' and '.join(result['styles'])}, stability {result['stability']:g}; changes in "
        "levels of 255, less is better but for sharpness; `benchmarks/video.py`, clip by clip in "
        "`benchmarks/results/video.json`.",
    ]
    return "\n".join(lines)


def video_speed() -> str:
    """Frames a second and memory of films."""
    result = _read("video_speed")
    rows = []
    for name, clip in result["clips"].items():
        small, large, live = clip["640"], clip.get("1920"), clip["live"]
        rows.append(
            [
                name.replace("_", " "),
                f"{small['fps']:.0f}",
                f"{clip['engine_fps']:.0f}",
                f"{large['fps']:.1f}" if large else "",
                f"{small['peak_mb']:.0f} MB",
                f"{large['peak_mb']:.0f} MB" if large else "",
                f"{live['latency_ms']:.0f} / {live['latency_95_ms']:.0f} ms",
            ]
        )
    header = [
        "frames a second",
        "640 px, with sound",
        "engine alone",
        "1920 px, with sound",
        "memory",
        "at 1920 px",
        "live: half, 95 % within",
    ]
    lines = _table(header, rows)
    lines.append("")
    if long := result.get("long"):
        rate = long["frames"] / long["minutes"] / 60
        lines[-1:] = [
            "",
            f"A film of {long['minutes']:g} minutes, {rate:.0f} frames a second of it painted, "
            f"{long['frames']:,} frames of 640 px: memory "
            f"{long['early_mb']:.0f} MB early, {long['late_mb']:.0f} MB late, "
            f"{long['peak_mb']:.0f} MB at most.",
            "",
        ]
    machine = result["machine"]
    lines.append(
        f"{machine['cores']} cores of an {machine['cpu']}. Before, other work left "
        f"{100 * result['idle_share']:.0f} % of them idle: figures are lower bounds "
        "of what they can; `benchmarks/video_speed.py`."
    )
    return "\n".join(lines)


def memory() -> str:
    """Small but hostile files: memory at the peak and afterwards."""
    rows = [
        [
            name,
            f"{case['bytes']:,} bytes",
            *(
                ["refused", ""]
                if "refused" in case
                else [f"{case['peak_mb']} MB", f"{case['after_mb']} MB"]
            ),
        ]
        for name, case in _read("memory")["cases"].items()
    ]
    return "\n".join(_table(["above the idle server", "file", "peak", "afterwards"], rows))


def attack() -> str:
    """What was tried in each of the three worlds, and what came back."""
    worlds = _read("attack")["worlds"]
    rows = [
        [
            name,
            *(
                f"{'' if found[name]['held'] else '**not held:** '}{found[name]['came_back']}"
                if name in found
                else ""
                for found in worlds.values()
            ),
        ]
        for name in dict.fromkeys(name for found in worlds.values() for name in found)
    ]
    titles = {"home": "page at home", "lan": "LAN, with children", "public": "public page"}
    return "\n".join(_table(["tried", *(titles[world] for world in worlds)], rows))


def web() -> str:
    """The engine in the browser: pictures, start and memory."""
    result = _read("web")
    rows = [
        [
            f"{row['precision'].upper()}, {row['threads']} thread{'s' * (row['threads'] > 1)}",
            *(f"{time['least']} ms" for time in row["picture_ms"].values()),
        ]
        for row in result["pictures"]
    ]
    start, memory = result["start"], result["memory"]
    lines = _table(["in Chromium", "256 px", "512 px", "1024 px"], rows)
    held = ", ".join(f"{mb:.0f}" for mb in memory["mb"])
    lines += [
        "",
        f"Least of some interleaved rounds on {result['machine']['cores']} cores of an "
        f"{result['machine']['cpu']} that were not idle. First paint after "
        f"{start['first_paint_ms']} ms, first picture after {start['first_picture_ms'] / 1000:.1f} "
        f"s without a cache, {start['sent_mb']:.1f} MB sent until then; the whole site has "
        f"{result['site_mb']:.1f} MB. The page's process held {held} MB after two, "
        f"{memory['pictures'] // 2} and {memory['pictures']} pictures more; "
        "`benchmarks/results/web.json`.",
    ]
    return "\n".join(lines)


def lab() -> str:
    """Methods of the field's history beside the product: of any style, then of one."""
    result = _read("lab")
    methods, pairs = result["methods"], [f"{what} in {style}" for what, style in result["pairs"]]
    columns = ["seconds", "memory", "file", "content loss", "style loss", "SSIM", "style found"]
    rows = [
        [
            LAB.get(name, name),
            f"{row['steps']} steps" if "steps" in row else "one pass",
            *_lab_cells(row, row, len(pairs)),
        ]
        for name, row in methods.items()
        if "style" not in row
    ]
    lines = [
        *_table(["any style", "work", *columns], rows),
        "",
        f"Means of {', '.join(pairs)}, {result['side_px']} px, style encoded anew, "
        f"{result['threads']} threads of an idle {result['machine']['cpu']}; of one pass the best "
        "of six calls. Optimisation starts from the content, the finish from the engine's result; "
        "but for pastiche's, steps are those at 256 px, and half as many follow at "
        f"{result['side_px']}. Memory: the most that the process held above what it held before. "
        "File: of the graphs, or of the network that sees (VGG16 as far as relu4_1 and MobileNetV2 "
        "in 16 bits, VGG19 in 8 as pastiche has it). Style found: nearer to its own style than "
        f"to the other {result['styles'] - 1} bundled ones. `benchmarks/results/lab.json`.",
        "",
    ]
    names = {"johnson": "Johnson et al.", "bottleneck": "with bottlenecks"}
    rows = []
    for pair, (_, style) in zip(pairs, result["pairs"], strict=True):
        found = [row for row in methods.values() if row.get("style") == style]
        for row in sorted(found, key=lambda row: list(names).index(row["variant"])):
            label = f"{names[row['variant']]}, {row['samples']:,} samples"
            rows.append([pair, label, *_lab_cells(row, row, 1)])
        if found:
            ours = methods["int8"]
            rows.append([pair, LAB["int8"], *_lab_cells(ours, ours["by_style"][style], 1)])
    lines += [
        *_table(["one style", "network", *columns], rows),
        "",
        "A network of one style paints no other, so each is beside ours in the same pair; rows of "
        "different pairs cannot be compared.",
    ]
    return "\n".join(lines)


def _lab_cells(method: dict[str, Any], found: dict[str, Any], pairs: int) -> list[str]:
    seconds = found["elapsed_s"]
    return [
        f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s",
        f"{method['memory_mb']:,} MB",
        f"{method['file_mb']:.1f} MB" if "file_mb" in method else "",
        *(f"{found[key]:.3f}" for key in ("content_loss", "style_loss", "ssim")),
        f"{found['own_style_found'] * pairs:.0f} of {pairs}",
    ]


def lab_one_style() -> str:
    """Networks of one style: weights, files and time."""
    result = _read("lab")["one_style"]
    names = {"johnson": "Johnson et al.", "bottleneck": "with bottlenecks"}
    before, after = (result[key] for key in names)
    rows = [
        [
            label,
            f"{result[key]['weights']:,}",
            f"{result[key]['gmac_256']:.1f} G",
            *(f"{result[key][f'{kind}_bytes'] / 1e6:.2f} MB" for kind in ("fp32", "int8")),
            *(f"{result[key][f'{kind}_ms']:.0f} ms" for kind in ("fp32", "int8")),
        ]
        for key, label in names.items()
    ]
    ratios = (before[f"{kind}_bytes"] / after[f"{kind}_bytes"] for kind in ("fp32", "int8"))
    faster = (before[f"{kind}_ms"] / after[f"{kind}_ms"] for kind in ("fp32", "int8"))
    rows.append(
        [
            "less, times",
            f"{1 - after['weights'] / before['weights']:.1%} less",
            f"{before['gmac_256'] / after['gmac_256']:.2f}",
            *(f"{ratio:.2f}" for ratio in ratios),
            *(f"{ratio:.2f}" for ratio in faster),
        ]
    )
    header = ["", "weights", "operations", "file, FP32", "INT8", "time, FP32", "INT8"]
    machine, side = result["machine"], result["side_px"]
    lines = _table(header, rows)
    lines += [
        "",
        f"Not trained, which neither size nor time depends on. {side} x {side} px, ONNX Runtime, "
        f"medians of interleaved rounds, {result['threads']} threads of an {machine['cpu']} "
        f"({', '.join(machine['instructions'])}); INT8 by ONNX Runtime's static quantisation. "
        f"{_bits()}`benchmarks/results/lab.json`.",
    ]
    return "\n".join(lines)


def _bits() -> str:
    """What 8 bits leave of the pictures of a trained network of one style."""
    found = _read("lab")["one_style_bits"]
    rows = found["rows"]
    return (
        "Pictures of Johnson's network of great-wave in INT8 agree with those in FP32 to "
        f"{rows['static']['psnr_db']:.1f} dB, and to {rows['dynamic']['psnr_db']:.1f} dB with "
        f"ranges by the run ({found['pictures']} photographs that no ranges come from). "
    )


def lab_finish() -> str:
    """What steps make of the engine's result, and of the content."""
    result = _read("lab")["finish"]
    rows = []
    for name, label in (("engine", "the engine's result"), ("content", "the content")):
        for row in result["starts"][name]:
            if "style_loss" in row:
                cells = [f"{row[key]:.3f}" for key in ("content_loss", "style_loss")]
                rows.append([label, str(row["steps"]), f"{row['total']:,.0f}", *cells])
    header = ["begun with", "steps", "what is optimised", "content loss", "style loss"]
    lines = _table(header, rows)
    as_far, large = result["steps_from_content_for"], result["large"]
    width, height = large["size_px"]
    lines += [
        "",
        f"Means of {len(result['pairs'])} held-out pairs at {result['side_px']} px, VGG19. Content "
        "and style loss are those of the product's evaluation, which are not what is optimised. As "
        "far as 20, 50 and 100 steps from the engine's result lead, it takes from the content up "
        f"to {as_far['20']}, {as_far['50']} and {as_far['100']} in most pairs (looked at after 20, "
        f"50, 100, 150, 200, ... steps). {width} x {height} px with {large['steps']} steps took "
        f"{large['elapsed_s']:.0f} s and {large['peak_gb']:.1f} GB of an NVIDIA H200. "
        "`benchmarks/results/lab.json`.",
    ]
    return "\n".join(lines)


def video_workers() -> str:
    """A film with cuts, painted by one process and by several."""
    result = _read("video_workers")
    runs = result["runs"].values()
    rows = [
        [name, f"{row['fps']:.1f}", f"{row['fps_once_started']:.1f}"]
        for name, row in result["runs"].items()
    ]
    same = all(row["same_bytes"] for row in runs)
    lines = _table(["frames a second", "with start and end", "once started"], rows)
    lines += [
        "",
        f"{max(row['frames'] for row in runs)} frames of {result['max_side_px']} px with "
        f"{result['cuts']} cuts, on {result['cores']} cores of an {result['machine']['cpu']}, "
        "which one process keeps busy as well; the bytes of the files are "
        f"{'the same' if same else 'NOT the same'}; `benchmarks/video_workers.py`.",
    ]
    return "\n".join(lines)


def compress() -> str:
    """Ways to make the network smaller and faster."""
    result = _read("compress")
    before = result["rows"]["fp32"]
    size, at_256, at_512 = (before["bytes"]["fp32"], *before["ms"]["fp32"].values())

    def row(name: str, text: str, found: dict[str, Any], precision: str) -> list[str]:
        own, ms = found[precision], found["ms"][precision]
        share = found["bytes"][precision] / size
        faster, frames = at_512 / ms["512"], 1000 / ms["512"]
        return [
            f"{text} (`{name}`)",
            str(found["samples"] or ""),
            _marked(f"{found['bytes'][precision] / 1e6:.1f} MB, {share:.0%}", share <= 0.3),
            f"{found['weights_not_0'] / 1e6:.2f} M",
            f"{found['macs_512'] / 1e9:.2f} G",
            f"{ms['256']:.0f} ms",
            _marked(f"{ms['512']:.0f} ms", ms["512"] <= 50),
            _marked(f"{faster:.2f} x", faster >= 2),
            _marked(f"{frames:.0f}", frames >= 45),
            f"{own['content_loss']:.3f}",
            f"{own['style_loss']:.3f}",
            "" if own["psnr_db"] is None else f"{own['psnr_db']:.1f} dB",
        ]

    rows = [row("fp32", "FP32", before, "fp32"), row("fp32", "INT8 in integers", before, "int8")]
    rows += [
        row(name, found["text"], found, "int8")
        for name, found in result["rows"].items()
        if name != "fp32"
    ]
    header = [
        "way", "trained on", "file", "weights", "operations", "256 px", "512 px", "faster",
        "frames a second", "content loss", "style loss", "PSNR",
    ]  # fmt: skip
    machine = result["machine"]
    lines = _table(header, rows)
    lines += [
        "",
        "All but the first row in INT8. **Bold** marks what was asked for: a file of at most 30 %, "
        f"twice as fast as FP32, at most 50 ms, 45 frames a second at 512 px. Whole calls "
        f"with the style encoded, medians of {result['rounds']} interleaved rounds, "
        f"{result['threads']} threads on an {machine['cpu']} ({', '.join(machine['instructions'])})"
        f"; FP32 takes {at_256:.0f} and {at_512:.0f} ms. Files without the style encoder; weights "
        f"that are not 0, with those of the modulator; losses and PSNR to the FP32 pictures: means "
        f"of {result['pairs']} held-out pairs at {result['side_px']} px. "
        "`benchmarks/results/compress.json`.",
    ]
    return "\n".join(lines)


def variants() -> str:
    """Variants of the network after equal time, and what is certain of their differences."""
    result = _read("variants")
    metrics = ("content_loss", "style_loss", "ssim", "own_style_found")
    names = {
        "released": "as released",
        "plain": "as it is, trained on",
        "attention": "attention",
        "pyramid": "pyramid",
    }
    rows = []
    for name, label in names.items():
        row, against = result["rows"][name], result["differences"].get(name)
        cells = []
        for metric in metrics:
            cell = f"{row[metric]['mean']:.3f}"
            if against:
                apart = against[metric]
                cell += f" ({apart['low']:+.3f} to {apart['high']:+.3f})"
                cell = _marked(cell, apart["real"])
            cells.append(cell)
        rows.append(
            [
                label,
                f"{result['samples'].get(name, 0):,}",
                f"{row['new_weights']:,}",
                f"{row['paint_cpu_ms']:.0f} ms",
                *cells,
            ]
        )
    header = [
        "", "trained on", "new weights", "CPU time", "content loss", "style loss", "SSIM",
        "own style found",
    ]  # fmt: skip
    machine = result["machine"]
    lines = _table(header, rows)
    lines += [
        "",
        f"{result['cpu_s'] / 60:g} minutes of CPU time each on an {machine['cpu']}, then means of "
        f"{result['pairs']} held-out pairs at {result['side_px']} px in FP32: drafts without "
        "recoloring. In brackets the 95 % interval of the difference to the control, the network "
        "as it is, trained on; **bold** where it leaves out 0. CPU time: of a draft in torch. "
        "`benchmarks/results/variants.json`.",
    ]
    return "\n".join(lines)


def no_reference() -> str:
    """BRISQUE of photographs, of what is painted of them, and of paintings."""
    result = _read("no_reference")
    rows = [
        [
            OURS.get(name, name),
            str(row["pictures"]),
            f"{row['mean']:.1f}",
            f"{round(row['p10'], 1) + 0:.1f} to {row['p90']:.1f}",  # no minus before 0.0
            f"{row['better_than_photo']:.0%}" if "better_than_photo" in row else "",
        ]
        for name, row in result["rows"].items()
    ]
    header = ["", "pictures", "BRISQUE, mean", "80 % of them", "better than the photograph"]
    styles = ", ".join(
        f"{name} {mean:.1f}" for name, mean in result["rows"]["int8"]["by_style"].items()
    )
    lines = _table(header, rows)
    lines += [
        "",
        f"Less is better. All at {result['side_px']} px, each photograph painted in four bundled "
        f"styles, ours by style: {styles}. Noise of {result['noise_levels']:g} levels of 255, blur "
        f"of {result['blur_px']:g} px (standard deviations). `benchmarks/no_reference.py`.",
    ]
    return "\n".join(lines)


def _marked(text: str, good: bool) -> str:
    return f"**{text}**" if good else text


def search() -> str:
    """Candidates of the search, by the order in which they fell out."""
    result = _read("search")
    candidates = result["candidates"]
    last = [names for part in result["rounds"] for names in [part["order"]]]
    order = sorted(
        candidates, key=lambda name: (-sum(name in names for names in last),
                                      -candidates[name]["marks_db"][-1]),
    )  # fmt: skip
    seen = [0, *(part["samples"] for part in result["rounds"])]
    rows = []
    for name in order:
        found = candidates[name]
        marks = [f"{mark:.1f} dB" for mark in found["marks_db"]]
        kept = sum(name in names for names in last)
        marks = [_marked(m, 0 < at <= kept) for at, m in enumerate(marks)]
        rows.append(
            [
                f"{found['half']}, {found['quarter']}, {found['eighth']}",
                str(found["blocks"]),
                f"{found['stem']}, {found['mix_half']}",
                f"{found['ms']:.1f} ms",
                f"{found['macs_512'] / 1e9:.2f} G",
                *marks,
            ]
        )
    header = ["widths", "blocks", "kernels", "INT8 graph", "operations"]
    lines = _table([*header, *(f"{samples} samples" for samples in seen)], rows)
    held = " and ".join(f"{tau:.2f}" for tau in result["order_held"])
    lines += [
        "",
        f"Nearness to the pictures of the network, on samples kept back; bold while a candidate "
        f"was in the race. The limit was {result['limit_ms']:g} ms, the network takes "
        f"{result['teacher_ms']:.1f}. The orders of the rounds before and the last agree by "
        f"{held} (Kendall's tau: 1 the same, 0 by chance). `benchmarks/results/search.json`.",
    ]
    return "\n".join(lines)


def training() -> str:
    """Seconds and memory of the ways to train."""
    result = _read("training")
    rows = [
        [
            name,
            str(row["samples_per_step"]),
            f"{row['s_per_step']:.1f} s",
            f"{row['s_per_step'] / row['samples_per_step']:.2f} s",
            f"{row['cpu_s_per_step'] / row['samples_per_step']:.2f} s",
            f"{row['peak_mb'] / 1000:.1f} GB",
        ]
        for name, row in result["ways"].items()
    ]
    machine = result["machine"]
    lines = _table(["", "samples a step", "a step", "a sample", "CPU time", "peak memory"], rows)
    lines += [
        "",
        f"Means of {result['steps']} steps of drafts at {result['side_px']} px on "
        f"{machine['cores']} cores of an {machine['cpu']}; two processes have a thread each, and "
        "their memory is the sum of both; CPU time is a sample's on all cores. "
        "`benchmarks/results/training.json`.",
    ]
    return "\n".join(lines)


def fill(text: str) -> str:
    """Return a text with all its tables written anew."""
    for make in (
        speed,
        install,
        cold_start,
        avx2,
        large,
        real_sizes,
        quality,
        sliders,
        library,
        load,
        studio,
        batch,
        load_workers,
        scaling,
        library_scale,
        memory,
        same_look,
        video,
        video_speed,
        video_workers,
        attack,
        web,
        lab,
        lab_finish,
        lab_one_style,
        compress,
        search,
        variants,
        no_reference,
        training,
    ):
        name = make.__name__
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        table = make()
        text = pattern.sub(lambda m, table=table: f"{m[1]}{table}\n{m[2]}", text)
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return content


def main() -> None:
    """Write, or check."""
    stale = [file for file in FILES if fill(file.read_text("utf-8")) != file.read_text("utf-8")]
    if "--check" in sys.argv:
        sys.exit(f"Not up to date: {', '.join(map(str, stale))}" if stale else 0)
    for file in stale:
        file.write_text(fill(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
