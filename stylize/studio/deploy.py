"""``stylize deploy``: put the page on the Hugging Face Hub as a Space.

The Space gets this very package, the bundled styles and the model; nothing is built there but the
environment of requirements.txt.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from packaging.requirements import Requirement

import stylize
from stylize.hub_space import DeployError, check_name, explained
from stylize.library.bundled import bundled_folder

_NOT_SHIPPED = ("__pycache__", "training", "bundled_styles", "*.pyc")
# Gradio comes with the Space (sdk_version); onnxruntime and the others do not.
_FROM_THE_SDK = ("gradio",)

APP = '''"""The Space's entry point: builds the page with engine and library, and launches it."""

import os

from stylize.engine import Engine
from stylize.hub_model import model_folder
from stylize.library import StyleLibrary
from stylize.studio import StudioSettings, launch

if __name__ == "__main__":
    engine = Engine(model_folder())
    launch(
        engine,
        StyleLibrary.open(encoder=engine),
        settings=StudioSettings.from_environment(),
        announce=None if "SPACE_ID" in os.environ else print,
    )
'''


def front_matter() -> str:
    """Return the head of README.md that makes a repository a Space."""
    return "\n".join(
        [
            "---",
            "title: Stylize Studio",
            "emoji: 🎨",
            "colorFrom: indigo",
            "colorTo: yellow",
            "sdk: gradio",
            f"sdk_version: {gradio.__version__}",
            'python_version: "3.12"',
            "app_file: app.py",
            "header: mini",
            "fullWidth: true",
            "short_description: Paint a picture in the style of another, on a CPU",
            "license: apache-2.0",
            "tags: [style-transfer, onnx, art, education]",
            "suggested_hardware: cpu-basic",
            "disable_embedding: false",
            "pinned: false",
            "---",
        ]
    )


def requirements(pyproject: Path | None = None) -> str:
    """Return requirements.txt for a Space: what the studio needs, without Gradio.

    Args:
        pyproject: A pyproject.toml to read. Default: what the installed package declares.
    """
    if pyproject is not None:
        project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
        lines = [*project["dependencies"], *project["optional-dependencies"]["studio"]]
    else:
        lines = importlib.metadata.requires("stylize-studio") or []
    needed = [
        one
        for one in map(Requirement, lines)
        if one.name not in _FROM_THE_SDK
        and (one.marker is None or one.marker.evaluate({"extra": "studio"}))
    ]
    kept = sorted(f"{one.name}{one.specifier}" for one in needed)
    return "\n".join(["# Made from pyproject.toml by stylize/studio/deploy.py", *kept, ""])


def stage(folder: Path) -> None:
    """Write all files of the Space into a folder."""
    package = Path(stylize.__file__).parent
    ignore = shutil.ignore_patterns(*_NOT_SHIPPED)
    shutil.copytree(package, folder / "stylize", ignore=ignore)
    shutil.copytree(bundled_folder(), folder / "styles_library", ignore=ignore)
    checkout = package.parent / "pyproject.toml"
    (folder / "requirements.txt").write_text(
        requirements(checkout if checkout.is_file() else None), "utf-8"
    )
    (folder / "app.py").write_text(APP, "utf-8")
    text = (
        "# Stylize Studio\n\nPaint a picture in the style of another. Uploads are deleted after "
        "ten minutes; nothing is kept.\n"
    )
    (folder / "README.md").write_text(f"{front_matter()}\n\n{text}", "utf-8")


def deploy(
    space: str,
    *,
    hardware: str | None = None,
    private: bool = False,
    update: bool = False,
    token: str | None = None,
    timeout_s: float = 1800,
    api: HfApi | None = None,
    smoke: Callable[[str, str | None], None] | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> str:
    """Create or update a Space, wait until it runs, and call it once.

    Args:
        space: ``USER/NAME``.
        hardware: Such as ``cpu-basic`` or ``zero-a10g``. Default: what the Hub chooses.
        private: Let only yourself see it.
        update: Replace the files of a Space that exists.
        token: With the right to write. Default: that of ``hf auth login`` or ``HF_TOKEN``.
        timeout_s: How long to wait for the Space to build and start.
        api: Talks to the Hub. Default: the public one.
        smoke: Called with the Space and the token when it runs; raises if it does not answer.
            Default: `smoke_call`.
        report: Told what is being done, one line each.

    Returns:
        The address of the Space.

    Raises:
        DeployError: Anything went wrong; the message says what and what to do.
    """
    check_name(space)
    api = api or HfApi(token=token)
    with explained(space, hardware):
        report(f"Creating the Space {space}")
        url = str(
            api.create_repo(
                space, repo_type="space", space_sdk="gradio", space_hardware=hardware,  # type: ignore[arg-type]
                private=private, exist_ok=update,
            )
        )  # fmt: skip
        report("Uploading the package, the styles and the model")
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder))
            api.upload_folder(
                repo_id=space, repo_type="space", folder_path=folder, delete_patterns="*",
                commit_message=f"Stylize Studio {stylize.__version__}",
            )  # fmt: skip
        report("Waiting for the Space to build and start")
        runtime = _wait(api, space, timeout_s)
    if runtime.stage != "RUNNING":
        log = _last_lines(api, space)
        raise DeployError(f"The Space ended in the stage {runtime.stage}. Its last lines:\n{log}")
    report("Calling it once")
    (smoke or smoke_call)(space, token)
    return url


def smoke_call(space: str, token: str | None) -> None:
    """Stylize a picture on the Space.

    Raises:
        DeployError: It does not answer as it should.
    """
    from gradio_client import Client, handle_file  # type: ignore[import-untyped]

    example = Path(__file__).parent / "examples" / "coffee.jpg"
    try:
        client = Client(space, token=token, verbose=False)
        style = client.predict(api_name="/list_styles")[0]["name"]
        client.predict(handle_file(example), style, api_name="/stylize")
    except Exception as error:  # whatever the network or the Space comes up with
        raise DeployError(f"The Space runs but does not stylize: {error}") from error


def _wait(api: HfApi, space: str, timeout_s: float) -> Any:
    try:
        return api.wait_for_space(space, timeout=timeout_s)
    except TimeoutError as error:
        raise DeployError(
            f"{error} It may still come up: look at https://huggingface.co/spaces/{space}."
        ) from error


def _last_lines(api: HfApi, space: str, count: int = 15) -> str:
    try:
        return "\n".join(list(api.fetch_space_logs(space, build=True))[-count:])
    except (HfHubHTTPError, OSError) as error:
        return f"(no log: {error})"
