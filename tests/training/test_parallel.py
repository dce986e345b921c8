import torch
from torch import distributed

from stylize.training import parallel


def test_one_process_alone_averages_nothing():
    weight = torch.tensor([1.0, 3.0])
    parallel.average_([weight])
    parallel.wait()
    assert weight.tolist() == [1.0, 3.0]
    assert (parallel.rank(), parallel.count()) == (0, 1)


def _train(rank: int, folder: str) -> None:
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )
    weights = [torch.full((2, 2), float(rank)), torch.tensor([4.0 * rank])]
    parallel.average_(weights)
    assert weights[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert weights[1].tolist() == [2.0]
    assert (parallel.rank(), parallel.count()) == (rank, 2)
    distributed.destroy_process_group()


def test_two_processes_get_the_mean(tmp_path):
    torch.multiprocessing.spawn(_train, (str(tmp_path),), nprocs=2)
