"""A blind comparison of two painters: who painted a picture is hidden, answers are counted.

Which of the two is on the left is drawn for every pair from a seed. Wilson's interval (Wilson,
"Probable Inference, the Law of Succession, and Statistical Inference", 1927) tells within what the
share of the first may lie; the sign test, how likely so uneven a result is if neither is better.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from stylize.errors import StylizeError
from stylize.files import why_not_written, write_whole

Choice = Literal["left", "right", "equal"]
Answer = Literal["a", "b", "equal"]
Scores = dict[str, dict[str, dict[str, float]]]
"""By the pair's name, the score's and the painter, ``a`` or ``b``."""
CHOICES: tuple[Choice, ...] = ("left", "right", "equal")
_Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True)
class Tally:
    """What the answers say so far.

    Attributes:
        a: Pairs in which the first was better.
        b: In which the second was.
        equal: In which neither was; they count for nobody.
        share: Of the first among the pairs that were decided; None without any.
        low: Lower end of its interval, 95 %.
        high: Upper end.
        p: Of the sign test, two-sided: how often chance alone is at least as uneven.
    """

    a: int
    b: int
    equal: int
    share: float | None
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Tally:
        """Count answers."""
        a, b, equal = (answers.count(answer) for answer in ("a", "b", "equal"))
        low, high = wilson(a, a + b)
        share = a / (a + b) if a + b else None
        return cls(a, b, equal, share, low, high, sign_test(a, b))


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Return the interval in which a share lies, with 95 % confidence; all of it without a try."""
    if not count:
        return 0.0, 1.0
    share, square = successes / count, _Z**2
    middle = share + square / (2 * count)
    reach = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    low, high = ((middle + sign * reach) / (1 + square / count) for sign in (-1, 1))
    return max(0.0, low), min(1.0, high)


def sign_test(a: int, b: int) -> float:
    """Return how likely a split at least as uneven is, if both sides are equally likely."""
    count, fewer = a + b, min(a, b)
    tail = sum(math.comb(count, number) for number in range(fewer + 1)) / (1 << count)
    return min(1.0, 2 * tail)


@dataclass
class Comparison:
    """Pairs to judge, and the answers, kept in a file.

    Attributes:
        about: What is compared; another run goes on only if all of it is the same.
        pairs: Their names, in the order in which they are shown.
        seed: Of that order, and of who is on the left.
        path: Of the file.
        answers: By the pair's name.
        scores: Of what was scored when all pairs had been judged.
    """

    about: dict[str, Any]
    pairs: tuple[str, ...]
    seed: int
    path: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    scores: Scores = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, about: dict[str, Any], names: Sequence[str], seed: int) -> Comparison:
        """Begin a comparison, or go on with the one in a file.

        The file is there from the beginning, so that pictures painted for one comparison are never
        judged in another.

        Args:
            path: The file, JSON.
            about: What is compared, of plain values.
            names: Of the pairs, in any order.
            seed: Of everything random.

        Raises:
            StylizeError: The file holds another comparison, or cannot be read or written.
        """
        pairs = sorted(names)
        random.Random(seed).shuffle(pairs)
        made = cls(about, tuple(pairs), seed, path)
        if path.exists():
            made.answers, made.scores = made._read()
        else:
            made._write(made.answers)
        return made

    @property
    def next(self) -> int | None:
        """Number of the first pair without an answer; None if all have one."""
        return next((i for i, name in enumerate(self.pairs) if name not in self.answers), None)

    @property
    def tally(self) -> Tally:
        """The answers, counted."""
        return Tally.of(list(self.answers.values()))

    def on_the_left(self, index: int) -> Literal["a", "b"]:
        """Return who is on the left of a pair."""
        # Seeded by a text, so that a pair's side depends on nothing but its name.
        return random.Random(f"{self.seed} {self.pairs[index]}").choice(("a", "b"))

    def behind(self, index: int, side: Literal["left", "right"]) -> Literal["a", "b"]:
        """Return who is on a side of a pair."""
        left = self.on_the_left(index)
        other: Literal["a", "b"] = "b" if left == "a" else "a"
        return left if side == "left" else other

    def answer(self, index: int, choice: Choice) -> None:
        """Note an answer and write all of them to the file.

        Raises:
            ValueError: There is no such pair or choice.
            StylizeError: The file cannot be written; the answer does not count.
        """
        if choice not in CHOICES or not 0 <= index < len(self.pairs):
            raise ValueError(f"no choice {choice!r} of pair {index}")
        better: Answer = "equal" if choice == "equal" else self.behind(index, choice)
        answers = self.answers | {self.pairs[index]: better}
        self._write(answers)
        self.answers = answers

    def keep_scores(self, scores: Scores) -> None:
        """Write scores to the file, beside those of other names that are there.

        Raises:
            StylizeError: The file cannot be written.
        """
        self.scores = {pair: self.scores.get(pair, {}) | of for pair, of in scores.items()}
        self._write(self.answers)

    def _write(self, answers: dict[str, Answer]) -> None:
        record = {
            "about": self.about,
            "seed": self.seed,
            "pairs": self.pairs,
            "left": [self.on_the_left(index) for index in range(len(self.pairs))],
            "answers": answers,
            "scores": self.scores,
            "result": asdict(Tally.of(list(answers.values()))),
        }
        try:
            write_whole(self.path, json.dumps(record, indent=1).encode())
        except OSError as error:
            raise StylizeError(why_not_written(self.path, error)) from error

    def _read(self) -> tuple[dict[str, Answer], Scores]:
        try:
            record = json.loads(self.path.read_text("utf-8"))
            answers: dict[str, Answer] = record["answers"]
            scores: Scores = {
                pair: {name: {who: float(of[who]) for who in "ab"} for name, of in found.items()}
                for pair, found in record.get("scores", {}).items()  # older files have none
            }
            same = (record["about"], record["seed"], record["pairs"]) == (
                self.about, self.seed, list(self.pairs),
            )  # fmt: skip
            good = set(answers.values()) <= {"a", "b", "equal"} and set(answers) <= set(self.pairs)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StylizeError(f"{self.path} is no comparison: choose another --out.") from error
        if not (same and good):
            raise StylizeError(
                f"{self.path} is a comparison of other pictures, models or seed. Choose another "
                "--out, or repeat the call that began it."
            )
        return answers, scores
