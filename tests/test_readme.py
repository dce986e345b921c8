"""The README says what is so."""

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_tables_are_those_of_the_results():
    done = subprocess.run([sys.executable, "benchmarks/tables.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "run python benchmarks/tables.py"


def test_local_links_lead_somewhere():
    links = re.findall(r"\]\((?!http|#)([^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_named_files_exist():
    for path in re.findall(r"`((?:stylize|benchmarks|styles_library|docs)/[\w./-]+)`", README):
        assert (ROOT / path).exists(), path


def test_the_python_example_runs(tmp_path, monkeypatch):
    code = re.search(r"```python\n(from PIL.*?)```", README, re.DOTALL)
    assert code
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLIZE_DATA_DIR", str(tmp_path / "data"))
    for name in ("mine.jpg", "me.jpg"):
        Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 20).convert("RGB").save(name)
    exec(compile(code[1], "README.md", "exec"), {})
    with Image.open("out.png") as image:
        assert image.size == (64, 48)
