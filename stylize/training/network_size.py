"""How large the network is."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class NetworkSize:
    """Channels of the network.

    Attributes:
        half: Channels at 1/2 resolution.
        quarter: Channels at 1/4 resolution.
        eighth: Channels at 1/8 resolution.
        blocks: Residual blocks at 1/8 resolution.
        hidden: Width of the modulator's hidden layers.
        seen: Statistics of the loss network in a style vector.
    """

    half: int = 16
    quarter: int = 32
    eighth: int = 64
    blocks: int = 3
    hidden: int = 768
    seen: int = 1920

    def as_dict(self) -> dict[str, int]:
        """Return the sizes by name, for checkpoints and model.json."""
        return asdict(self)

    @property
    def own(self) -> int:
        """Number of the network's own statistics of a picture."""
        return 2 * (self.half + self.quarter + self.eighth)

    @property
    def vector(self) -> int:
        """Length of a style vector: statistics of the loss network, then the network's own."""
        return self.seen + self.own
