"""Files of a training: what is written is complete, or the old ones stay."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize import files
from stylize.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor


@contextlib.contextmanager
def whole_file(path: Path, *, what: str, then: str) -> Iterator[Path]:
    """Yield a path to write to, which becomes ``path`` if all went well.

    If not, as on a full disk, ``path`` stays as it was and nothing is left beside it.

    Args:
        path: The file; its folder is made.
        what: Beginning of the message of an error: what cannot be written.
        then: End of the message, from the punctuation on: the remedy.

    Raises:
        TrainingError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.whole_file(path) as part:
            yield part
    except (OSError, RuntimeError) as error:  # the latter: torch on a full disk
        raise TrainingError(f"{what} cannot be written ({error}){then}") from error


def read_torch(path: Path, what: str) -> Any:
    """Read what ``torch.save`` wrote, on the CPU: numbers and tensors, and no code.

    Args:
        path: The file.
        what: That it should be, for the message, such as "a checkpoint".

    Raises:
        TrainingError: It cannot be read as such.
    """
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read as {what}: {error}.") from error
    except Exception as error:  # what a foreign file makes of the unpickler is anything
        # What torch says would have users load code from files that they found somewhere.
        raise TrainingError(
            f"{path} cannot be read as {what}: it is damaged, or a file of another kind. Take "
            f"another one."
        ) from error


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors by name.

    Raises:
        TrainingError: It cannot be read as such.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{path} cannot be read as a safetensors file: {error}") from error
