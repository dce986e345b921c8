"""A model from the Hub instead of the bundled one: pinned, and checked before it is used."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from stylize.errors import ModelFileError

VARIABLE = "STYLIZE_MODEL"
_SPEC = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})#(?P<sha256>[0-9a-f]{64})")


def model_folder(spec: str | None = None) -> Path | None:
    """Return the folder of the model to use.

    Args:
        spec: ``user/repo@revision#sha256``: a model repository of the Hub, the full hash of one of
            its commits, and the SHA-256 of its model.json, which in turn vouches for the graphs.
            Default: the environment variable ``STYLIZE_MODEL``.

    Returns:
        The folder, or None for the bundled model.

    Raises:
        ModelFileError: The spec is malformed, the download failed, or the file is another one.
    """
    spec = os.environ.get(VARIABLE, "") if spec is None else spec
    if not spec:
        return None
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise ModelFileError(
            f"{VARIABLE} must look like user/repo@<40 hex digits of a commit>#<64 hex digits of "
            f"the SHA-256 of model.json>; got {spec[:120]!r}."
        )
    folder = _download(found["repo"], found["revision"])
    actual = hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()
    if actual != found["sha256"]:
        raise ModelFileError(
            f"The model.json of {found['repo']} is not the expected one: its SHA-256 is "
            f"{actual[:12]}…, {VARIABLE} says {found['sha256'][:12]}…."
        )
    return folder


def _download(repo: str, revision: str) -> Path:
    from huggingface_hub import hf_hub_download, list_repo_files
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        names = list_repo_files(repo, revision=revision)
        wanted = ["model.json", *(name for name in names if re.fullmatch(r"[\w.]+\.onnx", name))]
        paths = [Path(hf_hub_download(repo, name, revision=revision)) for name in wanted]
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelFileError(
            f"The model {repo} at {revision[:8]} cannot be downloaded ({error}). Without "
            f"{VARIABLE} the bundled model is used."
        ) from error
    return paths[0].parent
