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

    @property
    def sites_quarter(self) -> tuple[int, ...]:
        """Channels of the modulated convolutions at 1/4 resolution, in the order of the affines."""
        return (self.quarter, self.quarter, self.quarter, self.half)

    @property
    def sites_eighth(self) -> tuple[int, ...]:
        """Channels of the modulated convolutions at 1/8 resolution, in the order of the affines."""
        return (self.eighth,) * (1 + 2 * self.blocks) + (self.quarter,)

    @property
    def activations(self) -> tuple[str, ...]:
        """Names of the activations whose size depends on the picture, in the order of computation.

        They are those of the convolutions and sums whose outputs they are. From the last modulated
        convolution on, ``reduce_quarter``, activations keep to the same range.
        """
        blocks = [
            name
            for block in range(self.blocks)
            for name in (f"blocks.{2 * block}", f"blocks.{2 * block + 1}", f"sum.{block}")
        ]
        down = ("stem", "down_quarter", "down_eighth")
        up = ("reduce_eighth", "skip_quarter", "sum_quarter", "mix_quarter")
        return (*down, *blocks, *up)

    @property
    def modulated_channels(self) -> int:
        """Number of channels of all sites."""
        return sum(self.sites_quarter) + sum(self.sites_eighth)
