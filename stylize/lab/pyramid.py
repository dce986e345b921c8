"""A pyramid of styles: what is coarse is painted by statistics of the style seen from further away.

A small encoder knows of a picture what fits into its kernels. Of the style at half and a quarter
of the size it sees larger forms. Each of the two resolutions at which the network has affines takes
its own mixture of the scales, statistic by statistic. Drafts of all scales by one vector are the
product's; several scales of one picture go back to Gatys et al., "Controlling Perceptual Factors
in Neural Style Transfer", 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.lab.variant import Variant
from stylize.training.layers import CELLS_PX
from stylize.training.modulator import Modulation
from stylize.training.network import Affines, TransferNetwork

_SMALLER = 2  # scales beside the style's own, each half of the one before


class Pyramid(Variant):
    """The network with statistics of three scales, mixed; at first the others have no share."""

    learning_rate = 5e-3

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__(network)
        # Shares of the smaller scales in each statistic; what is left is the style's own scale.
        self.shares = nn.Parameter(torch.zeros(len(CELLS_PX), _SMALLER, network.size.own))

    def modulate(
        self,
        thumbnails: Tensor,
        vectors: Tensor,
        conditions: Tensor,
        strength: Tensor,
        styles: Tensor,
    ) -> Affines:
        """As of the network, but asked for each resolution with another mixture of scales."""
        network = self.network
        seen, own = network.size.seen, network.size.own
        before, known, after = torch.split(
            vectors, [seen, own, vectors.shape[1] - seen - own], dim=1
        )
        changes = torch.stack([scale - known for scale in self._smaller(styles)], dim=1)
        said = []
        for shares in self.shares:
            mixed = known + (shares * changes).sum(dim=1)
            vector = torch.cat([before, mixed, after], dim=1)
            said.append(network.modulation(thumbnails, vector, conditions))
        quarter = network.layers.channels_at(CELLS_PX[0])
        modulation = Modulation(
            *(
                torch.cat([fine[:, :quarter], coarse[:, quarter:]], dim=1)
                for fine, coarse in zip(*said, strict=True)
            )
        )
        return network.measure(thumbnails, modulation, strength).affines()

    def _smaller(self, styles: Tensor) -> list[Tensor]:
        """Return the network's own statistics of the styles at half and at a quarter."""
        found = []
        for _ in range(_SMALLER):
            styles = functional.avg_pool2d(styles, 2)
            found.append(self.network.own_statistics(styles))
        return found
