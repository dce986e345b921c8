"""Training one network for one style, on the product's losses, and writing it as ONNX."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stylize.errors import ControlError, ModelFileError, TrainingError
from stylize.images import on_white, prepare_image
from stylize.lab.johnson import SIDES_PX, JohnsonNetwork, Variant, bounded
from stylize.lab.objective import gram, style_loss
from stylize.training.checkpoint import load_checkpoint, save_checkpoint
from stylize.training.data import Contents, fit_area, to_tensor
from stylize.training.files import whole_file
from stylize.training.losses import content_loss, smoothness_loss
from stylize.training.metrics import load_loss_network
from stylize.training.vgg import STYLE_LAYERS, LossNetwork

logger = logging.getLogger(__name__)

_STYLE_SIDE_PX = 256
_MOST = 1.5  # what lies beyond is far beyond black and white
_GROWTH = 10.0  # the learning rate falls to a tenth of itself
_OPSET = 20
_LOG_STEPS, _CHECKPOINT_STEPS = 50, 100


@dataclass(frozen=True, kw_only=True)
class OneStyle:
    """How a network is trained.

    Attributes:
        variant: ``"johnson"`` or ``"bottleneck"``.
        samples: Pictures that it sees.
        batch: Pictures in a step.
        side_px: Of the squares that it sees in the end.
        small_share: Of its samples, seen first and at half that side: four for the price of one.
        mixed_precision: Paint in 16-bit floats (bfloat16); weights and losses keep 32.
        content_weight: Of the content loss.
        style_weight: Of the differences of Gram matrices.
        smoothness_weight: Of the total variation.
        excess_weight: Of values far beyond black and white. Instance normalisation rewards a few
            spikes, which would be black spots that nothing takes away again.
        learning_rate: At the start.
        seed: Of everything random.

    Raises:
        ControlError: A value cannot be.
    """

    variant: Variant = "johnson"
    samples: int = 8_000
    batch: int = 4
    side_px: int = 256
    small_share: float = 0.75
    mixed_precision: bool = False
    content_weight: float = 1.0
    style_weight: float = 5.0
    smoothness_weight: float = 0.02
    excess_weight: float = 2.0
    learning_rate: float = 1e-3
    seed: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1 or self.batch < 1:
            raise ControlError("A network must see at least one picture in every step.")
        if self.side_px < 32 or self.side_px % 8:
            raise ControlError(f"side_px must be at least 32, in steps of 8; got {self.side_px}.")
        if not 0 <= self.small_share <= 1:
            raise ControlError(f"small_share must be from 0 to 1; got {self.small_share}.")

    def side_at(self, share: float) -> int:
        """Return the side in px of what is seen after such a share of the samples."""
        return self.side_px // 2 if share < self.small_share else self.side_px


def train_one_style(
    style: Image.Image,
    contents: Sequence[Path],
    loss_network: LossNetwork,
    config: OneStyle,
    *,
    checkpoint: Path | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> JohnsonNetwork:
    """Train a network; Ctrl+C ends it with what it has learned.

    With a checkpoint nothing but the last ``_CHECKPOINT_STEPS`` is lost when the process is killed,
    and the same call goes on from there.

    Args:
        style: The style, any mode.
        contents: Content pictures.
        loss_network: The normalized one, see :func:`stylize.training.metrics.load_loss_network`.
        config: How.
        checkpoint: File for what it has learned so far; one of another style or of other settings
            is refused.
        progress: Called with the share done and the loss.

    Raises:
        TrainingError: None of the contents can be read, or the checkpoint is unusable.
    """
    torch.manual_seed(config.seed)
    network = JohnsonNetwork(config.variant).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    drawn = Contents(contents, count=config.batch, seed=config.seed)
    grams = _style_grams(style, loss_network)
    steps = math.ceil(config.samples / config.batch)
    saved = _Saved(checkpoint, config, grams)
    taken = saved.load(network, optimizer)
    begun = time.perf_counter()
    try:
        for step in range(taken, steps):
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * _GROWTH ** (-step / steps)
            images = drawn.batch(step, config.side_at(step / steps), max_ratio=1.0).crops
            loss = _loss(network, images, loss_network, grams, config)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            taken = step + 1
            lost = float(loss.detach())
            if taken % _LOG_STEPS == 0:
                logger.info("step %d of %d: loss %.3f", taken, steps, lost)
            if taken % _CHECKPOINT_STEPS == 0:
                saved.save(network, optimizer, taken)
            if progress is not None:
                progress(taken / steps, lost)
    except KeyboardInterrupt:
        logger.warning(
            "Interrupted after %.0f s; what it learned is kept", time.perf_counter() - begun
        )
    saved.save(network, optimizer, taken)
    return network.eval()


class _Saved:
    """The checkpoint of a training, if there is to be one."""

    def __init__(self, path: Path | None, config: OneStyle, grams: Mapping[str, Tensor]) -> None:
        self._path = path
        # Of another style or another plan nothing can be gone on with.
        plan = asdict(config)
        del plan["mixed_precision"]  # the machine's matter
        self._of = {
            **plan,
            "style": [round(float(values.norm()), 4) for values in grams.values()],
        }

    def load(self, network: JohnsonNetwork, optimizer: torch.optim.Optimizer) -> int:
        """Set the weights as they were; return the step to go on with."""
        if self._path is None or not self._path.exists():
            return 0
        state = load_checkpoint(self._path)
        if state.get("of") != self._of:
            raise TrainingError(
                f"{self._path} is of another style or of other settings. Give the same, or delete "
                f"it to begin anew."
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        logger.info("Going on with %s from step %d", self._path, state["step"])
        return int(state["step"])

    def save(self, network: JohnsonNetwork, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Write what was learned in so many steps."""
        if self._path is not None:
            weights, moments = network.state_dict(), optimizer.state_dict()
            state = {"of": self._of, "step": step, "network": weights, "optimizer": moments}
            save_checkpoint(self._path, state)


def _style_grams(style: Image.Image, loss_network: LossNetwork) -> dict[str, Tensor]:
    picture = on_white(prepare_image(style))
    picture = picture.resize(fit_area(picture.size, _STYLE_SIDE_PX), Image.Resampling.LANCZOS)
    with torch.no_grad():
        features = loss_network(to_tensor([picture]))
    return {name: gram(features[name].float()) for name in STYLE_LAYERS}


def _loss(
    network: JohnsonNetwork,
    images: Tensor,
    loss_network: LossNetwork,
    grams: dict[str, Tensor],
    config: OneStyle,
) -> Tensor:
    with torch.autocast(images.device.type, torch.bfloat16, enabled=config.mixed_precision):
        values = network.unbounded(images)
    values = values.float()
    painted = bounded(values)
    features = {name: found.float() for name, found in loss_network(painted).items()}
    with torch.no_grad():
        wanted = {name: found.float() for name, found in loss_network(images).items()}
    # Each layer by the size of its target: loud styles would own the loss.
    style = sum(
        (style_loss(gram(features[name]), of_style) / of_style.square().mean().clamp_min(1e-3))
        for name, of_style in grams.items()
    )
    loss: Tensor = (
        config.content_weight * content_loss(features, wanted).mean()
        + config.style_weight * style
        + config.smoothness_weight * smoothness_loss(painted).mean()
        + config.excess_weight * functional.relu(values.abs() - _MOST).mean()
    )
    return loss


def export_one_style(network: JohnsonNetwork, path: Path) -> Path:
    """Write a network as ONNX: ``picture`` (1, 3, H, W) in [0, 1] -> ``painted``, the same.

    Raises:
        TrainingError: The file cannot be written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own use of deprecated functions
        program = _program(network)
    if program is None:
        raise TrainingError("The exporter returned nothing.")
    with whole_file(path, what=str(path), then=". Free some space.") as partial:
        program.save(str(partial), external_data=False)
    return path


def _program(network: JohnsonNetwork) -> torch.onnx.ONNXProgram | None:
    return torch.onnx.export(
        network.eval(),
        (torch.rand(1, 3, 64, 96),),
        input_names=["picture"],
        output_names=["painted"],
        opset_version=_OPSET,
        dynamic_shapes=({2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC},),
        dynamo=True,
        verbose=False,
    )


def open_loss_network(path: Path, *, half_precision: bool = False) -> LossNetwork:
    """Load the loss network of a checkpoint, ready for many passes on a CPU.

    Args:
        path: The checkpoint.
        half_precision: See :meth:`stylize.training.vgg.LossNetwork.accelerate_`.

    Raises:
        TrainingError: The file is missing or holds none.
    """
    network = load_loss_network(path).to(memory_format=torch.channels_last).extend_borders_()
    network.accelerate_(half_precision=half_precision)
    return network


def paint_one_style(path: Path, content: Image.Image, *, threads: int | None = None) -> Image.Image:
    """Paint a picture with a network that :func:`export_one_style` wrote.

    Args:
        path: The ONNX file.
        content: Any mode, from 16 px a side; sides are cut to multiples of 4.
        threads: Of the computation.

    Raises:
        ModelFileError: The file is no such network.
    """
    feed = feed_of(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        (painted,) = session.run(["painted"], feed)
    except Exception as error:  # ONNX Runtime has an exception for every kind
        raise ModelFileError(
            f"{path} is no network of one style, as `stylize lab johnson` writes it: {error}"
        ) from error
    return Image.fromarray((painted[0].transpose(1, 2, 0) * 255).round().astype(np.uint8))


def feed_of(content: Image.Image) -> dict[str, NDArray[np.float32]]:
    """Return what such a network is given; any mode, sides are cut to multiples of 4."""
    picture = on_white(prepare_image(content))
    width, height = (side // SIDES_PX * SIDES_PX for side in picture.size)
    pixels = np.asarray(picture.crop((0, 0, width, height)), np.float32) / np.float32(255)
    return {"picture": pixels.transpose(2, 0, 1)[None]}
