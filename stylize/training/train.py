"""The training loop."""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor

from stylize.cores import available_cores
from stylize.errors import TrainingError
from stylize.training import parallel
from stylize.training.calm_styles import fit_calm_probe
from stylize.training.checkpoint import load_checkpoint, save_checkpoint
from stylize.training.color_probe import fit_color_probe
from stylize.training.config import TrainConfig, learning_rate, ramped_style_weight
from stylize.training.contact_sheet import SheetPictures, write_contact_sheet
from stylize.training.data import (
    Contents,
    list_pictures,
    read_exclusions,
)
from stylize.training.device import open_device
from stylize.training.ink_styles import fit_ink_probe
from stylize.training.network import TransferNetwork
from stylize.training.objective import compute_losses
from stylize.training.samples import Samples, drawn_ahead
from stylize.training.start import start_encoder, start_loss_network, start_network
from stylize.training.style_bank import StyleBank, load_style_bank, projections
from stylize.training.vgg import half_precision_is_faster

logger = logging.getLogger(__name__)

_SEEDS = 1_000_003  # between the seeds of two processes

# Shares of the learning rate: of most weights, and of the modulator's first layer. Adam moves every
# weight by about the same step, and there two thousand of them add up.
RATES = (1.0, 0.2)


def train(config: TrainConfig, *, stop_after: int | None = None) -> Path:
    """Train, from the last checkpoint in ``config.out`` if there is one.

    Args:
        config: What to do. Steps and weights may differ from those of the checkpoint.
        stop_after: Stop (with a checkpoint) after this many steps of this call.

    Returns:
        The checkpoint.

    Raises:
        TrainingError: Pictures, weights, checkpoint or device are unusable, the disk is full, or
            the loss or its gradient is not finite; the last good checkpoint stays.
    """
    parallel.start()
    device = open_device(config.device)
    exclude = read_exclusions(config.exclude)
    content_paths = list_pictures(config.contents, exclude=exclude)
    style_paths = list_pictures(config.styles, exclude=exclude)
    path = config.out / "checkpoint.pt"
    state = load_checkpoint(path) if path.is_file() else None

    first = parallel.rank() == 0
    if not first:
        parallel.wait()  # the first one writes what the others read
    loss_network = start_loss_network(config, content_paths).extend_borders_()
    if first:
        parallel.wait()
    on_card = device.type == "cuda"
    loss_network.to(device).accelerate_(half_precision=on_card or half_precision_is_faster())
    encoder = start_encoder(config, state, loss_network).to(device)
    bank = load_style_bank(
        style_paths,
        loss_network,
        encoder,
        variants=config.style_variants,
        seed=config.seed,
        cache=config.out / "cache",
    )
    network = start_network(config, state, bank).to(device).train()
    network.rounded = config.fake_quantization
    average = copy.deepcopy(network).requires_grad_(False)
    if state is not None:
        average.load_state_dict(state["ema"])
    optimizer = _optimizer(network, config)
    step = 0
    if state is not None:
        try:
            optimizer.load_state_dict(state["optimizer"])
        except ValueError as error:
            raise TrainingError(
                f"The optimizer of {path} is of another version. Start in another folder from its "
                f"weights, by --init {path}."
            ) from error
        step = int(state["step"])
    samples_seen = int(state["samples_seen"]) if state else 0
    contents = Contents(
        content_paths,
        count=config.batch_contents,
        seed=config.seed + _SEEDS * parallel.rank(),
        drawings_share=config.drawings_share,
    )
    matrices = [matrix.to(device) for matrix in projections()]
    probes = _fit_probes(bank) if first else {}
    sheet = SheetPictures.choose(content_paths, style_paths, seed=config.seed)

    def save() -> None:
        save_checkpoint(
            path,
            {
                "step": step,
                "samples_seen": samples_seen,
                "size": config.size.as_dict(),
                "config": config.as_record(),
                "network": network.state_dict(),
                "ema": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "loss_network": loss_network.state_dict(),
                **({} if encoder is loss_network else {"encoder": encoder.state_dict()}),
                "probes": probes,
            },
        )

    last = config.steps if stop_after is None else min(config.steps, step + stop_after)
    meter = _Meter()
    with _progress() as progress:
        task = progress.add_task("training", total=config.steps, completed=step, losses="")
        # A graphics card is faster than one core draws samples; on a CPU all cores are at work.
        threads = max(1, available_cores() - 2) if on_card else 1
        ahead = drawn_ahead(contents, bank, config, range(step, last), threads=threads)
        for drawn in ahead:
            samples = _to_device(drawn, device)
            for group, rate in zip(optimizer.param_groups, RATES, strict=True):
                group["lr"] = rate * learning_rate(config, step)
            _let_learn(network, content=step >= config.style_first_steps)
            style_weight = ramped_style_weight(config, step)
            terms = compute_losses(network, loss_network, samples, config, style_weight, matrices)
            if not bool(torch.isfinite(terms["total"])):
                raise _not_finite("loss", step, path)
            optimizer.zero_grad(set_to_none=True)
            terms["total"].backward()  # type: ignore[no-untyped-call]
            if not config.average_steps:
                parallel.average_gradients_(network.parameters())
            norm = torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
            if not bool(torch.isfinite(norm)):
                # The step would spoil the weights, and the next checkpoint would keep them.
                raise _not_finite("gradient", step, path)
            optimizer.step()
            step += 1
            samples_seen += config.batch * parallel.count()
            _average(average, network, min(config.ema_decay, (1 + step) / (10 + step)))
            if config.average_steps and (step % config.average_steps == 0 or step == last):
                parallel.average_([*network.parameters(), *average.parameters()])
            meter.add(terms, config.batch)
            progress.update(task, completed=step, losses=meter.line())
            if step % 50 == 0:
                logger.info("step %d (%d samples) %s", step, samples_seen, meter.line())
            if first and step % config.checkpoint_steps == 0:
                save()
            if first and config.sheet_steps and step % config.sheet_steps == 0:
                write_contact_sheet(average, encoder, sheet, config.out / f"sheet-{step:06d}.jpg")
    if first:
        save()
    parallel.wait()
    return path


def _fit_probes(bank: StyleBank) -> dict[str, str | float]:
    """Return what the contract tells of styles by their vectors."""
    return {
        **fit_calm_probe(bank.vectors, bank.calm).to_contract(),
        "color_weights": fit_color_probe(bank.encoded, bank.tones),
        "ink_weights": fit_ink_probe(bank.encoded, bank.pictures),
    }


def _optimizer(network: TransferNetwork, config: TrainConfig) -> torch.optim.Adam:
    """Two groups of parameters, for the learning rates of ``RATES``."""
    wide = network.modulator.layers[0].weight
    others = [parameter for parameter in network.parameters() if parameter is not wide]
    groups: list[dict[str, Any]] = [{"params": others}, {"params": [wide]}]
    return torch.optim.Adam(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)


def _let_learn(network: TransferNetwork, *, content: bool) -> None:
    """Let the content path learn or not; the style side always does."""
    for row in network.layers.convolutions:
        network.convolution(row.name).requires_grad_(content)
    network.identity_scale.requires_grad_(content)
    network.identity_shift.requires_grad_(content)


def _not_finite(what: str, step: int, path: Path) -> TrainingError:
    there = f"the last good checkpoint is {path}" if path.is_file() else "there is no checkpoint"
    return TrainingError(
        f"The {what} is not finite at step {step}; {there}. Resume with a lower learning rate."
    )


def _to_device(samples: Samples, device: torch.device) -> Samples:
    def moved(part: Any) -> Any:
        if is_dataclass(part) and not isinstance(part, type):
            return replace(part, **{f.name: moved(getattr(part, f.name)) for f in fields(part)})
        return part.to(device) if isinstance(part, Tensor) else part

    on_device: Samples = moved(samples)
    return on_device


@torch.no_grad()
def _average(average: TransferNetwork, network: TransferNetwork, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


class _Meter:
    """Running means of the losses and the speed."""

    def __init__(self) -> None:
        self._means: dict[str, float] = {}
        self._seconds_per_sample = 0.0
        self._last = time.perf_counter()

    def add(self, terms: dict[str, Tensor], samples: int) -> None:
        now = time.perf_counter()
        seconds = (now - self._last) / samples
        self._last = now
        self._seconds_per_sample += 0.05 * (seconds - self._seconds_per_sample)
        for name, term in terms.items():
            value = term.item()
            if math.isfinite(value):
                mean = self._means.get(name, value)
                self._means[name] = mean + 0.02 * (value - mean)

    def line(self) -> str:
        values = " ".join(f"{name} {value:.3f}" for name, value in self._means.items())
        return f"{values} | {1 / max(self._seconds_per_sample, 1e-9):.1f} samples/s"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
    )
