"""The command as a user runs it: a process of its own, the bundled model, real files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from stylize.recipe import read_recipe


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "stylize.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_painted_picture_can_be_repeated_from_its_recipe(tmp_path: Path) -> None:
    content = Image.effect_mandelbrot((90, 70), (-2, -1.2, 0.8, 1.2), 40).convert("RGB")
    content.save(tmp_path / "content.png")
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(noise).resize((128, 128)).save(tmp_path / "style.png")
    first, second = tmp_path / "first.png", tmp_path / "second.png"

    painted = run(
        "image", tmp_path / "content.png", "--style", tmp_path / "style.png", "--strength", "0.9",
        "--json", "-o", first,
    )  # fmt: skip
    assert (painted.returncode, painted.stderr) == (0, "")
    assert json.loads(painted.stdout)["width"] == 90
    (tmp_path / "style.png").unlink()
    repeated = run("image", tmp_path / "content.png", "--recipe", first, "-o", second)
    assert (repeated.returncode, repeated.stderr, repeated.stdout) == (0, "", "")

    with Image.open(first) as one, Image.open(second) as other:
        assert one.size == (90, 70)
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
        assert np.abs(np.asarray(one, int) - np.asarray(content, int)).mean() > 3
    assert read_recipe(first) == read_recipe(second)
    assert read_recipe(first).controls.strength == 0.9
    assert str(tmp_path).encode() not in first.read_bytes()
