"""The network as it was trained, which some commands begin with."""

from __future__ import annotations

from pathlib import Path

from stylize.errors import TrainingError

CHECKPOINT = Path(__file__).parents[2] / "checkpoints" / "network.pt"
USUAL = "checkpoints/network.pt of the repository"


def network_file(path: Path | None, option: str) -> Path:
    """Return the checkpoint that was named, or that of the repository.

    Args:
        path: What was named.
        option: That names it.

    Raises:
        TrainingError: None was named, and this is no checkout of the repository.
    """
    if path is None and not CHECKPOINT.is_file():
        raise TrainingError(
            "This needs the network as it was trained, which is not installed with the package: "
            f"{USUAL}. Give it as {option} FILE."
        )
    return path or CHECKPOINT
