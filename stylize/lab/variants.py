"""Variants of the network, each trained on for the same time and measured on the same pairs.

All begin with the released weights, and see the same samples in the same order. What is asked is
whether a change is worth its time: so time is what is equal, as CPU time, which stays the same
on a busy machine, and the network as it is goes on for as long.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from stylize.errors import ControlError, TrainingError
from stylize.files import make_folder, write_whole
from stylize.images import save_image
from stylize.lab.attention import Attention
from stylize.lab.pyramid import Pyramid
from stylize.lab.retraining import CLIP, GENTLEST, School, fall, open_product_school, trained_groups
from stylize.lab.variant import Variant
from stylize.lab.variant_pictures import measure_variants
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
    save_checkpoint,
)
from stylize.training.metrics import Meter
from stylize.training.metrics import load_loss_network as load_measuring_network
from stylize.training.objective import compute_losses
from stylize.training.pairs import load_pictures
from stylize.training.samples import drawn_ahead
from stylize.training.style_bank import projections
from stylize.training.train import RATES
from stylize.training.tuning_contents import on_grid

logger = logging.getLogger(__name__)

VARIANTS: dict[str, type[Variant]] = {
    "plain": Variant,
    "attention": Attention,
    "pyramid": Pyramid,
}
CONTROL = "plain"
START = "released"  # the control before it was trained on
MEASURED_PX = 256
_ENDLESS = 10**9  # steps: time ends the training


@dataclass(frozen=True, kw_only=True)
class Race:
    """What is compared, and on what.

    Attributes:
        checkpoint: Of the product: network, encoder and loss network.
        contents: Folders to train and measure on.
        styles: The same.
        out: Folder for checkpoints, pictures and figures.
        held_out: JSON file of pictures to measure on, which are not trained on.
        cpu_s: CPU time that each variant is trained for.
        pairs: To measure; 0 only trains.
        seed: Of everything random.

    Raises:
        ControlError: A value cannot be.
    """

    checkpoint: Path
    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    held_out: Path | None = None
    cpu_s: float = 480.0
    pairs: int = 80
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.cpu_s < math.inf:
            raise ControlError(f"Every variant needs some time to train; got {self.cpu_s:g} s.")
        if self.pairs < 0:
            raise ControlError(f"pairs must be at least 0; got {self.pairs}.")


def race(
    config: Race,
    names: Iterable[str] = tuple(VARIANTS),
    *,
    progress: Callable[[int, float], None] | None = None,
) -> dict[str, Any]:
    """Train what is missing, then measure all.

    Writes a checkpoint for each variant into ``config.out``, and ``variants.json`` and
    ``sheet.png`` if there is something to measure.

    Args:
        config: What is compared.
        names: Of ``VARIANTS``; the control comes along where something is measured.
        progress: Called with the number of the variant that is trained, and the share done.

    Returns:
        What ``variants.json`` holds; without pairs nothing.

    Raises:
        ControlError: There is no variant of a name.
        TrainingError: Pictures, checkpoint or disk do not allow it, or what is there was trained
            with other settings.
    """
    wanted = set(names)
    if unknown := wanted - set(VARIANTS):
        raise ControlError(
            f'There is no variant "{min(unknown)}". There are: {", ".join(VARIANTS)}.'
        )
    chosen = [name for name in VARIANTS if name in wanted or (config.pairs and name == CONTROL)]
    make_folder(config.out, TrainingError)
    state = load_checkpoint(config.checkpoint)
    variants, samples = {}, {}
    school: School | None = None
    for index, name in enumerate(chosen):
        variant = make_variant(name, state, config.seed)
        saved = _Saved(config, name, variant)
        if not saved.path.is_file():
            school = school or open_product_school(
                config.checkpoint, contents=config.contents, styles=config.styles,
                exclude=config.held_out, out=config.out / "cache", seed=config.seed,
            )  # fmt: skip

            def tell(share: float, index: int = index) -> None:
                if progress is not None:
                    progress(index, share)

            saved.save(variant, train_(variant, school, config.cpu_s, progress=tell))
        samples[name] = saved.load(variant)
        variants[name] = variant.eval()
    if not config.pairs:
        return {}
    variants = {CONTROL: variants.pop(CONTROL), START: make_variant(CONTROL, state, 0), **variants}
    result = {"cpu_s": config.cpu_s, "samples": samples, **_measure(config, state, variants)}
    write_whole(config.out / "variants.json", f"{json.dumps(result, indent=1)}\n".encode())
    return result


def _measure(
    config: Race, state: dict[str, Any], variants: Mapping[str, Variant]
) -> dict[str, Any]:
    pictures = load_pictures(
        config.contents, config.styles,
        pairs=config.pairs, size_px=MEASURED_PX, seed=config.seed, only=config.held_out,
    )  # fmt: skip
    pictures = replace(pictures, contents=tuple(map(on_grid, pictures.contents)))
    figures, sheet = measure_variants(
        variants,
        pictures,
        (load_loss_network(state), load_encoder(state)),
        Meter(load_measuring_network(config.checkpoint), pictures.contents, pictures.styles),
        folder=config.out,
        seed=config.seed,
    )
    save_image(sheet, config.out / "sheet.png")
    return {"side_px": MEASURED_PX, **figures}


def make_variant(name: str, state: dict[str, Any], seed: int) -> Variant:
    """Make a variant of a checkpoint's network; it paints as the network does."""
    torch.manual_seed(seed)
    return VARIANTS[name](load_network(state)).eval()


class _Saved:
    """What a variant has learned, in a file."""

    def __init__(self, config: Race, name: str, untrained: Variant) -> None:
        self.path = config.out / f"{name}.pt"
        start = sum(float(p.detach().abs().sum()) for p in untrained.network.parameters())
        # Of another time or start nothing can be compared.
        self._of = {"cpu_s": config.cpu_s, "seed": config.seed, "start": round(start, 2)}

    def save(self, variant: Variant, samples: int) -> None:
        save_checkpoint(
            self.path, {"of": self._of, "variant": variant.state_dict(), "samples": samples}
        )

    def load(self, variant: Variant) -> int:
        """Set the weights of a variant; return how many samples it has seen."""
        state = load_checkpoint(self.path)
        if state.get("of") != self._of:
            raise TrainingError(
                f"{self.path} was trained with {state.get('of')}, not with {self._of}. Give "
                f"another --out, or the same settings."
            )
        variant.load_state_dict(state["variant"])
        return int(state["samples"])


def train_(
    variant: Variant,
    school: School,
    cpu_s: float,
    *,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Train a variant on the product's losses for some CPU time, in place.

    Args:
        variant: It; how styles are encoded stays as it is.
        school: What it is trained on.
        cpu_s: CPU time of this process; one step is taken in any case.
        progress: Called with the share done.

    Returns:
        Samples that it has seen.

    Raises:
        TrainingError: The loss is not finite.
    """
    config, network = school.config, variant.network
    groups = [*trained_groups(network), variant.own_parts()]
    rates = [*(rate * GENTLEST for rate in RATES), variant.learning_rate]
    optimizer = torch.optim.Adam(
        [{"params": group} for group in groups if group], betas=(0.9, 0.99)
    )
    matrices = projections()
    variant.train()
    begun, share, steps = time.process_time(), 0.0, 0
    for batch in drawn_ahead(school.contents, school.bank, config, range(_ENDLESS), threads=1):
        for group, rate in zip(optimizer.param_groups, rates, strict=False):
            group["lr"] = rate * fall(share)
        terms = compute_losses(
            network, school.loss_network, batch, config, config.style_weight, matrices,
            draft=variant.paint_draft,
        )  # fmt: skip
        loss = terms["total"]
        if not bool(torch.isfinite(loss)):
            raise TrainingError(f"The loss is not finite at step {steps}; nothing was kept.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for group in groups for p in group], CLIP)
        optimizer.step()
        steps += 1
        share = (time.process_time() - begun) / cpu_s
        if progress is not None:
            progress(min(1.0, share))
        if steps % 20 == 0:
            logger.info("step %d, %.0f %%: loss %.3f", steps, 100 * share, loss.item())
        if share >= 1:
            break
    variant.eval()
    return steps * config.batch
