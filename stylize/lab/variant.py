"""The network as a variant of itself: what others change, and what stays the same in all.

A variant says by its own rules how scales and shifts follow from content and style. It may say so
for each place of a thumbnail. Such maps are enlarged to the picture bilinearly, so that a tile
sees the part of them that the whole would see there, and tiles have no seams.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylize.training.data import ContentBatch
from stylize.training.layers import CELLS_PX
from stylize.training.network import Affines, TransferNetwork, paint_mirrored
from stylize.training.objective import Painted, put_on_ground
from stylize.training.samples import Samples
from stylize.training.style_bank import HALVED_SIDE_PX


class Variant(nn.Module):
    """The network as it is.

    Attributes:
        network: It; shared with nobody, since it is trained along.
        learning_rate: At the start, of what it adds to the network.
    """

    learning_rate: ClassVar[float] = 0.0

    def __init__(self, network: TransferNetwork) -> None:
        super().__init__()
        self.network = network

    def modulate(
        self,
        thumbnails: Tensor,
        vectors: Tensor,
        conditions: Tensor,
        strength: Tensor,
        styles: Tensor,
    ) -> Affines:
        """Measure the content's statistics and turn them, with the style, into affines.

        Args:
            thumbnails: (N, 3, H, W), whole content pictures in [0, 1]; sides multiples of 8.
            vectors: (N, D) style vectors.
            conditions: (N, 5), as for the network.
            strength: (N, 1) in [0, 1].
            styles: (N, 3, h, w) in [0, 1], the style pictures at half the size at which styles
                are looked at.

        Returns:
            Single values, or maps at 1/8 of the thumbnails' size.
        """
        return self.network.modulate(thumbnails, vectors, conditions, strength)

    def own_parts(self) -> list[nn.Parameter]:
        """Return the parameters that the network does not have."""
        known = set(self.network.parameters())
        return [parameter for parameter in self.parameters() if parameter not in known]

    def paint_draft(
        self,
        network: TransferNetwork,
        samples: Samples,
        content: ContentBatch,
        vectors: Tensor,
        *,
        checkpointing: bool = False,
    ) -> Painted:
        """Paint as :func:`stylize.training.objective.paint_draft` does.

        Args:
            network: That of this variant.
            samples: Their styles are not blended: there is no one picture of a blend.
            content: Crops and thumbnails.
            vectors: (N, D) style vectors.
            checkpointing: Must be off.

        Raises:
            ValueError: The styles are blended, or activations are to be computed again.
        """
        if checkpointing or samples.shares.shape[0] != samples.shares.shape[1]:
            raise ValueError("variants learn from unblended styles, and keep their activations")
        crops, thumbnails = put_on_ground(samples, content)
        # A content that is its own style attends to itself.
        itself = functional.interpolate(crops, size=(HALVED_SIDE_PX, HALVED_SIDE_PX))
        styles = torch.where(samples.own_style[:, None, None, None], itself, samples.pictures)
        affines = self.modulate(thumbnails, vectors, samples.conditions, samples.strength, styles)
        if content.windows is not None:
            repeat = len(crops) // len(content.crops)
            windows = content.windows.repeat_interleave(repeat, dim=0)
        else:
            windows = torch.tensor([[0.0, 0.0, 1.0]]).expand(len(crops), -1)
        height, width = crops.shape[2:]
        affines = cut_windows(affines, windows, (height, width))
        return Painted(paint_mirrored(network, crops, affines), crops)


def cut_windows(affines: Affines, windows: Tensor, size_px: tuple[int, int]) -> Affines:
    """Enlarge the windows of maps bilinearly to the cells of what is painted; values stay.

    Args:
        affines: Of the whole pictures.
        windows: (N, 3), left, top and side of what is painted, as shares of the whole's sides.
        size_px: (height, width) of what is painted, multiples of 8.
    """
    height, width = size_px
    return Affines(
        *(
            _cut(maps, windows, (height // cell_px, width // cell_px))
            for maps, cell_px in zip(affines, CELLS_PX, strict=True)
        )
    )


def _cut(maps: Tensor, windows: Tensor, size: tuple[int, int]) -> Tensor:
    if maps.shape[2:] == (1, 1):
        return maps
    left, top, side = windows.to(maps).T
    nothing = torch.zeros_like(side)
    moves = torch.stack(
        [
            torch.stack([side, nothing, 2 * left + side - 1], dim=1),
            torch.stack([nothing, side, 2 * top + side - 1], dim=1),
        ],
        dim=1,
    )
    places = functional.affine_grid(moves, [len(maps), 1, *size], align_corners=False)
    return functional.grid_sample(maps, places, padding_mode="border", align_corners=False)
