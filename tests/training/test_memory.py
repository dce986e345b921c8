import os
import platform
import subprocess
import sys

import pytest

_COUNT_PAGE_FAULTS = """
import resource
from stylize.training.memory import keep_memory
{call}
import torch
torch.ones(2**24)  # 64 MiB
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of glibc")
def test_freed_memory_is_used_again() -> None:
    def page_faults(call: str) -> int:
        code = _COUNT_PAGE_FAULTS.format(call=call)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        return int(done.stdout)

    assert page_faults("keep_memory()") < 0.1 * page_faults("")
