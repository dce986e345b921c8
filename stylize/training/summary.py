"""Records of single pairs -> means, intervals and differences between systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stylize.training.intervals import bootstrap_mean
from stylize.training.report import METRICS

MIN_PAIRS = 20  # the bootstrap of fewer pairs is too sure of itself
Record = dict[str, Any]
"""``content``, ``style``, ``system`` and the measures by name; also any other JSON object."""


def summarize(records: Sequence[Record], *, seed: int = 0) -> Record:
    """Return means with intervals, and differences to the first system.

    Returns:
        ``baseline``: name of the first system; ``systems``: name -> measure -> mean, low, high;
        ``differences``: name -> measure -> the same of (this system - baseline) on the same pairs,
        and ``real``, whether the interval leaves out 0; never with fewer than 20 pairs.
    """
    contents = {name: i for i, name in enumerate(dict.fromkeys(r["content"] for r in records))}
    styles = {name: i for i, name in enumerate(dict.fromkeys(r["style"] for r in records))}
    rows: dict[str, list[Record]] = {}
    for record in records:
        rows.setdefault(record["system"], []).append(record)
    baseline = next(iter(rows))
    pairs = [(contents[r["content"]], styles[r["style"]]) for r in rows[baseline]]
    columns = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    summary: Record = {"baseline": baseline, "systems": {}, "differences": {}}
    for name, own in rows.items():
        means: Record = {}
        differences: Record = {}
        for metric in METRICS:
            values = [record[metric.name] for record in own]
            against = [record[metric.name] for record in rows[baseline]]
            mean = bootstrap_mean(values, *columns, seed=seed)
            means[metric.name] = mean and mean.as_dict()
            difference = bootstrap_mean(
                [None if a is None else a - b for a, b in zip(values, against, strict=True)],
                *columns,
                seed=seed,
            )
            differences[metric.name] = difference and {
                **difference.as_dict(),
                "real": difference.real and len(pairs) >= MIN_PAIRS,
            }
        summary["systems"][name] = means
        if name != baseline:
            summary["differences"][name] = differences
    return summary


def summarize_agreements(agreements: Mapping[str, list[dict[str, float]]]) -> Record:
    """Return, for each model, how its INT8 pictures agree with those in FP32."""
    return {
        model: {
            "psnr_db_mean": round(float(np.mean([pair["psnr_db"] for pair in pairs])), 2),
            "psnr_db_min": round(min(pair["psnr_db"] for pair in pairs), 2),
            "ssim_mean": round(float(np.mean([pair["ssim"] for pair in pairs])), 4),
            "style_loss_mean": round(float(np.mean([pair["style_loss"] for pair in pairs])), 6),
        }
        for model, pairs in agreements.items()
    }
