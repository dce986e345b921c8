"""Which files of the server a request may name: uploads, results and the bundled examples.

Gradio checks a path only where the request calls it a file of Gradio's own making, and endpoints
and components read others too. So everything that comes in is looked through here, once, before
any component or function sees it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stylize.messages import say
from stylize.offers import EXAMPLES_DIR
from stylize.studio.gradio_internals import InspectedBlocks, get_upload_folder
from stylize.studio.page_errors import page_error


class GuardedBlocks(InspectedBlocks):
    """Blocks whose functions, named or not, get no file but those that a request may name."""

    def inspect(self, data: list[Any]) -> None:
        """Refuse foreign files.

        Raises:
            gr.Error: A value names a file that is none of the above; the same words whether there
                is such a file or not.
        """
        check_files(data)

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Check that there is a value for each parameter; programs may leave out none here.

        Raises:
            gr.Error: There are too few.
        """
        if len(inputs) < len(block_fn.inputs):
            names = ", ".join(inspect.signature(block_fn.fn).parameters)
            raise page_error(
                f"{block_fn.name} takes {len(block_fn.inputs)} values ({names}), not "
                f"{len(inputs)}. Gradio's clients fill in those that are left out."
            )


def check_files(data: Any) -> None:
    """Look through everything that a request sent.

    Args:
        data: JSON data.

    Raises:
        gr.Error: It names a file that requests may not name.
    """
    if not all(may_be_read(path) for path in _paths(data)):
        raise page_error(say("gone"))


def may_be_read(path: str) -> bool:
    """Say whether a request may name this file: in an allowed folder, by no link out of it."""
    if "\0" in path:
        return False
    real = Path(os.path.realpath(path))
    allowed = (get_upload_folder(), EXAMPLES_DIR)
    return any(real.is_relative_to(os.path.realpath(folder)) for folder in allowed) and (
        real.is_file()
    )


def _paths(data: Any) -> Iterator[str]:
    """Yield what could be taken for the path of a file, however deep it lies."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str):
                yield path
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
