"""Everything that decides what training does."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from stylize.errors import ControlError
from stylize.painting import GRID_PX
from stylize.training.network_size import NetworkSize


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides what training does.

    Attributes:
        contents: Folders of content pictures.
        styles: Folders of style pictures.
        out: Folder for checkpoint, log, cache and contact sheets.
        vgg: VGG16 weights as safetensors; None downloads them.
        exclude: JSON file of pictures that are kept out of training.
        steps: Steps of the whole plan; the learning rate falls to its end.
        batch_contents: Different contents in a batch.
        styles_per_content: Styles for each of them; the content's features are computed once.
        stages: (first step, side of the crops in px) in rising order. Small crops first are cheap
            and teach palette and contrast; strokes need larger ones.
        learning_rate: After the warm-up.
        final_learning_rate: At the end of the plan.
        warmup_steps: Steps of linear warm-up.
        content_weight: Of the content loss.
        style_weight: Of the style loss after the ramp.
        style_weight_start: Of the style loss at the first step: from a style-heavy start the
            network falls into a palette wash and stays there.
        ramp_steps: Steps in which the style weight rises.
        covariance_weight: Of the covariance loss, relative to the style weight.
        edge_weight: Of the edge loss.
        blot_weight: Of coarse structure that the content does not have.
        grid_weight: Of patterns that repeat every 8 px where the content is calm.
        smoothness_weight: Of the total variation.
        identity_weight: Of the pixel loss where the output should be the content.
        range_weight: Of what leaves [0, 1] and is clipped; some of it makes colours pure.
        tone_weight: Of the distance between the colours' distributions of draft and style.
        gamut_weight: Of colours in a draft that its style does not have.
        place_weight: Of broad colours in a draft that are not where the content has them.
        revision_share: Share of the steps that revise an enlarged draft instead of painting one.
        revision_coarse_weight: Of the coarse style loss in a revision: large strokes are the
            draft's.
        draft_px: Side of the drafts that are revised.
        ground: Largest standard deviation of the ground, in levels of 255.
        drawings_share: Share of the contents that are drawings made by code.
        style_variants: Variants of each style in the bank.
        mixed_share: Share of the samples whose style is a mixture of two.
        fake_quantization: Paint with weights and activations rounded as in INT8.
        style_first_steps: Steps in which nothing but the style side learns: modulator and own
            statistics.
        mixed_precision: Paint in 16-bit floats (bfloat16); statistics, weights and losses keep 32.
        checkpointing: Compute activations again on the way back instead of keeping them.
        ema_decay: Of the averaged weights.
        gradient_clip: Largest norm of the gradient; far above the usual one, or loud styles, whose
            gradients are the largest, would hardly count.
        average_steps: Steps between two averagings of the weights, where several processes train
            together; 0 averages the gradients of every step, as a larger batch would.
        seed: Of everything random.
        checkpoint_steps: Steps between checkpoints.
        sheet_steps: Steps between contact sheets; 0 for none.
        init: Checkpoint whose averaged weights are the start and whose loss network is used, so
            that style vectors stay what they were; None starts anew.
        device: "cpu", "cuda" or "auto".

    Raises:
        ControlError: A setting is out of its range.
    """

    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    vgg: Path | None = None
    exclude: Path | None = None
    steps: int = 20_000
    batch_contents: int = 2
    styles_per_content: int = 2
    stages: tuple[tuple[int, int], ...] = ((0, 128),)
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 3e-5
    warmup_steps: int = 500
    content_weight: float = 4.0
    style_weight: float = 6.0
    style_weight_start: float = 2.0
    ramp_steps: int = 4_000
    covariance_weight: float = 0.3
    edge_weight: float = 0.3
    blot_weight: float = 5.0
    grid_weight: float = 50.0
    smoothness_weight: float = 0.02
    identity_weight: float = 8.0
    range_weight: float = 0.5
    tone_weight: float = 10.0
    gamut_weight: float = 0.0
    place_weight: float = 0.0
    revision_share: float = 0.0
    revision_coarse_weight: float = 0.3
    draft_px: int = 512
    ground: float = 12.0
    drawings_share: float = 0.1
    style_variants: int = 3
    mixed_share: float = 0.1
    fake_quantization: bool = False
    style_first_steps: int = 0
    mixed_precision: bool = False
    checkpointing: bool = False
    ema_decay: float = 0.999
    gradient_clip: float = 300.0
    average_steps: int = 20
    seed: int = 1
    checkpoint_steps: int = 500
    sheet_steps: int = 1_000
    init: Path | None = None
    device: str = "auto"
    size: NetworkSize = field(default_factory=NetworkSize)

    def __post_init__(self) -> None:
        for name in ("steps", "batch_contents", "styles_per_content", "style_variants"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        self._check("checkpoint_steps", self.checkpoint_steps >= 1, "at least 1")
        for name in (
            "warmup_steps", "ramp_steps", "sheet_steps", "style_first_steps", "average_steps",
            "seed",
        ):  # fmt: skip
            self._check(name, getattr(self, name) >= 0, "at least 0")
        self._check("ema_decay", 0 <= self.ema_decay < 1, "from 0 to below 1")
        for name in ("revision_share", "drawings_share", "mixed_share"):
            self._check(name, 0 <= getattr(self, name) <= 1, "from 0 to 1")
        self._check("ground", 0 <= self.ground <= 64, "from 0 to 64")
        good = self.draft_px >= 4 * GRID_PX and self.draft_px % (2 * GRID_PX) == 0
        self._check("draft_px", good, f"at least {4 * GRID_PX}, in steps of {2 * GRID_PX}")
        for name in ("learning_rate", "final_learning_rate", "gradient_clip"):
            self._check(name, 0 < getattr(self, name) < math.inf, "a number above 0")
        for item in fields(self):
            if item.name.endswith(("_weight", "_weight_start")):
                self._check(item.name, 0 <= getattr(self, item.name) < math.inf, "at least 0")
        starts = [start for start, _ in self.stages]
        rising = starts == sorted(set(starts)) and starts[:1] == [0]
        self._check("stages", rising, "stages that rise from step 0, such as 0:128")
        for _, side_px in self.stages:
            good = side_px >= 2 * GRID_PX and side_px % GRID_PX == 0
            self._check(
                "stages", good, f"of sides of {2 * GRID_PX} px and more, in steps of {GRID_PX}"
            )

    def _check(self, name: str, good: bool, wanted: str) -> None:
        if not good:
            raise ControlError(f"{name} must be {wanted}; got {getattr(self, name)}.")

    @property
    def batch(self) -> int:
        """Samples in a step."""
        return self.batch_contents * self.styles_per_content

    def side_px(self, step: int) -> int:
        """Side of the crops at a step."""
        return max(stage for stage in self.stages if stage[0] <= step)[1]

    def as_record(self) -> dict[str, Any]:
        """Return the settings as plain values, without the folders of this machine."""
        record = asdict(self)
        for name in ("contents", "styles", "out", "vgg", "exclude", "init", "device"):
            record.pop(name)
        return record


def learning_rate(config: TrainConfig, step: int) -> float:
    """Return the learning rate of a step: linear warm-up, then a cosine over the whole plan."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    share = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return config.final_learning_rate + fall * (config.learning_rate - config.final_learning_rate)


def ramped_style_weight(config: TrainConfig, step: int) -> float:
    """Return the style weight of a step."""
    share = min(1.0, step / max(1, config.ramp_steps))
    return config.style_weight_start + share * (config.style_weight - config.style_weight_start)
