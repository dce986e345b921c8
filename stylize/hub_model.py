"""Which model to use: the bundled one, one in a folder, or one from the Hub, pinned and checked."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from stylize.errors import ModelFileError
from stylize.extras import needs_extra

VARIABLE = "STYLIZE_MODEL"
_SPEC = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})#(?P<sha256>[0-9a-f]{64})")


def model_folder(model: str | None = None) -> Path | None:
    """Return the folder of the model to use.

    Args:
        model: A folder that ``stylize export`` wrote, or ``user/repo@revision#sha256``: a model
            repository of the Hub, the full hash of one of its commits, and the SHA-256 of its
            model.json, which in turn vouches for the graphs. Default: the environment variable
            ``STYLIZE_MODEL``.

    Returns:
        The folder, or None for the bundled model.

    Raises:
        ModelFileError: It is neither, the download failed, or the file is another one.
    """
    model = os.environ.get(VARIABLE, "") if model is None else model
    if not model:
        return None
    if os.path.isdir(model):  # unlike Path.is_dir it never raises, so long a name may be
        return Path(model)
    found = _SPEC.fullmatch(model)
    if found is None:
        raise ModelFileError(
            "A model must be a folder that there is, or look like user/repo@<40 hex digits of a "
            f"commit>#<64 hex digits of the SHA-256 of model.json>; got {model[:120]!r}."
        )
    folder = _download(found["repo"], found["revision"])
    actual = hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()
    if actual != found["sha256"]:
        raise ModelFileError(
            f"The model.json of {found['repo']} is not the expected one: its SHA-256 is "
            f"{actual[:12]}…, asked for was {found['sha256'][:12]}…."
        )
    return folder


def _download(repo: str, revision: str) -> Path:
    with needs_extra("hub"):
        from huggingface_hub import hf_hub_download, list_repo_files
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        names = list_repo_files(repo, revision=revision)
        wanted = ["model.json", *(name for name in names if re.fullmatch(r"[\w.]+\.onnx", name))]
        paths = [Path(hf_hub_download(repo, name, revision=revision)) for name in wanted]
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelFileError(
            f"The model {repo} at {revision[:8]} cannot be downloaded ({error}). Without "
            f"--model and {VARIABLE} the bundled model is used."
        ) from error
    return paths[0].parent
