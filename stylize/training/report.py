"""The report of an evaluation: Markdown tables, and a page with the pictures side by side."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Sequence[str]


@dataclass(frozen=True)
class Metric:
    """A measure as the report names it.

    Attributes:
        name: Of the field of :class:`stylize.training.metrics.Measures`.
        title: Of the column.
        text: Its definition in a sentence.
        digits: After the point.
    """

    name: str
    title: str
    text: str
    digits: int


METRICS = (
    Metric(
        "content_loss",
        "content loss ↓",
        "MSE of instance-normalised relu4_1 of result and content; 0 same, 2 unrelated",
        3,
    ),
    Metric(
        "style_loss",
        "style loss ↓",
        "mean over relu1_1, relu2_1, relu3_1, relu4_1 of the MSE of channel means plus the MSE of "
        "channel standard deviations, of result and style",
        3,
    ),
    Metric(
        "own_style_found",
        "own style found ↑",
        "share of results for which no style of the evaluation is nearer, by style loss, than the "
        "one they were painted in",
        3,
    ),
    Metric("ssim", "SSIM ↑", "structural similarity of the luma of result and content", 3),
    Metric(
        "palette_distance",
        "palette ↓",
        "sliced Wasserstein distance of the colours of result and style in CIE Lab; a shift of all "
        "colours by 10 counts 10",
        2,
    ),
    Metric(
        "paint_loss",
        "paint ↓",
        "style loss of windows of 512 px at full resolution against such windows of the painting, "
        "scaled to the same longer side; not for paintings that would have to be enlarged by half",
        3,
    ),
    Metric(
        "lightness_distance",
        "lights and darks ↓",
        "Wasserstein distance of the distributions of L in CIE Lab of result and style; a shift of "
        "all by 10 counts 10",
        2,
    ),
    Metric(
        "darks",
        "darks → 0",
        "L that the darkest 1 % are below, result less style: above 0, darks are not dark enough",
        1,
    ),
    Metric(
        "lights",
        "lights → 0",
        "L that the lightest 1 % are above, result less style: below 0, lights are not light "
        "enough",
        1,
    ),
    Metric(
        "marks",
        "marks ↓",
        "L by which the result stands out of its surroundings (a Gaussian of 6 px in a picture of "
        "512 px), more than the content does, where the content is calm",
        2,
    ),
    Metric(
        "foreign_colors",
        "foreign colours ↓",
        "mean distance of the colours of the result from the nearest ones of the style, in CIE Lab",
        2,
    ),
    Metric(
        "calm",
        "calm",
        "share of cells of 32 px whose luma varies by less than 2 levels",
        3,
    ),
    Metric(
        "calm_distance", "calm, distance ↓", "difference of this share from that of the style", 3
    ),
    Metric(
        "grid",
        "grid ↓",
        "strength of a pattern that repeats every 2, 4 or 8 px where the content is flat, in "
        "levels of 255",
        2,
    ),
    Metric(
        "banding",
        "banding ↓",
        "steps of 3 levels or more between calm pixels, per 1000 pixels where the content is flat",
        2,
    ),
)


@dataclass(frozen=True)
class Shown:
    """The pictures of a pair.

    Attributes:
        title: Names of content and style.
        files: ``content``, ``style`` and systems by name -> file, relative to the page.
        measures: Systems by name -> measure -> value.
    """

    title: str
    files: Mapping[str, str]
    measures: Mapping[str, Mapping[str, float | None]]


def systems_table(found: Mapping[str, Any]) -> list[Row]:
    """Return the means of all systems, with half the width of the interval."""
    rows: list[Row] = [["system", *(metric.title for metric in METRICS)]]
    for name, means in found["systems"].items():
        rows.append([name, *(_mean(means[metric.name], metric) for metric in METRICS)])
    return rows


def differences_table(found: Mapping[str, Any]) -> list[Row]:
    """Return how each system differs from the first one; real differences are marked."""
    rows: list[Row] = [[f"minus {found['baseline']}", *(metric.title for metric in METRICS)]]
    for name, differences in found["differences"].items():
        rows.append([name, *(_difference(differences[metric.name], metric) for metric in METRICS)])
    return rows


def int8_table(found: Mapping[str, Any]) -> list[Row]:
    """Return how INT8 agrees with FP32."""
    rows: list[Row] = [["model", "PSNR, mean", "PSNR, smallest", "SSIM", "style loss between"]]
    for name, model in found["int8_against_fp32"].items():
        psnr = [f"{model[key]:.1f} dB" for key in ("psnr_db_mean", "psnr_db_min")]
        rows.append([name, *psnr, f"{model['ssim_mean']:.3f}", f"{model['style_loss_mean']:.5f}"])
    return rows


def sliders_table(report: Mapping[str, Any]) -> list[Row]:
    """Return what the sliders do to the losses."""
    header = ["control: loss", "mean loss at five steps", "Spearman", "smallest", "monotone", ""]
    rows: list[Row] = [header]
    for name, found in report.get("sliders", {}).get("tests", {}).items():
        losses = " → ".join(f"{loss:.3f}" for loss in found["mean_losses"])
        verdict = "honest" if found["honest"] else "NOT honest"
        if "psnr_db_at_0" in found:
            verdict += f", {found['psnr_db_at_0']:.0f} dB at 0"
        figures = [f"{found[key]:.3f}" for key in ("spearman", "spearman_min")]
        rows.append([name, losses, *figures, f"{found['monotone']:.0%}", verdict])
    return rows


def same_look_table(report: Mapping[str, Any]) -> list[Row]:
    """Return how large results, scaled down, agree with small ones."""
    rows: list[Row] = [["system", "painted at", "PSNR, mean", "worst", "SSIM, mean", "worst"]]
    for name, sizes in report.get("same_look", {}).get("systems", {}).items():
        for painted, found in sizes.items():
            psnr = [f"{found[key]:.1f} dB" for key in ("psnr_db_mean", "psnr_db_worst")]
            similar = [f"{found[key]:.3f}" for key in ("ssim_mean", "ssim_worst")]
            rows.append([name, painted, *psnr, *similar])
    return rows


def tables(report: Mapping[str, Any]) -> list[tuple[str, list[Row]]]:
    """Return all tables that have rows, with their titles."""
    every: list[tuple[str, list[Row]]] = []
    for found in report["sizes"]:
        at = f"at {found['size_px']} px"
        seen = "" if found["size_px"] == found["seen_px"] else f", seen at {found['seen_px']} px"
        every += [
            (f"Means over {found['pairs']} pairs {at}{seen}", systems_table(found)),
            (
                f"Differences {at} (* real: 95 % interval without 0, of at least 20 pairs)",
                differences_table(found),
            ),
            (f"INT8 against FP32 {at}", int8_table(found)),
        ]
    same_look = report.get("same_look", {})
    sliders = report.get("sliders", {})
    pairs = next((found["pairs"] for found in sliders.get("tests", {}).values()), 0)
    every += [
        (
            f"Same look, {same_look.get('pairs')} pairs: painted large and scaled down, against "
            f"painted at {same_look.get('reference_px')} px",
            same_look_table(report),
        ),
        (f"Sliders, {pairs} pairs at {sliders.get('size_px')} px", sliders_table(report)),
    ]
    return [(title, rows) for title, rows in every if len(rows) > 1]


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report's tables and definitions as Markdown."""
    parts = []
    for title, rows in tables(report):
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
            for row in rows
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        parts.append(f"### {title}\n\n" + "\n".join(lines))
    parts.append("\n".join(f"- **{metric.title}** {metric.text}" for metric in METRICS))
    return "\n\n".join(parts) + "\n"


_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 2rem } th, td { padding: .3rem .7rem }
th { text-align: left; border-bottom: 2px solid #222 } td { border-bottom: 1px solid #ddd }
.pair { display: flex; gap: .5rem; overflow-x: auto; margin-bottom: 2rem }
figure { margin: 0; flex: none; width: 288px } img { width: 100%; display: block }
figcaption { font-size: 13px; margin-top: .3rem }
"""


def html_page(report: Mapping[str, Any], shown: Sequence[Shown]) -> str:
    """Return the report as a page that needs nothing but its pictures."""
    parts = ["<h1>Quality of style transfer</h1>"]
    for title, rows in tables(report):
        parts.append(f"<h2>{html.escape(title)}</h2>\n{_html_table(rows)}")
    texts = (
        f"<dt>{html.escape(metric.title)}</dt><dd>{html.escape(metric.text)}</dd>"
        for metric in METRICS
    )
    parts.append("<h2>Definitions</h2>\n<dl>" + "\n".join(texts) + "</dl>")
    if shown:
        parts.append("<h2>Pictures</h2>")
    for pair in shown:
        figures = [
            _figure(name, file, pair.measures.get(name)) for name, file in pair.files.items()
        ]
        parts.append(
            f'<h3>{html.escape(pair.title)}</h3>\n<div class="pair">'
            + "\n".join(figures)
            + "</div>"
        )
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Quality of style transfer</title><style>{_STYLE}</style></head>\n"
        f"<body>{body}</body></html>\n"
    )


def _html_table(rows: Sequence[Row]) -> str:
    def line(row: Row, tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"

    lines = [line(rows[0], "th"), *(line(row, "td") for row in rows[1:])]
    return "<table>" + "\n".join(lines) + "</table>"


def _figure(name: str, file: str, measures: Mapping[str, float | None] | None) -> str:
    caption = name
    if measures is not None:
        values = {metric.name: _number(measures[metric.name], metric) for metric in METRICS}
        caption += (
            f": content {values['content_loss']}, style {values['style_loss']}, "
            f"SSIM {values['ssim']}"
        )
    return (
        f'<figure><a href="{html.escape(file)}"><img src="{html.escape(file)}" loading="lazy" '
        f'alt="{html.escape(name)}"></a><figcaption>{html.escape(caption)}</figcaption></figure>'
    )


def _number(value: float | None, metric: Metric) -> str:
    return "-" if value is None else f"{value:.{metric.digits}f}"


def _mean(interval: Mapping[str, float] | None, metric: Metric) -> str:
    if interval is None:
        return "-"
    half = (interval["high"] - interval["low"]) / 2
    return f"{interval['mean']:.{metric.digits}f} ± {half:.{metric.digits}f}"


def _difference(interval: Mapping[str, Any] | None, metric: Metric) -> str:
    if interval is None:
        return "-"
    return f"{interval['mean']:+.{metric.digits}f}{' *' if interval['real'] else ''}"
