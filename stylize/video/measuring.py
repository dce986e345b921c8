"""How calm is a painted film? Measured against its content; all changes in levels of 255.

* *Warping error*, after Lai et al., "Learning Blind Video Temporal Consistency", 2018: mean change
  between consecutive frames, or ten frames apart, once the earlier one is moved along the flow of
  the content, where nothing is covered or uncovered and away from edges of motion (Ruder et al.,
  "Artistic Style Transfer for Videos", 2016). The flow is found at full size and with more
  iterations than the painter finds its own.
* *Still*: mean change between consecutive frames where the content does not change.
* *Sharpness*: standard deviation of the Laplacian of the luma; *breathing*: its mean change from
  frame to frame, as a share of it.

Frames on both sides of a cut are not compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize.video.flow import seen_through, smooth_change

Bytes = NDArray[np.uint8]
Film = list[Bytes]

_MEDIUM = 2  # preset of the search
DISTANT = 10  # frames apart
_STILL_LEVELS = 1.0
_CUT_LEVELS = 25.0
_LEAST_AREA = 0.2  # of a frame that can be compared with another


class Flow:
    """Flow of the content, and where it can be compared along."""

    def __init__(self) -> None:
        self._search: Any = getattr(cv2, "DISOpticalFlow_create")(_MEDIUM)  # noqa: B009
        self._search.setFinestScale(0)

    def between(self, before: Bytes, now: Bytes) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the flow from ``now`` to ``before``, (h, w, 2), and a mask (h, w)."""
        grays = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (now, before)]
        back = self._search.calc(*grays, None)
        forth = seen_through(back, self._search.calc(*grays[::-1], None))
        lengths = np.square(back).sum(axis=2) + np.square(forth).sum(axis=2)
        agreeing = np.square(back + forth).sum(axis=2) < 0.01 * lengths + 0.5
        slopes = sum(np.square(part) for c in (0, 1) for part in np.gradient(back[..., c]))
        smooth = slopes < 0.01 * np.square(back).sum(axis=2) + 0.002
        height, width = agreeing.shape
        x, y = back[..., 0] + np.arange(width), back[..., 1] + np.arange(height)[:, None]
        inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        return back, agreeing & smooth & inside


def cuts(film: Film) -> set[int]:
    """Return the frames that begin a shot."""
    small = [cv2.resize(f, (32, 18), interpolation=cv2.INTER_AREA).astype(float) for f in film]
    pairs = enumerate(itertools.pairwise(small), 1)
    return {i for i, (a, b) in pairs if np.abs(a - b).mean() > _CUT_LEVELS}


def pairs_apart(film: Film, apart: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of frames of one shot."""
    found = cuts(film)
    for now in range(apart, len(film), step):
        if not any(now - apart < cut <= now for cut in found):
            yield now - apart, now


def warping_errors(
    content: Film, films: Sequence[Film], apart: int, step: int
) -> list[float] | None:
    """Return the mean warping error of the content and of every painted film.

    Args:
        content: Of the films.
        films: Painted, of its size and length.
        apart: Frames between those that are compared.
        step: Only every so-manieth pair is.
    """
    flow, rows = Flow(), []
    for before, now in pairs_apart(content, apart, step):
        field, mask = flow.between(content[before], content[now])
        if mask.mean() >= _LEAST_AREA:
            rows.append(
                [
                    _change(film[now], seen_through(field, film[before]), mask)
                    for film in (content, *films)
                ]
            )
    return _means(rows)


def still_changes(content: Film, films: Sequence[Film]) -> list[float] | None:
    """Return the mean change of content and films where the content does not; None if it does."""
    rows = []
    for before, now in pairs_apart(content, 1, 2):
        still = (smooth_change(content[now], content[before]) < _STILL_LEVELS).astype(np.uint8)
        mask: Any = cv2.erode(still, np.ones((9, 9), np.uint8)) > 0
        if mask.mean() > 0.02:
            rows.append([_change(film[now], film[before], mask) for film in (content, *films)])
    return _means(rows)


def _change(now: Bytes, before: Bytes, mask: NDArray[np.bool_]) -> float:
    return float(np.abs(now.astype(np.float32) - before)[mask].mean())


def _means(rows: list[list[float]]) -> list[float] | None:
    return [float(mean) for mean in np.mean(rows, axis=0)] if rows else None


def sharpness(film: Film) -> tuple[float, float]:
    """Return the mean sharpness of a film, and how much it changes from frame to frame."""
    grays = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in film)
    values = np.array([cv2.Laplacian(gray, cv2.CV_32F).std() for gray in grays])
    changes = np.abs(np.diff(values))
    breathing = changes.mean() / values.mean() if changes.size else 0.0
    return float(values.mean()), float(breathing)


def measure_calm(content: Film, films: Sequence[Film]) -> list[dict[str, float | None]]:
    """Measure a content and painted films of it.

    Returns:
        One record for the content and one for each film; None where nothing can be compared.
    """
    short = warping_errors(content, films, 1, 2)
    distant = warping_errors(content, films, DISTANT, 5)
    still = still_changes(content, films)
    records: list[dict[str, float | None]] = []
    for index, film in enumerate((content, *films)):
        sharp, breathing = sharpness(film)
        records.append(
            {
                "warping_error": None if short is None else short[index],
                "distant_warping_error": None if distant is None else distant[index],
                "still": None if still is None else still[index],
                "sharpness": sharp,
                "breathing": breathing,
            }
        )
    return records
