"""What tuning minimises: the losses of the training, on drafts as they are shown.

The network is trained on drafts that are not recolored: trained otherwise, it paints more of what
recoloring takes away (see :mod:`stylize.training.recoloring`). A tuning is another matter. It moves
the answer for one style a little, and what counts is what the engine makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stylize.brushwork import usual_ground
from stylize.contract import Contract
from stylize.training import losses
from stylize.training.contrast import raise_contrast
from stylize.training.data import to_tensor
from stylize.training.levels import add_ground, calm_down
from stylize.training.network import TransferNetwork, paint_mirrored
from stylize.training.recoloring import recolor
from stylize.training.samples import Samples
from stylize.training.style_bank import projections
from stylize.training.vgg import LossNetwork, split_style_vector

# Those of the bundled network's training but for the style's, which counts three times: what it
# may cost is bounded, see `TuningLosses.total`.
WEIGHTS: dict[str, float] = {
    "content": 12.3,
    "style": 42.0,
    "covariance": 12.6,
    "edge": 0.6,
    "blot": 40.0,
    "grid": 270.0,
    "tone": 80.0,
    "gamut": 300.0,
    "smoothness": 0.02,
    "range": 0.5,
}
# The content loss counts e times as much for every 2.5 % that it rises, and as in the training
# where it is what it was: a style is to be better painted, not more of it.
STEEPNESS = 40.0
CONTENT_AIM = 1.0
ZOOM = 2.0  # a draft's statistics are measured at half its size

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Prepared:
    """A content and what need not be computed again.

    Attributes:
        picture: (1, 3, H, W) in [0, 1].
        grounded: The same with the style's ground under calm areas.
        thumbnail: (1, 3, H / 2, W / 2), of that.
        features: Of the picture, by the layers that the content loss looks at.
    """

    picture: Tensor
    grounded: Tensor
    thumbnail: Tensor
    features: dict[str, Tensor]


class TuningLosses:
    """The losses of drafts of one style.

    Attributes:
        vector: (1, D) of the style, untuned.
    """

    def __init__(
        self,
        network: TransferNetwork,
        loss_network: LossNetwork,
        style: Samples,
        *,
        contract: Contract | None = None,
        weights: Mapping[str, float] | None = None,
        half_precision: bool = False,
    ) -> None:
        """Keep what is known of the style.

        Args:
            network: Calibrated for the zoom.
            loss_network: The normalized one.
            style: Without contents.
            contract: Of the model that paints, whose word counts on which colours the style has
                and how calm it is; None: as measured.
            weights: In the place of some of ``WEIGHTS``.
            half_precision: Paint in 16-bit floats (bfloat16).
        """
        self._network, self._loss_network = network, loss_network
        self._weights = WEIGHTS | dict(weights or {})
        self._half_precision = half_precision
        self._projections = projections()
        with torch.no_grad():
            measured = style.shares @ network.own_statistics(style.pictures)
        self.vector = torch.cat([style.encoded, measured], dim=1)
        self._style = style if contract is None else _as_told(style, contract, self.vector)
        self._contrast_share = 0.0 if contract is None else contract.contrast_share
        self._targets = split_style_vector(style.seen)

    @torch.no_grad()
    def prepare(self, content: Image.Image, seed: int) -> Prepared:
        """Look at a content, RGB with sides that are multiples of 16; the seed is the ground's."""
        picture = to_tensor([content])
        found = self._loss_network(picture)
        generator = torch.Generator().manual_seed(seed)
        grounded = add_ground(picture, self._style.ground, generator)
        thumbnail = functional.interpolate(
            grounded, scale_factor=1 / ZOOM, mode="bicubic", antialias=True
        ).clamp(0, 1)
        features = {name: found[name] for name in losses.CONTENT_LAYERS}
        return Prepared(picture, grounded, thumbnail, features)

    def terms(self, content: Prepared, tuning: Tensor) -> Terms:
        """Paint a draft and return its losses by name, without weights.

        Args:
            content: What is painted.
            tuning: (1, T), the last part of the style's vector.
        """
        style, picture = self._style, content.picture
        vector = torch.cat([self.vector, tuning], dim=1)
        zoom = picture.new_full((1, 1), ZOOM)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half_precision):
            affines = self._network.modulate(
                content.thumbnail, vector, style.conditions, style.strength, zoom
            )
            raw = paint_mirrored(self._network, content.grounded, affines).float()
        shown = calm_down(losses.clip(raw), picture, style.calm, style.strength[:, 0])
        shown = recolor(shown, picture, picture, style.colors, style.strength[:, 0])
        if style.contrast is not None:
            amounts = self._contrast_share * style.strength[:, 0]
            shown = raise_contrast(shown, picture, style.contrast, amounts)
        features = self._loss_network(shown)
        styled = losses.style_loss(features, self._targets)
        covariance = losses.covariance_loss(features, style.covariances, self._projections)
        found = {
            "content": losses.content_loss(features, content.features),
            "style": styled.fine + styled.coarse,
            "covariance": covariance.fine + covariance.coarse,
            "edge": losses.edge_loss(shown, picture),
            "blot": losses.blot_loss(shown, content.grounded) / (1 + style.ground / 4),
            "grid": losses.grid_loss(shown, picture),
            "tone": losses.tone_loss(shown, style.tones),
            "gamut": losses.gamut_loss(shown, style.tones),
            "smoothness": losses.smoothness_loss(shown),
            "range": losses.range_loss(raw),
        }
        return {name: value.mean() for name, value in found.items()}

    def total(self, terms: Terms, content_before: float) -> Tensor:
        """Return what to minimise.

        Args:
            terms: Of a draft.
            content_before: The content loss of the same content, untuned.
        """
        risen = (terms["content"] / content_before - CONTENT_AIM) * STEEPNESS
        content = self._weights["content"] * content_before / STEEPNESS * risen.exp()
        others = [self._weights[name] * terms[name] for name in terms if name != "content"]
        return content + torch.stack(others).sum()


def _as_told(style: Samples, contract: Contract, vector: Tensor) -> Samples:
    """Let the model tell which colours a style has and how calm it is, as it does when painting."""
    values = vector[0].numpy()
    calm = contract.calm_share(values)
    told = contract.style_colors(values)
    colors = style.colors
    if told is not None:
        root = told.root[np.triu_indices(3)]
        colors = torch.from_numpy(np.concatenate([told.mean, root, told.tones]))[None]
    return replace(
        style,
        calm=torch.tensor([calm]),
        ground=torch.tensor([contract.ground_levels * usual_ground(contract, calm)]),
        colors=colors,
    )
