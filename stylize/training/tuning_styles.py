"""What tuning knows of the style that is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylize.brushwork import usual_ground
from stylize.contract import Contract
from stylize.training.calm_styles import calm_share
from stylize.training.color_probe import color_numbers
from stylize.training.data import ContentBatch, to_tensor
from stylize.training.modulator import CONDITIONS
from stylize.training.pairs import fit_longer_side
from stylize.training.samples import Samples
from stylize.training.style_bank import measure_style, projected_covariances, projections
from stylize.training.tones import style_tones
from stylize.training.tuning_contents import CONTENT_SIDE_PX
from stylize.training.vgg import LossNetwork, style_vector


@torch.no_grad()
def style_samples(
    loss_network: LossNetwork, encoder: LossNetwork, pictures: Sequence[Image.Image]
) -> Samples:
    """What the losses ask for: a style at full strength, usual weights, no content yet."""
    matrices = projections()
    measured = [measure_style(picture, loss_network, encoder, matrices) for picture in pictures]
    halved = np.stack([np.asarray(one.halved) for one in measured])
    calm = float(np.mean([calm_share(picture) for picture in halved]))
    tones = style_tones(halved)
    shares = torch.full((1, len(pictures)), 1 / len(pictures))
    one = torch.ones(1, 1)
    return Samples(
        content=ContentBatch(torch.empty(0), torch.empty(0)),
        seen=_mean([one.seen for one in measured]),
        encoded=_mean([one.encoded for one in measured]),
        covariances=_mean([one.covariances for one in measured]),
        tones=torch.from_numpy(tones).mean(dim=0, keepdim=True),
        colors=torch.from_numpy(color_numbers(tones)).mean(dim=0, keepdim=True),
        pictures=to_tensor(halved),
        shares=shares,
        conditions=torch.zeros(1, len(CONDITIONS)),
        strength=one,
        own_style=torch.zeros(1, dtype=torch.bool),
        ground=torch.tensor([Contract.ground_levels * usual_ground(Contract, calm)]),
        detail=one,
        calm=torch.tensor([calm]),
        seed=0,
        contrast=_mean([one.contrast for one in measured]),
    )


@torch.no_grad()
def seen_as_drafts(
    style: Samples, loss_network: LossNetwork, pictures: Sequence[Image.Image]
) -> Samples:
    """Let the losses aim at statistics of pictures as large as drafts, as evaluations do.

    Styles are encoded at another size, and statistics change with the size of what they are
    measured on. Smaller pictures stay as they are: what is enlarged is softer, and so would be its
    tuned style.
    """
    seen, found = [], []
    matrices = projections()
    for picture in pictures:
        side_px = min(CONTENT_SIDE_PX, max(picture.size))
        features = loss_network(to_tensor([fit_longer_side(picture, side_px)]))
        seen.append(style_vector(features))
        found.append(projected_covariances(features, matrices))
    return replace(style, seen=_mean(seen), covariances=_mean(found))


def _mean(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)).mean(dim=0, keepdim=True)
