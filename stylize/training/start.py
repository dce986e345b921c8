"""What training starts from: a normalized loss network and the weights of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from stylize.errors import TrainingError
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_loss_network,
    with_all_conditions,
)
from stylize.training.config import TrainConfig
from stylize.training.data import Contents, to_tensor
from stylize.training.files import whole_file
from stylize.training.grow import grown
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.style_bank import StyleBank
from stylize.training.vgg import LossNetwork


def start_loss_network(config: TrainConfig, content_paths: list[Path]) -> LossNetwork:
    """Load and normalize VGG16, or read it as it was normalized at the first start."""
    path = config.out / "loss_network.pt"
    if path.is_file():
        network = LossNetwork()
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # pickle and zip fail in many ways
            raise TrainingError(
                f"{path} is damaged. Train into another folder, or delete it if there is "
                f"no checkpoint beside it yet."
            ) from error
    elif config.init is not None:
        network = load_loss_network(load_checkpoint(config.init))
    else:
        network = LossNetwork.load(config.vgg)
        contents = Contents(content_paths, count=8, seed=config.seed)
        network.normalize_(contents.batch(i, 256, max_ratio=1.0).crops for i in range(32))
    if not path.is_file():
        then = ". Free some space or take another folder."
        with whole_file(path, what=str(path), then=then) as partial:
            torch.save(network.state_dict(), partial)
    # Channels last is about 1.4 times faster on CPUs.
    return network.to(memory_format=torch.channels_last)


def start_encoder(
    config: TrainConfig, state: dict[str, Any] | None, loss_network: LossNetwork
) -> LossNetwork:
    """Return what encodes styles: what was distilled before, or else the loss network itself."""
    source = state or (load_checkpoint(config.init) if config.init is not None else {})
    return load_encoder(source) if "encoder" in source else loss_network


def start_network(
    config: TrainConfig, state: dict[str, Any] | None, bank: StyleBank
) -> TransferNetwork:
    """Build the network: anew, from ``config.init`` or as the checkpoint left it."""
    torch.manual_seed(config.seed)
    network = TransferNetwork(config.size)
    source, key = (state, "network") if state is not None else (None, "ema")
    if source is None and config.init is not None:
        source = load_checkpoint(config.init)
    if source is None:
        _standardize(network, bank)
    else:
        try:
            weights = with_all_conditions(source[key])
            if state is None:
                weights = grown(weights, NetworkSize(**source["size"]), config.size)
            network.load_state_dict(weights)
        except (KeyError, TypeError, RuntimeError) as error:
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
