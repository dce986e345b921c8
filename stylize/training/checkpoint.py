"""Self-describing checkpoints: everything that resuming to the same next step needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stylize.errors import TrainingError
from stylize.training.files import read_torch, whole_file
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.vgg import LossNetwork

FORMAT = 1


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint atomically: a full disk leaves the previous one as it was.

    Raises:
        TrainingError: The file cannot be written.
    """
    then = "; the previous one is untouched. Free some space and resume."
    with whole_file(path, what=f"The checkpoint {path}", then=then) as partial:
        torch.save({"format": FORMAT, **state}, partial)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        TrainingError: The file is missing, damaged or of another format.
    """
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint at {path}.")
    state = read_torch(path, "a checkpoint")
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise TrainingError(f"{path} is not a checkpoint of this version (format {FORMAT}).")
    return state


def load_network(state: dict[str, Any], *, ema: bool = True) -> TransferNetwork:
    """Rebuild the network of a checkpoint, by default with its averaged weights.

    Raises:
        TrainingError: The weights do not fit the sizes that the checkpoint names.
    """
    try:
        network = TransferNetwork(NetworkSize(**state["size"]))
        network.load_state_dict(with_all_conditions(state["ema" if ema else "network"]))
    except (KeyError, TypeError, RuntimeError) as error:
        raise TrainingError(
            f"The checkpoint holds another architecture than this version's: {error}"
        ) from error
    return network.eval()


def load_loss_network(state: dict[str, Any]) -> LossNetwork:
    """Rebuild the loss network of a checkpoint, with borders that go on.

    Raises:
        TrainingError: There is none that fits.
    """
    return _load_vgg(state, "loss_network")


def load_encoder(state: dict[str, Any]) -> LossNetwork:
    """Rebuild what encodes styles: the loss network, or what was distilled from it.

    Raises:
        TrainingError: There is none that fits.
    """
    return _load_vgg(state, "encoder" if "encoder" in state else "loss_network")


def load_probes(state: dict[str, Any]) -> dict[str, Any]:
    """Return what the contract tells of styles; older checkpoints know how calm they are alone."""
    probes: dict[str, Any] = state.get("probes") or state.get("calm") or {}
    return probes


def _load_vgg(state: dict[str, Any], name: str) -> LossNetwork:
    try:
        network = LossNetwork.of(state[name])
    except (KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"The checkpoint holds no {name.replace('_', ' ')} that fits: {error}. Take a "
            f"checkpoint.pt of a training."
        ) from error
    return network.extend_borders_().to(memory_format=torch.channels_last)


def with_all_conditions(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Let the modulator of an older network take conditions that it does not know yet.

    They are the last inputs of its first layer; with weights of zero they change nothing.
    """
    name, mean = "modulator.layers.0.weight", weights["modulator.vector_mean"]
    own = weights["modulator.direct.weight"].shape[1] // 2
    missing = mean.numel() + own + len(CONDITIONS) - weights[name].shape[1]
    return weights | {name: functional.pad(weights[name], (0, max(0, missing)))}
