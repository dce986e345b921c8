"""``stylize image`` in many processes: --workers and --cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stylize.cli.chosen_styles import note
from stylize.cli.jobs import Bar, Plan, tell_failed, tell_painted
from stylize.cores import available_cores

if TYPE_CHECKING:
    from stylize.engine import Engine
    from stylize.workers.batch import Manner
    from stylize.workers.pool import Pool
    from stylize.workers.pooled_engine import PooledEngine


@contextlib.contextmanager
def open_pool(
    engine: Engine,
    model_dir: Path | None,
    workers: int | None,
    cluster: str | None,
    threads: int | None,
) -> Iterator[Pool]:
    """Start the processes that paint; they are ended at the end.

    Args:
        engine: Theirs are like it.
        model_dir: Its model.
        workers: How many processes; default: one for each core.
        cluster: Address of a Ray cluster, or ``auto``; None: processes of this computer.
        threads: Of each process; default: the cores are shared out.

    Raises:
        WorkerError: The cluster cannot be reached, or processes cannot be started.
        MissingExtraError: Ray is not installed.
    """
    from stylize.workers.engines import EngineStart
    from stylize.workers.pool import WorkerPool

    if cluster is not None:
        from stylize.workers.ray_pool import RayPool

        start = EngineStart.like(engine, model_dir, workers=available_cores(), threads=threads)
        with RayPool(start, cluster, size=workers, threads=start.threads) as pool:
            yield pool
        return
    count = workers or available_cores()
    start = EngineStart.like(engine, model_dir, workers=count, threads=threads)
    with WorkerPool(start, count) as pool:
        yield pool


@contextlib.contextmanager
def pooled_engine(
    engine: Engine,
    model_dir: Path | None,
    workers: int | None,
    cluster: str | None,
    threads: int | None,
) -> Iterator[PooledEngine]:
    """An engine like one that is there, whose pictures are painted by a pool; see `open_pool`."""
    from stylize.workers.engines import EngineStart
    from stylize.workers.pooled_engine import PooledEngine

    with open_pool(engine, model_dir, workers, cluster, threads) as pool:
        start = EngineStart.like(engine, model_dir, workers=pool.size, threads=threads)
        yield PooledEngine(start, pool)


def paint_many(work: Plan, pool: Pool, manner: Manner, *, as_json: bool) -> int:
    """Paint all pictures over a pool; return how many failed. A single one raises its error."""
    from stylize.workers.batch import paint_batch

    failed = known = 0
    jobs = work.jobs
    with Bar(len(jobs)) as bar:
        outcomes = paint_batch(pool, jobs, manner, work.folder, show=bar.show)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.error is None:
                known += not outcome.is_new
                if as_json:
                    tell_painted(job, outcome.about | ({} if outcome.is_new else {"known": True}))
            elif len(jobs) == 1:
                raise outcome.error
            else:
                failed += 1
                tell_failed(job, str(outcome.error), as_json=as_json)
    if known:
        note(f"{known} of {len(jobs)} were there already, painted in this way.")
    return failed
