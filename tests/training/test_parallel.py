from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import distributed, nn

from stylize.training import parallel
from stylize.training.config import TrainConfig
from stylize.training.data import ContentBatch, Contents, list_pictures
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.objective import compute_losses
from stylize.training.samples import Samples, draw_samples
from stylize.training.style_bank import projections
from stylize.training.vgg import LossNetwork
from tests.conftest import make_picture
from tests.training.conftest import make_bank


def test_one_process_alone_averages_nothing():
    weight = torch.tensor([1.0, 3.0])
    parallel.average_([weight])
    parallel.wait()
    assert weight.tolist() == [1.0, 3.0]
    assert (parallel.rank(), parallel.count()) == (0, 1)


def _join(rank: int, folder: str) -> None:
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )


def _train(rank: int, folder: str) -> None:
    _join(rank, folder)
    weights = [torch.full((2, 2), float(rank)), torch.tensor([4.0 * rank])]
    parallel.average_(weights)
    assert weights[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert weights[1].tolist() == [2.0]
    assert (parallel.rank(), parallel.count()) == (rank, 2)
    distributed.destroy_process_group()


def test_two_processes_get_the_mean(tmp_path):
    torch.multiprocessing.spawn(_train, (str(tmp_path),), nprocs=2)


SIZE = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=8)
STEPS = 3


def _config(folder: str) -> TrainConfig:
    return TrainConfig(
        contents=(Path(folder),),
        styles=(),
        out=Path(folder),
        batch_contents=1,
        stages=((0, 32),),
        ground=0,
        size=SIZE,
    )


def _samples(folder: str, rank: int, step: int) -> Samples:
    config = _config(folder)
    contents = Contents(list_pictures([Path(folder)]), count=1, seed=rank)
    return draw_samples(contents, make_bank(), config, step)


def _learn(folder: str, draw) -> nn.Module:
    """Train for some steps on what is drawn; return the network."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network, loss_network = TransferNetwork(SIZE).train(), LossNetwork()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4)
    for step in range(STEPS):
        samples = draw(step)
        terms = compute_losses(network, loss_network, samples, _config(folder), 4.0, projections())
        optimizer.zero_grad()
        terms["total"].backward()
        parallel.average_gradients_(network.parameters())
        optimizer.step()
    return network


def _learn_together(rank: int, folder: str) -> None:
    _join(rank, folder)
    network = _learn(folder, lambda step: _samples(folder, rank, step))
    torch.save(network.state_dict(), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def _both(a: Samples, b: Samples) -> Samples:
    """All samples of two batches as one."""
    joined = {
        item.name: torch.cat([getattr(a, item.name), getattr(b, item.name)])
        for item in fields(Samples)
        if item.name not in ("content", "shares", "seed", "contrast")
    }
    content = ContentBatch(
        *(
            torch.cat([getattr(x.content, item.name) for x in (a, b)])
            for item in fields(ContentBatch)
        )
    )
    return replace(a, content=content, shares=torch.block_diag(a.shares, b.shares), **joined)


def test_averaged_gradients_are_those_of_a_batch_twice_as_large(tmp_path):
    folder = tmp_path / "contents"
    folder.mkdir()
    make_picture(72, 64, seed=1).save(folder / "0.png")
    make_picture(64, 80, seed=2).save(folder / "1.png")
    torch.multiprocessing.spawn(_learn_together, (str(folder),), nprocs=2)
    first, second = (torch.load(folder / f"{rank}.pt") for rank in range(2))
    alone = _learn(
        str(folder), lambda step: _both(*(_samples(str(folder), rank, step) for rank in range(2)))
    ).state_dict()
    torch.manual_seed(1)
    start = TransferNetwork(SIZE).state_dict()
    for name, weight in alone.items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], weight, rtol=1e-4, atol=1e-5)
    moved = [not torch.equal(alone[name], start[name]) for name in alone]
    assert sum(moved) > 20
