"""Which pictures an evaluation uses, at which size, and in which pairs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from stylize.errors import TrainingError
from stylize.images import open_image
from stylize.training.data import list_pictures, read_content, read_style

logger = logging.getLogger(__name__)

MIN_SIZE_PX = 64
SEEN_PX = 512  # longer side of a picture that is seen as a whole


@dataclass(frozen=True)
class Pictures:
    """Contents and styles, read and resized, and the pairs of their numbers.

    Attributes:
        content_names: As ``folder/file``.
        style_names: As ``folder/file``.
        contents: RGB.
        styles: RGB.
        pairs: (content, style), in a fixed order; sorted by style, which is then encoded once.
    """

    content_names: tuple[str, ...]
    style_names: tuple[str, ...]
    contents: tuple[Image.Image, ...]
    styles: tuple[Image.Image, ...]
    pairs: tuple[tuple[int, int], ...]


def load_pictures(
    contents: Sequence[Path],
    styles: Sequence[Path],
    *,
    pairs: int,
    size_px: int | None,
    seed: int,
    only: Path | None = None,
    among: Collection[tuple[str, str]] | None = None,
    at_least_px: int = 0,
    most: int = 40,
) -> Pictures:
    """Choose, read and resize the pictures of an evaluation.

    The same folders and seed give the same order, of which fewer pairs are a beginning.

    Args:
        contents: Folders.
        styles: Folders.
        pairs: Number of pairs, at most all combinations.
        size_px: Longer side of every content, see :func:`fit_longer_side`. Styles have it too, but
            for sizes above 512 px none is enlarged to more than that. None: all pictures as they
            are.
        seed: Of the choice.
        only: A JSON file with the lists ``contents`` and ``styles`` of names as ``folder/file``:
            only these pictures are used, and all of them must be there. It may have a list
            ``pairs`` of such [content, style]: only these pairs are used.
        among: Pairs of such names without their endings: only these pairs are used.
        at_least_px: Contents with a shorter longer side are left out.
        most: Contents, and styles, to use at most.

    Raises:
        TrainingError: A folder is empty, or a picture is missing or cannot be read.
    """
    if size_px is not None and size_px < MIN_SIZE_PX:
        raise TrainingError(f"Pictures must be at least {MIN_SIZE_PX} px large; got {size_px}.")
    rng = np.random.default_rng(seed)
    wanted = _wanted_pairs(only, among)
    content_paths, style_paths = (
        _listed(contents, only, "contents"),
        _listed(styles, only, "styles"),
    )
    if wanted is not None:
        content_paths = _named(content_paths, {content for content, _ in wanted})
        style_paths = _named(style_paths, {style for _, style in wanted})
    content_paths = _large_enough(content_paths, at_least_px)
    content_paths, style_paths = _some(content_paths, most, rng), _some(style_paths, most, rng)
    content_names, style_names = [_name(p) for p in content_paths], [_name(p) for p in style_paths]
    order = pair_order(len(content_paths), len(style_paths))
    if wanted is not None:
        keys = [without_ending(n) for n in content_names], [without_ending(n) for n in style_names]
        order = ((c, s) for c, s in order if (keys[0][c], keys[1][s]) in wanted)
    chosen = sorted(islice(order, pairs), key=lambda pair: pair[::-1])
    if not chosen:
        raise TrainingError("None of the pairs that are asked for has both of its pictures here.")
    return Pictures(
        tuple(content_names),
        tuple(style_names),
        tuple(fit_longer_side(read_content(path), size_px) for path in content_paths),
        tuple(_fit_style(read_style(path), size_px) for path in style_paths),
        tuple(chosen),
    )


def pair_order(contents: int, styles: int) -> Iterator[tuple[int, int]]:
    """Yield all pairs of numbers once, so that any beginning uses all pictures about equally."""
    # Both run through in step; when both are through together, the styles are moved on by one.
    period = math.lcm(contents, styles)
    for index in range(contents * styles):
        yield index % contents, (index + index // period) % styles


def fit_longer_side(image: Image.Image, size_px: int | None) -> Image.Image:
    """Resize, up or down, to a longer side of ``size_px``; both sides become multiples of 8.

    None leaves the picture as it is.

    Multiples of 8 are what networks that halve the size three times see without padding. Bicubic;
    the aspect ratio changes by the rounding only.
    """
    if size_px is None:
        return image
    scale = size_px / max(image.size)
    width, height = (max(8, 8 * round(side * scale / 8)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def seen_whole(image: Image.Image) -> Image.Image:
    """Return a picture as it is seen as a whole: scaled down to 512 px if it is larger."""
    return fit_longer_side(image, SEEN_PX) if max(image.size) > SEEN_PX else image


def _fit_style(style: Image.Image, size_px: int | None) -> Image.Image:
    return fit_longer_side(style, size_px and min(size_px, max(SEEN_PX, *style.size)))


def without_ending(name: str) -> str:
    """Return the name of a picture, ``folder/file.jpg``, without its ending."""
    return name.rpartition(".")[0]


def _named(paths: list[Path], names: set[str]) -> list[Path]:
    return [path for path in paths if without_ending(_name(path)) in names]


def _large_enough(paths: list[Path], at_least_px: int) -> list[Path]:
    """The pictures that have the size; only their headers are read."""
    if not at_least_px:
        return paths
    found = []
    for path in paths:
        with open_image(path) as image:
            if max(image.size) >= at_least_px:
                found.append(path)
    if not found:
        raise TrainingError(
            f"None of the {len(paths)} contents has a longer side of {at_least_px} px. Use larger "
            f"ones or a smaller size, or let them be enlarged."
        )
    if len(found) < len(paths):
        logger.info("%d of %d contents have %d px", len(found), len(paths), at_least_px)
    return found


def _wanted_pairs(
    only: Path | None, among: Collection[tuple[str, str]] | None
) -> set[tuple[str, str]] | None:
    """The pairs that both allow; None: all."""
    listed = _read_only(only).get("pairs") if only else None
    if listed is None:
        return None if among is None else set(among)
    try:
        pairs = {(without_ending(content), without_ending(style)) for content, style in listed}
    except (AttributeError, TypeError, ValueError) as error:
        raise TrainingError(f'"pairs" in {only} is not a list of [content, style].') from error
    return pairs if among is None else pairs & set(among)


def _read_only(only: Path) -> dict[str, Any]:
    try:
        content = json.loads(only.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{only} is not a JSON object: {error}") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{only} is not a JSON object.")
    return content


def _listed(
    folders: Sequence[Path], only: Path | None, kind: Literal["contents", "styles"]
) -> list[Path]:
    paths = list_pictures(folders)
    if only is None:
        return paths
    try:
        names = [str(name) for name in _read_only(only)[kind]]
    except (KeyError, TypeError) as error:
        raise TrainingError(f'{only} is not a JSON object with a list "{kind}": {error}') from error
    known = {_name(path): path for path in paths}
    missing = [name for name in names if name not in known]
    if missing or not names:
        places = ", ".join(map(str, folders))
        raise TrainingError(
            f"{len(missing)} of the {len(names)} {kind} that {only} lists are not in {places}"
            + (f", the first of them {missing[0]}." if missing else ".")
        )
    return [known[name] for name in names]


def _some(paths: list[Path], most: int, rng: np.random.Generator) -> list[Path]:
    return [paths[int(index)] for index in rng.permutation(len(paths))[:most]]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
