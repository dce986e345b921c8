import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stylize.cli import output
from stylize.images import save_image
from stylize.recipe import Recipe, RecipeStyle
from stylize.styles import StyleVector

posix = pytest.mark.skipif(os.name != "posix", reason="shells and devices of POSIX")
HOSTILE = "a\x1b[2J\x9b31m\u202ekniht\u2066\r\n\udcffz"


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in which ``stylize`` stands for the command line."""
    program = f'"{sys.executable}" -m stylize.cli'
    return subprocess.run(
        ["bash", "-c", command.replace("stylize", program)],
        capture_output=True, check=False, env=os.environ | environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("painted") / "a.png"
    vector = StyleVector(np.ones(4, np.float32), "e" * 64)
    recipe = Recipe(
        styles=(RecipeStyle.of(vector, name="Nuit étoilée 星 😀"),),
        precision="fp32", model_sha256="d" * 64, encoder_sha256="e" * 64,
    )  # fmt: skip
    save_image(Image.new("RGB", (20, 20)), path, recipe=recipe)
    return path


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_printed(text: str) -> None:
    assert set(output.plain(text)) - {"\u200c", "\u200d"} <= {
        c for c in output.plain(text) if c.isprintable()
    }


def test_escapes_can_be_read_and_letters_stay() -> None:
    assert output.plain(HOSTILE) == (r"a\x1b[2J\x9b31m\u202ekniht\u2066\r\n\udcffz")
    assert output.plain("Étoile 星 👩\u200d🎨") == "Étoile 星 👩\u200d🎨"


@given(st.text())
def test_json_stays_json(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda line, **_: printed.append(line))
        output.print_json({"name": text})
    assert printed[0].isprintable()
    assert json.loads(printed[0]) == {"name": text}


def test_hostile_names_in_errors_are_one_line_without_control(tool, tmp_path: Path) -> None:
    missing = tmp_path / "a\x1b[2J\n\u202egnp.png"
    result = tool("recipe", "show", missing)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err
    assert r"a\x1b[2J\n\u202egnp.png does not exist" in result.err


def test_hostile_names_in_logs(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("stylize", logging.WARNING, "", 1, "%s is odd", ("a\x1b.jpg",), None)
    with output.steady_streams():
        assert logging.lastResort is not None
        logging.lastResort.handle(record)
    assert capsys.readouterr().err == "a\\x1b.jpg is odd\n"


@posix
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_letters_that_the_terminal_lacks(painted: Path, encoding: str) -> None:
    shown = shell(f"stylize recipe show '{painted}'", PYTHONIOENCODING=encoding)
    assert (shown.returncode, shown.stderr) == (0, b"")
    text = shown.stdout.decode(encoding)
    assert ("星" in text) == (encoding == "utf-8")
    assert (r"\u661f \U0001f600" in text) == (encoding != "utf-8")
    listed = shell(f"stylize recipe show '{painted}' --json", PYTHONIOENCODING=encoding)
    (style,) = json.loads(listed.stdout.decode(encoding))["styles"]
    assert style["name"] == "Nuit étoilée 星 😀"


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_output_is_told(painted: Path) -> None:
    result = shell(f"stylize recipe show '{painted}' > /dev/full")
    assert result.returncode == 2
    assert result.stderr.decode().splitlines() == [
        "Error: not everything could be printed (No space left on device)."
    ]
    result = shell(f"stylize recipe show '{painted}' > /dev/full 2> /dev/full")
    assert (result.returncode, result.stdout, result.stderr) == (2, b"", b"")


@posix
def test_reader_who_leaves_and_closed_streams(painted: Path) -> None:
    gone = shell(f"set -o pipefail; stylize recipe show '{painted}' --json | true")
    assert (gone.returncode, gone.stderr) == (0, b"")
    closed = shell(f"stylize recipe show '{painted}' >&- 2>&- <&-")
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"")
    wrong = shell("stylize recipe show missing.png >&- 2>&-")
    assert wrong.returncode == 2


@posix
def test_work_is_done_though_nothing_can_be_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (32, 32), "red").save(tmp_path / f"{name}.png")
    files = f"'{tmp_path}/a.png' '{tmp_path}/b.png'"
    paint = f"stylize image {files} -s '{tmp_path}/a.png' -o '{tmp_path}/out' --json"
    result = shell(f"{paint} >&- 2>&- <&-")
    assert result.returncode == 0
    for name in ("a", "b"):
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            image.load()
