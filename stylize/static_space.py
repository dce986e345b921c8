"""``stylize deploy --static``: the static site as a Space of the Hugging Face Hub.

Such Spaces cost nothing and never sleep: the Hub only serves files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import HfApi

import stylize
from stylize.hub_space import check_name, explained
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from stylize.site import write_site

# The headers isolate the page from others, so that browsers lend it threads at the first visit.
README = """---
title: Stylize Studio
emoji: 🎨
colorFrom: indigo
colorTo: yellow
sdk: static
app_file: index.html
header: mini
fullWidth: true
short_description: Paint a picture in the style of another, in your browser
license: apache-2.0
tags: [style-transfer, onnx, art, education]
pinned: false
custom_headers:
  cross-origin-embedder-policy: require-corp
  cross-origin-opener-policy: same-origin
  cross-origin-resource-policy: cross-origin
---

# Stylize Studio

Paint a picture in the style of another. Your browser paints: no picture leaves your device.
"""


def deploy_site(
    space: str,
    model: ModelFiles,
    library: StyleLibrary,
    names: list[str] | None = None,
    *,
    private: bool = False,
    update: bool = False,
    token: str | None = None,
    api: HfApi | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> str:
    """Create or update a static Space.

    Args:
        space: ``USER/NAME``.
        model: The model that paints.
        library: Where the styles come from.
        names: Of the styles. Default: all.
        private: Let only yourself see it.
        update: Replace the files of a Space that exists.
        token: With the right to write. Default: that of ``hf auth login`` or ``HF_TOKEN``.
        api: Talks to the Hub. Default: the public one.
        report: Told what is being done, one line each.

    Returns:
        The address of the Space.

    Raises:
        DeployError: The Hub refuses; the message says what to do.
        StylizeError: The site cannot be written.
    """
    check_name(space)
    api = api or HfApi(token=token)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        report("Writing the site")
        write_site(folder, model, library, names)
        (folder / "README.md").write_text(README, "utf-8")
        with explained(space):
            report(f"Creating the Space {space}")
            url = api.create_repo(
                space, repo_type="space", space_sdk="static", private=private, exist_ok=update
            )
            report("Uploading the site")
            api.upload_folder(
                repo_id=space, repo_type="space", folder_path=folder, delete_patterns="*",
                commit_message=f"Stylize Studio {stylize.__version__}",
            )  # fmt: skip
    return str(url)
