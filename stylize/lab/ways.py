"""The ways to make the network smaller or faster, each one a change of the product's network."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stylize.engine import Engine
from stylize.lab.low_rank import factor_convolutions, factor_modulator_
from stylize.lab.post_training import (
    halve_weights,
    quantize_by_samples,
    quantize_by_the_run,
    take_peaks,
)
from stylize.lab.pruning import (
    Masks,
    keep_channels,
    keep_hidden,
    prune_weights_,
    share_of_channels,
)
from stylize.lab.retraining import GENTLEST, Lesson, School, open_school, retrain_, short_config
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    load_network,
    load_probes,
)
from stylize.training.data import list_pictures, read_exclusions
from stylize.training.export import CORES, calibrate_, export_networks, write_description
from stylize.training.network import TransferNetwork
from stylize.training.quantize import paint_feeds, quantize_paint, quantize_weights
from stylize.training.rounding import input_moments

REFERENCE = "fp32"
_CALIBRATION_PAIRS = 16
_CHANNELS, _HIDDEN, _WEIGHTS = 0.7, 0.7, 0.5  # shares that pruning keeps
_HALF = 0.5  # of the channels: a quarter of the operations
_RANK, _MODULATOR_RANK = 0.5, 96
_BY_TEACHER = 10  # a sample takes a tenth of the time without the loss network
_GENTLE = 2e-4  # learning rate of networks that are nearly right


@dataclass(frozen=True, kw_only=True)
class Compression:
    """What is compared, and on what.

    Attributes:
        checkpoint: Of the product: network, encoder and loss network.
        contents: Folders to train and measure on.
        styles: The same.
        out: Folder for the models, pictures and figures.
        held_out: JSON file of pictures to measure on, which are not trained on.
        samples: That each trained network sees; ten times as many where it has a teacher.
        pairs: To measure.
        rounds: Of the timing.
        seed: Of everything random.
    """

    checkpoint: Path
    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    held_out: Path | None = None
    samples: int = 160
    pairs: int = 12
    rounds: int = 7
    seed: int = 1


@dataclass
class Made:
    """A network, and what it took.

    Attributes:
        network: It.
        samples: That it was trained on after it was changed.
        seconds: That this took.
    """

    network: TransferNetwork
    samples: int = 0
    seconds: float = 0.0


class Workshop:
    """What all ways begin with: the network, its teacher's lessons, pictures to calibrate on."""

    def __init__(self, config: Compression) -> None:
        self.config = config
        self.state = load_checkpoint(config.checkpoint)
        self.encoder = load_encoder(self.state)
        exclude = read_exclusions(config.held_out)
        self.content_paths = list_pictures(config.contents, exclude=exclude)
        self.style_paths = list_pictures(config.styles, exclude=exclude)

    @cached_property
    def network(self) -> TransferNetwork:
        """The product's network, calibrated. Ways copy it before they change it."""
        network = load_network(self.state)
        calibrate_(network, self.encoder, self.content_paths)
        return network

    @cached_property
    def school(self) -> School:
        """What is trained on."""
        config = short_config(
            self.state["config"],
            contents=self.config.contents,
            styles=self.config.styles,
            exclude=self.config.held_out,
            out=self.config.out / "cache",
            seed=self.config.seed,
        )
        loss_network = load_loss_network(self.state)
        return open_school(config, loss_network, self.encoder, self.network)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        """Pairs to calibrate on."""
        rng = np.random.default_rng(self.config.seed)
        contents, styles = (
            [paths[int(index)] for index in rng.integers(len(paths), size=_CALIBRATION_PAIRS)]
            for paths in (self.content_paths, self.style_paths)
        )
        return list(zip(contents, styles, strict=True))

    def feeds(self, folder: Path) -> list[dict[str, Any]]:
        """Return what the graph that paints gets of the pairs, by the model of a folder."""
        engine = Engine(folder, precision="fp32")
        rng = np.random.default_rng(self.config.seed)
        return [dict(feeds) for feeds in paint_feeds(engine, self.pairs, rng)]

    def untouched(self) -> Made:
        """Return a copy of the network."""
        return Made(copy.deepcopy(self.network))

    def moments(self) -> dict[str, Any]:
        """Return what the kernels of the network see."""
        return input_moments(self.network, self.feeds(self.config.out / REFERENCE))

    def train(
        self, made: Made, lesson: Lesson, *, rounded: bool = True, learning_rate: float = 1e-3,
        masks: Masks | None = None,
    ) -> Made:  # fmt: skip
        """Train a network for as long as every other."""
        made.network.rounded = rounded
        made.samples = self.config.samples * (_BY_TEACHER if lesson == "pictures" else 1)
        made.seconds = retrain_(
            made.network, self.school, made.samples, lesson,
            learning_rate=learning_rate, masks=masks,
        )  # fmt: skip
        made.network.rounded = False
        return made


def _pruned(shop: Workshop) -> Made:
    widths = share_of_channels(shop.network, _CHANNELS)
    return Made(keep_hidden(keep_channels(shop.network, widths), _HIDDEN))


def _quarter(shop: Workshop) -> Made:
    return Made(keep_channels(shop.network, share_of_channels(shop.network, _HALF)))


def _sparse(shop: Workshop, *, train: bool) -> Made:
    made = shop.untouched()
    masks = prune_weights_(made.network, 1 - _WEIGHTS)
    return shop.train(made, "losses", masks=masks, learning_rate=_GENTLE) if train else made


def _low_rank(shop: Workshop) -> Made:
    network = factor_convolutions(shop.network, _RANK, shop.moments())
    factor_modulator_(network, _MODULATOR_RANK)
    return Made(network)


def _quarter_low_rank(shop: Workshop) -> Made:
    made = _quarter(shop)
    factor_modulator_(made.network, _MODULATOR_RANK)
    return made


@dataclass(frozen=True)
class Way:
    """A way to make the network smaller or faster.

    Attributes:
        family: What it is an example of.
        text: What is done.
        make: Makes the network.
        quantize: Writes its INT8 files into the folder of its FP32 files.
    """

    family: str
    text: str
    make: Callable[[Workshop], Made]
    quantize: Callable[[Workshop, Path, TransferNetwork], None]


def _by_integers(shop: Workshop, folder: Path, network: TransferNetwork) -> None:
    quantize_weights(folder / "modulate.onnx", folder / "modulate.int8.onnx")
    quantize_paint(network, shop.feeds(folder), folder / "paint.int8.onnx")


def _by_the_run(shop: Workshop, folder: Path, network: TransferNetwork) -> None:
    for part in ("modulate", "paint"):
        quantize_by_the_run(folder / f"{part}.onnx", folder / f"{part}.int8.onnx")
    take_peaks(folder / "paint.int8.onnx", len(network.layers.activations))


def _by_samples(shop: Workshop, folder: Path, network: TransferNetwork) -> None:
    quantize_weights(folder / "modulate.onnx", folder / "modulate.int8.onnx")
    feeds = shop.feeds(folder)
    for feed in feeds:
        image = feed.pop("image")  # floats, channels first; the graph takes bytes
        feed["bytes"] = np.rint(image * 255).astype(np.uint8).transpose(0, 2, 3, 1)
        del feed["peaks"]
    quantize_by_samples(folder / "paint.onnx", folder / "paint.int8.onnx", feeds)
    take_peaks(folder / "paint.int8.onnx", len(network.layers.activations))


def _mixed(shop: Workshop, folder: Path, network: TransferNetwork) -> None:
    halve_weights(folder / "modulate.onnx", folder / "modulate.int8.onnx")
    quantize_paint(network, shop.feeds(folder), folder / "paint.int8.onnx")


def _way(family: str, text: str, make: Callable[[Workshop], Made]) -> Way:
    return Way(family, text, make, _by_integers)


WAYS: dict[str, Way] = {
    REFERENCE: _way("none", "as it is", Workshop.untouched),
    "dynamic": Way("INT8", "ranges by the run", Workshop.untouched, _by_the_run),
    "static": Way("INT8", "ranges by samples", Workshop.untouched, _by_samples),
    "mixed": Way("INT8", "convolutions 8 bits, modulator 16", Workshop.untouched, _mixed),
    "tuned": _way(
        "INT8", "trained on, not rounded",
        lambda s: s.train(s.untouched(), "losses", rounded=False, learning_rate=GENTLEST),
    ),
    "rounded": _way(
        "INT8", "trained on, rounded",
        lambda s: s.train(s.untouched(), "losses", learning_rate=GENTLEST),
    ),
    "sparse": _way("pruning", "half of the weights 0", lambda s: _sparse(s, train=False)),
    "sparse-losses": _way(
        "pruning", "half of the weights 0, trained", lambda s: _sparse(s, train=True)
    ),
    "pruned": _way("pruning", "70 % of the channels", _pruned),
    "pruned-losses": _way(
        "pruning", "70 % of the channels, trained", lambda s: s.train(_pruned(s), "losses")
    ),
    "pruned-teacher": _way(
        "pruning", "70 % of the channels, by a teacher", lambda s: s.train(_pruned(s), "pictures")
    ),
    "quarter-teacher": _way(
        "distillation", "half of the channels, by a teacher",
        lambda s: s.train(_quarter(s), "pictures"),
    ),
    "low-rank": _way("low rank", "thin convolutions and modulator", _low_rank),
    "low-rank-teacher": _way(
        "low rank", "thin convolutions and modulator, by a teacher",
        lambda s: s.train(_low_rank(s), "pictures", learning_rate=_GENTLE),
    ),
    "quarter-low-rank-teacher": _way(
        "several", "half of the channels, thin modulator, by a teacher",
        lambda s: s.train(_quarter_low_rank(s), "pictures"),
    ),
}  # fmt: skip


def write_model(network: TransferNetwork, shop: Workshop, folder: Path, way: Way) -> None:
    """Write a network as a model, FP32 and INT8."""
    shutil.rmtree(folder, ignore_errors=True)
    reference, description = shop.config.out / REFERENCE, folder / "model.json"
    if way.make is Workshop.untouched and folder != reference:
        folder.mkdir()
        for file in (*reference.glob("*.onnx"), reference / description.name):
            if not file.name.endswith(".int8.onnx"):
                shutil.copy(file, folder)
    else:
        calibrate_(network, shop.encoder, shop.content_paths)
        export_networks(network, shop.encoder, folder, probes=load_probes(shop.state))
        shutil.rmtree(folder / CORES)
    way.quantize(shop, folder, network)
    write_description(folder, json.loads(description.read_text("utf-8")))
