"""No library below us reports anything: no look-up, no connection, no identity on the disk.

Native code reports past Python, so a process of its own is watched from outside.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TINY_MODEL = ROOT / "contract/tiny_model"

PAINT = f"""
from pathlib import Path
from PIL import Image
from stylize import Engine
engine = Engine(Path({str(TINY_MODEL)!r}), threads=1)
picture = Image.new("RGB", (64, 64), "teal")
engine.stylize(picture, engine.encode_style(picture))
"""
TRAIN = "import stylize.training.export, stylize.training.evaluate, stylize.training.quantize"
SERVE = """
from tests import fakes
from stylize.studio import launch
engine = fakes.FakeEngine()
launch(engine, fakes.small_library(engine), block=False).close()
import os
os._exit(0)
"""
STATEMENTS = {"paint": PAINT, "train": TRAIN, "serve": SERVE}


def run(statement, home, *watcher):
    """Run a program as a user with an empty home."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if "TELEMETRY" not in name and not name.startswith(("XDG_", "GRADIO_", "HF_"))
    }
    environment |= {
        "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
        "MPLCONFIGDIR": str(home / "mpl"),
    }  # fmt: skip
    if "torch" in statement or "training" in statement:
        pytest.importorskip("torch")
    subprocess.run(
        [*watcher, sys.executable, "-c", statement], cwd=ROOT, env=environment, check=True,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("what", ["paint", "train"])
def test_no_identity_is_written(tmp_path, what):
    run(STATEMENTS[what], tmp_path)
    written = [path for path in tmp_path.rglob("*") if "icrosoft" in str(path)]
    assert written == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to see native code")
@pytest.mark.parametrize("what", ["paint", "serve"])
def test_no_packet_leaves_the_machine(tmp_path, what):
    log = tmp_path / "strace.log"
    run(STATEMENTS[what], tmp_path, "strace", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg",
        "-o", str(log))  # fmt: skip
    called = re.findall(r'sin6?_addr=inet_(?:addr|pton)\([^"]*"([^"]+)"', log.read_text())
    assert set(called) <= {"127.0.0.1", "::1"}
    if what == "serve":
        assert called  # what goes to this machine itself is seen
