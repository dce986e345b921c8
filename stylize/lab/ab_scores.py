"""Scores without a reference beside the answers of a blind comparison: do they see what people see?

They are computed when all pairs have been judged, so nobody can look into them before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stylize.errors import ImageError
from stylize.images import load_image
from stylize.lab.ab import Answer, Comparison, Scores

logger = logging.getLogger(__name__)

Measure = Callable[[Image.Image], float]

LESS_IS_BETTER = {"brisque": True, "nima": False}


@dataclass(frozen=True)
class Verdict:
    """What a score says of a comparison.

    Attributes:
        mean_a: Of the pictures of the first.
        mean_b: Of those of the second.
        prefers_a: Pairs in which the first has the better score.
        prefers_b: In which the second has.
        decided: Pairs that are scored and in which the judge found one better.
        agrees: Those of them in which the score prefers the same one.
    """

    mean_a: float
    mean_b: float
    prefers_a: int
    prefers_b: int
    decided: int
    agrees: int

    @classmethod
    def of(cls, name: str, scores: Scores, answers: Mapping[str, Answer]) -> Verdict:
        """Compare the scores of one name with the answers."""
        found = {pair: of_pair[name] for pair, of_pair in scores.items() if name in of_pair}
        sign = -1 if LESS_IS_BETTER[name] else 1
        ahead = {pair: sign * (of["a"] - of["b"]) for pair, of in found.items()}
        better = {pair: "a" if by > 0 else "b" for pair, by in ahead.items() if by}
        decided = {pair: answers[pair] for pair in found if answers[pair] != "equal"}
        mean_a, mean_b = (sum(of[who] for of in found.values()) / len(found) for who in ("a", "b"))
        return cls(
            mean_a,
            mean_b,
            prefers_a=list(better.values()).count("a"),
            prefers_b=list(better.values()).count("b"),
            decided=len(decided),
            agrees=sum(better.get(pair) == answer for pair, answer in decided.items()),
        )


def verdicts(comparison: Comparison) -> dict[str, Verdict]:
    """Return what each score says that is kept with a comparison."""
    return {
        name: Verdict.of(name, comparison.scores, comparison.answers)
        for name in LESS_IS_BETTER
        if any(name in of_pair for of_pair in comparison.scores.values())
    }


def score_pairs(
    measures: Mapping[str, Measure],
    files: Mapping[str, Mapping[str, Path]],
    *,
    progress: Callable[[float], None] | None = None,
) -> Scores:
    """Score the pictures of all pairs, each as its file has it.

    A pair with a picture that a score means nothing of goes without that score, with a warning.

    Args:
        measures: By name.
        files: By pair and painter.
        progress: Called with the share done.

    Raises:
        ImageError: A picture cannot be read.
    """
    scores: Scores = {}
    for done, (pair, of_pair) in enumerate(files.items(), start=1):
        pictures = {who: load_image(path) for who, path in of_pair.items()}
        scores[pair] = {}
        for name, measure in measures.items():
            try:
                scores[pair][name] = {who: measure(picture) for who, picture in pictures.items()}
            except ImageError as error:
                logger.warning("%s is not scored: %s", pair, error)
        if progress is not None:
            progress(done / len(files))
    return scores
