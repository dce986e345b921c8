"""The training loop."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
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

from stylize.errors import ControlError, TrainingError
from stylize.painting import GRID_PX
from stylize.training import losses
from stylize.training.checkpoint import load_checkpoint, save_checkpoint
from stylize.training.contact_sheet import SheetPictures, write_contact_sheet
from stylize.training.data import (
    COVARIANCE_LAYERS,
    ContentBatch,
    StyleBank,
    content_batches,
    covariance,
    list_pictures,
    load_style_bank,
    projections,
    read_exclusions,
    to_tensor,
)
from stylize.training.files import whole_file
from stylize.training.modulator import CONDITIONS, halve
from stylize.training.network import TransferNetwork, paint_mirrored
from stylize.training.network_size import NetworkSize
from stylize.training.vgg import (
    LossNetwork,
    half_precision_is_faster,
    split_style_vector,
    style_vector,
)

logger = logging.getLogger(__name__)

# Shares of the learning rate: of most weights, and of the modulator's first layer. Adam moves every
# weight by about the same step, and there two thousand of them add up.
_RATES = (1.0, 0.2)


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
        style_variants: Variants of each style in the bank.
        ema_decay: Of the averaged weights.
        gradient_clip: Largest norm of the gradient; far above the usual one, or loud styles, whose
            gradients are the largest, would hardly count.
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
    style_variants: int = 3
    ema_decay: float = 0.999
    gradient_clip: float = 300.0
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
        for name in ("warmup_steps", "ramp_steps", "sheet_steps", "seed"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        self._check("ema_decay", 0 <= self.ema_decay < 1, "from 0 to below 1")
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


@dataclass(frozen=True)
class Samples:
    """What one step trains on; N = contents x styles per content.

    Attributes:
        content: Crops and thumbnails of the contents.
        seen: (N, 1920) what the loss network sees in the styles.
        covariances: (N, 2, P, P) their covariances.
        pictures: (M, 3, 128, 128) style pictures in half their size, in [0, 1].
        shares: (N, M) of the pictures in the styles; rows sum to 1.
        conditions: (N, 4) natural logarithms of the loss weights.
        strength: (N, 1) in [0, 1].
        own_style: (N,) bool: the content's own statistics replace the style.
    """

    content: ContentBatch
    seen: Tensor
    covariances: Tensor
    pictures: Tensor
    shares: Tensor
    conditions: Tensor
    strength: Tensor
    own_style: Tensor


def draw_samples(
    contents: Iterator[ContentBatch], bank: StyleBank, config: TrainConfig, step: int
) -> Samples:
    """Draw the samples of a step; the step's number and the seed decide all but the contents."""
    rng = np.random.default_rng([config.seed, step])
    count = config.batch
    first, second = bank.draw(rng, 2 * count).reshape(2, count)
    # Some of the styles are mixtures: blends are then nothing new to the network.
    share = np.where(rng.random(count) < 0.1, rng.random(count), 0).astype(np.float32)
    # In every other step the first two samples differ in nothing but their loss weights, which are
    # opposite: what these change is then not lost among all that styles and contents change.
    twins = step % 2 == 1 and config.styles_per_content > 1
    if twins:
        for of_style in (first, second, share):
            of_style[1] = of_style[0]
    seen = _mix(bank.vectors[first], bank.vectors[second], share)
    covariances = _mix(
        bank.covariances[first].astype(np.float32),
        bank.covariances[second].astype(np.float32),
        share,
    )
    mixed = np.flatnonzero(share)
    shares = np.concatenate([np.diag(1 - share), np.diag(share)[:, mixed]], axis=1)
    pictures = bank.pictures[np.concatenate([first, second[mixed]])]
    # With fewer of them the sliders stay without effect.
    weighted = rng.random(count) < 0.5
    conditions = rng.uniform(-math.log(4), math.log(4), size=(count, len(CONDITIONS)))
    kind = rng.random(count)
    if twins:
        conditions[1] = -conditions[0]
        weighted[:2], kind[:2] = True, 1.0
    conditions *= weighted[:, None]
    strength = np.where(kind < 0.12, rng.random(count), 1.0)
    strength = np.where(kind < 0.05, 0.0, strength)
    return Samples(
        content=next(contents),
        seen=torch.from_numpy(seen),
        covariances=torch.from_numpy(covariances),
        pictures=to_tensor(pictures),
        shares=torch.from_numpy(shares),
        conditions=torch.from_numpy(conditions.astype(np.float32)),
        strength=torch.from_numpy(strength.astype(np.float32))[:, None],
        own_style=torch.from_numpy((kind >= 0.12) & (kind < 0.17)),
    )


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *(1,) * (a.ndim - 1))
    mixed: np.ndarray = a + share * (b - a)
    return mixed


def compute_losses(
    network: TransferNetwork,
    loss_network: LossNetwork,
    samples: Samples,
    config: TrainConfig,
    style_weight: float,
    matrices: list[Tensor],
) -> dict[str, Tensor]:
    """Return the losses by name as scalars; "total" is the one to minimise."""
    repeat = config.styles_per_content
    crops = samples.content.crops.repeat_interleave(repeat, dim=0)
    thumbnails = samples.content.thumbnails.repeat_interleave(repeat, dim=0)
    with torch.no_grad():
        unique = loss_network(samples.content.crops)
        content = {name: x.repeat_interleave(repeat, dim=0) for name, x in unique.items()}
        own_seen = style_vector(content)
        own_covariances = torch.stack(
            [
                covariance(content[name], matrix)
                for name, matrix in zip(COVARIANCE_LAYERS, matrices, strict=True)
            ],
            dim=1,
        )
        own = samples.own_style
        seen = torch.where(own[:, None], own_seen, samples.seen)
        covariances = torch.where(own[:, None, None, None], own_covariances, samples.covariances)
        # At strength s the target lies at s between the content's statistics and the style's.
        targets = torch.lerp(own_seen, seen, samples.strength)
        target_covariances = torch.lerp(
            own_covariances, covariances, samples.strength[:, :, None, None]
        )
    measured = samples.shares @ network.own_statistics(samples.pictures)
    own_measured = network.own_statistics(halve(samples.content.crops))
    own_measured = own_measured.repeat_interleave(repeat, dim=0)
    measured = torch.where(own[:, None], own_measured, measured)
    vectors = torch.cat([seen, measured], dim=1)
    affines = network.modulate(thumbnails, vectors, samples.conditions, samples.strength)
    painted = paint_mirrored(network, crops, affines)
    range_term = losses.range_loss(painted)
    output = losses.clip(painted)
    features = loss_network(output)

    content_term = losses.content_loss(features, content)
    style_term = losses.style_loss(features, split_style_vector(targets))
    covariance_term = losses.covariance_loss(features, target_covariances, matrices)
    edge_term = losses.edge_loss(output, crops)
    blot_term = losses.blot_loss(output, crops)
    grid_term = losses.grid_loss(output, crops)
    smoothness_term = losses.smoothness_loss(output)
    pixel_term = losses.pixel_loss(output, crops)

    content_factor, style_factor, fine_factor, coarse_factor = samples.conditions.exp().T
    fine = style_term.fine + config.covariance_weight * covariance_term.fine
    coarse = style_term.coarse + config.covariance_weight * covariance_term.coarse
    weighted = content_factor * (
        config.content_weight * content_term
        + config.edge_weight * edge_term
        + config.blot_weight * blot_term
        + config.grid_weight * grid_term
    ) + style_weight * style_factor * (fine_factor * fine + coarse_factor * coarse)
    # The ratio of the weights is what counts; the sum must not let some samples own the step.
    scale = 0.5 * (content_factor + style_factor * (fine_factor * coarse_factor).sqrt())
    # How much the output should be the content itself.
    likeness = torch.where(own, 0.5, (1 - samples.strength[:, 0]).square())
    total = (
        weighted / scale
        + config.identity_weight * likeness * pixel_term
        + config.smoothness_weight * smoothness_term
        + config.range_weight * range_term
    ).mean()
    full = (samples.strength[:, 0] == 1) & ~own
    return {
        "total": total,
        "content": _mean(content_term, full),
        "style": _mean(style_term.fine + style_term.coarse, full),
        "covariance": _mean(covariance_term.fine + covariance_term.coarse, full),
        "edge": edge_term.mean(),
        "blots": _mean(blot_term, full),
        "grid": grid_term.mean(),
        "identity": _mean(pixel_term, samples.strength[:, 0] == 0),
        "range": range_term.mean(),
    }


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return values[mask].mean() if bool(mask.any()) else values.new_tensor(float("nan"))


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
    device = _device(config.device)
    exclude = read_exclusions(config.exclude)
    content_paths = list_pictures(config.contents, exclude=exclude)
    style_paths = list_pictures(config.styles, exclude=exclude)
    path = config.out / "checkpoint.pt"
    state = load_checkpoint(path) if path.is_file() else None

    loss_network = _loss_network(config, content_paths).extend_borders_()
    if device.type == "cpu":
        loss_network.accelerate_()
    bank = load_style_bank(
        style_paths,
        loss_network,
        variants=config.style_variants,
        seed=config.seed,
        cache=config.out / "cache",
    )
    loss_network.to(device)
    if device.type == "cpu" and half_precision_is_faster():
        loss_network.accelerate_(half_precision=True)
    network = _start(config, state, bank).to(device).train()
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
    side_px = config.side_px(step)
    contents = _contents(config, content_paths, step)
    matrices = [matrix.to(device) for matrix in projections()]
    sheet = SheetPictures.choose(content_paths, style_paths, seed=config.seed)
    mixed_precision = torch.autocast(
        device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"
    )

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
            },
        )

    last = config.steps if stop_after is None else min(config.steps, step + stop_after)
    meter = _Meter()
    with _progress() as progress:
        task = progress.add_task("training", total=config.steps, completed=step, losses="")
        while step < last:
            if config.side_px(step) != side_px:
                side_px = config.side_px(step)
                contents = _contents(config, content_paths, step)
            samples = _to_device(draw_samples(contents, bank, config, step), device)
            for group, rate in zip(optimizer.param_groups, _RATES, strict=True):
                group["lr"] = rate * learning_rate(config, step)
            with mixed_precision:
                terms = compute_losses(
                    network,
                    loss_network,
                    samples,
                    config,
                    ramped_style_weight(config, step),
                    matrices,
                )
            if not bool(torch.isfinite(terms["total"])):
                raise _not_finite("loss", step, path)
            optimizer.zero_grad(set_to_none=True)
            terms["total"].backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
            if not bool(torch.isfinite(norm)):
                # The step would spoil the weights, and the next checkpoint would keep them.
                raise _not_finite("gradient", step, path)
            optimizer.step()
            step += 1
            samples_seen += config.batch
            _average(average, network, min(config.ema_decay, (1 + step) / (10 + step)))
            meter.add(terms, config.batch)
            progress.update(task, completed=step, losses=meter.line())
            if step % 50 == 0:
                logger.info("step %d (%d samples) %s", step, samples_seen, meter.line())
            if step % config.checkpoint_steps == 0:
                save()
            if config.sheet_steps and step % config.sheet_steps == 0:
                write_contact_sheet(
                    average, loss_network, sheet, config.out / f"sheet-{step:06d}.jpg"
                )
    save()
    return path


def _optimizer(network: TransferNetwork, config: TrainConfig) -> torch.optim.Adam:
    """Two groups of parameters, for the learning rates of ``_RATES``."""
    wide = network.modulator.layers[0].weight
    others = [parameter for parameter in network.parameters() if parameter is not wide]
    groups: list[dict[str, Any]] = [{"params": others}, {"params": [wide]}]
    return torch.optim.Adam(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)


def _not_finite(what: str, step: int, path: Path) -> TrainingError:
    there = f"the last good checkpoint is {path}" if path.is_file() else "there is no checkpoint"
    return TrainingError(
        f"The {what} is not finite at step {step}; {there}. Resume with a lower learning rate."
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter: torch without CUDA
        raise TrainingError(f'"{name}" is no device of this machine: {error}. Take cpu.') from error
    return device


def _loss_network(config: TrainConfig, content_paths: list[Path]) -> LossNetwork:
    """Load and normalize VGG16, or read it as it was normalized at the first start."""
    path = config.out / "loss_network.pt"
    if path.is_file():
        network = LossNetwork()
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # pickle and zip fail in many ways
            raise TrainingError(
                f"{path} is damaged ({error}). Train into another folder, or delete it if there is "
                f"no checkpoint beside it yet."
            ) from error
    elif config.init is not None:
        network = LossNetwork()
        try:
            network.load_state_dict(load_checkpoint(config.init)["loss_network"])
        except (KeyError, RuntimeError) as error:
            raise TrainingError(
                f"{config.init} holds no loss network that fits: {error}. Take a checkpoint.pt "
                f"of a training."
            ) from error
    else:
        network = LossNetwork.load(config.vgg)
        batches = content_batches(
            content_paths, count=8, side_px=256, seed=config.seed, max_ratio=1.0
        )
        network.normalize_(next(batches).crops for _ in range(32))
    if not path.is_file():
        then = ". Free some space or take another folder."
        with whole_file(path, what=str(path), then=then) as partial:
            torch.save(network.state_dict(), partial)
    # Channels last is about 1.4 times faster on CPUs.
    return network.to(memory_format=torch.channels_last)


def _start(config: TrainConfig, state: dict[str, Any] | None, bank: StyleBank) -> TransferNetwork:
    torch.manual_seed(config.seed)
    network = TransferNetwork(config.size)
    source, key = (state, "network") if state is not None else (None, "ema")
    if source is None and config.init is not None:
        source = load_checkpoint(config.init)
    if source is None:
        _standardize(network, bank)
    else:
        try:
            network.load_state_dict(source[key])
        except (KeyError, RuntimeError) as error:
            raise TrainingError(
                f"The checkpoint holds another architecture than {config.size}: {error}. Train "
                f"into another folder."
            ) from error
    return network.to(memory_format=torch.channels_last)


@torch.no_grad()
def _standardize(network: TransferNetwork, bank: StyleBank) -> None:
    """Let the modulator see all statistics of the styles with mean 0 and deviation 1."""
    some = bank.pictures[:: max(1, len(bank) // 512)]
    own = network.own_statistics(to_tensor(some))
    for vectors, part in (
        (torch.from_numpy(bank.vectors), slice(None, network.size.seen)),
        (own, slice(network.size.seen, None)),
    ):
        network.modulator.vector_mean[part] = vectors.mean(dim=0)
        network.modulator.vector_std[part] = vectors.std(dim=0).clamp_min(1e-2)


def _contents(config: TrainConfig, paths: list[Path], step: int) -> Iterator[ContentBatch]:
    return content_batches(
        paths,
        count=config.batch_contents,
        side_px=config.side_px(step),
        seed=config.seed,
        start=step,
    )


def _to_device(samples: Samples, device: torch.device) -> Samples:
    content = samples.content
    _, *others = fields(Samples)
    return Samples(
        ContentBatch(content.crops.to(device), content.thumbnails.to(device)),
        *(getattr(samples, item.name).to(device) for item in others),
    )


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
