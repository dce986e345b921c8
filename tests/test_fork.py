import os
import subprocess
import sys

import pytest

from tests.conftest import TINY_MODEL

# The parent has painted, so its sessions have threads; a child has none of them.
_SCRIPT = """
import os, sys
from pathlib import Path
from PIL import Image
from stylize.engine import Engine
engine = Engine(Path(sys.argv[1]), threads=2)
picture = Image.linear_gradient("L").convert("RGB")
style = engine.encode_style(picture)
before = engine.stylize(picture, style).tobytes()
child = os.fork()
after = engine.stylize(picture, style).tobytes()
print("same" if after == before else "other", flush=True)
if not child:
    os._exit(0)  # as children of multiprocessing end
else:
    _, status = os.waitpid(child, 0)
    print("exit code", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_child_of_a_process_with_a_warm_engine_paints() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SCRIPT, TINY_MODEL],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert sorted(result.stdout.splitlines()) == ["exit code 0", "same", "same"], result.stderr
    assert result.stderr == ""
