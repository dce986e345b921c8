"""The command as a user runs it: a process of its own, the bundled model, real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from stylize.model_files import ModelFiles
from stylize.recipe import read_recipe

TINY_MODEL = Path(__file__).parents[2] / "contract" / "tiny_model"


def run(*arguments: object, **variables: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "stylize.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False,
        env=os.environ | {name: str(value) for name, value in variables.items()},
    )  # fmt: skip


def test_another_model_by_option_or_variable(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((64, 48)).save(tmp_path / "a.png")
    command = ("image", tmp_path / "a.png", "-s", tmp_path / "a.png", "--precision", "fp32", "-o")
    for name, options, variables in (
        ("by-option.png", ("--model", TINY_MODEL), {}),
        ("by-variable.png", (), {"STYLIZE_MODEL": TINY_MODEL}),
    ):
        painted = run(*command, tmp_path / name, *options, **variables)
        assert (painted.returncode, painted.stderr) == (0, "")
        expected = ModelFiles.open(TINY_MODEL).sha256
        assert read_recipe(tmp_path / name).model_sha256 == expected
    listed = run("library", "list", "--data", tmp_path, STYLIZE_MODEL=tmp_path / "nothing")
    assert listed.returncode == 2
    assert "A model must be a folder" in listed.stderr


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
