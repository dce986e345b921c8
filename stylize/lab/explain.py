"""What makes a style: which layers and channels it moves, by which part of its vector, and how far.

A style vector has five parts: means and standard deviations of four layers of VGG16 (Simonyan and
Zisserman, 2015), from grain to shapes, and the network's own statistics (as in Wang et al.,
"MicroAST", 2023). All is compared with the mean of many styles. A part alone, the rest of the
vector being that of the mean style, shows what it contributes; the modulator is no linear map, so
the contributions need not sum to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import ControlError
from stylize.images import fit_within, on_white, prepare_image, resize_image
from stylize.sheet import Cell, contact_sheet
from stylize.styles import StyleVector, blend
from stylize.training.layers import CELLS_PX, Layers, make_rows
from stylize.training.network_size import NetworkSize

VGG_LAYERS = {"grain": 64, "strokes": 128, "patterns": 256, "shapes": 512}  # channels of relu*_1
OWN = "own"
_FEWEST = 3  # styles that have a mean and a spread
_MOST_CHANNELS, _MOST_NEIGHBOURS = 12, 5
_STILL = 0.2  # of the mean standard deviation of a part: less is not looked for
_CELL_PX = 256
_AT_ONCE = 7  # styles in one call of the engine


@dataclass(frozen=True)
class LayerMove:
    """How far a style moves the affines of one layer.

    Attributes:
        name: Of the layer.
        cell_px: Side of one of its cells in pixels of the picture.
        scale: Root mean square over the channels, in standard deviations among the styles.
        shift: Likewise.
    """

    name: str
    cell_px: int
    scale: float
    shift: float


@dataclass(frozen=True)
class ChannelMove:
    """How far a style moves one affine, in standard deviations among the styles."""

    layer: str
    channel: int
    what: str
    deviations: float


@dataclass(frozen=True)
class PartMove:
    """What one part of the vector does.

    Attributes:
        name: Of the part.
        distance: From the mean style: root mean square, in standard deviations among the styles.
        alone: Share of the whole style's way, in all affines, that the part goes by itself.
        missing: Share that is not gone without it.
        seen_alone: As ``alone``, of the way that the pixels of the picture go.
        seen_missing: As ``missing``, likewise.
    """

    name: str
    distance: float
    alone: float
    missing: float
    seen_alone: float
    seen_missing: float


@dataclass(frozen=True)
class Neighbour:
    """A style that is near.

    Attributes:
        name: Of the style.
        distance: 1 is the median of all; the mean of those of the parts.
        parts: The same for each part.
        because: The part in which it is nearest.
    """

    name: str
    distance: float
    parts: dict[str, float]
    because: str


@dataclass(frozen=True)
class Explanation:
    """What :func:`explain` finds; `sheet` shows it."""

    layers: tuple[LayerMove, ...]
    channels: tuple[ChannelMove, ...]
    parts: tuple[PartMove, ...]
    neighbours: tuple[Neighbour, ...]
    sheet: Image.Image

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON, rounded."""
        return {key: _rounded(value) for key, value in vars(self).items() if key != "sheet"}


def explain(
    engine: Engine,
    style: StyleVector,
    others: Mapping[str, StyleVector],
    content: Image.Image,
    *,
    picture: Image.Image | None = None,
    max_side_px: int = 384,
    network: NetworkSize | None = None,
    vgg_layers: Mapping[str, int] = VGG_LAYERS,
    progress: Callable[[float], None] | None = None,
) -> Explanation:
    """Explain a style by the way it differs from others.

    Args:
        engine: What paints.
        style: The style.
        others: Styles by name, at least three others; one equal to ``style`` is left out.
        content: Any mode; what is painted, and what the affines are asked for.
        picture: Of the style, for the sheet.
        max_side_px: Longer side of the painted pictures.
        network: Of the engine's model; default: the bundled one's.
        vgg_layers: Names and channels of the layers in the vector.
        progress: Called with the share done.

    Raises:
        ControlError: There are too few styles, or the model is another one.
        StyleVectorError: A style was made by another style encoder.
    """
    others = {name: vector for name, vector in others.items() if vector != style}
    if len(others) < _FEWEST:
        raise ControlError(
            f"A style is explained by {_FEWEST} or more others; there are {len(others)}."
        )
    parts = vector_parts(style.values.size, vgg_layers)
    content = on_white(prepare_image(content))
    content = resize_image(content, fit_within(content.size, max_side_px))
    mean = blend(list(others.values()))
    alone = {name: _mixed(mean, style, part) for name, part in parts.items()}
    without = {name: _mixed(style, mean, part) for name, part in parts.items()}
    table = np.stack([vector.values for vector in others.values()])
    spread = _spread(table, parts)

    asked = [*others.values(), style, mean, *alone.values(), *without.values()]
    affines = _affines(engine, content, asked)
    of_others, (of_style, of_mean, *of_parts) = affines[: len(others)], affines[len(others) :]
    deviation = of_others.std(axis=0) + 1e-6
    way = (of_style - of_mean) / deviation
    shares = _shares(way, [(of_part - of_mean) / deviation for of_part in of_parts])
    difference = (style.values - mean.values) / spread
    looks = (mean, style, *alone.values(), *without.values())
    painted = _paint_all(engine, content, looks, progress)
    pixels = [np.asarray(image, np.float64) for image in painted]
    seen = _shares(pixels[1] - pixels[0], [image - pixels[0] for image in pixels[2:]])
    count = len(parts)
    return Explanation(
        *_by_layer(way, network or NetworkSize()),
        tuple(
            PartMove(
                name,
                _rms(difference[part]),
                shares[index],
                1 - shares[count + index],
                seen[index],
                1 - seen[count + index],
            )
            for index, (name, part) in enumerate(parts.items())
        ),
        _neighbours(style, others, table, spread, parts),
        _sheet(picture, content, painted, list(parts)),
    )


def vector_parts(
    length: int, vgg_layers: Mapping[str, int] = VGG_LAYERS
) -> dict[str, NDArray[np.intp]]:
    """Return the places of each part in a style vector: means, then standard deviations.

    The last part, the network's own, has the style's contrast and its tuning too.

    Raises:
        ControlError: The vector is too short.
    """
    channels = sum(vgg_layers.values())
    if length <= 2 * channels:
        raise ControlError(f"The model's style vectors have {length} values, which is too few.")
    places = np.arange(length)
    parts, first = {}, 0
    for name, count in vgg_layers.items():
        means = places[first : first + count]
        parts[name] = np.concatenate([means, means + channels])
        first += count
    return {**parts, OWN: places[2 * channels :]}


def _spread(
    table: NDArray[np.float32], parts: Mapping[str, NDArray[np.intp]]
) -> NDArray[np.float32]:
    """Standard deviations among the styles; values that are nearly the same in all say little."""
    spread: NDArray[np.float32] = table.std(axis=0)
    for part in parts.values():
        spread[part] = np.maximum(spread[part], _STILL * spread[part].mean() + 1e-6)
    return spread


def _shares(way: NDArray[np.float64], moves: Sequence[NDArray[np.float64]]) -> list[float]:
    """How far each move goes along a way."""
    length = max(float(np.square(way).sum()), 1e-9)
    return [float((move * way).sum()) / length for move in moves]


def _mixed(base: StyleVector, other: StyleVector, part: NDArray[np.intp]) -> StyleVector:
    """One style with a part of another."""
    values = base.values.copy()
    values[part] = other.values[part]
    return StyleVector(values, base.encoder_sha256)


def _affines(
    engine: Engine, content: Image.Image, styles: Sequence[StyleVector]
) -> NDArray[np.float64]:
    """(K, A): all affines of each style, 1/4 resolution first, scales before shifts."""
    found = []
    for first in range(0, len(styles), _AT_ONCE):
        said = engine.measure(content, styles[first : first + _AT_ONCE], Controls())
        found.append(np.concatenate([said.quarter[..., 0, 0], said.eighth[..., 0, 0]], axis=1))
    return np.concatenate(found).astype(np.float64)


def _by_layer(
    way: NDArray[np.float64], network: NetworkSize
) -> tuple[tuple[LayerMove, ...], tuple[ChannelMove, ...]]:
    """Name what was moved."""
    table = Layers(make_rows(network))
    if way.size != 2 * table.modulated_channels:
        raise ControlError("Only styles of the bundled model can be explained: this is another.")
    layers, channels, first = [], [], 0
    for cell_px in CELLS_PX:
        sites = table.sites_at(cell_px)
        count = table.channels_at(cell_px)
        start = first
        for site in sites:
            scale = way[start : start + site.outputs]
            shift = way[start + count : start + count + site.outputs]
            layers.append(LayerMove(site.name, cell_px, _rms(scale), _rms(shift)))
            for what, moved in (("scale", scale), ("shift", shift)):
                channels += [
                    ChannelMove(site.name, index, what, float(value))
                    for index, value in enumerate(moved)
                ]
            start += site.outputs
        first += 2 * count
    channels.sort(key=lambda move: -abs(move.deviations))
    return tuple(layers), tuple(channels[:_MOST_CHANNELS])


def _neighbours(
    style: StyleVector,
    others: Mapping[str, StyleVector],
    table: NDArray[np.float32],
    spread: NDArray[np.float32],
    parts: Mapping[str, NDArray[np.intp]],
) -> tuple[Neighbour, ...]:
    differences = (table - style.values) / spread
    distances = {
        name: np.sqrt(np.square(differences[:, part]).mean(axis=1)) for name, part in parts.items()
    }
    relative = {name: each / max(np.median(each), 1e-9) for name, each in distances.items()}
    overall = np.mean(list(relative.values()), axis=0)
    # What is the same in all styles makes none of them near.
    telling = [name for name, each in distances.items() if np.ptp(each) > 1e-6] or list(parts)
    names = list(others)
    found = []
    for index in np.argsort(overall)[:_MOST_NEIGHBOURS]:
        near = {name: float(each[index]) for name, each in relative.items()}
        because = min(telling, key=lambda name: near[name])
        found.append(Neighbour(names[index], float(overall[index]), near, because))
    return tuple(found)


def _paint_all(
    engine: Engine,
    content: Image.Image,
    styles: Sequence[StyleVector],
    progress: Callable[[float], None] | None,
) -> list[Image.Image]:
    painted = []
    for done, style in enumerate(styles, start=1):
        painted.append(engine.stylize(content, style))
        if progress is not None:
            progress(done / len(styles))
    return painted


def _sheet(
    picture: Image.Image | None,
    content: Image.Image,
    painted: Sequence[Image.Image],
    parts: Sequence[str],
) -> Image.Image:
    mean, whole, *rest = painted
    first: list[Cell | None] = [
        (on_white(prepare_image(picture)), "the style") if picture is not None else None,
        (content, "the content"),
        (mean, "the mean style"),
        (whole, "the whole vector"),
    ]
    alone: list[Cell | None] = [
        (image, f"{name} alone") for name, image in zip(parts, rest, strict=False)
    ]
    without: list[Cell | None] = [
        (image, f"without {name}") for name, image in zip(parts, rest[len(parts) :], strict=True)
    ]
    height = round(_CELL_PX * content.height / content.width)
    return contact_sheet(
        [first, alone, without], cell=(_CELL_PX, min(height, 2 * _CELL_PX)), gap_px=8
    )


def _rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _rounded(value: object) -> object:
    """Plain values of dataclasses, numbers with three digits."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_rounded(item) for item in value]
    if isinstance(value, (LayerMove, ChannelMove, PartMove, Neighbour)):
        return _rounded(asdict(value))
    return value
