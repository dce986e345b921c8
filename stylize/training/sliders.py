"""Do the controls do what they say? The loss weights and the strength, step by step.

A slider called "content weight" is honest if the content loss falls at each of its steps, for
(nearly) every picture. The test is Spearman's correlation between the steps and the loss.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from stylize.controls import Controls
from stylize.training.intervals import spearman
from stylize.training.metrics import Meter
from stylize.training.pairs import Pictures
from stylize.training.picture_metrics import psnr_db
from stylize.training.systems import EngineSystem

logger = logging.getLogger(__name__)

STEPS = 5
MIN_SPEARMAN = 0.95  # mean over pairs
# Which loss a control is about, and whether the loss should fall (-1) or rise (+1) with it.
SLIDERS: tuple[tuple[str, str, int], ...] = (
    ("content_weight", "content_loss", -1),
    ("style_weight", "style_loss", -1),
    ("strength", "content_loss", +1),
    ("strength", "style_loss", -1),
)
_LOSSES = ("content_loss", "style_loss")


def slider_values(control: str) -> list[float]:
    """Return five values over a control's range: evenly spaced, those of weights by logarithm."""
    limits = next(item.metadata for item in fields(Controls) if item.name == control)
    low, high = limits["low"], limits["high"]
    spaced = np.geomspace(low, high, STEPS) if low > 0 else np.linspace(low, high, STEPS)
    return [float(value) for value in spaced.clip(low, high)]


def measure_sliders(
    system: EngineSystem, meter: Meter, pictures: Pictures
) -> dict[str, dict[str, Any]]:
    """Move each slider over its range for every pair, the other controls at their defaults.

    Returns:
        For each control and loss: ``values`` of the control, ``mean_losses`` at them, the mean and
        smallest ``spearman`` correlation of a pair (1: always the right way), ``monotone``, the
        share of pairs without a step the wrong way, and ``honest``, whether the mean correlation
        reaches 0.95. For the strength also ``psnr_db_at_0``, the smallest of any pair.
    """
    tables: dict[str, list[list[tuple[float, float]]]] = {}
    psnr_at_0 = []
    controls = list(dict.fromkeys(control for control, _, _ in SLIDERS))
    for number, (content_index, style_index) in enumerate(pictures.pairs, start=1):
        content, style = pictures.contents[content_index], pictures.styles[style_index]
        for control in controls:
            row = []
            for value in slider_values(control):
                result = system(content, style, Controls(**{control: value}))
                row.append(meter.losses(result, content, style_index))
                if control == "strength" and value == 0:
                    psnr_at_0.append(psnr_db(np.asarray(result), np.asarray(content)))
            tables.setdefault(control, []).append(row)
        if number % 5 == 0:
            logger.info("Sliders: %d of %d pairs", number, len(pictures.pairs))
    found = {}
    for control, loss, direction in SLIDERS:
        losses = np.array(tables[control])[:, :, _LOSSES.index(loss)]  # (pairs, steps)
        found[f"{control}: {loss}"] = _judge(slider_values(control), losses, direction)
    for control, loss, _ in SLIDERS:
        if control == "strength":
            found[f"{control}: {loss}"]["psnr_db_at_0"] = round(min(psnr_at_0), 2)
    return found


def _judge(values: Sequence[float], losses: np.ndarray, direction: int) -> dict[str, Any]:
    correlations = [direction * spearman(values, row) for row in losses]
    mean = float(np.mean(correlations))
    return {
        "values": [round(value, 4) for value in values],
        "mean_losses": [round(float(loss), 5) for loss in losses.mean(axis=0)],
        "spearman": round(mean, 4),
        "spearman_min": round(min(correlations), 4),
        "monotone": round(float((direction * np.diff(losses, axis=1) >= 0).all(axis=1).mean()), 4),
        "pairs": len(losses),
        "honest": mean >= MIN_SPEARMAN,
    }
