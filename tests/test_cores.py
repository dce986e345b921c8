from pathlib import Path

import pytest

from stylize import cores


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        # A limit of an outer group holds too.
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
          "sys/fs/cgroup/a/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n",
          "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"proc/self/cgroup": "5:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"proc/self/cgroup": "nonsense\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "nonsense\n"}, None),
    ],
)  # fmt: skip
def test_quota_of_a_container(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    write(tmp_path, files)
    assert cores.cpu_quota(tmp_path) == expected


def test_quota_bounds_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for quota, expected in ((1, 1), (10_000, None)):
        monkeypatch.setattr(cores, "cpu_quota", lambda quota=quota: quota)
        found = cores.available_cores.__wrapped__()
        assert found == expected or (expected is None and 1 <= found < 10_000)
