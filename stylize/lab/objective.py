"""What an optimised picture is to be: the losses of Gatys et al., 2016, of a picture of any size.

The Gram matrix of a whole picture is the mean of those of its parts. So the gradient of the whole
can be found tile by tile: once to measure the Gram matrices, then, with the pull that each of
their values exerts, once more for each tile alone. What has to be kept for the way back is never
more than one tile's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from stylize.errors import ControlError
from stylize.lab.features import FeatureNetwork, Features
from stylize.styles import normalize_blend
from stylize.training.data import fit_area, to_tensor

WHOLE_PIXELS = 1 << 20  # up to which a picture is one tile: some 2 GB with VGG19
TILE_PX = 768  # a multiple of what any layer makes one value of
HALO_PX = 64  # likewise
_LEAST_STYLE_PX = 64

Styles = Sequence[tuple[Image.Image, float]]
"""Pictures, RGB, and their weights, which need not sum to 1."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each loss counts.

    Features are scaled so that every layer has mean activation one over content and styles (Gatys
    et al. scaled every channel of their network so), so the weights mean the same for all networks.

    Attributes:
        content: Alpha of the paper.
        style: Beta of the paper.
        smoothness: Of the total variation.

    Raises:
        ControlError: A weight cannot be.
    """

    content: float = 1e4
    style: float = 1e6
    smoothness: float = 1e3

    def __post_init__(self) -> None:
        for name in ("content", "style", "smoothness"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ControlError(f"{name}_weight must be 0 or more; got {getattr(self, name):g}.")
        if self.content == self.style == 0:
            raise ControlError("With both weights at 0 there is nothing to optimise.")


class Losses(NamedTuple):
    """The weighted sum, and content and style loss without their weights."""

    total: float
    content: float
    style: float


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of (N, C, h, w), divided by the h * w positions."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def style_loss(grams: Tensor, wanted: Tensor) -> Tensor:
    """Return the loss of one layer: 1 / (4 N^2 M^2) of the squared differences of Gram matrices.

    Args:
        grams: (1, N, N), divided by the M positions, so that pictures may differ in size.
        wanted: (1, N, N), of the style.
    """
    return (grams - wanted).square().mean() / 4


def content_loss(features: Tensor, wanted: Tensor) -> Tensor:
    """Return half of the mean squared difference, the paper's loss for each value."""
    return (features - wanted).square().mean() / 2


def total_variation(images: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels of (N, 3, H, W)."""
    return images.diff(dim=2).square().mean() + images.diff(dim=3).square().mean()


class Objective:
    """The losses of a picture, and their gradient, in bounded memory.

    The styles of a blend share one target, the mean of their Gram matrices: the losses of each,
    weighted, have the same gradient.
    """

    def __init__(
        self, content: Image.Image, styles: Styles, network: FeatureNetwork, weights: Weights
    ) -> None:
        """Look at content and styles.

        Args:
            content: RGB, of the size that the picture will have.
            styles: At least one; they are scaled to the area of the content, but never up.
            network: What sees them.
            weights: Of the losses.

        Raises:
            ControlError: The styles' weights are unusable.
        """
        self._network, self._weights = network, weights
        self._tiles = plan_tiles(content.size)
        shares = normalize_blend([weight for _, weight in styles]).tolist()
        with torch.no_grad():
            grams, loudness = self._look_at_styles(styles, shares, content.size)
            layer = network.content_layer
            unit = max(loudness[layer], 1e-6)
            # Of many tiles half the digits are kept: those of 16 megapixels are 500 MB.
            dtype = torch.float32 if self.is_one else torch.float16
            self._content: list[Tensor] = []
            picture = to_tensor([content]).to(network.device)
            for tile in self._tiles:
                features = self._features(picture, tile)
                for name, x in features.items():
                    loudness[name] += tile.share * float(x.mean())
                self._content.append((features[layer] / unit).to(dtype))
            self._scales = {name: 2 / max(both, 1e-6) for name, both in loudness.items()}
            self._grams = {name: x * self._scales[name] ** 2 for name, x in grams.items()}
            self._content = [x * (unit * self._scales[layer]) for x in self._content]

    @property
    def device(self) -> torch.device:
        """Where the picture has to be."""
        return self._network.device

    @property
    def is_one(self) -> bool:
        """Whether the picture is one tile."""
        return len(self._tiles) == 1

    def backward(self, picture: Tensor) -> Losses:
        """Put the gradient of the total loss into ``picture.grad``, and return the losses.

        Args:
            picture: (1, 3, H, W) in [0, 1], of the content's size.
        """
        rough = picture.detach().requires_grad_()
        smoothness = self._weights.smoothness * total_variation(rough)
        (gradient,) = torch.autograd.grad(smoothness, rough)
        content = style = 0.0
        pulls: dict[str, Tensor] = {}
        if not self.is_one:
            grams = self._measure(picture.detach())
            leaves = [x.requires_grad_() for x in grams.values()]
            of_style = self._style_loss(grams)
            pulls = dict(zip(grams, torch.autograd.grad(of_style, leaves), strict=True))
            style = float(of_style.detach())
        for tile, wanted in zip(self._tiles, self._content, strict=True):
            seen = tile.cut(picture).detach().requires_grad_()
            features = self._inner(self._network(seen), tile)
            layer = self._network.content_layer
            of_content = tile.share * content_loss(
                features[layer] * self._scales[layer], wanted.float()
            )
            if pulls:
                terms = [(x * pulls[name]).sum() for name, x in self._gram(features).items()]
                of_style = tile.share * torch.stack(terms).sum()
            else:
                of_style = self._style_loss(self._gram(features))
                style = float(of_style.detach())
            total = self._weights.content * of_content + self._weights.style * of_style
            tile.cut(gradient).add_(torch.autograd.grad(total, seen)[0])
            content += float(of_content.detach())
        picture.grad = gradient
        total_loss = self._weights.content * content + self._weights.style * style
        return Losses(total_loss + float(smoothness.detach()), content, style)

    def _look_at_styles(
        self, styles: Styles, shares: Sequence[float], size: tuple[int, int]
    ) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Return the mean Gram matrices and the mean activations, not scaled."""
        grams: dict[str, Tensor] = {}
        loudness: dict[str, float] = {}
        for (style, _), share in zip(styles, shares, strict=True):
            picture = to_tensor([_style_at(style, size)]).to(self._network.device)
            for tile in plan_tiles((picture.shape[3], picture.shape[2])):
                part = share * tile.share
                for name, x in self._features(picture, tile).items():
                    loudness[name] = loudness.get(name, 0.0) + part * float(x.mean())
                    if name in self._network.style_layers:
                        grams[name] = grams.get(name, 0.0) + part * gram(x)
        return grams, loudness

    def _measure(self, picture: Tensor) -> dict[str, Tensor]:
        """Return the Gram matrices of a whole picture."""
        found: dict[str, Tensor] = {}
        with torch.no_grad():
            for tile in self._tiles:
                for name, x in self._gram(self._features(picture, tile)).items():
                    found[name] = found.get(name, 0.0) + tile.share * x
        return found

    def _features(self, picture: Tensor, tile: Tile) -> Features:
        return self._inner(self._network(tile.cut(picture)), tile)

    def _inner(self, features: Features, tile: Tile) -> Features:
        return {name: tile.inner(x) for name, x in features.items()}

    def _gram(self, features: Features) -> dict[str, Tensor]:
        layers = self._network.style_layers
        return {name: gram(features[name] * self._scales[name]) for name in layers}

    def _style_loss(self, grams: dict[str, Tensor]) -> Tensor:
        terms = [style_loss(grams[name], wanted) for name, wanted in self._grams.items()]
        return torch.stack(terms).mean()


class _Span(NamedTuple):
    """Rows or columns of a tile: its own, and with its halo."""

    start: int
    stop: int
    outer_start: int
    outer_stop: int
    is_last: bool

    def inner(self, length: int) -> slice:
        """Return its own part of features that have so many rows or columns."""
        px = 1 << round(_log2((self.outer_stop - self.outer_start) / length))
        first = (self.start - self.outer_start) // px
        return slice(first, None if self.is_last else first + (self.stop - self.start) // px)


class Tile(NamedTuple):
    """A part of a picture; its share of the picture's area counts."""

    rows: _Span
    columns: _Span
    share: float

    def cut(self, picture: Tensor) -> Tensor:
        """Return this part of (N, 3, H, W), halo included, as a view."""
        rows, columns = self.rows, self.columns
        return picture[
            :, :, rows.outer_start : rows.outer_stop, columns.outer_start : columns.outer_stop
        ]

    def inner(self, features: Tensor) -> Tensor:
        """Return of (N, C, h, w), seen of this tile, what belongs to the tile itself."""
        height, width = features.shape[2:]
        return features[:, :, self.rows.inner(height), self.columns.inner(width)]


def plan_tiles(size: tuple[int, int]) -> list[Tile]:
    """Divide a picture of (width, height) into tiles; one, where it is small."""
    width, height = size
    whole = width * height <= WHOLE_PIXELS
    columns, rows = (list(_spans(side, side if whole else TILE_PX)) for side in size)
    return [
        Tile(row, column, (row.stop - row.start) * (column.stop - column.start) / width / height)
        for row in rows
        for column in columns
    ]


def _spans(side: int, step: int) -> Iterator[_Span]:
    start = 0
    while start < side:
        # What is left of the last is as large as its halo, at least: networks need some pixels.
        is_last = side - start <= step + HALO_PX
        stop = side if is_last else start + step
        yield _Span(start, stop, max(0, start - HALO_PX), min(side, stop + HALO_PX), is_last)
        start = stop


def _log2(ratio: float) -> float:
    return float(torch.tensor(ratio).log2())


def _style_at(style: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale a style to the area of the content, but never up."""
    side = min((size[0] * size[1]) ** 0.5, (style.width * style.height) ** 0.5)
    side_px = max(_LEAST_STYLE_PX, round(side))
    return style.resize(fit_area(style.size, side_px), Image.Resampling.LANCZOS)
