"""Optional parts of the package: what to install when one is used and not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from stylize.errors import MissingExtraError

Extra = Literal["studio", "hub", "train", "mcp", "video", "files", "ray", "metrics", "milvus"]


def missing_extra(extra: Extra, package: str) -> MissingExtraError:
    """Return the error that says how to install an extra, because a package is not there."""
    return MissingExtraError(
        f'This needs the package {package}. Install it with pip install "stylize-studio[{extra}]", '
        f'or in a copy of the repository with pip install ".[{extra}]".'
    )


@contextmanager
def needs_extra(extra: Extra) -> Iterator[None]:
    """Let imports of optional packages fail with a message that names the extra.

    Raises:
        MissingExtraError: A package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "stylize"):  # a fault of this package
            raise
        raise missing_extra(extra, package) from error
