"""What happens between two levels of coarse-to-fine painting, in torch.

The same is done to bytes by :mod:`stylize.painting` when a picture is painted.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stylize.ground import PERIOD_PX, ROOM, calm, relief

_KERNEL_PX = 4  # reach of the bicubic kernel, and more


def low_pass(images: Tensor) -> Tensor:
    """Return (N, 3, H, W) without the finest octave; sides even."""
    return _enlarge(functional.avg_pool2d(images, 2))


def _enlarge(images: Tensor) -> Tensor:
    return functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)


def enlarge_window(drafts: Tensor, places: Tensor, side_px: int) -> Tensor:
    """Enlarge a window of each draft twofold.

    Args:
        drafts: (N, 3, H, W) in [0, 1].
        places: (N, 2) int, left and top of the windows, at least 4 px from every border.
        side_px: Of the enlarged windows, even.

    Returns:
        (N, 3, side_px, side_px) in [0, 1].
    """
    margin_px = _KERNEL_PX
    window = side_px // 2 + 2 * margin_px
    cut = torch.stack(
        [
            draft[:, y - margin_px :, x - margin_px :][:, :window, :window]
            for draft, (x, y) in zip(drafts, places.tolist(), strict=True)
        ]
    )
    # With antialias the bicubic kernel is Pillow's.
    large = functional.interpolate(
        cut, scale_factor=2, mode="bicubic", align_corners=False, antialias=True
    )
    inner = slice(2 * margin_px, 2 * margin_px + side_px)
    return large[:, :, inner, inner].clamp(0, 1)


def lay_over(under: Tensor, content: Tensor, detail: Tensor) -> Tensor:
    """Give an enlarged painting what the content shows in the finest octave.

    Args:
        under: (N, 3, H, W) in [0, 1], the enlarged painting.
        content: (N, 3, H, W) in [0, 1].
        detail: (N, 1) share of the content's octave.
    """
    octave = content - low_pass(content)
    return (under + detail[:, :, None, None] * octave).clamp(0, 1)


def keep_coarse(painted: Tensor, under: Tensor) -> Tensor:
    """Give a revised painting all but its finest octave from the painting below."""
    change = under - painted
    coarse = low_pass(change)
    return painted + coarse + low_pass(change - coarse)  # the second time for what the first blurs


def add_ground(images: Tensor, amounts: Tensor, generator: torch.Generator) -> Tensor:
    """Put a ground under the calm areas of (N, 3, H, W) pictures in [0, 1].

    Args:
        images: The pictures.
        amounts: (N,) standard deviations, in levels of 255.
        generator: Chooses which part of which relief.
    """
    from torchvision.transforms.functional import to_pil_image

    height, width = images.shape[2:]
    grounds = []
    for image, amount in zip(images, amounts.tolist(), strict=True):
        seed, y, x = torch.randint(0, PERIOD_PX, (3,), generator=generator).tolist()
        if amount == 0:
            grounds.append(image.new_zeros(1, height, width))
            continue
        rows, columns = (torch.arange(side) % PERIOD_PX for side in (height, width))
        part = torch.from_numpy(relief(seed % 4).copy()).roll((y, x), (0, 1))[rows][:, columns]
        mask = torch.from_numpy(calm(to_pil_image(image.cpu())).copy())
        level, room = amount / 255 * part.to(image), ROOM * amount / 255
        level += (1 - room - image.amax(dim=0)).clamp(max=0) + (room - image.amin(dim=0)).clamp(
            min=0
        )
        grounds.append((level * mask.to(image))[None])
    return (images + torch.stack(grounds)).clamp(0, 1)
