"""How many threads are worth having here."""

from __future__ import annotations

import contextlib
import functools
import math
import os
from pathlib import Path


@functools.cache
def available_cores() -> int:
    """The cores that this process may use, fewer if its container gets less of their time."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, cpu_quota() or cores))


def cpu_quota(root: Path = Path("/")) -> int | None:
    """The cores' worth of time that control groups of Linux grant, rounded up; None: no limit.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    groups = root / "sys/fs/cgroup"
    quotas = []
    with contextlib.suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            below = Path(name.lstrip("/"))
            for group in (below, *below.parents):  # a limit holds for all groups inside
                if not controllers:
                    quotas.append(_quota(groups / group / "cpu.max"))
                elif "cpu" in controllers.split(","):
                    quotas.append(_old_quota(groups / "cpu" / group))
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(file: Path) -> int | None:
    """The limit in a file of version 2: ``max 100000`` or ``150000 100000``."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = file.read_text().split()
        return math.ceil(int(quota) / int(period))
    return None


def _old_quota(folder: Path) -> int | None:
    """The limit in a folder of version 1; there -1 stands for none."""
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
        return math.ceil(quota / period) if quota > 0 else None
    return None
