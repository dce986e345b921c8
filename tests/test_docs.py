"""README, docs and model card say what is so."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.main import get_command

from stylize.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "stylize/models/README.md"])
COMMAND = get_command(app)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(*languages: str) -> list[tuple[Path, str]]:
    """Code of all pages, with the page it is on."""
    return [
        (page, code)
        for page in PAGES
        for language, code in BLOCK.findall(page.read_text("utf-8"))
        if language in languages
    ]


def anchors(page: Path) -> set[str]:
    """Headings of a page as they are linked to."""
    prose = BLOCK.sub("", page.read_text("utf-8"))
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands() -> list[tuple[str, str]]:
    """Every call of ``stylize`` in a block for the shell, with its page."""
    found = []
    for page, code in blocks("bash", "sh", ""):
        for line in code.splitlines():
            for call in re.findall(r"(?:^|[ /&])(stylize [a-z].*)", line):
                found.append((name(page), call))
    return found


def test_the_tables_are_those_of_the_results():
    done = subprocess.run([sys.executable, "benchmarks/tables.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "run python benchmarks/tables.py"


def test_no_table_is_left_empty():
    empty = r"<!-- (\w+) -->\n<!-- /\1 -->"
    assert not [name(page) for page in PAGES if re.search(empty, page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_local_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_files_exist(page):
    folders = "stylize|benchmarks|styles_library|checkpoints|docs|tests"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text("utf-8")):
        assert (ROOT / path).exists(), path


def test_every_page_of_docs_is_linked_in_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [
        page for page in PAGES if f"({name(page)})" not in readme and page.name != "README.md"
    ]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 160


@pytest.mark.parametrize(("page", "call"), commands())
def test_commands_and_their_options_exist(page, call):
    words = shlex.split(call, comments=True)[1:]
    command = COMMAND
    while hasattr(command, "commands"):
        assert words[0] in command.commands, call
        command = command.commands[words.pop(0)]
    known = {flag for parameter in command.params for flag in parameter.opts}
    flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert flags <= known, call


@pytest.mark.parametrize(
    "code", [pytest.param(code, id=name(page)) for page, code in blocks("python")]
)
def test_python_examples_run(tmp_path, monkeypatch, code):
    if "gradio_client" in code:
        compile(code, "example", "exec")  # tests/studio/test_api.py calls a server
        return
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLIZE_DATA_DIR", str(tmp_path / "data"))
    for file in ("mine.jpg", "me.jpg", "mask.png"):
        Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 20).convert("RGB").save(file)
    with Image.open("mine.jpg") as image:
        image.save("clip.gif", save_all=True, append_images=[image.rotate(90)])
    exec(compile(code, "example", "exec"), {})
    for file in tmp_path.glob("out.*"):
        with Image.open(file) as image:
            assert image.size == (64, 48)
